package compose

import (
	"path"
	"strings"

	"github.com/squallhq/squall/scenarios/parts"
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

// images are those whose name says how they serve, beside the parts that Squall knows by name.
var images = map[string]known{
	"mongo": {port: 27017, keeps: 3}, "cassandra": {port: 9042, keeps: 3}, "clickhouse-server": {port: 8123, keeps: 3, http: true},
	"elasticsearch": {port: 9200, keeps: 3, http: true}, "opensearch": {port: 9200, keeps: 3, http: true},
	"minio": {port: 9000, keeps: 3, http: true}, "etcd": {port: 2379, keeps: 3},
	"zookeeper": {port: 2181, keeps: 2}, "cp-zookeeper": {port: 2181, keeps: 2}, "eclipse-mosquitto": {port: 1883, keeps: 2},
	"keydb": {port: 6379, keeps: 1}, "memcached": {port: 11211, keeps: 1},
	"httpd": {port: 80, http: true}, "caddy": {port: 80, http: true}, "traefik": {port: 80, http: true},
	"wordpress": {port: 80, http: true}, "nextcloud": {port: 80, http: true}, "phpmyadmin": {port: 80, http: true},
	"adminer": {port: 8080, http: true}, "ghost": {port: 2368, http: true}, "grafana": {port: 3000, http: true},
}

// knownImage looks an image up by the last part of its name, without tag and digest.
func knownImage(image string) known {
	if p, is := parts.Of("", image); is {
		keeps := 0
		for kind, much := range map[string]int{"database": 3, "queue": 2, "cache": 1} {
			if p.CanPlay(kind) {
				keeps = max(keeps, much)
			}
		}
		return known{port: p.Port, http: p.Protocol == parts.SpeaksHTTP, keeps: keeps, postgres: p.Name == parts.Postgres}
	}
	image, _, _ = strings.Cut(image, "@")
	base := path.Base(image)
	base, _, _ = strings.Cut(base, ":")
	return images[base]
}

// otherPorts are those on which something else than plain HTTP is usually spoken.
var otherPorts = []int{0, 21, 22, 25, 53, 443, 465, 587, 1025, 1433, 1521, 1883, 2181, 2379, 3306, 4222, 5432, 5671, 5672, 6379, 6432, 8443, 9042, 9092, 11211, 27017, 50051}
