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

// Port is one more that a part serves on.
type Port struct {
	Name string
	Port int
}

// Metrics is where a part answers Prometheus, and the metrics that say most of it (* stands for any part of a name).
type Metrics struct {
	Port int
	Path string
	Keep []string
}

// Part is one of them.
type Part struct {
	Name     Name
	Image    string // what runs where a scenario names the part alone
	Protocol Protocol
	Port     int
	// Others are further ports that it serves on, by the names that they are called by.
	Others []Port
	// Health is an HTTP path where the port answers one that tells that it is well; "": it is well when it takes connections.
	Health string
	// Metrics is where it tells what it counts, as it is set up without any configuration, or usually; nil: nowhere.
	Metrics *Metrics
	// Plays are the kinds of node whose place the part can take: services speak to it by its protocol.
	Plays []string
}

// all is the table. Each says what the usual public image does.
var all = []Part{
	{Name: Postgres, Image: "postgres:16", Protocol: SpeaksPostgres, Port: 5432, Plays: []string{"database"}},
	{Name: MySQL, Image: "mysql:8.4", Protocol: SpeaksMySQL, Port: 3306, Plays: []string{"database"}},
	{Name: MariaDB, Image: "mariadb:11.4", Protocol: SpeaksMySQL, Port: 3306, Plays: []string{"database"}},
	{Name: Redis, Image: "redis:7", Protocol: SpeaksRedis, Port: 6379, Plays: []string{"cache"}},
	{Name: Valkey, Image: "valkey/valkey:8", Protocol: SpeaksRedis, Port: 6379, Plays: []string{"cache"}},
	{Name: NATS, Image: "nats:2.11", Protocol: SpeaksNATS, Port: 4222, Others: []Port{{"monitoring", 8222}}, Plays: []string{"queue"}},
	{Name: RabbitMQ, Image: "rabbitmq:3-management", Protocol: SpeaksAMQP, Port: 5672, Others: []Port{{"management", 15672}, {"prometheus", 15692}}, Metrics: &rabbitMetrics, Plays: []string{"queue"}},
	{Name: Kafka, Image: "apache/kafka:3.9.0", Protocol: SpeaksKafka, Port: 9092, Plays: []string{"queue"}},
	{Name: Nginx, Image: "nginx:1.28", Protocol: SpeaksHTTP, Port: 80, Plays: []string{"cdn", "gateway"}},
	{Name: HAProxy, Image: "haproxy:3.0", Protocol: SpeaksHTTP, Port: 80, Others: []Port{{"stats", 8404}}, Plays: []string{"gateway"}},
	{Name: Varnish, Image: "varnish:7.6", Protocol: SpeaksHTTP, Port: 80, Plays: []string{"cdn"}},
	{Name: Envoy, Image: "envoyproxy/envoy:v1.33-latest", Protocol: SpeaksHTTP, Port: 10000, Others: []Port{{"admin", 9901}}, Metrics: &envoyMetrics, Plays: []string{"gateway"}},
	{Name: Prometheus, Image: "prom/prometheus:v3.0.0", Protocol: SpeaksHTTP, Port: 9090, Health: "/-/ready", Metrics: &prometheusMetrics},
}

// Where parts tell what they count, where they do so without an exporter or a configuration beside them: RabbitMQ's image has the plugin on,
// and Envoy's usual administration has it. HAProxy and Varnish need to be told to, or an exporter; nats-server has JSON alone.
var (
	rabbitMetrics = Metrics{15692, "/metrics", []string{
		"rabbitmq_alarms_*", "rabbitmq_channels", "rabbitmq_connections", "rabbitmq_consumers", "rabbitmq_disk_space_available_bytes",
		"rabbitmq_global_messages_acknowledged_total", "rabbitmq_global_messages_confirmed_total", "rabbitmq_global_messages_delivered_total",
		"rabbitmq_global_messages_received_total", "rabbitmq_global_messages_redelivered_total", "rabbitmq_global_messages_routed_total",
		"rabbitmq_global_messages_unroutable_*", "rabbitmq_process_open_fds", "rabbitmq_process_resident_memory_bytes", "rabbitmq_queue_messages*", "rabbitmq_queues",
	}}
	envoyMetrics = Metrics{9901, "/stats/prometheus", []string{
		"envoy_cluster_membership_*", "envoy_cluster_upstream_cx_*", "envoy_cluster_upstream_rq*", "envoy_http_downstream_cx_*", "envoy_http_downstream_rq*",
		"envoy_server_memory_allocated", "envoy_server_total_connections",
	}}
	prometheusMetrics = Metrics{9090, "/metrics", []string{
		"process_resident_memory_bytes", "prometheus_engine_queries*", "prometheus_http_requests_total", "prometheus_rule_evaluation*", "prometheus_sd_discovered_targets",
		"prometheus_target_*_total", "prometheus_tsdb_head_*",
	}}
)

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
