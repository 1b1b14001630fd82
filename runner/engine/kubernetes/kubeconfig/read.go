package kubeconfig

import (
	"encoding/base64"

	"github.com/squallhq/squall/scenarios/source"
)

// text is a scalar as text.
func (r *reader) text(v *source.Value) string {
	if v == nil || v.IsNull() {
		return ""
	}
	if v.Kind != source.Scalar {
		r.fail(v.At, "this is "+v.What(), "write a text")
		return ""
	}
	return v.Text
}

func (r *reader) at(v *source.Value, key string) string { return r.text(v.Get(key)) }

func (r *reader) flag(v *source.Value, key string) bool {
	switch f := v.Get(key); r.text(f) {
	case "", "false":
		return false
	case "true":
		return true
	default:
		r.fail(f.At, key+" is "+source.QuoteShort(f.Text), "write true or false")
		return false
	}
}

// each goes through a list; nil is an empty one.
func (r *reader) each(v *source.Value, do func(*source.Value)) {
	if v == nil || v.IsNull() {
		return
	}
	if v.Kind != source.List {
		r.fail(v.At, "this is "+v.What(), "write a list")
		return
	}
	for _, item := range v.Items {
		do(item)
	}
}

func (r *reader) texts(v *source.Value) []string {
	var out []string
	r.each(v, func(item *source.Value) { out = append(out, r.text(item)) })
	return out
}

// data is KEY-data, in base64, or else the file that KEY names.
func (r *reader) data(v *source.Value, key string) data {
	if encoded := v.Get(key + "-data"); r.text(encoded) != "" {
		decoded, err := base64.StdEncoding.DecodeString(r.text(encoded))
		if err != nil {
			r.fail(encoded.At, key+"-data is not base64", "write what `base64 -w0` makes of the file, or name the file with "+key)
		}
		return data{bytes: decoded}
	}
	return data{file: r.path(r.at(v, key))}
}
