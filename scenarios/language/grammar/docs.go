package grammar

import (
	_ "embed"
	"path"
	"reflect"
	"strings"
	"sync"
)

//go:generate go run ../../../internal/keydoc keys.txt ../.. . ../../../faults

// keys is what each key means, from the comments of the structs.
//
//go:embed keys.txt
var keys string

var meanings = sync.OnceValue(func() map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(keys) {
		field, text, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		out[field] = text
	}
	return out
})

// meaning is what the key of a struct's field means.
func meaning(of reflect.Type, f reflect.StructField) string {
	return meanings()[path.Base(of.PkgPath())+"."+of.Name()+"."+f.Name]
}
