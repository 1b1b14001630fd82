package scenarios

// Session is one visit: so many requests of the load's, or steps in their order.
type Session struct {
	// How many requests a session sends.
	Requests int `yaml:"requests" min:"1" json:"requests"`
	// What a session sends, in this order, in place of the load's requests. A visitor keeps the cookies that answers set, and
	// what steps extract; a parameter and a row of data have one value in a visit. A step that fails ends the visit unless
	// it says go_on.
	Steps []Request `yaml:"steps" json:"steps,omitempty"`
}

// Length is how many requests a visit sends where none fails.
func (s *Session) Length() int {
	if s == nil {
		return 1
	}
	return max(s.Requests, len(s.Steps), 1)
}

// Steps are what each visit of the load sends in order; nil: it draws its requests.
func (l *Load) Steps() []Request {
	if l.Session == nil {
		return nil
	}
	return l.Session.Steps
}
