package faults

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
)

// toxicTypes are the types of toxics, each without parameters.
var toxicTypes = []Attributes{
	LatencyToxic{}, BandwidthToxic{}, SlowCloseToxic{}, TimeoutToxic{}, ResetPeerToxic{}, SlicerToxic{}, LimitDataToxic{},
}

// NewAttributes are those of a type of toxic without parameters; false for an unknown type.
func NewAttributes(kind string) (Attributes, bool) {
	for _, a := range toxicTypes {
		if a.Type() == kind {
			return a, true
		}
	}
	return nil, false
}

// toxicJSON is a toxic on the wire.
type toxicJSON struct {
	Name       string          `json:"name,omitempty"`
	Type       string          `json:"type"`
	Stream     string          `json:"stream"`
	Toxicity   float64         `json:"toxicity"`
	Per        string          `json:"per,omitempty"`
	Attributes json.RawMessage `json:"attributes"`
}

// MarshalJSON writes the toxic as toxiproxy does.
func (t Toxic) MarshalJSON() ([]byte, error) {
	attributes, err := json.Marshal(t.Attributes)
	if err != nil {
		return nil, err
	}
	return json.Marshal(toxicJSON{t.Name, t.Type(), t.Stream, t.Toxicity, t.Per, attributes})
}

// UnmarshalJSON reads what MarshalJSON writes; an unknown type or attribute is an *InvalidError.
func (t *Toxic) UnmarshalJSON(data []byte) error {
	var read toxicJSON
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&read); err != nil {
		return err
	}
	attributes, known := NewAttributes(read.Type)
	if !known {
		return errToxicType(read.Type)
	}
	attributes, err := MergeAttributes(attributes, read.Attributes)
	*t = Toxic{read.Name, read.Stream, read.Toxicity, read.Per, attributes}
	return err
}

// MergeAttributes sets what a JSON object gives in attributes, as toxiproxy's API does, and leaves the rest; no data and
// null change nothing. What it can't read is an *InvalidError; ranges are for Check.
func MergeAttributes(into Attributes, data []byte) (Attributes, error) {
	if len(data) == 0 {
		return into, nil
	}
	merged := reflect.New(reflect.TypeOf(into))
	merged.Elem().Set(reflect.ValueOf(into))
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(merged.Interface()); err != nil {
		return into, attributeError(into, err)
	}
	out, _ := merged.Elem().Interface().(Attributes)
	return out, nil
}

// attributeError names the attribute that could not be read, and says what would be right.
func attributeError(a Attributes, err error) error {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		value, use := strings.TrimPrefix(wrong.Value, "number "), "a number"
		switch wrong.Type.Kind() {
		case reflect.Int64:
			use = "a whole number"
		case reflect.String:
			use = "a word"
		case reflect.Struct:
			use = "an object"
		}
		return Invalid(strings.TrimSuffix("attributes."+wrong.Field, "."), "is %s; use %s", value, use)
	}
	if _, quoted, is := strings.Cut(err.Error(), "unknown field "); is {
		return Invalid("attributes."+strings.Trim(quoted, `"`), "a %s toxic has no such attribute; it has %s", a.Type(), strings.Join(attributeNames(a), ", "))
	}
	return Invalid("attributes", "%s", err)
}

func attributeNames(a Attributes) []string {
	var names []string
	t := reflect.TypeOf(a)
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}
