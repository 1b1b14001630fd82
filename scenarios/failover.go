package scenarios

// Failover names nodes that answer the same requests as the one that is called, in order: each is asked when those before it
// have failed for good, after their retries, or are not to be called: their breaker is open, or every replica is ejected.
// Its answer is whole, not degraded; a lesser one is what a fallback is for.
type Failover struct {
	// Other nodes that answer the same, in order: each is asked when those before it have failed for good, or
	// their circuit breaker is open. Counted in squall_failovers_total; the answer names the node in
	// Squall-Failover, and is not degraded.
	Failover []string `yaml:"failover" json:"failover,omitempty"`
}
