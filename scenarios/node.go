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
	Name string `yaml:"-" json:"name"`
	// The node's role.
	Kind Kind `yaml:"kind" enum:"cdn,gateway,service,database,queue,stream,cache,image" json:"kind"`
	// A template whose defaults this node takes.
	Use string `yaml:"use" json:"use,omitempty"`
	// How many instances. Default 1.
	Replicas int `yaml:"replicas" min:"1" json:"replicas,omitempty"`
	// A region label; an outage may select it.
	Region string `yaml:"region" json:"region,omitempty"`
	// A zone label; an outage may select it.
	Zone string `yaml:"zone" json:"zone,omitempty"`
	// In place of zone: the zones that the replicas are spread over, in turn.
	Zones []string `yaml:"zones" json:"zones,omitempty"`
	// Any labels; faults may select them.
	Labels map[string]string `yaml:"labels" json:"labels,omitempty"`
	// CPU of each instance: a container's limit (docker), or the cores that its compute shares (virtual, where the
	// default is 1).
	CPUs float64 `yaml:"cpus" sign:"positive" json:"cpus,omitempty"`
	// Memory limit of each instance (docker).
	Memory int64 `yaml:"memory" sign:"positive" unit:"size" json:"memory,omitempty"`

	// A container image to run in place of the built-in role (docker engine).
	//
	// A real image in place of the built-in role (docker engine only).
	Image string `yaml:"image" json:"image,omitempty"`
	// Arguments for the image.
	Command []string `yaml:"command" kinds:"image" json:"command,omitempty"`
	// Environment for the image.
	Env map[string]string `yaml:"env" kinds:"image" json:"env,omitempty"`
	// The port the image serves on. Default 8080, a database's 5432.
	Port int `yaml:"port" kinds:"image" min:"1" json:"port,omitempty"`
	// How readiness is seen: an HTTP path, or tcp. Default tcp for images.
	Health string `yaml:"health" kinds:"image" json:"health,omitempty"`
	// Nodes that the image connects to, by their names, on their usual ports.
	Calls []string `yaml:"calls" kinds:"image" json:"calls,omitempty"`
	// The built-in node that takes the image's place on engines that run no images (virtual, process): a kind and
	// what that kind does.
	StandIn *Node `yaml:"stand_in" kinds:"image" json:"stand_in,omitempty"`
	// database: user:password@database that services connect with.
	DSN string `yaml:"dsn" kinds:"database" json:"dsn,omitempty"`

	// cdn

	// cdn: the node behind it.
	Origin   string `yaml:"origin" kinds:"cdn" json:"origin,omitempty"`
	Failover `yaml:",inline" kinds:"cdn"`
	// cdn: what is cached, for how long, under which conditions.
	Cache []CacheRule `yaml:"cache" kinds:"cdn" json:"cache,omitempty"`
	// cdn: the most bytes that the bodies of its copies take in each instance, the least recently used goes. Default 64MiB.
	Storage int64 `yaml:"storage" kinds:"cdn" sign:"positive" unit:"size" json:"storage,omitempty"`
	Bots    `yaml:",inline" kinds:"cdn"`

	// gateway

	// gateway: none (default), api-key: any key, jwt: a bearer token that is checked here, or introspect: one that
	// identity is asked about, request by request.
	Auth string `yaml:"auth" kinds:"gateway" enum:"none,api-key,jwt,introspect" json:"auth,omitempty"`
	// gateway with auth: jwt: what tokens must be signed with.
	JWT *JWT `yaml:"jwt" kinds:"gateway" json:"jwt,omitempty"`
	// gateway with auth: introspect: who is asked about each token, as NODE METHOD /path; an answer below 400 lets
	// the request in.
	Identity *Call `yaml:"identity" kinds:"gateway" json:"identity,omitempty"`
	// gateway: longer requests are refused (413).
	MaxBody int64 `yaml:"max_body" kinds:"gateway" sign:"positive" unit:"size" json:"max_body,omitempty"`
	// gateway, service: refuses (503, at once) what is more than it should have in flight.
	Shed *Shed `yaml:"shed" kinds:"gateway,service" json:"shed,omitempty"`
	// cdn, gateway: token bucket. On a cdn it counts every request, those that its cache would answer too.
	RateLimit *RateLimit `yaml:"rate_limit" kinds:"cdn,gateway" json:"rate_limit,omitempty"`
	// gateway: first match wins.
	Routes []Route `yaml:"routes" kinds:"gateway" json:"routes,omitempty"`

	// service

	// service: requests worked on at once (default 64); queue: deliveries at once; database: statements worked on
	// at once, the rest wait (default: as many as there are).
	Workers int `yaml:"workers" kinds:"service,queue,database" min:"1" json:"workers,omitempty"`
	// Requests that may wait for a worker before the rest are shed (503); 0: none may. Default unbounded.
	Queue *int `yaml:"queue" kinds:"service" min:"0" json:"queue,omitempty"`
	// service: connections that each instance opens to each instance of a database, at most; statements beyond
	// wait for one. Default 10.
	Pool            int `yaml:"pool" kinds:"service" min:"1" json:"pool,omitempty"`
	QueueDiscipline `yaml:",inline" kinds:"service"`
	// service: how much slower it is at first, as with empty caches.
	Cold *Cold `yaml:"cold" kinds:"service" json:"cold,omitempty"`
	// service: what it answers and what it does for that.
	Endpoints []*Endpoint `yaml:"endpoints" kinds:"service" json:"endpoints,omitempty"`

	// cdn, gateway, service, queue and stream: defaults for every call this node makes.
	Policy `yaml:",inline" kinds:"cdn,gateway,service,queue,stream"`

	// cdn, gateway and service
	ConnectionLimits `yaml:",inline" kinds:"cdn,gateway,service"`

	// database

	// The most connections: a database refuses those over it (default 100), the others let them wait to be
	// accepted (default unbounded; idle ones count).
	Connections int `yaml:"connections" kinds:"cdn,gateway,service,database" min:"1" json:"connections,omitempty"`
	// database: what a read costs. Default nothing beyond its own work.
	ReadTime *Work `yaml:"read_time" kinds:"database" json:"read_time,omitempty"`
	// database: what a write costs besides the sync to disk.
	WriteTime *Work `yaml:"write_time" kinds:"database" json:"write_time,omitempty"`
	// database: a write holds its key until it is durable, so writes of one key wait for each other, in order.
	RowLocks bool `yaml:"row_locks" kinds:"database" json:"row_locks,omitempty"`

	Replication `yaml:",inline" kinds:"database"`

	// cache
	Keeping `yaml:",inline" kinds:"cache,cdn"`

	// queue
	Delivery `yaml:",inline" kinds:"queue"`
	// queue: where messages are delivered, as NODE METHOD /path; {key} and {id} in it are the message's.
	To *Call `yaml:"to" kinds:"queue" json:"to,omitempty"`

	// stream
	Stream `yaml:",inline" kinds:"stream"`
}

