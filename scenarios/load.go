package scenarios

import "time"

// Load is one class of users.
type Load struct {
	Name string `yaml:"-" json:"name"`
	// The node that they talk to; NODE:PORT is another than its first port.
	//
	// It is the node alone once it is read, and ToPort the port as it was named.
	To     string `yaml:"to" need:"yes" json:"to"`
	ToPort string `yaml:"-" json:"to_port,omitempty"`
	Place  `yaml:",inline"`

	// Arrivals a second, as in 150/s; 1000000/s at most.
	//
	// Open (the default): requests arrive whatever happened to earlier ones. Rate or Stages.
	Rate float64 `yaml:"rate" sign:"positive" max:"1000000/s" unit:"rate" json:"rate,omitempty"`
	// A rate that changes; the last one's end rate stays.
	Stages []Stage `yaml:"stages" json:"stages,omitempty"`
	// The rate with which the warm-up begins; it rises (or falls) to the first one in a line, so that the phases begin
	// steady. Default the first one throughout.
	WarmUpFrom float64 `yaml:"warm_up_from" max:"1000000/s" sign:"positive" unit:"rate" json:"warm_up_from,omitempty"`
	// constant (default), poisson, or bursty: groups of burst requests at once, the groups Poisson.
	Arrivals string `yaml:"arrivals" json:"arrivals,omitempty" enum:"constant,poisson,bursty"`
	// bursty: requests in a group. Default 10.
	Burst int `yaml:"burst" min:"1" max:"100000" json:"burst,omitempty"`

	// A closed load: this many users, each waits for its answer and thinks before the next request.
	//
	// Closed: Users each send, wait for the answer, think, and send again.
	Users int `yaml:"users" min:"1" max:"1000000" json:"users,omitempty"`
	// Think time between an answer and the next request.
	Think *Work `yaml:"think" json:"think,omitempty"`

	// A partly open load: sessions arrive at the rate; each sends several requests with think time between.
	//
	// Partly open: sessions arrive (Rate, Stages, Arrivals); each sends Session.Requests with Think between.
	Session *Session `yaml:"session" json:"session,omitempty"`

	// How long a user waits before giving up. Default 30s.
	Timeout time.Duration `yaml:"timeout" sign:"positive" json:"timeout,omitempty"`
	// The most requests in flight. Reached: it is reported and what could not be sent is counted as unsent.
	// Default 10000.
	//
	// Connections bounds the generator's connections; 0: as many as the schedule needs, up to MaxInFlight.
	MaxInFlight int `yaml:"max_in_flight" min:"1" json:"max_in_flight,omitempty"`
	// Headers on every request. What frames a request or speaks of its connection (Content-Length, Connection ...) and
	// the harness's own (Squall-*) are refused.
	Headers map[string]string `yaml:"headers" json:"headers,omitempty"`
	// high (default) or low: what a service serves last and sheds first. Nodes hand it on.
	Priority string `yaml:"priority" enum:"high,low" json:"priority,omitempty"`
	// Whose requests they are: a name, or how it is drawn for each request, as in {zipf: 1.1, of: 50}. Nodes hand
	// it on. Default the load's name.
	Tenant *Tenant `yaml:"tenant" json:"tenant,omitempty"`
	// Sent as X-Api-Key; never written to a report. Default the load's name.
	APIKey string `yaml:"api_key" json:"-"`

	// What they send. A load whose session has steps sends those instead.
	//
	// With steps it is the steps: what can be sent at all.
	Requests []Request `yaml:"requests" json:"requests"`

	// How the writes among its requests are read at the end: lost, duplicated, reordered.
	ReadBack *ReadBack `yaml:"read_back" json:"read_back,omitempty"`

	// Tables whose columns requests take as {NAME.COLUMN}, as in {people: people.csv}.
	Data []*Data `yaml:"data" json:"data,omitempty"`

	// Sends what was recorded, in place of a rate and requests: {log: access.log}, {har: visit.har}.
	Replay *Replay `yaml:"replay" json:"replay,omitempty"`

	// The operations that an API's description has, in place of requests: a file, or {file: api.yaml, methods: [GET]}. Each is
	// sent as often as the others, with the parameters that it must have and an example as its body.
	OpenAPI *OpenAPI `yaml:"openapi" json:"openapi,omitempty"`

	// Speaks TLS, to nodes that are no built-in ones.
	TLS *TLS `yaml:"tls" json:"tls,omitempty"`
	// "1.1" (default), "2" (over TLS) or h2c (HTTP/2 without TLS); to nodes that are no built-in ones.
	HTTP string `yaml:"http" enum:"1.1,2,h2c" json:"http,omitempty"`
	// For requests of gRPC: a file that describes its services, as protoc --include_imports --descriptor_set_out makes it. By default the
	// server is asked (reflection), when the first request is sent.
	Descriptors *Attached `yaml:"descriptors" json:"descriptors,omitempty"`
	// Asks for answers that are compressed (Accept-Encoding: gzip); checks see them as they were before.
	Gzip bool `yaml:"gzip" json:"gzip,omitempty"`
}

// Defaults of a load.
const (
	DefaultClientTimeout = 30 * time.Second
	DefaultMaxInFlight   = 10000
	DefaultParamValues   = 1000 // of a parameter that is drawn
	DefaultBurst         = 10
)

// Stage changes the rate linearly from From to To within For. A file may give just rate for a level stage.
type Stage struct {
	// How long.
	For time.Duration `yaml:"for" need:"yes" sign:"positive" max:"168h" json:"for"`
	// A level rate (in place of from and to); 0/s is a pause.
	Rate float64 `yaml:"rate" max:"1000000/s" unit:"rate" json:"rate,omitempty"`
	// The rate at its start. Default where the last stage ended.
	From float64 `yaml:"from" max:"1000000/s" unit:"rate" json:"from,omitempty"`
	// The rate at its end.
	To float64 `yaml:"to" max:"1000000/s" unit:"rate" json:"to,omitempty"`
	// Level tells that rate was given: a stage of rate 0/s is a pause, not a ramp down to nothing.
	Level bool `yaml:"-" json:"level,omitempty"`
}

// Paced tells an open load, whose rate people can change: not one of users that wait for their answers, nor a recording.
func (l *Load) Paced() bool { return l.Users == 0 && l.Replay == nil }

// Shape is an open load's stages with nothing left to defaults: a level one has From = To, one without
// From begins where the last one ended, and a load without stages is one level stage without an
// end (For is 0). After the last stage its end's rate stays.
func (l *Load) Shape() []Stage {
	if l.Replay != nil {
		return l.Replay.Stages()
	}
	if len(l.Stages) == 0 {
		return []Stage{{From: l.Rate, To: l.Rate}}
	}
	out := make([]Stage, len(l.Stages))
	last := 0.0
	for i, s := range l.Stages {
		switch {
		case s.Level || s.Rate > 0:
			s.From, s.To = s.Rate, s.Rate
		case s.From == 0:
			s.From = last // also for a ramp down to 0
		}
		last = s.To
		out[i] = s
	}
	return out
}
