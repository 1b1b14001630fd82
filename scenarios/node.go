package scenarios

import "time"

// Kind is the role of a node.
type Kind string

// The kinds of node. KindImage is a node of somebody else's image with no role of ours.
const (
	KindCDN      Kind = "cdn"
	KindGateway  Kind = "gateway"
	KindService  Kind = "service"
	KindDatabase Kind = "database"
	KindQueue    Kind = "queue"
	KindStream   Kind = "stream"
	KindCache    Kind = "cache"
	KindImage    Kind = "image"
)

// Node is one part of the topology: what runs in each of its replicas.
type Node struct {
	Name     string            `yaml:"-" json:"name"`
	Kind     Kind              `yaml:"kind" enum:"cdn,gateway,service,database,queue,stream,cache,image" json:"kind" doc:"The node's role."`
	Use      string            `yaml:"use" json:"use,omitempty" doc:"A template whose defaults this node takes."`
	Replicas int               `yaml:"replicas" min:"1" json:"replicas,omitempty" doc:"How many instances. Default 1."`
	Region   string            `yaml:"region" json:"region,omitempty" doc:"A region label; an outage may select it."`
	Zone     string            `yaml:"zone" json:"zone,omitempty" doc:"A zone label; an outage may select it."`
	Zones    []string          `yaml:"zones" json:"zones,omitempty" doc:"In place of zone: the zones that the replicas are spread over, in turn."`
	Labels   map[string]string `yaml:"labels" json:"labels,omitempty" doc:"Any labels; faults may select them."`
	CPUs     float64           `yaml:"cpus" sign:"positive" json:"cpus,omitempty" doc:"CPU of each instance: a container's limit (docker), or the cores that its compute shares (virtual, where the default is 1)."`
	Memory   int64             `yaml:"memory" sign:"positive" unit:"size" json:"memory,omitempty" doc:"Memory limit of each instance (docker)."`

	// A real image in place of the built-in role (docker engine only).
	Image   string            `yaml:"image" json:"image,omitempty" doc:"A container image to run in place of the built-in role (docker engine)."`
	Command []string          `yaml:"command" kinds:"image" json:"command,omitempty" doc:"Arguments for the image."`
	Env     map[string]string `yaml:"env" kinds:"image" json:"env,omitempty" doc:"Environment for the image."`
	Port    int               `yaml:"port" kinds:"image" min:"1" json:"port,omitempty" doc:"The port the image serves on. Default 8080, a database's 5432."`
	Health  string            `yaml:"health" kinds:"image" json:"health,omitempty" doc:"How readiness is seen: an HTTP path, or tcp. Default tcp for images."`
	Calls   []string          `yaml:"calls" kinds:"image" json:"calls,omitempty" doc:"Nodes that the image connects to, by their names, on their usual ports."`
	StandIn *Node             `yaml:"stand_in" kinds:"image" json:"stand_in,omitempty" doc:"The built-in node that takes the image's place on engines that run no images (virtual, process): a kind and what that kind does."`
	DSN     string            `yaml:"dsn" kinds:"database" json:"dsn,omitempty" doc:"database: user:password@database that services connect with."`

	// cdn
	Origin   string `yaml:"origin" kinds:"cdn" json:"origin,omitempty" doc:"cdn: the node behind it."`
	Failover `yaml:",inline" kinds:"cdn"`
	Cache    []CacheRule `yaml:"cache" kinds:"cdn" json:"cache,omitempty" doc:"cdn: what is cached, for how long, under which conditions."`
	Bots     `yaml:",inline" kinds:"cdn"`

	// gateway
	Auth      string     `yaml:"auth" kinds:"gateway" enum:"none,api-key,jwt,introspect" json:"auth,omitempty" doc:"gateway: none (default), api-key: any key, jwt: a bearer token that is checked here, or introspect: one that identity is asked about, request by request."`
	JWT       *JWT       `yaml:"jwt" kinds:"gateway" json:"jwt,omitempty" doc:"gateway with auth: jwt: what tokens must be signed with."`
	Identity  *Call      `yaml:"identity" kinds:"gateway" json:"identity,omitempty" doc:"gateway with auth: introspect: who is asked about each token, as NODE METHOD /path; an answer below 400 lets the request in."`
	MaxBody   int64      `yaml:"max_body" kinds:"gateway" sign:"positive" unit:"size" json:"max_body,omitempty" doc:"gateway: longer requests are refused (413)."`
	Shed      *Shed      `yaml:"shed" kinds:"gateway,service" json:"shed,omitempty" doc:"gateway, service: refuses (503, at once) what is more than it should have in flight."`
	RateLimit *RateLimit `yaml:"rate_limit" kinds:"cdn,gateway" json:"rate_limit,omitempty" doc:"cdn, gateway: token bucket. On a cdn it counts every request, those that its cache would answer too."`
	Routes    []Route    `yaml:"routes" kinds:"gateway" json:"routes,omitempty" doc:"gateway: first match wins."`

	// service
	Workers   int `yaml:"workers" kinds:"service,queue,database" min:"1" json:"workers,omitempty" doc:"service: requests worked on at once (default 64); queue: deliveries at once; database: statements worked on at once, the rest wait (default: as many as there are)."`
	Queue     int `yaml:"queue" kinds:"service" min:"0" json:"queue,omitempty" doc:"Requests that may wait for a worker before the rest are shed (503); 0: none may. Default unbounded."`
	Pool      int `yaml:"pool" kinds:"service" min:"1" json:"pool,omitempty" doc:"service: connections that each instance opens to each instance of a database, at most; statements beyond wait for one. Default 10."`
	Line      `yaml:",inline" kinds:"service"`
	Cold      *Cold       `yaml:"cold" kinds:"service" json:"cold,omitempty" doc:"service: how much slower it is at first, as with empty caches."`
	Endpoints []*Endpoint `yaml:"endpoints" kinds:"service" json:"endpoints,omitempty" doc:"service: what it answers and what it does for that."`

	// cdn, gateway, service, queue and stream: defaults for every call this node makes.
	Policy `yaml:",inline" kinds:"cdn,gateway,service,queue,stream"`

	// cdn, gateway and service
	Doors `yaml:",inline" kinds:"cdn,gateway,service"`

	// database
	Connections int   `yaml:"connections" kinds:"cdn,gateway,service,database" min:"1" json:"connections,omitempty" doc:"The most connections: a database refuses those over it (default 100), the others let them wait to be accepted (default unbounded; idle ones count)."`
	ReadTime    *Work `yaml:"read_time" kinds:"database" json:"read_time,omitempty" doc:"database: what a read costs. Default nothing beyond its own work."`
	WriteTime   *Work `yaml:"write_time" kinds:"database" json:"write_time,omitempty" doc:"database: what a write costs besides the sync to disk."`
	RowLocks    bool  `yaml:"row_locks" kinds:"database" json:"row_locks,omitempty" doc:"database: a write holds its key until it is durable, so writes of one key wait for each other, in order."`

	Replication `yaml:",inline" kinds:"database"`

	// cache
	Keeping `yaml:",inline" kinds:"cache"`

	// queue
	Delivery `yaml:",inline" kinds:"queue"`
	To       *Call `yaml:"to" kinds:"queue" json:"to,omitempty" doc:"queue: where messages are delivered, as NODE METHOD /path; {key} and {id} in it are the message's."`

	// stream
	Stream `yaml:",inline" kinds:"stream"`
}

