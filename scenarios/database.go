package scenarios

// Database is what a database alone has: what its statements cost, what they wait for, and whose copy it is.
type Database struct {
	// database: what a read costs. Default nothing beyond its own work.
	ReadTime *Work `yaml:"read_time" json:"read_time,omitempty"`
	// database: what a write costs besides the sync to disk.
	WriteTime *Work `yaml:"write_time" json:"write_time,omitempty"`
	// database: a write holds its key until it is durable, so writes of one key wait for each other, in order.
	RowLocks bool `yaml:"row_locks" json:"row_locks,omitempty"`
	// database: SQL that is run in it once, when it and its replicas are there and before whoever calls it is: its tables and first rows, in
	// its own words (the built-in one's are PostgreSQL's), statements with ; between them. A stand-in takes it from its node.
	Setup string `yaml:"setup" json:"setup,omitempty"`

	Replication `yaml:",inline"`
}
