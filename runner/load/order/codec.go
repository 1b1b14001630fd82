package order

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"

	"github.com/squallhq/squall/runner/load/cursor"
)

// Encode writes plain data: numbers, texts, booleans, and structs, pointers, slices, arrays and maps of such. Every exported field is in it,
// whatever its tags say of other formats (keys and tables are left out of those), and a pointer to zero stays one: encoding/json and encoding/gob lose
// one or the other. What is no plain data is an error. The same program reads it again: it has no names in it, and the shape of
// the type in front, so that another type is refused.
func Encode(v any) ([]byte, error) {
	value := reflect.ValueOf(v)
	b := binary.BigEndian.AppendUint64(nil, shapeOf(value.Type()))
	return appendValue(b, value)
}

// Decode reads what Encode wrote into a pointer to the same type.
func Decode(b []byte, into any) error {
	to := reflect.ValueOf(into).Elem()
	if len(b) < 8 || binary.BigEndian.Uint64(b) != shapeOf(to.Type()) {
		return fmt.Errorf("read %s: %w", to.Type(), errShape)
	}
	r := reader{cursor.Cursor{Left: b[8:]}}
	r.value(to)
	if r.Err == nil && len(r.Left) > 0 {
		r.Break()
	}
	if r.Err != nil {
		return fmt.Errorf("read %s: %w", to.Type(), r.Err)
	}
	return nil
}

var errShape = errors.New("it was written by another version of the program")

// shapeOf is a hash of a type's fields and their types.
func shapeOf(t reflect.Type) uint64 {
	hash := uint64(14695981039346656037) // FNV-1a
	add := func(s string) {
		for i := range len(s) {
			hash = (hash ^ uint64(s[i])) * 1099511628211
		}
		hash = (hash ^ 0xff) * 1099511628211
	}
	seen := map[reflect.Type]bool{}
	var walk func(reflect.Type)
	walk = func(t reflect.Type) {
		add(t.Kind().String())
		add(t.Name())
		if seen[t] {
			return
		}
		seen[t] = true
		switch t.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Array:
			walk(t.Elem())
		case reflect.Map:
			walk(t.Key())
			walk(t.Elem())
		case reflect.Struct:
			for i := range t.NumField() {
				add(t.Field(i).Name)
				walk(t.Field(i).Type)
			}
		}
	}
	walk(t)
	return hash
}

func appendValue(b []byte, v reflect.Value) (_ []byte, err error) {
	switch v.Kind() {
	case reflect.Bool:
		if v.Bool() {
			return append(b, 1), nil
		}
		return append(b, 0), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return binary.AppendVarint(b, v.Int()), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return binary.AppendUvarint(b, v.Uint()), nil
	case reflect.Float32, reflect.Float64:
		return binary.BigEndian.AppendUint64(b, math.Float64bits(v.Float())), nil
	case reflect.String:
		return append(binary.AppendUvarint(b, uint64(v.Len())), v.String()...), nil
	case reflect.Pointer:
		if v.IsNil() {
			return append(b, 0), nil
		}
		return appendValue(append(b, 1), v.Elem())
	case reflect.Slice:
		if v.IsNil() {
			return append(b, 0), nil
		}
		b = binary.AppendUvarint(b, uint64(v.Len())+1)
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return append(b, v.Bytes()...), nil
		}
		return appendAll(b, v)
	case reflect.Array:
		return appendAll(b, v)
	case reflect.Map:
		return appendMap(b, v)
	case reflect.Struct:
		for i := range v.NumField() {
			if !v.Type().Field(i).IsExported() {
				return nil, fmt.Errorf("write %s: its field %s is its own", v.Type(), v.Type().Field(i).Name)
			}
			if b, err = appendValue(b, v.Field(i)); err != nil {
				return nil, err
			}
		}
		return b, nil
	}
	return nil, fmt.Errorf("write %s: it is no plain data", v.Type())
}

func appendAll(b []byte, v reflect.Value) (_ []byte, err error) {
	for i := range v.Len() {
		if b, err = appendValue(b, v.Index(i)); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// appendMap writes a map in the order of its written keys: the same map is the same bytes.
func appendMap(b []byte, v reflect.Value) ([]byte, error) {
	if v.IsNil() {
		return append(b, 0), nil
	}
	type entry struct {
		key   []byte
		value reflect.Value
	}
	entries := make([]entry, 0, v.Len())
	for it := v.MapRange(); it.Next(); {
		key, err := appendValue(nil, it.Key())
		if err != nil {
			return nil, err
		}
		entries = append(entries, entry{key, it.Value()})
	}
	slices.SortFunc(entries, func(a, b entry) int { return cmp.Compare(string(a.key), string(b.key)) })
	b = binary.AppendUvarint(b, uint64(len(entries))+1)
	var err error
	for _, e := range entries {
		if b, err = appendValue(append(b, e.key...), e.value); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// reader takes values off what is left; its first error stays.
type reader struct{ cursor.Cursor }

// count is how many there are of what takes a byte each at least; false: none, it is nil.
func (r *reader) count() (int, bool) {
	n := r.Uvarint()
	if n > uint64(len(r.Left))+1 {
		r.Break()
	}
	if r.Err != nil || n == 0 {
		return 0, false
	}
	return int(n - 1), true
}

func (r *reader) value(v reflect.Value) {
	if r.Err != nil {
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		if b := r.Take(1); b != nil {
			v.SetBool(b[0] != 0)
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(r.Varint())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(r.Uvarint())
	case reflect.Float32, reflect.Float64:
		if b := r.Take(8); b != nil {
			v.SetFloat(math.Float64frombits(binary.BigEndian.Uint64(b)))
		}
	case reflect.String:
		v.SetString(r.Text())
	case reflect.Pointer:
		if b := r.Take(1); b != nil && b[0] != 0 {
			v.Set(reflect.New(v.Type().Elem()))
			r.value(v.Elem())
		}
	case reflect.Slice:
		r.slice(v)
	case reflect.Array:
		for i := range v.Len() {
			r.value(v.Index(i))
		}
	case reflect.Map:
		r.mapping(v)
	case reflect.Struct:
		for i := range v.NumField() {
			r.value(v.Field(i))
		}
	default:
		r.Err = errShape
	}
}

func (r *reader) slice(v reflect.Value) {
	n, some := r.count()
	if !some {
		return
	}
	if v.Type().Elem().Kind() == reflect.Uint8 {
		v.SetBytes(slices.Clone(r.Take(uint64(n))))
		if v.IsNil() {
			v.Set(reflect.MakeSlice(v.Type(), 0, 0))
		}
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), n, n))
	for i := range n {
		r.value(v.Index(i))
	}
}

func (r *reader) mapping(v reflect.Value) {
	n, some := r.count()
	if !some {
		return
	}
	t := v.Type()
	v.Set(reflect.MakeMapWithSize(t, n))
	for range n {
		key, value := reflect.New(t.Key()).Elem(), reflect.New(t.Elem()).Elem()
		r.value(key)
		r.value(value)
		if r.Err != nil {
			return
		}
		v.SetMapIndex(key, value)
	}
}