// Policy is how a node calls others; on a node the default for all its calls, on a call an override.
// Zero fields mean "as the layer above says", and at the top: no timeout, no retry, no breaker.
type Policy struct {
	Timeout  time.Duration `yaml:"timeout" sign:"positive" json:"timeout,omitempty" doc:"The longest one attempt may take."`
	Retry    *Retry        `yaml:"retry" json:"retry,omitempty" doc:"What is done after a failed attempt."`
	Breaker  *Breaker      `yaml:"circuit_breaker" json:"circuit_breaker,omitempty" doc:"Stops calling a dependency that keeps failing."`
	Balance  string        `yaml:"balance" json:"balance,omitempty" enum:"round_robin,random,least_in_flight,two_choices" doc:"How a replica of the dependency is chosen: round_robin (default), random, least_in_flight, or two_choices: the one of two random ones with fewer calls in flight."`
	Hedge    *Hedge        `yaml:"hedge" json:"hedge,omitempty" doc:"Asks a second replica when the first is late, and takes the first answer: for GET, HEAD and read, which do no harm twice."`
	Bulkhead *Bulkhead     `yaml:"bulkhead" json:"bulkhead,omitempty" doc:"Bounds the calls to a dependency that are in flight at once, so that a slow one can't take everything."`
	Throttle *Throttle     `yaml:"throttle" json:"throttle,omitempty" doc:"Adaptive throttling: rejects calls here that the dependency would likely reject."`
	Deadline string        `yaml:"deadline" json:"deadline,omitempty" enum:"none,propagate" doc:"propagate: calls say how much time is left, and a request whose time is up, or whose caller has left, is worked on no further. Default none."`
	Choice   `yaml:",inline"`
}

