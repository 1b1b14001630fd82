package scenarios

// Build is how a node's image is made from a folder of the scenario's, by the engine's own builder.
type Build struct {
	// The folder that it is made from, from the scenario's own. Its .dockerignore counts.
	Context string `yaml:"context" need:"yes" json:"context"`
	// The file of instructions in it. Default Dockerfile.
	Dockerfile string `yaml:"dockerfile" json:"dockerfile,omitempty"`
	// Values of its ARGs: a mapping, or a list of NAME=VALUE. They are in the image's history: hand secrets over with secrets.
	Args Environment `yaml:"args" json:"args,omitempty"`
	// The stage that is the image. Default the last.
	Target string `yaml:"target" json:"target,omitempty"`
}

// BuiltName begins the name of an image that is built for a node which names none.
const BuiltName = "squall-build"
