package compose

import (
	"path"
	"strings"
)

// known is what an image's name says of it.
type known struct {
	// port is where it serves, 0 where its name does not say.
	port int
	http bool
	// keeps is what would be missed most: 3 a database's data, 2 a broker's messages, 1 a cache's.
	keeps int
	// postgres tells a PostgreSQL server.
	postgres bool
}

// images are those whose name says how they serve.
var images = map[string]known{
	"postgres": {port: 5432, keeps: 3, postgres: true}, "postgis": {port: 5432, keeps: 3, postgres: true},
	"timescaledb": {port: 5432, keeps: 3, postgres: true}, "pgvector": {port: 5432, keeps: 3, postgres: true},
	"mysql": {port: 3306, keeps: 3}, "mariadb": {port: 3306, keeps: 3}, "percona": {port: 3306, keeps: 3},
	"mongo": {port: 27017, keeps: 3}, "cassandra": {port: 9042, keeps: 3}, "clickhouse-server": {port: 8123, keeps: 3, http: true},
	"elasticsearch": {port: 9200, keeps: 3, http: true}, "opensearch": {port: 9200, keeps: 3, http: true},
	"minio": {port: 9000, keeps: 3, http: true}, "etcd": {port: 2379, keeps: 3},
	"rabbitmq": {port: 5672, keeps: 2}, "nats": {port: 4222, keeps: 2}, "kafka": {port: 9092, keeps: 2}, "cp-kafka": {port: 9092, keeps: 2},
	"zookeeper": {port: 2181, keeps: 2}, "cp-zookeeper": {port: 2181, keeps: 2}, "eclipse-mosquitto": {port: 1883, keeps: 2},
	"redis": {port: 6379, keeps: 1}, "valkey": {port: 6379, keeps: 1}, "keydb": {port: 6379, keeps: 1}, "memcached": {port: 11211, keeps: 1},
	"nginx": {port: 80, http: true}, "httpd": {port: 80, http: true}, "caddy": {port: 80, http: true}, "traefik": {port: 80, http: true},
	"varnish": {port: 80, http: true}, "wordpress": {port: 80, http: true}, "nextcloud": {port: 80, http: true}, "phpmyadmin": {port: 80, http: true},
	"adminer": {port: 8080, http: true}, "ghost": {port: 2368, http: true}, "grafana": {port: 3000, http: true}, "prometheus": {port: 9090, http: true},
}

// knownImage looks an image up by the last part of its name, without tag and digest; a test's own postgres has it before a dash.
func knownImage(image string) known {
	image, _, _ = strings.Cut(image, "@")
	base := path.Base(image)
	base, _, _ = strings.Cut(base, ":")
	if k, is := images[base]; is {
		return k
	}
	for _, prefix := range []string{"bitnami-", "squall-"} {
		if k, is := images[strings.TrimPrefix(base, prefix)]; is {
			return k
		}
	}
	return known{}
}

// otherPorts are those on which something else than plain HTTP is usually spoken.
var otherPorts = []int{0, 21, 22, 25, 53, 443, 465, 587, 1025, 1433, 1521, 1883, 2181, 2379, 3306, 4222, 5432, 5671, 5672, 6379, 6432, 8443, 9042, 9092, 11211, 27017, 50051}
