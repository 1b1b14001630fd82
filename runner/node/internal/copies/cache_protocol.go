package copies

// KeysPath is where a cache keeps its keys.
const KeysPath = "/keys/"

// The headers between a service and a cache.
const (
	// HeaderTTL is how long a copy is fresh, headerStale how long past that, or past a delete, it may still be served.
	HeaderTTL, HeaderStale = "Squall-TTL", "Squall-Stale"
	// HeaderLease is in a GET how long a lease is to last; in its answer a lease, or leaseTaken; in a PUT the lease that it
	// fills under, in a DELETE the lease that is given back.
	HeaderLease = "Squall-Lease"
	// HeaderValue is in a PUT a value that is kept with its key, and in the answer to a GET that value, escaped as in a query.
	HeaderValue = "Squall-Value"
)

// LeaseTaken is told to those who miss a key that another is about to fill.
const LeaseTaken = "taken"
