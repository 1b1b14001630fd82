package debimage

import (
	"context"
	_ "embed"
	"fmt"
	"strings"
	"sync"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/go-connections/nat"
)

// recipe is how an image is made.
type recipe struct {
	packages []string // the first one's version is the image's
	also     string   // a regular expression: what is taken of that which they depend on, beside libraries
	// user is who the server runs as; the entrypoint begins as root, as the usual images do.
	user, home string
	id         int
	entrypoint string
	files      []file
	config     container.Config
}

var (
	//go:embed entrypoint/postgres.sh
	postgresEntry string
	//go:embed entrypoint/mariadb.sh
	mariadbEntry string
	//go:embed entrypoint/redis.sh
	redisEntry string
	//go:embed entrypoint/rabbitmq.sh
	rabbitmqEntry string
	//go:embed entrypoint/nats.sh
	natsEntry string
	//go:embed entrypoint/nginx.sh
	nginxEntry string
	//go:embed entrypoint/nginx.conf
	nginxConf string
	//go:embed entrypoint/haproxy.sh
	haproxyEntry string
	//go:embed entrypoint/varnish.sh
	varnishEntry string
)

// versioned is a recipe with the version that would be installed.
type versioned struct {
	recipe
	version string
}

// lookedUp are those that are known. apt takes a second of a processor for each, and tests ask for the same ones over and over.
var lookedUp struct {
	mu    sync.Mutex
	known map[Part]versioned
}

// lookUp is recipeOf, once for each part.
func lookUp(ctx context.Context, part Part) (versioned, error) {
	lookedUp.mu.Lock()
	defer lookedUp.mu.Unlock()
	if d, is := lookedUp.known[part]; is {
		return d, nil
	}
	r, version, err := recipeOf(ctx, part)
	if err != nil {
		return versioned{}, err
	}
	if lookedUp.known == nil {
		lookedUp.known = map[Part]versioned{}
	}
	lookedUp.known[part] = versioned{r, version}
	return lookedUp.known[part], nil
}

// recipeOf also says the version that would be installed.
func recipeOf(ctx context.Context, part Part) (r recipe, version string, err error) {
	if part == Postgres {
		server, err := postgresPackage(ctx)
		if err != nil {
			return recipe{}, "", err
		}
		r = postgres(strings.TrimPrefix(server, "postgresql-"))
	} else if make, known := recipes[part]; known {
		r = make()
	} else {
		return recipe{}, "", fmt.Errorf("no recipe for %q: there are %v", part, Parts())
	}
	version, err = candidate(ctx, r.packages[0])
	return r, version, err
}

var recipes = map[Part]func() recipe{
	MariaDB: mariadb, Redis: redis, RabbitMQ: rabbitmq, NATS: nats, Nginx: nginx, HAProxy: haproxy, Varnish: varnish,
}

// postgresPackage is the newest server package, as in postgresql-15.
func postgresPackage(ctx context.Context) (string, error) {
	out, err := output(ctx, "", "apt-cache", "depends", "postgresql")
	if err != nil {
		return "", fmt.Errorf("find PostgreSQL among this machine's packages: %w", err)
	}
	for line := range strings.Lines(out) {
		if name, is := strings.CutPrefix(strings.TrimSpace(line), "Depends: postgresql-"); is && !strings.Contains(name, "common") {
			return "postgresql-" + name, nil
		}
	}
	return "", fmt.Errorf("find PostgreSQL among this machine's packages: apt knows none:\n%s", out)
}

func postgres(major string) recipe {
	return recipe{
		packages: []string{"postgresql-" + major, "postgresql-client-" + major},
		user:     "postgres", id: 999, home: "/var/lib/postgresql", entrypoint: postgresEntry,
		files: []file{
			{path: "var/lib/postgresql/data/", mode: 0o700, owned: true}, {path: "docker-entrypoint-initdb.d/", mode: 0o755},
			{path: "var/run/postgresql/", mode: 0o3777, owned: true},
		},
		config: container.Config{
			Cmd:          []string{"postgres"},
			ExposedPorts: nat.PortSet{"5432/tcp": {}},
			Volumes:      map[string]struct{}{"/var/lib/postgresql/data": {}},
			StopSignal:   "SIGINT",
			Env:          []string{"PATH=/usr/lib/postgresql/" + major + "/bin:/usr/sbin:/usr/bin", "PGDATA=/var/lib/postgresql/data"},
		},
	}
}

func mariadb() recipe {
	return recipe{
		packages: []string{"mariadb-server-core", "mariadb-client-core", "mariadb-client", "mariadb-common", "mysql-common"},
		user:     "mysql", id: 999, home: "/var/lib/mysql", entrypoint: mariadbEntry,
		files: []file{
			{path: "var/lib/mysql/", mode: 0o700, owned: true}, {path: "docker-entrypoint-initdb.d/", mode: 0o755},
			{path: "run/mysqld/", mode: 0o3777, owned: true}, {path: "etc/mysql/conf.d/", mode: 0o755},
			{path: "etc/mysql/my.cnf", text: "[client-server]\nsocket=/run/mysqld/mysqld.sock\n!includedir /etc/mysql/conf.d/\n"},
			{path: "etc/mysql/conf.d/10-image.cnf",
				text: "[mysqld]\nuser=mysql\nskip-name-resolve\nbind-address=*\ncharacter-set-server=utf8mb4\ninnodb-log-file-size=16M\n"},
		},
		config: container.Config{
			Cmd:          []string{"mariadbd"},
			ExposedPorts: nat.PortSet{"3306/tcp": {}},
			Volumes:      map[string]struct{}{"/var/lib/mysql": {}},
			Env:          []string{"PATH=/usr/sbin:/usr/bin"},
		},
	}
}

