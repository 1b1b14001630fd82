package scenarios

// Bots is what a cdn does about programs that are no users, before it looks at anything else of a request.
type Bots struct {
	// cdn: rules about clients that are known by what they send; the first that covers a request decides. They
	// come before rate_limit, the cache and the origin.
	Bots []BotRule `yaml:"bots" json:"bots,omitempty"`
}

// BotRule covers the requests that are as all of its conditions say: a path, a header, or both.
type BotRule struct {
	// [METHOD ]/path with * for the rest, as in /login. Default any.
	Match string `yaml:"match" json:"match,omitempty"`
	// A header that tells them, as in User-Agent.
	Header string `yaml:"header" json:"header,omitempty"`
	// What the header's value has in it, in any case: scraper. Default any value, as long as the header is there.
	Contains string `yaml:"contains" json:"contains,omitempty"`
	// In place of contains: covers requests that do not have the header.
	Absent bool `yaml:"absent" json:"absent,omitempty"`
	// block: refuse it (403); limit: refuse what is over rate (429); pass: the rules after it do not apply, as for
	// a search engine's crawler. What is let through still meets rate_limit.
	Do string `yaml:"do" need:"yes" enum:"block,limit,pass" json:"do"`
	// limit: how many requests a second the rule lets through, as in 1/s.
	Rate float64 `yaml:"rate" sign:"positive" unit:"rate" json:"rate,omitempty"`
	// limit: the bucket's size. Default the rate of one second.
	Burst int `yaml:"burst" min:"1" json:"burst,omitempty"`
	// limit: all (default): one bucket for the rule; client: one for each API key, or each load where there is
	// none.
	Per string `yaml:"per" json:"per,omitempty" enum:"all,client"`
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
	// The status to answer with. Default 200.
	Status int `yaml:"status" min:"200" max:"599" json:"status,omitempty"`
}
