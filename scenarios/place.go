package scenarios

// Place is where the users of a load are: the links of the scenario hold between them and the nodes that they talk to. A
// fault that selects a region does not select its users.
type Place struct {
	// The region that these users are in, for links.
	Region string `yaml:"region" json:"region,omitempty"`
	// The zone that these users are in, for links.
	Zone string `yaml:"zone" json:"zone,omitempty"`
}