func redis() recipe {
	return recipe{
		packages: []string{"redis-server", "redis-tools"},
		user:     "redis", id: 999, home: "/data", entrypoint: redisEntry,
		files: []file{{path: "data/", mode: 0o755, owned: true}},
		config: container.Config{
			Cmd:          []string{"redis-server"},
			ExposedPorts: nat.PortSet{"6379/tcp": {}},
			Volumes:      map[string]struct{}{"/data": {}},
			WorkingDir:   "/data",
			Env:          []string{"PATH=/usr/bin"},
		},
	}
}

func rabbitmq() recipe {
	return recipe{
		packages: []string{"rabbitmq-server", "erlang-base", "erlang-crypto", "erlang-eldap", "erlang-inets", "erlang-mnesia", "erlang-os-mon",
			"erlang-parsetools", "erlang-public-key", "erlang-runtime-tools", "erlang-ssl", "erlang-syntax-tools", "erlang-tools",
			"erlang-xmerl", "erlang-asn1", "libc-bin"},
		user: "rabbitmq", id: 999, home: "/var/lib/rabbitmq", entrypoint: rabbitmqEntry,
		files: []file{
			{path: "var/lib/rabbitmq/", mode: 0o755, owned: true}, {path: "var/log/rabbitmq/", mode: 0o755, owned: true},
			{path: "etc/rabbitmq/", mode: 0o755, owned: true}, {path: "etc/rabbitmq/conf.d/", mode: 0o755, owned: true},
			{path: "etc/rabbitmq/conf.d/10-image.conf", text: "loopback_users.guest = false\nlog.console = true\nlog.file = false\n"},
		},
		config: container.Config{
			Cmd:          []string{"rabbitmq-server"},
			ExposedPorts: nat.PortSet{"5672/tcp": {}},
			Volumes:      map[string]struct{}{"/var/lib/rabbitmq": {}},
			Env:          []string{"PATH=/usr/lib/rabbitmq/bin:/usr/sbin:/usr/bin", "LANG=C.UTF-8", "HOME=/var/lib/rabbitmq"},
		},
	}
}

func nats() recipe {
	return recipe{
		packages: []string{"nats-server"},
		user:     "nats", id: 999, home: "/var/lib/nats", entrypoint: natsEntry,
		files: []file{
			{path: "var/lib/nats/", mode: 0o755, owned: true}, {path: "etc/nats/", mode: 0o755},
			{path: "etc/nats/nats-server.conf", text: "port: 4222\nmonitor_port: 8222\n"},
		},
		config: container.Config{
			Cmd:          []string{"nats-server", "--config", "/etc/nats/nats-server.conf"},
			ExposedPorts: nat.PortSet{"4222/tcp": {}, "8222/tcp": {}},
			StopSignal:   "SIGINT", // after SIGTERM it ends with 1
			Env:          []string{"PATH=/usr/sbin:/usr/bin"},
		},
	}
}

func nginx() recipe {
	return recipe{
		packages: []string{"nginx", "nginx-common"},
		user:     "nginx", id: 101, home: "/var/lib/nginx", entrypoint: nginxEntry,
		files: []file{
			{path: "etc/nginx/nginx.conf", text: nginxConf}, {path: "var/log/nginx/", mode: 0o755, owned: true},
			{path: "var/lib/nginx/", mode: 0o755, owned: true}, {path: "etc/nginx/conf.d/", mode: 0o755},
			{path: "etc/nginx/conf.d/default.conf",
				text: "server {\n\tlisten 80;\n\tlocation / {\n\t\troot /usr/share/nginx/html;\n\t\tindex index.html;\n\t}\n}\n"},
		},
		config: container.Config{
			Cmd:          []string{"nginx", "-g", "daemon off;"},
			ExposedPorts: nat.PortSet{"80/tcp": {}},
			StopSignal:   "SIGQUIT",
			Env:          []string{"PATH=/usr/sbin:/usr/bin"},
		},
	}
}

func haproxy() recipe {
	return recipe{
		packages: []string{"haproxy"},
		user:     "haproxy", id: 99, home: "/var/lib/haproxy", entrypoint: haproxyEntry,
		files: []file{{path: "var/lib/haproxy/", mode: 0o755, owned: true}, {path: "usr/local/etc/haproxy/", mode: 0o755}},
		config: container.Config{
			Cmd:        []string{"haproxy", "-f", "/usr/local/etc/haproxy/haproxy.cfg"},
			StopSignal: "SIGUSR1",
			User:       "haproxy",
			Env:        []string{"PATH=/usr/sbin:/usr/bin"},
		},
	}
}

func varnish() recipe {
	return recipe{
		// It compiles its configuration into a library that it loads.
		packages: []string{"varnish"}, also: `^(gcc|cpp|binutils|linux-libc-dev)`,
		user: "varnish", id: 1000, home: "/var/lib/varnish", entrypoint: varnishEntry,
		files: []file{{path: "var/lib/varnish/", mode: 0o755, owned: true}},
		config: container.Config{
			ExposedPorts: nat.PortSet{"80/tcp": {}},
			User:         "varnish",
			WorkingDir:   "/etc/varnish",
			Env:          []string{"PATH=/usr/sbin:/usr/bin", "VARNISH_SIZE=100M", "VARNISH_HTTP_PORT=80"},
		},
	}
}
