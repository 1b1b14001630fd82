package scenarios

// RowRead is what a read looks for, and what comes of it.
type RowRead struct {
	// read: lists all rows in the order in which they were written, and answers with them as JSON: [{"id": ..., "key": ...}, ...].
	// By default it looks for the latest row of the endpoint's first parameter. query: answers with its rows as JSON, an object
	// of its columns for each.
	List bool `yaml:"list" json:"list,omitempty"`
	// read: the status of the answer where there is no such row, as in 404; no further step is done then. By default that it is
	// not there is as good. query: the same where it found, or changed, no row; get: where the key is not there; pop: where
	// there is no message, by default 204.
	Absent int `yaml:"absent" of:"read,query,get,pop" min:"400" max:"499" json:"absent,omitempty"`
}
