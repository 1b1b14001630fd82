package grammar

import (
	"reflect"
	"testing"

	"github.com/squallhq/squall/scenarios"
)

// Over knows every key of a policy: one that is new and forgotten there would be dropped from every call.
func TestPolicyOverKnowsEveryKey(t *testing.T) {
	for _, f := range fieldsOf(reflect.TypeFor[scenarios.Policy]()) {
		for _, above := range []bool{true, false} {
			var said, silent scenarios.Policy
			field := reflect.ValueOf(&said).Elem().FieldByIndex(f.index)
			switch field.Kind() {
			case reflect.Pointer:
				field.Set(reflect.New(field.Type().Elem()))
			case reflect.String:
				field.SetString("word")
			default:
				field.SetInt(1)
			}
			got := silent.Over(said)
			if above {
				got = said.Over(silent)
			}
			if !reflect.DeepEqual(got, said) {
				t.Errorf("%s, said above %t: got %+v, want %+v", f.key, above, got, said)
			}
		}
	}
}
