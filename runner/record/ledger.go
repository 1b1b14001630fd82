package record

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// ledger keeps the ids of acknowledged writes per database, in one string builder each (an id
// costs its length and one byte).
type ledger map[string]*strings.Builder

// add takes one DATABASE/ID.
func (l ledger) add(wrote string) {
	database, id, ok := strings.Cut(wrote, "/")
	if !ok || id == "" {
		return
	}
	b := l[database]
	if b == nil {
		b = &strings.Builder{}
		l[database] = b
	}
	b.WriteString(id)
	b.WriteByte('\n')
}

// Acknowledged are the ids of the writes that users were told are done, by database, in the order
// of their answers: first the warm-up's, which must not be lost either, then those of the phases.
func (r *Recorder) Acknowledged() map[string][]string {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make(map[string][]string, len(r.ledger))
	for _, l := range []ledger{r.before, r.ledger} {
		for database := range l {
			out[database] = append(out[database], l.ids(database)...)
		}
	}
	return out
}

// AcknowledgedInPhases is how many writes answers to requests of the phases said are done, but for those that are left out.
func (r *Recorder) AcknowledgedInPhases(leftOut func(id string) bool) int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	var n int64
	for database := range r.ledger {
		seen := map[string]struct{}{}
		for _, id := range r.ledger.ids(database) {
			if !leftOut(id) {
				seen[id] = struct{}{}
			}
		}
		n += int64(len(seen))
	}
	return n
}

func (l ledger) ids(database string) []string {
	return strings.Split(strings.TrimSuffix(l[database].String(), "\n"), "\n")
}

// lostSample is how many lost writes are named.
const lostSample = 10

// Reconcile compares acknowledged writes with what is really there: found is, by database, how
// often each id was read back. Acknowledged and absent is lost; present more than once is a
// duplicate (each surplus copy counts), whether it was acknowledged or not; present and never
// acknowledged is neither. A database that could not be read back (it is not in found) leaves Checked false.
func Reconcile(acknowledged map[string][]string, found map[string]map[string]int) Writes {
	w := Writes{Checked: true}
	for _, database := range slices.Sorted(maps.Keys(acknowledged)) {
		ids := acknowledged[database]
		there, read := found[database]
		seen := make(map[string]struct{}, len(ids))
		for _, id := range ids {
			if _, again := seen[id]; again {
				continue // the same write acknowledged twice is one write
			}
			seen[id] = struct{}{}
			w.Acknowledged++
			if read && there[id] == 0 {
				w.Lost++
				if len(w.Sample) < lostSample {
					w.Sample = append(w.Sample, database+"/"+id)
				}
			}
		}
		if !read {
			w.Checked = false
			w.Why = fmt.Sprintf("%q could not be read back", database)
		}
	}
	for _, there := range found {
		for _, n := range there {
			w.Duplicated += int64(max(n-1, 0))
		}
	}
	return w
}
