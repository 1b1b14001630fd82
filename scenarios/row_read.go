package scenarios

// RowRead is what a read looks for, and what comes of it.
type RowRead struct {
	// read: lists all rows in the order in which they were written, and answers with them as JSON: [{"id": ..., "key": ...}, ...].
	// By default it looks for the latest row of the endpoint's first parameter.
	List bool `yaml:"list" json:"list,omitempty"`
	// read: the status of the answer where there is no such row, as in 404; no further step is done then. By default that it is
	// not there is as good.
	Absent int `yaml:"absent" min:"400" max:"499" json:"absent,omitempty"`
}