// Bulkhead bounds the attempts of one instance to one dependency that are in flight at once; those over it wait in a
// queue, and those over that too are rejected at once (503).
type Bulkhead struct {
	Most  int `yaml:"most" need:"yes" min:"1" json:"most" doc:"Attempts in flight at once, to all replicas together."`
	Queue int `yaml:"queue" min:"0" json:"queue,omitempty" doc:"Attempts that may wait for a place, for as long as their timeout; the rest are rejected. Default 0."`
}

// Throttle rejects calls with the chance max(0, (requests - K accepts) / (requests + 1)) over the last Window
// (Google, Site Reliability Engineering, chapter 21): the dependency sees K times what it accepts, at most.
type Throttle struct {
	K      float64       `yaml:"k" need:"yes" sign:"positive" json:"k" doc:"How many times what it accepts the dependency is sent; 2 is usual."`
	Window time.Duration `yaml:"window" sign:"positive" json:"window,omitempty" doc:"How far back it looks. Default 2m."`
}

// Hedge makes a second attempt beside the first one when that is late; the first answer is taken and the other
// attempt given up (Dean and Barroso, The Tail at Scale). It is late After so long, or, when Quantile is given, when it takes
// longer than that share of the others.
type Hedge struct {
	After    time.Duration `yaml:"after" sign:"positive" json:"after,omitempty" doc:"How long the first attempt may take before a second one is made beside it."`
	Quantile float64       `yaml:"quantile" sign:"positive" unit:"share" json:"quantile,omitempty" doc:"In place of a time: 95% hedges when the first attempt takes longer than 95% of recent ones. It begins with after, or with the first 20 answers."`
	// Budget bounds hedges to this share of calls (a token bucket that holds 10 at most); 0: no bound.
	Budget float64 `yaml:"budget" unit:"share" json:"budget,omitempty" doc:"Hedges are at most this share of calls."`
	Tied   bool    `yaml:"tied" json:"tied,omitempty" doc:"Services' calls: the second attempt is made where the first has not been begun, and whichever a worker begins first has the other one taken out of its queue. Needs after; callees are built-in services."`
}

// Retry repeats failed attempts.
type Retry struct {
	Attempts int           `yaml:"attempts" need:"yes" min:"1" json:"attempts" doc:"Attempts in all, the first included."`
	Backoff  time.Duration `yaml:"backoff" json:"backoff,omitempty" doc:"Wait before the second attempt; doubles with each further one."`
	Most     time.Duration `yaml:"most" json:"most,omitempty" doc:"The longest backoff. Default 10s."`
	Jitter   string        `yaml:"jitter" json:"jitter,omitempty" enum:"none,full,equal,decorrelated" doc:"none (default), full: uniform in [0, backoff], equal: backoff/2 plus uniform in [0, backoff/2], decorrelated: uniform from the first backoff to 3 times the last wait."`
	// Budget bounds retries to this share of first attempts (a token bucket that holds 10 at most); 0: no bound.
	Budget float64 `yaml:"budget" unit:"share" json:"budget,omitempty" doc:"Retries are at most this share of first attempts."`
}

// Breaker opens when at least Failures of the last Of calls failed, for OpenFor; then one probe decides.
type Breaker struct {
	Failures float64       `yaml:"failures" need:"yes" sign:"positive" unit:"share" json:"failures" doc:"The share of failed calls that opens it."`
	Of       int           `yaml:"of" need:"yes" min:"1" json:"of" doc:"How many of the last calls are looked at."`
	OpenFor  time.Duration `yaml:"open_for" need:"yes" sign:"positive" json:"open_for" doc:"How long it stays open before a probe."`
}

