package scenarios

import (
	"fmt"
	"strings"
)

// bots checks that a rule says whom it is about, and that its keys go together.
func (v *validator) bots(n *Node) {
	for i, r := range n.Bots.Bots {
		at := At("topology", n.Name, "bots").Item(i)
		v.match(r.Match, at.Key("match"))
		switch {
		case r.Header == "" && r.Contains != "":
			v.problem(at.Key("contains"), "contains does not say of which header", "add header: User-Agent")
		case r.Header == "" && r.Absent:
			v.problem(at.Key("absent"), "absent does not say which header", "add header: User-Agent")
		case r.Header == "" && r.Match == "" && r.Do != "":
			v.problem(at, "a rule about bots covers everybody", "add match: /path, or header: User-Agent with contains: WORD")
		case r.Contains != "" && r.Absent:
			v.problem(at.Key("absent"), fmt.Sprintf("a header that is absent does not contain %s", quoteShort(r.Contains)), "take one of them away")
		case strings.ContainsAny(r.Header, " :\t"):
			v.problem(at.Key("header"), fmt.Sprintf("%s is not the name of a header", quoteShort(r.Header)), "write it as in User-Agent")
		}
		for key, given := range map[string]bool{"rate": r.Rate > 0, "burst": r.Burst > 0, "per": r.Per != ""} {
			if given && r.Do != "limit" && r.Do != "" {
				v.problem(at.Key(key), key+" is for do: limit", "take it away, or let do be limit")
			}
		}
		if r.Do == "limit" && r.Rate == 0 && v.valueAt(at.Key("rate")) == nil {
			v.problem(at.Key("do"), "a rule that limits has no rate", "add rate: 1/s")
		}
	}
}
