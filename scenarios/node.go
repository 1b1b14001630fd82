package scenarios

import "github.com/squallhq/squall/scenarios/parts"

// Node is one part of the topology: what runs in each of its replicas. What one kind alone has is a struct of its own, in
// a file of its own, that is embedded here with the word for its kind.
type Node struct {
	Name string `yaml:"-" json:"name"`
	// The node's role.
	Kind Kind `yaml:"kind" enum:"cdn,gateway,service,database,queue,stream,cache,image,external" json:"kind"`
	// A template whose defaults this node takes.
	Use string `yaml:"use" json:"use,omitempty"`
	// How many instances. Default 1.
	Replicas int `yaml:"replicas" min:"1" max:"1000" json:"replicas,omitempty"`
	// A region label; an outage may select it.
	Region string `yaml:"region" json:"region,omitempty"`
	// A zone label; an outage may select it.
	Zone string `yaml:"zone" json:"zone,omitempty"`
	// In place of zone: the zones that the replicas are spread over, in turn.
	Zones []string `yaml:"zones" json:"zones,omitempty"`
	// Any labels; faults may select them.
	Labels map[string]string `yaml:"labels" json:"labels,omitempty"`
	// Who is there before this node starts: names, or as in {db: {condition: service_healthy}}. What a node calls is there
	// before it anyway.
	DependsOn []Dependency `yaml:"depends_on" json:"depends_on,omitempty"`
	// CPU of each instance: a container's limit (docker), or the cores that its compute shares (virtual, where the
	// default is 1).
	CPUs float64 `yaml:"cpus" sign:"positive" json:"cpus,omitempty"`
	// Memory limit of each instance (docker).
	Memory int64 `yaml:"memory" sign:"positive" unit:"size" json:"memory,omitempty"`

	// A container image to run in place of the built-in role (docker engine).
	//
	// A real image in place of the built-in role (docker engine only).
	Image string `yaml:"image" json:"image,omitempty"`
	// Where it serves, in place of being launched: HOST:PORT, or https://HOST, of a staging system or a partner's sandbox.
	//
	// Edges, faults on them and load work; faults on the node itself are refused, since squall did not start it and must not
	// stop it. What is outside this machine needs --allow-external. On the process, docker and kubernetes engines; on the last, cart.shop.svc:80 is
	// the Service cart in namespace shop.
	External *External `yaml:"external" json:"external,omitempty"`
	// external of https: how who calls it speaks TLS, and loads that do not say it themselves: ca, cert and key, server_name.
	// Default the system's certificates, and the host's name.
	TLS *TLS `yaml:"tls" kinds:"external" json:"tls,omitempty"`
	// What the image is, where its name does not say so: it decides the port, the environment, and how services speak to
	// it. Without an image, the part's usual one is run. kafka is one broker: services reach it over their edges whatever it advertises; a client
	// of an image's own goes where it advertises, so have it advertise the node's name and port (PLAINTEXT://orders:9092), which is each caller's edge in
	// containers; with local commands it can name no edge, and faults on edges miss such clients.
	Part      parts.Name `yaml:"part" kinds:"image" enum:"postgres,mysql,mariadb,redis,valkey,nats,rabbitmq,kafka,nginx,haproxy,varnish,envoy,prometheus" json:"part,omitempty"`
	Container `yaml:",inline" kinds:"image"`
	// database: user:password@database that services connect with.
	//
	// It is not of Database: an image in a database's place has it too.
	DSN string `yaml:"dsn" kinds:"database" json:"dsn,omitempty"`

	CDN     `yaml:",inline" kinds:"cdn"`
	Gateway `yaml:",inline" kinds:"gateway"`

	// What several kinds have stands here, between what each has alone, with its kinds said at the key.

	// gateway, service: refuses (503, at once) what is more than it should have in flight.
	Shed *Shed `yaml:"shed" kinds:"gateway,service" json:"shed,omitempty"`
	// cdn, gateway: token bucket. On a cdn it counts every request, those that its cache would answer too.
	RateLimit *RateLimit `yaml:"rate_limit" kinds:"cdn,gateway" json:"rate_limit,omitempty"`

	Routing `yaml:",inline" kinds:"gateway"`

	// service: requests worked on at once (default 64); queue: deliveries at once; database: statements worked on
	// at once, the rest wait (default: as many as there are).
	Workers int `yaml:"workers" kinds:"service,queue,database" min:"1" json:"workers,omitempty"`

	Service `yaml:",inline" kinds:"service"`

	// cdn, gateway, service, queue and stream: defaults for every call this node makes.
	Policy `yaml:",inline" kinds:"cdn,gateway,service,queue,stream"`

	ConnectionLimits `yaml:",inline" kinds:"cdn,gateway,service"`
	// The most connections: a database refuses those over it (default 100), the others let them wait to be
	// accepted (default unbounded; idle ones count).
	Connections int `yaml:"connections" kinds:"cdn,gateway,service,database" min:"1" json:"connections,omitempty"`

	Database `yaml:",inline" kinds:"database"`
	Keeping  `yaml:",inline" kinds:"cache,cdn"`
	Delivery `yaml:",inline" kinds:"queue"`
	Stream   `yaml:",inline" kinds:"stream"`
}

// Real is the part that a node's image is, or what is external; false: it is neither, or one that nobody knows.
func (n *Node) Real() (parts.Part, bool) {
	if n.BuiltIn() || n.External != nil && n.Part == "" {
		return parts.Part{}, false
	}
	return parts.Of(n.Part, n.Image)
}

// Speaks is the protocol of the part that a node's image is, "" where it has none that is known.
func (n *Node) Speaks() parts.Protocol {
	p, _ := n.Real()
	return p.Protocol
}
