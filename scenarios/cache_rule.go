package scenarios

import "time"

// CacheRule says what a cdn keeps.
type CacheRule struct {
	// METHOD /path with * for the rest, as in GET /catalog/*.
	Match string `yaml:"match" need:"yes" json:"match"`
	// How long an answer is fresh.
	TTL time.Duration `yaml:"ttl" need:"yes" json:"ttl"`
	// How long past its ttl an answer may be served when the origin fails (RFC 5861).
	StaleIfError time.Duration `yaml:"stale_if_error" zero:"unset" json:"stale_if_error,omitempty"`
	// Concurrent misses of one key make one origin request.
	Coalesce bool `yaml:"coalesce" json:"coalesce,omitempty"`
	// A static page, kept at the edge: the degraded answer where the origin fails and there is no copy to serve.
	Fallback *Page `yaml:"fallback" json:"fallback,omitempty"`
	// How long past its ttl an answer is served at once while one request to the origin refreshes it (RFC 5861).
	//
	// StaleWhileRevalidate counts from the ttl's end, as StaleIfError does.
	StaleWhileRevalidate time.Duration `yaml:"stale_while_revalidate" zero:"unset" json:"stale_while_revalidate,omitempty"`
	// How long an answer of 404 or 410 is fresh. Default: not kept. Answers of 500 and more are never kept.
	NegativeTTL time.Duration `yaml:"negative_ttl" zero:"unset" json:"negative_ttl,omitempty"`
	// Each copy's ttl is drawn from ttl plus or minus this share of it, so that copies of one moment do not expire
	// in one.
	TTLJitter float64 `yaml:"ttl_jitter" zero:"unset" unit:"share" json:"ttl_jitter,omitempty"`
	// What of a request tells copies apart. Default: host, path and query as they are.
	Key *CacheKey `yaml:"key" json:"key,omitempty"`
	// The origin's Cache-Control decides where it says something (RFC 9111, a shared cache): s-maxage and max-age
	// over ttl, less the Age that it came with; no-cache, must-revalidate, and its stale-while-revalidate and
	// stale-if-error.
	CacheControl bool `yaml:"cache_control" json:"cache_control,omitempty"`
}

// CacheKey normalises what copies are kept under; what is asked of the origin stays as it came.
type CacheKey struct {
	// Query parameters that make no difference, * for any rest, as in [utm_*]. The others count in any order.
	Ignore []string `yaml:"ignore" need:"yes" json:"ignore"`
}
