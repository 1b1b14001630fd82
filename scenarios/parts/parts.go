// Package parts knows the databases, caches, brokers and proxies that systems are made of: what their images are called,
// where they serve, and what they are set up by. It knows nothing of scenarios: plain values, looked up by a name.
package parts

import (
	"slices"
	"strings"
)

// Name is what a part is called in a scenario.
type Name string

// The parts that are known.
const (
	Postgres   Name = "postgres"
	MySQL      Name = "mysql"
	MariaDB    Name = "mariadb"
	Redis      Name = "redis"
	Valkey     Name = "valkey"
	NATS       Name = "nats"
	RabbitMQ   Name = "rabbitmq"
	Kafka      Name = "kafka"
	Nginx      Name = "nginx"
	HAProxy    Name = "haproxy"
	Varnish    Name = "varnish"
	Envoy      Name = "envoy"
	Prometheus Name = "prometheus"
)

// Protocol is what is spoken at a part's first port.
type Protocol string

// The protocols.
const (
	SpeaksPostgres Protocol = "postgres"
	SpeaksMySQL    Protocol = "mysql"
	SpeaksRedis    Protocol = "redis"
	SpeaksNATS     Protocol = "nats"
	SpeaksAMQP     Protocol = "amqp"
	SpeaksKafka    Protocol = "kafka"
	SpeaksHTTP     Protocol = "http"
)

// Port is one more that a part serves on, by the name that it is called by.
type Port struct {
	Name string
	Port int
}

// Part is one of them.
type Part struct {
	Name     Name
	Image    string // what runs where a scenario names the part alone
	Protocol Protocol
	Port     int
	Others   []Port
	// Health is an HTTP path where the port answers one that tells that it is well; "": it is well when it takes connections.
	Health string
	// Data is the folder that outlives a restart, "" for none.
	Data string
	// Config is where its configuration is looked for, "" for none.
	Config string
	// Plays are the kinds of node whose place the part can take: services speak to it by its protocol.
	Plays []string
	// Metrics is where it, by itself, tells Prometheus about itself, as PORT/PATH; "": nowhere.
	Metrics string
}

// all is the table. Each says what the usual public image does.
var all = []Part{
	{Name: Postgres, Image: "postgres:16", Protocol: SpeaksPostgres, Port: 5432, Data: "/var/lib/postgresql/data", Plays: []string{"database"}},
	{Name: MySQL, Image: "mysql:8.4", Protocol: SpeaksMySQL, Port: 3306, Data: "/var/lib/mysql", Config: "/etc/mysql/conf.d", Plays: []string{"database"}},
	{Name: MariaDB, Image: "mariadb:11.4", Protocol: SpeaksMySQL, Port: 3306, Data: "/var/lib/mysql", Config: "/etc/mysql/conf.d", Plays: []string{"database"}},
	{Name: Redis, Image: "redis:7", Protocol: SpeaksRedis, Port: 6379, Data: "/data", Plays: []string{"cache"}},
	{Name: Valkey, Image: "valkey/valkey:8", Protocol: SpeaksRedis, Port: 6379, Data: "/data", Plays: []string{"cache"}},
	{Name: NATS, Image: "nats:2.11", Protocol: SpeaksNATS, Port: 4222, Others: []Port{{"monitoring", 8222}}},
	{Name: RabbitMQ, Image: "rabbitmq:3-management", Protocol: SpeaksAMQP, Port: 5672, Others: []Port{{"management", 15672}, {"prometheus", 15692}},
		Data: "/var/lib/rabbitmq", Config: "/etc/rabbitmq/conf.d", Plays: []string{"queue"}, Metrics: "15692/metrics"},
	{Name: Kafka, Image: "apache/kafka:3.9.0", Protocol: SpeaksKafka, Port: 9092, Data: "/var/lib/kafka/data"},
	{Name: Nginx, Image: "nginx:1.28", Protocol: SpeaksHTTP, Port: 80, Config: "/etc/nginx/conf.d/default.conf", Plays: []string{"cdn", "gateway"}},
	{Name: HAProxy, Image: "haproxy:3.0", Protocol: SpeaksHTTP, Port: 80, Others: []Port{{"stats", 8404}},
		Config: "/usr/local/etc/haproxy/haproxy.cfg", Plays: []string{"gateway"}},
	{Name: Varnish, Image: "varnish:7.6", Protocol: SpeaksHTTP, Port: 80, Config: "/etc/varnish/default.vcl", Plays: []string{"cdn"}},
	{Name: Envoy, Image: "envoyproxy/envoy:v1.33-latest", Protocol: SpeaksHTTP, Port: 10000, Others: []Port{{"admin", 9901}},
		Config: "/etc/envoy/envoy.yaml", Plays: []string{"gateway"}, Metrics: "9901/stats/prometheus"},
	{Name: Prometheus, Image: "prom/prometheus:v3.0.0", Protocol: SpeaksHTTP, Port: 9090, Health: "/-/ready", Data: "/prometheus",
		Config: "/etc/prometheus/prometheus.yml", Metrics: "9090/metrics"},
}

// also are other names that images of a part go by, or its makers'.
var also = map[string]Name{
	"postgresql": Postgres, "postgis": Postgres, "timescaledb": Postgres, "pgvector": Postgres,
	"percona": MySQL, "mysql-server": MySQL, "redis-stack-server": Redis, "redis-stack": Redis, "cp-kafka": Kafka,
}

// All is every part, in the table's order.
func All() []Part { return slices.Clone(all) }

// Names are those of all parts.
func Names() []string {
	out := make([]string, len(all))
	for n, p := range all {
		out[n] = string(p.Name)
	}
	return out
}

// Of is the part that a name says, or else the one that an image is by its base name: bitnami/postgresql:16 is postgres.
func Of(name Name, image string) (Part, bool) {
	if name == "" {
		name = byImage(image)
	}
	for _, p := range all {
		if p.Name == name {
			return p, true
		}
	}
	return Part{}, false
}

// byImage takes registry, tag and digest off.
func byImage(image string) Name {
	base, _, _ := strings.Cut(image, "@")
	base = base[strings.LastIndexByte(base, '/')+1:]
	base, _, _ = strings.Cut(base, ":")
	if name, known := also[base]; known {
		return name
	}
	return Name(base)
}

// CanPlay tells whether it can take the place of a built-in kind.
func (p Part) CanPlay(kind string) bool { return slices.Contains(p.Plays, kind) }
