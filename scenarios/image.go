package scenarios

// Container is how a node's image is run, whatever its kind: a node without an image has nothing of it.
type Container struct {
	// What the image runs in place of its own program: a list, or a text that is split as a shell would.
	Entrypoint Words `yaml:"entrypoint" json:"entrypoint,omitempty"`
	// Arguments for the image: a list, or a text that is split as a shell would.
	Command Words `yaml:"command" json:"command,omitempty"`
	// Environment for the image, another word for environment.
	//
	// What a file says under environment is here, too.
	Env map[string]string `yaml:"env" json:"env,omitempty"`
	// Environment for the image: a mapping, or a list of NAME=VALUE.
	//
	// Nil once it is read: it is Env then.
	Environment Environment `yaml:"environment" json:"-"`
	// The port the image serves on. Default that of the part that it is (part), else 8080, a database's 5432.
	Port int `yaml:"port" min:"1" max:"65535" json:"port,omitempty"`
	// How readiness is seen: an HTTP path, tcp, or none for what serves nowhere, such as a worker. Default tcp for images.
	Health string `yaml:"health" json:"health,omitempty"`
	// In place of health, as in Compose: a command in the container, an HTTP path or a port, how often and how long.
	Readiness *Readiness `yaml:"healthcheck" json:"healthcheck,omitempty"`
	// Files and folders for the image: where they are in it, and which of the scenario's folder that is, or what is in it.
	// They are copied before it starts.
	Files []*File `yaml:"files" json:"files,omitempty"`
	// Secrets for the image, each a file /run/secrets/NAME: from a file, or from a variable of squall's environment. They
	// reach no record and no report.
	Secrets []*Secret `yaml:"secrets" json:"secrets,omitempty"`
	// What outlives a restart, gone with the run: NAME:/TARGET is a volume of the run, the same for all nodes that name it,
	// and each replica's own where one node alone does; /TARGET is one without a name; ./PATH:/TARGET is a copy of a
	// file or folder of the scenario's.
	Volumes []Volume `yaml:"volumes" json:"volumes,omitempty"`
	// Folders in memory, empty at each start: /TARGET, or with options, as in /TARGET:size=64m.
	Tmpfs []Tmpfs `yaml:"tmpfs" json:"tmpfs,omitempty"`
	// Who the image runs as: a name or number, or USER:GROUP. Default the image's own.
	User string `yaml:"user" json:"user,omitempty"`
	// The folder that the image's program begins in.
	WorkingDir string `yaml:"working_dir" json:"working_dir,omitempty"`
	// A small program as process 1 that hands signals on and reaps what is left.
	Init bool `yaml:"init" json:"init,omitempty"`
	// How much shared memory (/dev/shm) it has. Default 64MB.
	ShmSize int64 `yaml:"shm_size" sign:"positive" unit:"size" json:"shm_size,omitempty"`
	// Nodes that the image connects to, by their names, on their usual ports.
	Calls []string `yaml:"calls" json:"calls,omitempty"`
	// The built-in node that takes the image's place on engines that run no images (virtual, process): a kind and
	// what that kind does.
	StandIn *Node `yaml:"stand_in" json:"stand_in,omitempty"`
}

// Words is a command: a program's arguments, each as it gets it.
type Words []string

// Environment is variables by their names.
type Environment map[string]string

// HealthNone is the health of an image that serves nowhere: it is well as long as it runs.
const HealthNone = "none"
