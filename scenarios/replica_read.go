package scenarios

// ReplicaRead is where a read of a database with replicas goes.
type ReplicaRead struct {
	// read: reads from this replica of the database, which may be behind it.
	Replica string `yaml:"replica" json:"replica,omitempty"`
	// read: what the replica does not have yet of the user's own writes is read from the primary. Users are those
	// of a load with users or sessions.
	ReadYourWrites bool `yaml:"read_your_writes" json:"read_your_writes,omitempty"`
}
