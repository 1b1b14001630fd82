package scenarios

// Request is one kind of request and its share of the load.
type Request struct {
	// METHOD /path with {parameters}.
	//
	// Send is "METHOD /path/{param}"; it is also the request's name in reports. Of another protocol than HTTP it is that name alone, once
	// it is read.
	Send   string `yaml:"send" json:"send"`
	Spoken `yaml:",inline"`
	// Its share relative to the others. Default 1.
	Weight float64 `yaml:"weight" sign:"positive" json:"weight,omitempty"`
	// The body, in which {parameters} are replaced.
	Body string `yaml:"body" json:"body,omitempty"`
	// A redirect (3xx) is the right answer. By default it is where an endpoint responds with one, and any other redirect
	// is a failed request: nobody follows it, and what was asked for was not done.
	Redirect bool `yaml:"redirect" json:"redirect,omitempty"`
	// high or low. Default the load's.
	//
	// Priority is high or low; empty: the load's.
	Priority string `yaml:"priority" enum:"high,low" json:"priority,omitempty"`
	// Marks it as a write that is accounted for, as in {key: "{item}"}. Its load has a read_back.
	Write *Write `yaml:"write" json:"write,omitempty"`
	// Params are all other keys of the mapping: a parameter of Send or Body and how its values are drawn.
	// A parameter without one is a sequence.
	Params map[string]Param `yaml:"-" json:"params,omitempty"`

	// Headers of this request, in which {parameters} are replaced; the load's are sent too, and give way.
	Headers map[string]string `yaml:"headers" json:"headers,omitempty"`
	// A body of JSON: any value, in whose texts {parameters} are replaced. Sent as application/json unless a header says
	// otherwise. A number with a parameter in it can be written in body.
	//
	// JSON is the value as compact JSON text.
	JSON JSON `yaml:"json" json:"json,omitempty"`
	// A form as the body: names and values, in which {parameters} are replaced. Sent as application/x-www-form-urlencoded.
	Form map[string]string `yaml:"form" json:"form,omitempty"`
	// A file as the body, as it is: 8 MiB at most. Its path is seen from the scenario's folder.
	File *Attached `yaml:"file" json:"file,omitempty"`

	// How many redirects are followed, on the same node: each is a request more on the wire, and the time of all is the
	// request's. Default none. One that leads elsewhere, or that is one too many, is a failed request.
	Redirects int `yaml:"redirects" min:"1" max:"20" json:"redirects,omitempty"`

	// What must be so of the answer: what is not is a failed request of the class "check: WHAT".
	Check *Check `yaml:"check" json:"check,omitempty"`
	// Takes values from the answer, as in {token: {json: $.token}}: later steps of the visit have {token}.
	Extract map[string]Extract `yaml:"extract" json:"extract,omitempty"`
	// steps of a session: the visit goes on where this step fails.
	GoOn bool `yaml:"go_on" json:"go_on,omitempty"`
}

// JSON is compact JSON text; "" is none.
type JSON string

// Attached is a file that stands beside the scenario. A record has its sum, and neither its path nor what is in it.
type Attached struct {
	// Path is absolute once the file was read.
	Path string `yaml:"-" json:"-"`
	// Sum is of its bytes.
	Sum   string `yaml:"-" json:"sum"`
	Bytes []byte `yaml:"-" json:"-"`
}

// Extract takes one value from an answer: exactly one of its keys is given.
type Extract struct {
	// A path of the answer's JSON, as in $.token.
	JSON string `yaml:"json" json:"json,omitempty"`
	// A header of the answer.
	Header string `yaml:"header" json:"header,omitempty"`
	// A regular expression over the answer's body: its first group, or the whole of what it matches.
	Regexp string `yaml:"regexp" json:"regexp,omitempty"`
}

// Check is what must be so of an answer; all that is given must be.
type Check struct {
	// The status, or a list of those that are right. One of 400 and more that stands here is no failure; one that does
	// not is a failure of its own class, as without a check.
	Status Statuses `yaml:"status" json:"status,omitempty"`
	// Headers: the value, or its beginning and a *, as in {Content-Type: "application/json*"}.
	Header map[string]string `yaml:"header" json:"header,omitempty"`
	// Paths of the answer's JSON and the values that must stand there, as in {$.id: 5}.
	JSON map[string]JSON `yaml:"json" json:"json,omitempty"`
	// What is in the body.
	Body *BodyCheck `yaml:"body" json:"body,omitempty"`
}

// Statuses are statuses of answers.
type Statuses []int

// BodyCheck is what must be so of a body's text.
type BodyCheck struct {
	// A text that is in it.
	Contains string `yaml:"contains" json:"contains,omitempty"`
	// A regular expression that matches in it.
	Matches string `yaml:"matches" json:"matches,omitempty"`
}
