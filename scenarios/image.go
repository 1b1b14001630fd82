package scenarios

// Container is how a node's image is run, whatever its kind: a node without an image has nothing of it.
type Container struct {
	// Arguments for the image.
	Command []string `yaml:"command" json:"command,omitempty"`
	// Environment for the image.
	Env map[string]string `yaml:"env" json:"env,omitempty"`
	// The port the image serves on. Default that of the part that it is (part), else 8080, a database's 5432.
	Port int `yaml:"port" min:"1" max:"65535" json:"port,omitempty"`
	// How readiness is seen: an HTTP path, tcp, or none for what serves nowhere, such as a worker. Default tcp for images.
	Health string `yaml:"health" json:"health,omitempty"`
	// Nodes that the image connects to, by their names, on their usual ports.
	Calls []string `yaml:"calls" json:"calls,omitempty"`
	// The built-in node that takes the image's place on engines that run no images (virtual, process): a kind and
	// what that kind does.
	StandIn *Node `yaml:"stand_in" json:"stand_in,omitempty"`
}

// HealthNone is the health of an image that serves nowhere: it is well as long as it runs.
const HealthNone = "none"
