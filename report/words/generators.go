package words

import (
	"fmt"
	"slices"
	"strings"

	"github.com/squallhq/squall/report/spell"
	"github.com/squallhq/squall/runner/record"
)

// mostGenerators are told of one by one; of more, those that were lost and the latest of the others.
const mostGenerators = 8

// Generators says of a load that several generators drove how each of them did, one line each; nil where one did.
func Generators(all []record.GeneratorPart) []string {
	if len(all) == 0 {
		return nil
	}
	told := all
	if len(all) > mostGenerators {
		told = nil
		latest := slices.MaxFunc(all, func(a, b record.GeneratorPart) int { return int(1000 * (a.LagMs.P99 - b.LagMs.P99)) })
		for _, g := range all {
			if lost(g) || g.Name == latest.Name {
				told = append(told, g)
			}
		}
		told = told[:min(len(told), mostGenerators)]
	}
	var out []string
	for _, g := range told {
		out = append(out, Generator(g))
	}
	if len(told) < len(all) {
		out = append(out, fmt.Sprintf("%d more, none later than these", len(all)-len(told)))
	}
	return out
}

func lost(g record.GeneratorPart) bool { return strings.HasPrefix(g.Ended, record.GeneratorLost) }

// Generator is how one of several did.
func Generator(g record.GeneratorPart) string {
	text := fmt.Sprintf("%s: %s sent, %s unsent, late by %s at p99, %s in flight at most, its clock off by %s at most",
		g.Name, spell.Count(g.Sent), spell.Count(g.Unsent), spell.Milliseconds(g.LagMs.P99), spell.Count(g.MaxInFlight), spell.Milliseconds(g.UncertaintyMs))
	if g.Unknown > 0 {
		text += fmt.Sprintf(", of %s nobody knows what became", spell.Plural(g.Unknown, "request"))
	}
	if g.Ended != "done" {
		text += "; " + g.Ended
	}
	return text
}
