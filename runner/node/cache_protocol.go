package node

// defaultCacheSize is how many keys a read's cache keeps where the scenario does not say.
const defaultCacheSize = 10000

// keysPath is where a cache keeps its keys.
const keysPath = "/keys/"

// The headers between a service and a cache.
const (
	// headerTTL is how long a copy is fresh, headerStale how long past that, or past a delete, it may still be served.
	headerTTL, headerStale = "Squall-TTL", "Squall-Stale"
	// headerLease is in a GET how long a lease is to last; in its answer a lease, or leaseTaken; in a PUT the lease that it
	// fills under, in a DELETE the lease that is given back.
	headerLease = "Squall-Lease"
)

// leaseTaken is told to those who miss a key that another is about to fill.
const leaseTaken = "taken"
