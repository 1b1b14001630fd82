package words

import (
	"strings"

	"github.com/squallhq/squall/report/spell"
	"github.com/squallhq/squall/runner/record"
)

// Account is what became of a load's writes.
func Account(l record.LoadWrites) string {
	var said []string
	for _, one := range l.Counts.Told() {
		said = append(said, spell.Count(one.N)+" "+one.What)
	}
	text := strings.Join(said, ", ")
	if !l.Checked {
		text += ", not read back: " + l.Why
	} else if len(l.LostIDs) > 0 {
		text += "; lost: " + strings.Join(l.LostIDs[:min(len(l.LostIDs), 3)], ", ") + " (writes.jsonl has each)"
	}
	return text
}
