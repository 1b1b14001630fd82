package check

import (
	"fmt"
	"strings"

	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/source"
)

// bots checks that a rule says whom it is about, and that its keys go together.
func (v *Checker) bots(n *scenarios.Node) {
	for i, r := range n.Bots.Bots {
		at := scenarios.At("topology", n.Name, "bots").Item(i)
		v.match(r.Match, at.Key("match"))
		switch {
		case r.Header == "" && r.Contains != "":
			v.Problem(at.Key("contains"), "contains does not say of which header", "add header: User-Agent")
		case r.Header == "" && r.Absent:
			v.Problem(at.Key("absent"), "absent does not say which header", "add header: User-Agent")
		case r.Header == "" && r.Match == "" && r.Do != "":
			v.Problem(at, "a rule about bots covers everybody", "add match: /path, or header: User-Agent with contains: WORD")
		case r.Contains != "" && r.Absent:
			v.Problem(at.Key("absent"), fmt.Sprintf("a header that is absent does not contain %s", source.QuoteShort(r.Contains)), "take one of them away")
		case strings.ContainsAny(r.Header, " :\t"):
			v.Problem(at.Key("header"), fmt.Sprintf("%s is not the name of a header", source.QuoteShort(r.Header)), "write it as in User-Agent")
		}
		for key, given := range map[string]bool{"rate": r.Rate > 0, "burst": r.Burst > 0, "per": r.Per != ""} {
			if given && r.Do != "limit" && r.Do != "" {
				v.Problem(at.Key(key), key+" is for do: limit", "take it away, or let do be limit")
			}
		}
		if r.Do == "limit" && r.Rate == 0 && v.valueAt(at.Key("rate")) == nil {
			v.Problem(at.Key("do"), "a rule that limits has no rate", "add rate: 1/s")
		}
	}
}