// CacheRule says what a cdn keeps.
type CacheRule struct {
	Match        string        `yaml:"match" need:"yes" json:"match" doc:"METHOD /path with * for the rest, as in GET /catalog/*."`
	TTL          time.Duration `yaml:"ttl" need:"yes" json:"ttl" doc:"How long an answer is fresh."`
	StaleIfError time.Duration `yaml:"stale_if_error" json:"stale_if_error,omitempty" doc:"How long past its ttl an answer may be served when the origin fails (RFC 5861)."`
	Coalesce     bool          `yaml:"coalesce" json:"coalesce,omitempty" doc:"Concurrent misses of one key make one origin request."`
	Fallback     *Page         `yaml:"fallback" json:"fallback,omitempty" doc:"A static page, kept at the edge: the degraded answer where the origin fails and there is no copy to serve."`
	// StaleWhileRevalidate counts from the ttl's end, as StaleIfError does.
	StaleWhileRevalidate time.Duration `yaml:"stale_while_revalidate" json:"stale_while_revalidate,omitempty" doc:"How long past its ttl an answer is served at once while one request to the origin refreshes it (RFC 5861)."`
	NegativeTTL          time.Duration `yaml:"negative_ttl" json:"negative_ttl,omitempty" doc:"How long an answer of 404 or 410 is fresh. Default: not kept. Answers of 500 and more are never kept."`
	TTLJitter            float64       `yaml:"ttl_jitter" unit:"share" json:"ttl_jitter,omitempty" doc:"Each copy's ttl is drawn from ttl plus or minus this share of it, so that copies of one moment do not expire in one."`
	Key                  *CacheKey     `yaml:"key" json:"key,omitempty" doc:"What of a request tells copies apart. Default: method, path and query as they are."`
	CacheControl         bool          `yaml:"cache_control" json:"cache_control,omitempty" doc:"The origin's Cache-Control decides where it says something (RFC 9111, a shared cache): s-maxage and max-age over ttl, less the Age that it came with; no-cache, must-revalidate, and its stale-while-revalidate and stale-if-error."`
}

// CacheKey normalises what copies are kept under; what is asked of the origin stays as it came.
type CacheKey struct {
	Ignore []string `yaml:"ignore" need:"yes" json:"ignore" doc:"Query parameters that make no difference, * for any rest, as in [utm_*]. The others count in any order."`
}

// RateLimit is a token bucket; requests over it are answered 429.
type RateLimit struct {
	Rate  float64 `yaml:"rate" need:"yes" sign:"positive" unit:"rate" json:"rate" doc:"Tokens a second, as in 500/s."`
	Burst int     `yaml:"burst" min:"1" json:"burst,omitempty" doc:"The bucket's size. Default the rate of one second."`
	Per   string  `yaml:"per" json:"per,omitempty" enum:"all,client,tenant" doc:"all (default) or client: one bucket for each API key, or each load where there is none; or tenant: one for each tenant."`
}

// Route sends a path to a node.
type Route struct {
	Match    string        `yaml:"match" need:"yes" json:"match" doc:"[METHOD ]/path with * for the rest."`
	To       string        `yaml:"to" need:"yes" json:"to" doc:"The node that answers."`
	Timeout  time.Duration `yaml:"timeout" sign:"positive" json:"timeout,omitempty" doc:"The longest the gateway waits for the answer (504)."`
	Split    *Split        `yaml:"split" json:"split,omitempty" doc:"A canary: a share of the route's requests goes to another node."`
	Failover `yaml:",inline"`
}

// Split sends a share of a route's requests elsewhere, drawn request by request.
type Split struct {
	To    string  `yaml:"to" need:"yes" json:"to" doc:"The node that answers the share: the new version."`
	Share float64 `yaml:"share" need:"yes" unit:"share" json:"share" doc:"The part of requests, as in 5%."`
}

// JWT is how a gateway checks tokens by itself: HS256 signatures, and exp and nbf where a token has them.
type JWT struct {
	Secret string `yaml:"secret" need:"yes" json:"secret" doc:"The key of the HS256 signature, shared with whoever issues the tokens. It stays in a run's record, as a dsn does: use one made for the test."`
	// Also is for the overlap of a rotation: issuers are told of the new key one after another.
	Also []string `yaml:"also" json:"also,omitempty" doc:"Further keys that are accepted, as the old one is while the keys are rotated."`
}

// Endpoint is one thing that a service answers.
type Endpoint struct {
	// Match is "METHOD /path/{param}".
	Match string `yaml:"-" json:"match"`
	Steps []Step `yaml:"-" json:"steps"`
}