// Policy is how a node calls others; on a node the default for all its calls, on a call an override.
// Zero fields mean "as the layer above says", and at the top: no timeout, no retry, no breaker.
type Policy struct {
	// The longest one attempt may take.
	Timeout time.Duration `yaml:"timeout" sign:"positive" json:"timeout,omitempty"`
	// What is done after a failed attempt.
	Retry *Retry `yaml:"retry" json:"retry,omitempty"`
	// Stops calling a dependency that keeps failing.
	Breaker *Breaker `yaml:"circuit_breaker" json:"circuit_breaker,omitempty"`
	// How a replica of the dependency is chosen: round_robin (default), random, least_in_flight, or two_choices:
	// the one of two random ones with fewer calls in flight.
	Balance string `yaml:"balance" json:"balance,omitempty" enum:"round_robin,random,least_in_flight,two_choices"`
	// Asks a second replica when the first is late, and takes the first answer: for GET, HEAD and read, which do
	// no harm twice.
	Hedge *Hedge `yaml:"hedge" json:"hedge,omitempty"`
	// Bounds the calls to a dependency that are in flight at once, so that a slow one can't take everything.
	Bulkhead *Bulkhead `yaml:"bulkhead" json:"bulkhead,omitempty"`
	// Adaptive throttling: rejects calls here that the dependency would likely reject.
	Throttle *Throttle `yaml:"throttle" json:"throttle,omitempty"`
	// propagate: calls say how much time is left, and a request whose time is up, or whose caller has left, is
	// worked on no further. Default none.
	Deadline string `yaml:"deadline" json:"deadline,omitempty" enum:"none,propagate"`
	Choice   `yaml:",inline"`
}

// Bulkhead bounds the attempts of one instance to one dependency that are in flight at once; those over it wait in a
// queue, and those over that too are rejected at once (503).
type Bulkhead struct {
	// Attempts in flight at once, to all replicas together.
	Most int `yaml:"most" need:"yes" min:"1" json:"most"`
	// Attempts that may wait for a place, for as long as their timeout; the rest are rejected. Default 0.
	Queue int `yaml:"queue" zero:"unset" min:"0" json:"queue,omitempty"`
}

