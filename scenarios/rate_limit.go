package scenarios

// RateLimit is a token bucket; requests over it are answered 429.
type RateLimit struct {
	// Tokens a second, as in 500/s.
	Rate float64 `yaml:"rate" need:"yes" sign:"positive" unit:"rate" json:"rate"`
	// The bucket's size. Default the rate of one second.
	Burst int `yaml:"burst" min:"1" json:"burst,omitempty"`
	// all (default) or client: one bucket for each API key, or each load where there is none; or tenant: one for
	// each tenant.
	Per string `yaml:"per" json:"per,omitempty" enum:"all,client,tenant"`
}
