package faults

import "fmt"

// DefaultErrorStatus is what Errors answers with.
const DefaultErrorStatus = 500

// Errors makes built-in nodes answer some requests with an error at once.
type Errors struct {
	// The part of requests that are answered with an error, as in 30%.
	Share float64 `yaml:"errors" unit:"share" json:"errors"`
	// The status of these answers, 400 to 599. Default 500.
	Status int `yaml:"status" zero:"no answer has it" json:"status,omitempty"`
}

var _ Checker = Errors{}

// Kind is "errors".
func (Errors) Kind() string { return "errors" }

func (e Errors) String() string {
	return fmt.Sprintf("errors %s (status %d)", percent(e.Share), e.status())
}

// Scope is instances.
func (Errors) Scope() Scope { return ScopeInstances }

// Validate refuses shares of nothing and statuses that are no errors.
func (e Errors) Validate() error {
	if !(e.Share > 0 && e.Share <= 1) {
		return fmt.Errorf("errors can't be %s: use more than 0%% and at most 100%%", percent(e.Share))
	}
	if e.Status != 0 && (e.Status < 400 || e.Status > 599) {
		return fmt.Errorf("status %d is no error: use 400 to 599", e.Status)
	}
	return nil
}

// Check wants built-in nodes.
func (e Errors) Check(t Targets) error {
	return t.builtIn(e)
}

// Compile is one behaviour for each instance.
func (e Errors) Compile(t Targets) []Primitive {
	return behave(t, Behaviour{Errors: e.Share, Status: e.status()})
}

func (e Errors) status() int {
	if e.Status == 0 {
		return DefaultErrorStatus
	}
	return e.Status
}

var errorsEntry = Entry{Word: "errors", Zero: Errors{}, Selection: SelectOn, Explain: Explanation{
	Summary: "Built-in nodes answer a part of the requests with an error at once, as after a bad deploy; health checks stay green.",
	New:     "connects at once; the given part of requests is answered with the status, without the work",
	Open:    "the given part of requests is answered with the status, without the work",
	Lifted:  "the next request is answered as ever",
	Example: "{errors: 30%, status: 503, on: payments}",
}}