// Throttle rejects calls with the chance max(0, (requests - K accepts) / (requests + 1)) over the last Window
// (Google, Site Reliability Engineering, chapter 21): the dependency sees K times what it accepts, at most.
type Throttle struct {
	// How many times what it accepts the dependency is sent; 2 is usual.
	K float64 `yaml:"k" need:"yes" sign:"positive" json:"k"`
	// How far back it looks. Default 2m.
	Window time.Duration `yaml:"window" sign:"positive" json:"window,omitempty"`
}

// Hedge makes a second attempt beside the first one when that is late; the first answer is taken and the other
// attempt given up (Dean and Barroso, The Tail at Scale). It is late After so long, or, when Quantile is given, when it takes
// longer than that share of the others.
type Hedge struct {
	// How long the first attempt may take before a second one is made beside it.
	After time.Duration `yaml:"after" sign:"positive" json:"after,omitempty"`
	// In place of a time: 95% hedges when the first attempt takes longer than 95% of recent ones. It begins with
	// after, or with the first 20 answers.
	Quantile float64 `yaml:"quantile" sign:"positive" unit:"share" json:"quantile,omitempty"`
	// Hedges are at most this share of calls.
	//
	// Budget bounds hedges to this share of calls (a token bucket that holds 10 at most); 0: none at all, nil: no bound.
	Budget *float64 `yaml:"budget" unit:"share" json:"budget,omitempty"`
	// Services' calls: the second attempt is made where the first has not been begun, and whichever a worker
	// begins first has the other one taken out of its queue. Needs after; callees are built-in services.
	Tied bool `yaml:"tied" json:"tied,omitempty"`
}

// Retry repeats failed attempts.
type Retry struct {
	// Attempts in all, the first included.
	Attempts int `yaml:"attempts" need:"yes" min:"1" json:"attempts"`
	// Wait before the second attempt; doubles with each further one.
	Backoff time.Duration `yaml:"backoff" zero:"unset" json:"backoff,omitempty"`
	// The longest backoff. Default 10s.
	Most time.Duration `yaml:"most" zero:"every attempt would follow at once, as without backoff" json:"most,omitempty"`
	// none (default), full: uniform in [0, backoff], equal: backoff/2 plus uniform in [0, backoff/2],
	// decorrelated: uniform from the first backoff to 3 times the last wait.
	Jitter string `yaml:"jitter" json:"jitter,omitempty" enum:"none,full,equal,decorrelated"`
	// Retries are at most this share of first attempts.
	//
	// Budget bounds retries to this share of first attempts (a token bucket that holds 10 at most); 0: none at all, nil: no bound.
	Budget *float64 `yaml:"budget" unit:"share" json:"budget,omitempty"`
}

// Breaker opens when at least Failures of the last Of calls failed, for OpenFor; then one probe decides.
type Breaker struct {
	// The share of failed calls that opens it.
	Failures float64 `yaml:"failures" need:"yes" sign:"positive" unit:"share" json:"failures"`
	// How many of the last calls are looked at.
	Of int `yaml:"of" need:"yes" min:"1" json:"of"`
	// How long it stays open before a probe.
	OpenFor time.Duration `yaml:"open_for" need:"yes" sign:"positive" json:"open_for"`
}

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

// Route sends a path to a node.
type Route struct {
	// [METHOD ]/path with * for the rest.
	Match string `yaml:"match" need:"yes" json:"match"`
	// The node that answers.
	To string `yaml:"to" need:"yes" json:"to"`
	// The longest the gateway waits for the answer (504).
	Timeout time.Duration `yaml:"timeout" sign:"positive" json:"timeout,omitempty"`
	// A canary: a share of the route's requests goes to another node.
	Split    *Split `yaml:"split" json:"split,omitempty"`
	Failover `yaml:",inline"`
}

// Split sends a share of a route's requests elsewhere, drawn request by request.
type Split struct {
	// The node that answers the share: the new version.
	To string `yaml:"to" need:"yes" json:"to"`
	// The part of requests, as in 5%.
	Share float64 `yaml:"share" need:"yes" unit:"share" json:"share"`
}

// JWT is how a gateway checks tokens by itself: HS256 signatures, and exp and nbf where a token has them.
type JWT struct {
	// The key of the HS256 signature, shared with whoever issues the tokens. It stays in a run's record, as a dsn
	// does: use one made for the test.
	Secret string `yaml:"secret" need:"yes" json:"secret"`
	// Further keys that are accepted, as the old one is while the keys are rotated.
	//
	// Also is for the overlap of a rotation: issuers are told of the new key one after another.
	Also []string `yaml:"also" json:"also,omitempty"`
}

