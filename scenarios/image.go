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
	// In place of image: a folder that the engine builds it from, or as in {context: ./app, target: dev, args: {V: "1"}}.
	Build *Build `yaml:"build" json:"build,omitempty"`
	// The port the image serves on. Default that of the part that it is (part), else 8080, a database's 5432.
	Port int `yaml:"port" min:"1" max:"65535" json:"port,omitempty"`
	// The ports that the image serves on, the first one first unless port says another: numbers, Compose's HOST:PORT (the
	// run publishes none, so that PORT alone counts), or names of them, as in {web: 80, admin: 9901}. An image that calls
	// the node reaches all of them, each over an edge of its own, and NODE:PORT is one of them: in calls, an origin, a
	// route's to, a load's to and what a fault is on.
	Ports []Port `yaml:"ports" json:"ports,omitempty"`
	// How readiness is seen: an HTTP path, tcp, or none for what serves nowhere, such as a worker. Default by the part that it is: a
	// database lets clients in, Redis answers PING, Prometheus says that it is ready; else tcp.
	Health string `yaml:"health" json:"health,omitempty"`
	// In place of health, as in Compose: a command in the container, an HTTP path or a port, how often and how long.
	Readiness *Readiness `yaml:"healthcheck" json:"healthcheck,omitempty"`
	// Where the image tells what it counts itself, in Prometheus' text format: a port, or as in {port: 15692, path: /metrics, keep:
	// [rabbitmq_queue_messages]}, or none. It is read with all counters, past the edges, and stands in the record under its own names.
	// Default by the part that it is: Prometheus, RabbitMQ (15692) and Envoy (9901, /stats/prometheus) are asked where they answer there.
	Metrics *Exposed `yaml:"metrics" json:"metrics,omitempty"`
	// Files and folders for the image: where they are in it, and which of the scenario's folder that is, or what is in it.
	// They are copied before it starts.
	Files []*File `yaml:"files" json:"files,omitempty"`
	// Secrets for the image, each a file /run/secrets/NAME: from a file, or from a variable of squall's environment. They
	// reach no record and no report.
	Secrets []*Secret `yaml:"secrets" json:"secrets,omitempty"`
	// A certificate of the run's own authority, made for it, and where it looks for that: as in {cert: /etc/tls/web.crt, key:
	// /etc/tls/web.key}. Loads with tls: {ca: run} trust it.
	Certificate *Certificate `yaml:"certificate" json:"certificate,omitempty"`
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
	// Nodes that the image connects to, by their names, on their usual ports: NODE for all that it says, NODE:PORT for one.
	//
	// Of an external node: other external nodes that it calls, which are Services of a cluster's. With --engine kubernetes and --allow-reroute such a
	// Service leads to squall's mesh while the run lasts, so that faults can be on that connection.
	Calls []string `yaml:"calls" json:"calls,omitempty"`
	// What is done when the image ends by itself: no (default; then the run ends), always, on-failure (with another code than
	// 0), or on-failure:3 for three times at most. It is started again after a wait that grows from 100ms to a minute, as
	// Docker does. What a fault ends, the fault starts again.
	Restart Restart `yaml:"restart" json:"restart,omitzero"`
	// It does something once, such as a migration, and ends: with 0 before what depends on it starts, or the run does not
	// begin. On engines that run no images it is left out.
	Job *Job `yaml:"job" json:"job,omitempty"`
	// The program of this machine that runs in the image's place in the process engine: its words, as in
	// [redis-server, --bind, $(SQUALL_HOST), --port, $(SQUALL_PORT)], or true for what entrypoint and command say. In its words, its
	// environment, the test of its healthcheck and the content of its files stand, in containers too, for $(SQUALL_HOST) the
	// address that it is to listen on, for $(SQUALL_PORT) its port, for $(SQUALL_ROOT) the folder that its files, volumes and secrets are
	// below, and for $(NODE_SERVICE_HOST) and $(NODE_SERVICE_PORT) where it finds a node that it calls (_PORT_NAME, or
	// _PORT_NUMBER, for one of several); they are in its environment as well. Linux; without an image, no other engine runs the node.
	Local *Local `yaml:"local" json:"local,omitempty"`
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
