package call

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/scenarios"
)

// Every key of a policy has its row in the table, but for those that say what each attempt is made with. One that was
// forgotten there would be read, and do nothing.
func TestOrderKnowsEveryKey(t *testing.T) {
	known := []string{"timeout", "balance", "deadline"}
	for _, row := range order {
		known = append(known, row.key)
	}
	var want []string
	var walk func(reflect.Type)
	walk = func(in reflect.Type) {
		for n := range in.NumField() {
			if key, option, _ := strings.Cut(in.Field(n).Tag.Get("yaml"), ","); option == "inline" {
				walk(in.Field(n).Type)
			} else {
				want = append(want, key)
			}
		}
	}
	walk(reflect.TypeFor[scenarios.Policy]())
	slices.Sort(known)
	slices.Sort(want)
	if !slices.Equal(known, want) {
		t.Errorf("the table has %v, the language %v", known, want)
	}
}

// doorkeeper notes what it is asked and told.
type doorkeeper struct {
	name   string
	closed bool
	notes  *[]string
}

func (d doorkeeper) admit(context.Context, attempt) (permit, *Failure) {
	*d.notes = append(*d.notes, "ask "+d.name)
	if d.closed {
		return permit{}, reject("leaf", errors.New(d.name))
	}
	return permit{int(d.name[0])}, nil
}

func (d doorkeeper) settle(_ attempt, p permit, r attemptResult) {
	*d.notes = append(*d.notes, fmt.Sprintf("tell %s of %c: made %t, failed %t", d.name, p.period, r.made, r.F != nil))
}

// Gates are asked in order, and those that admitted the attempt learn what it came to, last first, each with its own permit.
func TestGatesSettleLastFirst(t *testing.T) {
	for closed, want := range map[string]string{
		"":  "ask a, ask b, ask c, attempt, tell c of c: made true, failed false, tell b of b: made true, failed false, tell a of a: made true, failed false",
		"c": "ask a, ask b, ask c, tell b of b: made false, failed true, tell a of a: made false, failed true",
		"a": "ask a",
	} {
		var notes []string
		e := executorOn(t, scenarios.Policy{}, 1)
		for _, name := range []string{"a", "b", "c"} {
			e.gates = append(e.gates, doorkeeper{name, name == closed, &notes})
		}
		f := e.Do(t.Context(), host.Trace{}, func(context.Context, *Replica, host.Trace, int) Outcome {
			notes = append(notes, "attempt")
			return Outcome{}
		})
		if got := strings.Join(notes, ", "); got != want {
			t.Errorf("%q closed:\n got %s\nwant %s", closed, got, want)
		}
		if (f != nil) != (closed != "") || f != nil && f.Class != Rejected {
			t.Errorf("%q closed: %v", closed, f)
		}
	}
}
