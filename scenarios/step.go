package scenarios

import "time"

// Step is one thing done, in order, to answer a request. Exactly one of Work, Compute, Call, Read, Write, Query, Get, Set, Pop, Parallel and Respond is set.
type Step struct {
	// A template whose defaults this step takes.
	Use string `yaml:"use" json:"use,omitempty"`
	// Time that passes, without use of the CPU: waiting, or somebody else's work.
	Work *Work `yaml:"work" step:"does" json:"work,omitempty"`
	// CPU time on the node's cores: it competes with all other compute of the instance.
	Compute *Work `yaml:"compute" step:"does" json:"compute,omitempty"`
	// A call, as NODE METHOD /path, or NODE:PORT METHOD /path to a port of an image with several.
	Call *Call `yaml:"call" step:"does" json:"call,omitempty"`
	// call: a redirect (3xx) is the right answer. By default it is where an endpoint responds with one, and any other
	// is a failed call: nobody follows it.
	Redirect bool `yaml:"redirect" of:"call" json:"redirect,omitempty"`
	// Read one row from this database.
	Read string `yaml:"read" step:"does" json:"read,omitempty"`
	// read: what this query costs the database besides its read_time, as a report does.
	Cost *Work `yaml:"cost" of:"read" json:"cost,omitempty"`
	// read, and call of GET: keeps what was read, in the memory of each instance or in a cache node (cache-aside).
	Cache *ReadCache `yaml:"cache" of:"read,call" json:"cache,omitempty"`
	// Write one row to this database, or one message to this queue or stream; acknowledged when it is durable.
	Write       string `yaml:"write" step:"does" json:"write,omitempty"`
	ReplicaRead `yaml:",inline" of:"read"`
	RowRead     `yaml:",inline" of:"read,query"`

	// write: what the row or message is about, as in {item}; a stream keeps what is about one thing in order. get, set: the key.
	// Default: the first parameter of the endpoint's path.
	//
	// Key is for Write, Get and Set, Idempotent for Write.
	Key string `yaml:"key" of:"write,get,set" json:"key,omitempty"`
	// write: carries a key, under which it is there once however often it is tried.
	Idempotent bool `yaml:"idempotent" of:"write" json:"idempotent,omitempty"`
	Outbox     `yaml:",inline"`
	Query      `yaml:",inline"`
	KeyValue   `yaml:",inline"`
	Pop        `yaml:",inline"`

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

	// For what calls another node: overrides of the node's policy, who else to ask, and what to do when it fails for good.
	Policy   `yaml:",inline" of:"call,read,write,query,get,set,pop"`
	Failover `yaml:",inline" of:"call,read,write,query,get,set"`
	// What to do instead when the step has failed for good: the answer counts as degraded.
	Fallback *Fallback `yaml:"fallback" of:"call,read,write,query,get,set" json:"fallback,omitempty"`
}

// Respond shapes an endpoint's answer.
type Respond struct {
	// The status, as in 404. Default 200.
	Status int `yaml:"status" min:"200" max:"599" json:"status,omitempty"`
	// The part of requests that it is about, as in a release with a mistake. Default all.
	Share float64 `yaml:"share" zero:"it would be about no request" unit:"share" json:"share,omitempty"`
	// The answer's Cache-Control, as in max-age=60.
	CacheControl string `yaml:"cache_control" json:"cache_control,omitempty"`
	// The answer's body: a size, as in 20kB, or a text, in which the endpoint's {parameters} are replaced. Default a line of JSON
	// that says who answered.
	Body Content `yaml:"body" json:"body,omitzero"`
	// Headers of the answer, in which the endpoint's {parameters} are replaced.
	Headers map[string]string `yaml:"headers" json:"headers,omitempty"`
}

// Content is so many bytes of no meaning, or a text.
type Content struct {
	Size int64  `yaml:"-" json:"size,omitempty"`
	Text string `yaml:"-" json:"text,omitempty"`
}

// Call is "NODE METHOD /path", or NODE:PORT of an image with several ports.
type Call struct {
	Node string `json:"node"`
	// Port is the one of Node that is called, by its number once the scenario is read; "": its first.
	Port   string `json:"port,omitempty"`
	Method string `json:"method"`
	Path   string `json:"path"`
}

// Callee is whom it calls, as a caller knows it.
func (c *Call) Callee() string { return CalleeName(c.Node, c.Port) }

// Fallback answers in another way; the answer is degraded, not failed.
type Fallback struct {
	// Write to this queue, stream or database instead.
	Write string `yaml:"write" json:"write,omitempty"`
	// Call this instead.
	Call *Call `yaml:"call" json:"call,omitempty"`
	// Status to answer with. Default 200.
	Status int `yaml:"status" min:"200" max:"599" json:"status,omitempty"`
}

// Work is a service time. A bare duration in the file is a constant one.
type Work struct {
	// The mean.
	Mean time.Duration `yaml:"mean" need:"yes" json:"mean"`
	// constant (default), exponential, uniform in [0, 2*mean], lognormal with sigma 1; or {cv: 2}: by the coefficient
	// of variation (standard deviation / mean), 0 constant, below 1 gamma (Erlang where 1/cv^2 is whole), 1
	// exponential, above 1 hyperexponential with balanced means; or {lognormal: {cv: 2}}.
	Shape string `yaml:"shape" json:"shape,omitempty" enum:"constant,exponential,uniform,lognormal"`
	// CV is the coefficient of variation that the file's shape gives; nil: it names the shape alone.
	CV *float64 `yaml:"-" json:"cv,omitempty"`
}

// Once says what a step does that must not be done twice at once; "" for nothing.
func (s *Step) Once() string {
	switch {
	case s.Write != "":
		return "a write"
	case s.Query.Query != "" && !s.Query.Reads():
		return "a query that changes rows"
	case s.Pop.Pop != "":
		return "a pop"
	case s.Get+s.Set != "":
		return "what is at one place"
	case s.Call != nil && s.Call.Method != "GET" && s.Call.Method != "HEAD" && s.Call.Method != "OPTIONS":
		return "a " + s.Call.Method
	}
	return ""
}

// First is the node that a step is about, "" for none.
func (s *Step) First() string {
	if s.Call != nil {
		return s.Call.Node
	}
	if s.Replica != "" {
		return s.Replica
	}
	return s.Read + s.Write + s.SQL + s.Get + s.Set + s.Pop.Pop
}
