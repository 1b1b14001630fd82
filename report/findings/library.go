package findings

import "github.com/squallhq/squall/runner/record"

// library says of each pattern what it buys, as its example in examples/patterns does. A test keeps the two in step.
var library = map[string]string{
	"adaptive-concurrency":       "An adaptive bound on requests in flight follows the capacity when that falls.",
	"backpressure":               "A bounded queue hands the overload back to whoever sends it, and keeps the wait of what it has accepted short.",
	"bad-deploy":                 "A bad release costs its share of the instances, so it goes to one before it goes to all.",
	"balancing":                  "Balancing by calls in flight keeps a slow replica from being a quarter of the answers.",
	"bff":                        "A backend for each frontend keeps what one kind of client waits for away from the other.",
	"bulkhead":                   "A bulkhead keeps one dependency that hangs from taking the workers of everything else.",
	"cache-aside":                "A service answers from its memory what it has read before.",
	"cache-coalesce":             "When a hot copy expires one request reads it anew, not all.",
	"cache-early":                "A hot copy is read anew before it expires, by a few who draw the lot.",
	"cache-flush-at-peak":        "A cache that coalesces its misses comes back from an operator's flush at peak.",
	"cache-lease":                "A lease lets one of a herd fill the cache, and the others have the copy from before.",
	"cache-loss":                 "With leases a flushed cache fills again, where a look-aside cache stays empty for ever.",
	"cdc":                        "A search index and a warehouse hear of every order that is in the database, whoever crashes on the way.",
	"cdn-bots":                   "Rules about bots at the edge keep programs from taking what users need.",
	"cdn-cache-control":          "The origin's Cache-Control decides what is kept for how long, answer by answer.",
	"cdn-cache-key":              "Tracking parameters left out of the cache's key keep its hit ratio.",
	"cdn-coalesce":               "Concurrent misses of a hot page make one request to the origin and not a stampede.",
	"cdn-negative-caching":       "Keeping a 404 for a moment keeps a crawler's dead links away from the origin.",
	"cdn-pops":                   "Points of presence answer near users, and the loss of one is felt by its own alone.",
	"cdn-rate-limit":             "A rate limit at the edge keeps a flood away from the origin, and so from the others.",
	"cdn-second-origin":          "A second origin behind the edge answers when the first has failed, within a timeout at first and then at once.",
	"cdn-shield":                 "An origin shield turns one fill for each edge site into one fill.",
	"cdn-soft-purge":             "A soft purge refreshes what a hard one would take away at once.",
	"cdn-stale-if-error":         "Stale copies bridge the whole outage of the origin.",
	"cdn-stale-while-revalidate": "A copy that has just expired is served at once while it is refreshed.",
	"cdn-static-page":            "A static page at the edge answers what no copy can while the origin is gone.",
	"cdn-ttl-jitter":             "Copies that were made together do not expire together.",
	"cdn-ttl":                    "A ttl cache at the edge takes 90.9 % of the load off an origin that could not carry all of it.",
	"circuit-breaker":            "A circuit breaker keeps a hanging dependency from taking the caller's workers.",
	"connection-pool":            "A pool lets many users share few connections, and leaves some to others.",
	"consistency-choice":         "Each route says whether it would rather be available or consistent when the network is cut.",
	"credential-rotation":        "A key that is rotated with an overlap refuses nobody.",
	"critical-tier":              "What must work runs in a pool of its own, apart from what is nice to have.",
	"deadline":                   "Deadlines handed on stop work that nobody waits for.",
	"edge-callouts":              "An edge that asks others about each request is only as available as all of them together.",
	"fallback":                   "A page does without its optional part while that part is down.",
	"fan-out-partial":            "A page that waits for most of its parts is not as slow as the slowest of them.",
	"fan-out-vs-chain":           "Calls made at once take as long as the slowest of them, in a chain as long as all of them.",
	"fencing":                    "A lease stops an old primary before a new one begins.",
	"freshness-first":            "After an outage a queue that delivers the newest message first has what is new there at once.",
	"gateway-canary":             "A canary bounds what a bad release costs to its share of the traffic.",
	"gateway-jwt":                "Tokens that the gateway can check itself outlive an outage of who issued them.",
	"gateway-rate-limit":         "A rate limit for each client keeps one that misbehaves away from the others.",
	"gateway-replicas":           "A second gateway, and one retry at the edge, make a gateway's crash nobody's.",
	"gateway-shed":               "Refusing a quarter of the requests at once serves the other three quarters.",
	"gateway-thin":               "What a gateway aggregates takes everything down that passes the gateway.",
	"graceful-restart":           "Gateways that are drained and restarted one after the other lose no request; killed ones do.",
	"gray-replica":               "A replica that fails fast attracts whoever balances by calls in flight; turns and one retry pass it by.",
	"health-check":               "Shallow health checks take a replica that hangs out, and none for a database that all of them share.",
	"hedging":                    "Hedged reads cut the tail of a fan-out for few extra requests (Dean and Barroso, The Tail at Scale).",
	"hot-partition":              "A key that many messages have makes one partition the bottleneck; a key that spreads them does not.",
	"hot-row":                    "A hot counter is spread over rows, so that its writers do not wait for one lock.",
	"idempotency":                "A retried write is there once when it carries an idempotency key.",
	"idempotent-consumer":        "A consumer whose writes carry a key has one effect of each message, however often it is delivered.",
	"interactions":               "A timeout and retries are harmless each alone and an outage that stays together, unless the queue is bounded.",
	"jitter":                     "Full jitter spreads retries that would else arrive together.",
	"kill-switch":                "A storm of retries that keeps itself up ends when somebody can turn retries off.",
	"ladder":                     "From an architecture without any protection to one with all of it, one pattern a step.",
	"layer-depth":                "The availability of layers that call each other is the product of theirs, so few are better.",
	"n-plus-one":                 "One call for many things costs one way there and back, many calls for one thing each cost many.",
	"outbox":                     "A row and its event are there both or neither, however often the service between them crashes.",
	"outlier-ejection":           "Outlier ejection leaves a replica that hangs alone, and gives it one probe now and then.",
	"own-database":               "A service whose store is its own drowns in its own load alone.",
	"panic-threshold":            "A panic threshold keeps outlier ejection from sending everybody to the last replica that is well.",
	"partition-held":             "An outage that refuses is over when it is over; one that holds what was sent may leave a retry storm.",
	"platform-template":          "One service without the platform's defaults brings the failure back for all the others.",
	"poison-partition":           "A message that can't be taken is laid aside as a dead letter, and does not stop what is behind it.",
	"pool-size":                  "A pool of connections is sized for the time that they are held on a bad day.",
	"priority":                   "A surge of prefetching does not touch what users asked for.",
	"queue-bound":                "A bounded queue sheds what is too much, and answers the rest in time.",
	"queue-buffer":               "Work that need not be done now is handed to a queue, and its outage is nobody's.",
	"queue-codel":                "A service bounds the time in its queue, and not its length, in a surge.",
	"queue-dead-letters":         "A queue gives a message up after some attempts and keeps it as a dead letter.",
	"queue-deadline":             "A service that drops requests that waited for too long gets out of a retry storm.",
	"queue-lifo":                 "A service that serves the newest request first gets out of a retry storm.",
	"read-replicas":              "Read replicas carry the reads that would overload the primary.",
	"read-your-writes":           "Reads go to the primary until the replica has the user's own writes.",
	"region-failover":            "Failover between regions saves the users of a lost one, where the others have been paid to carry them.",
	"replay":                     "A replay with a rate leaves the store that it fills to its users.",
	"replication-sync":           "Synchronous replication loses no acknowledged write with its primary.",
	"reports-apart":              "Heavy queries run beside the database that serves the shop, not on it.",
	"retry-at-one-layer":         "Retries at one layer add up; at three layers they multiply (Google SRE, chapter 22).",
	"retry-budget":               "A budget keeps retries from multiplying the load of a callee that fails.",
	"retry-storm":                "Retries without a budget turn a slowdown of ten seconds into an outage that stays.",
	"scale-down":                 "A wrong scale-down costs what is too much where the rest sheds it, and everything where it queues.",
	"search-index":               "Searches go to an index that a stream keeps up to date, and leave the primary to those who order.",
	"service-split-live":         "A service is split behind an unchanged contract, under load, without one failed request.",
	"shared-platform":            "A quota for each consumer of a shared platform service keeps one consumer's flood from the others.",
	"shuffle-sharding":           "Shuffle sharding bounds how many others a tenant hurts whose requests take workers for ever.",
	"slow-clients":               "A short time for a request's headers keeps slow clients from holding every connection.",
	"slow-outlier":               "Outlier ejection by latency leaves a replica alone that answers, but slowly.",
	"slow-start":                 "Slow start gives a replica that comes back cold a share that grows as it warms.",
	"spare-capacity":             "A replica more than the load needs is what lets one be lost.",
	"staged-rollout":             "A bad configuration on one replica costs a quarter of what it costs on all of them.",
	"static-stability":           "With the last known good configuration the data plane does not notice that the control plane is gone.",
	"stream-fan-out":             "A stream feeds a search index and a warehouse, each at its own pace, and the outage of one is nobody else's.",
	"telemetry":                  "Telemetry is handed on beside the path of the request, so that its outage is nobody's.",
	"tenant-rate-limit":          "A rate limit for each tenant keeps one from taking what the others need, where they share a key.",
	"throttle":                   "Adaptive throttling sends an overloaded dependency little more than it can do (Google SRE, chapter 21).",
	"tied-requests":              "Tied requests wait for whichever of two queues is the shorter, and are worked on once.",
	"timeout-ladder":             "Inner timeouts are shorter than outer ones, so that a fallback still finds somebody who waits.",
	"timeout":                    "A timeout bounds what a hanging dependency costs.",
	"utils-service":              "A utils service that everything calls takes every route with it when it falls.",
	"zone-aware":                 "Calls stay in their own zone while something answers there, and cross to another one when nothing does.",
}

// option is a pattern that may help, and whether it could do so here: it fits what was found, and the design does not have it.
type option struct {
	pattern string
	fits    bool
}

// mostRemedies is how many patterns a finding names at most.
const mostRemedies = 4

// try are the first options that fit, as the library has them.
func try(options ...option) []record.Remedy {
	out := []record.Remedy{}
	for _, o := range options {
		if o.fits && len(out) < mostRemedies {
			out = append(out, record.Remedy{Pattern: o.pattern, About: library[o.pattern], Example: "examples/patterns/" + o.pattern + ".yaml"})
		}
	}
	return out
}