// Endpoint is one thing that a service answers.
type Endpoint struct {
	// Match is "METHOD /path/{param}".
	Match string `yaml:"-" json:"match"`
	Steps []Step `yaml:"-" json:"steps"`
}

// Step is one thing done, in order, to answer a request. Exactly one of Work, Compute, Call, Read, Write, Parallel and Respond is set.
type Step struct {
	// A template whose defaults this step takes.
	Use string `yaml:"use" json:"use,omitempty"`
	// Time that passes, without use of the CPU: waiting, or somebody else's work.
	Work *Work `yaml:"work" step:"does" json:"work,omitempty"`
	// CPU time on the node's cores: it competes with all other compute of the instance.
	Compute *Work `yaml:"compute" step:"does" json:"compute,omitempty"`
	// A call, as NODE METHOD /path.
	Call *Call `yaml:"call" step:"does" json:"call,omitempty"`
	// Read one row from this database.
	Read string `yaml:"read" step:"does" json:"read,omitempty"`
	// read: what this query costs the database besides its read_time, as a report does.
	Cost *Work `yaml:"cost" of:"read" json:"cost,omitempty"`
	// read, and call of GET: keeps what was read, in the memory of each instance or in a cache node (cache-aside).
	Cache *ReadCache `yaml:"cache" of:"read,call" json:"cache,omitempty"`
	// Write one row to this database, or one message to this queue or stream; acknowledged when it is durable.
	Write       string `yaml:"write" step:"does" json:"write,omitempty"`
	ReplicaRead `yaml:",inline" of:"read"`

	// write: what the row or message is about, as in {item}; a stream keeps what is about one thing in order.
	// Default: the first parameter of the endpoint's path.
	//
	// Key and Idempotent are for Write.
	Key string `yaml:"key" of:"write" json:"key,omitempty"`
	// write: carries a key, under which it is there once however often it is tried.
	Idempotent bool `yaml:"idempotent" of:"write" json:"idempotent,omitempty"`
	Outbox     `yaml:",inline"`

	// Steps done at once; all must succeed.
	Parallel []Step `yaml:"parallel" step:"does" json:"parallel,omitempty"`
	// parallel: the share of its steps that is good enough, as in 95%. The rest is given up then, and the answer
	// is degraded. Default all.
	WaitFor float64 `yaml:"wait_for" of:"parallel" sign:"positive" unit:"share" json:"wait_for,omitempty"`
	// What is answered in place of a plain 200; the steps after it are done all the same.
	Respond *Respond `yaml:"respond" step:"does" json:"respond,omitempty"`

	// Whose requests the step is done for, as in {tenant: NAME}; others pass it over. Default everybody's.
	//
	// When is for every kind of step.
	When *When `yaml:"when" json:"when,omitempty"`

	// For Call, Read and Write: overrides of the node's policy, who else to ask, and what to do when it fails for good.
	Policy   `yaml:",inline" of:"call,read,write"`
	Failover `yaml:",inline" of:"call,read,write"`
	// What to do instead when the step has failed for good: the answer counts as degraded.
	Fallback *Fallback `yaml:"fallback" of:"call,read,write" json:"fallback,omitempty"`
}

// Respond shapes an endpoint's answer.
type Respond struct {
	// The status, as in 404. Default 200.
	Status int `yaml:"status" min:"200" json:"status,omitempty"`
	// The part of requests that it is about, as in a release with a mistake. Default all.
	Share float64 `yaml:"share" zero:"it would be about no request" unit:"share" json:"share,omitempty"`
	// The answer's Cache-Control, as in max-age=60.
	CacheControl string `yaml:"cache_control" json:"cache_control,omitempty"`
}

// Call is "NODE METHOD /path".
type Call struct {
	Node   string `json:"node"`
	Method string `json:"method"`
	Path   string `json:"path"`
}

// Fallback answers in another way; the answer is degraded, not failed.
type Fallback struct {
	// Write to this queue, stream or database instead.
	Write string `yaml:"write" json:"write,omitempty"`
	// Call this instead.
	Call *Call `yaml:"call" json:"call,omitempty"`
	// Status to answer with. Default 200.
	Status int `yaml:"status" min:"100" json:"status,omitempty"`
}

// Work is a service time. A bare duration in the file is a constant one.
type Work struct {
	// The mean.
	Mean time.Duration `yaml:"mean" need:"yes" json:"mean"`
	// constant (default), exponential, uniform in [0, 2*mean], lognormal with sigma 1.
	Shape string `yaml:"shape" json:"shape,omitempty" enum:"constant,exponential,uniform,lognormal"`
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
