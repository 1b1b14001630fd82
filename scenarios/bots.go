package scenarios

import (
	"fmt"
	"strings"
)

// Bots is what a cdn does about programs that are no users, before it looks at anything else of a request.
type Bots struct {
	Bots []BotRule `yaml:"bots" json:"bots,omitempty" doc:"cdn: rules about clients that are known by what they send; the first that covers a request decides. They come before rate_limit, the cache and the origin."`
}

// BotRule covers the requests that are as all of its conditions say: a path, a header, or both.
type BotRule struct {
	Match    string  `yaml:"match" json:"match,omitempty" doc:"[METHOD ]/path with * for the rest, as in /login. Default any."`
	Header   string  `yaml:"header" json:"header,omitempty" doc:"A header that tells them, as in User-Agent."`
	Contains string  `yaml:"contains" json:"contains,omitempty" doc:"What the header's value has in it, in any case: scraper. Default any value, as long as the header is there."`
	Absent   bool    `yaml:"absent" json:"absent,omitempty" doc:"In place of contains: covers requests that do not have the header."`
	Do       string  `yaml:"do" need:"yes" enum:"block,limit,pass" json:"do" doc:"block: refuse it (403); limit: refuse what is over rate (429); pass: the rules after it do not apply, as for a search engine's crawler. What is let through still meets rate_limit."`
	Rate     float64 `yaml:"rate" sign:"positive" unit:"rate" json:"rate,omitempty" doc:"limit: how many requests a second the rule lets through, as in 1/s."`
	Burst    int     `yaml:"burst" min:"1" json:"burst,omitempty" doc:"limit: the bucket's size. Default the rate of one second."`
	Per      string  `yaml:"per" json:"per,omitempty" enum:"all,client" doc:"limit: all (default): one bucket for the rule; client: one for each API key, or each load where there is none."`
}

// Limit is the token bucket of a rule that limits, nil for the others.
func (r *BotRule) Limit() *RateLimit {
	if r.Do != "limit" {
		return nil
	}
	return &RateLimit{Rate: r.Rate, Burst: r.Burst, Per: r.Per}
}

// Page is an answer that needs nobody: a static one, kept where users are.
type Page struct {
	Status int `yaml:"status" min:"200" json:"status,omitempty" doc:"The status to answer with. Default 200."`
}

// bots checks that a rule says whom it is about, and that its keys go together.
func (v *validator) bots(n *Node) {
	for i, r := range n.Bots.Bots {
		at := path("topology", n.Name, "bots", i)
		v.match(r.Match, extend(at, "match"))
		switch {
		case r.Header == "" && r.Contains != "":
			v.problem(extend(at, "contains"), "contains does not say of which header", "add header: User-Agent")
		case r.Header == "" && r.Absent:
			v.problem(extend(at, "absent"), "absent does not say which header", "add header: User-Agent")
		case r.Header == "" && r.Match == "" && r.Do != "":
			v.problem(at, "a rule about bots covers everybody", "add match: /path, or header: User-Agent with contains: WORD")
		case r.Contains != "" && r.Absent:
			v.problem(extend(at, "absent"), fmt.Sprintf("a header that is absent does not contain %s", quoteShort(r.Contains)), "take one of them away")
		case strings.ContainsAny(r.Header, " :\t"):
			v.problem(extend(at, "header"), fmt.Sprintf("%s is not the name of a header", quoteShort(r.Header)), "write it as in User-Agent")
		}
		for key, given := range map[string]bool{"rate": r.Rate > 0, "burst": r.Burst > 0, "per": r.Per != ""} {
			if given && r.Do != "limit" && r.Do != "" {
				v.problem(extend(at, key), key+" is for do: limit", "take it away, or let do be limit")
			}
		}
		if r.Do == "limit" && r.Rate == 0 && v.valueAt(extend(at, "rate")) == nil {
			v.problem(extend(at, "do"), "a rule that limits has no rate", "add rate: 1/s")
		}
	}
}