// Step is one thing done, in order, to answer a request. Exactly one of Work, Compute, Call, Read, Write, Parallel and Respond is set.
type Step struct {
	Use         string     `yaml:"use" json:"use,omitempty" doc:"A template whose defaults this step takes."`
	Work        *Work      `yaml:"work" json:"work,omitempty" doc:"Time that passes, without use of the CPU: waiting, or somebody else's work."`
	Compute     *Work      `yaml:"compute" json:"compute,omitempty" doc:"CPU time on the node's cores: it competes with all other compute of the instance."`
	Call        *Call      `yaml:"call" json:"call,omitempty" doc:"A call, as NODE METHOD /path."`
	Read        string     `yaml:"read" json:"read,omitempty" doc:"Read one row from this database."`
	Cost        *Work      `yaml:"cost" json:"cost,omitempty" doc:"read: what this query costs the database besides its read_time, as a report does."`
	Cache       *ReadCache `yaml:"cache" json:"cache,omitempty" doc:"read, and call of GET: keeps what was read, in the memory of each instance or in a cache node (cache-aside)."`
	Write       string     `yaml:"write" json:"write,omitempty" doc:"Write one row to this database, or one message to this queue or stream; acknowledged when it is durable."`
	ReplicaRead `yaml:",inline"`

	// Key and Idempotent are for Write.
	Key        string `yaml:"key" json:"key,omitempty" doc:"write: what the row or message is about, as in {item}; a stream keeps what is about one thing in order. Default: the first parameter of the endpoint's path."`
	Idempotent bool   `yaml:"idempotent" json:"idempotent,omitempty" doc:"write: carries a key, under which it is there once however often it is tried."`
	Outbox     `yaml:",inline"`

	Parallel []Step   `yaml:"parallel" json:"parallel,omitempty" doc:"Steps done at once; all must succeed."`
	WaitFor  float64  `yaml:"wait_for" sign:"positive" unit:"share" json:"wait_for,omitempty" doc:"parallel: the share of its steps that is good enough, as in 95%. The rest is given up then, and the answer is degraded. Default all."`
	Respond  *Respond `yaml:"respond" json:"respond,omitempty" doc:"What is answered in place of a plain 200; the steps after it are done all the same."`

	// When is for every kind of step.
	When *When `yaml:"when" json:"when,omitempty" doc:"Whose requests the step is done for, as in {tenant: NAME}; others pass it over. Default everybody's."`

	// For Call, Read and Write: overrides of the node's policy, who else to ask, and what to do when it fails for good.
	Policy   `yaml:",inline"`
	Failover `yaml:",inline"`
	Fallback *Fallback `yaml:"fallback" json:"fallback,omitempty" doc:"What to do instead when the step has failed for good: the answer counts as degraded."`
}

// Respond shapes an endpoint's answer.
type Respond struct {
	Status       int     `yaml:"status" min:"200" json:"status,omitempty" doc:"The status, as in 404. Default 200."`
	Share        float64 `yaml:"share" unit:"share" json:"share,omitempty" doc:"The part of requests that it is about, as in a release with a mistake. Default all."`
	CacheControl string  `yaml:"cache_control" json:"cache_control,omitempty" doc:"The answer's Cache-Control, as in max-age=60."`
}

// Call is "NODE METHOD /path".
type Call struct {
	Node   string `json:"node"`
	Method string `json:"method"`
	Path   string `json:"path"`
}

// Fallback answers in another way; the answer is degraded, not failed.
type Fallback struct {
	Write  string `yaml:"write" json:"write,omitempty" doc:"Write to this queue, stream or database instead."`
	Call   *Call  `yaml:"call" json:"call,omitempty" doc:"Call this instead."`
	Status int    `yaml:"status" min:"100" json:"status,omitempty" doc:"Status to answer with. Default 200."`
}

// Work is a service time. A bare duration in the file is a constant one.
type Work struct {
	Mean  time.Duration `yaml:"mean" need:"yes" json:"mean" doc:"The mean."`
	Shape string        `yaml:"shape" json:"shape,omitempty" enum:"constant,exponential,uniform,lognormal" doc:"constant (default), exponential, uniform in [0, 2*mean], lognormal with sigma 1."`
}

// Once says what a step does that must not be done twice at once; "" for nothing.
func (s *Step) Once() string {
	switch {
	case s.Write != "":
		return "a write"
	case s.Call != nil && s.Call.Method != "GET" && s.Call.Method != "HEAD" && s.Call.Method != "OPTIONS":
		return "a " + s.Call.Method
	}
	return ""
}
