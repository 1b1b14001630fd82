package scenarios

import "time"

// Gateway is whom and what a gateway lets in.
type Gateway struct {
	// gateway: none (default), api-key: any key, jwt: a bearer token that is checked here, or introspect: one that
	// identity is asked about, request by request.
	Auth string `yaml:"auth" enum:"none,api-key,jwt,introspect" json:"auth,omitempty"`
	// gateway with auth: jwt: what tokens must be signed with.
	JWT *JWT `yaml:"jwt" json:"jwt,omitempty"`
	// gateway with auth: introspect: who is asked about each token, as NODE METHOD /path; an answer below 400 lets
	// the request in.
	Identity *Call `yaml:"identity" json:"identity,omitempty"`
	// gateway: longer requests are refused (413).
	MaxBody int64 `yaml:"max_body" sign:"positive" unit:"size" json:"max_body,omitempty"`
}

// Routing is where a gateway sends what it lets in. It is apart from Gateway for what stands between the two in a record:
// the order of a node's keys there is part of a scenario's digest, by which runs of older versions are compared.
type Routing struct {
	// gateway: first match wins.
	Routes []Route `yaml:"routes" json:"routes,omitempty"`
}

// Route sends a path to a node.
type Route struct {
	// [METHOD ]/path with * for the rest.
	Match string `yaml:"match" need:"yes" json:"match"`
	// The node that answers; NODE:PORT is a port of an image with several.
	//
	// It is the node alone once it is read, and ToPort the port's number, "" for its first.
	To     string `yaml:"to" need:"yes" json:"to"`
	ToPort string `yaml:"-" json:"to_port,omitempty"`
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
