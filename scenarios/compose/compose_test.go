package compose

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/scenarios/language"
	"github.com/squallhq/squall/scenarios/source"
)

var update = flag.Bool("update", false, "write the golden scenarios again")

var given = map[string]string{"DB_PASSWORD": "hunter2hunter2", "API_KEY": "abcdefg"}

// Compose files of the shapes that most have become scenarios that are as they were when somebody read them, validate and
// can be laid out, variables and all.
func TestComposeFilesBecomeScenarios(t *testing.T) {
	for name, value := range given {
		t.Setenv(name, value)
	}
	for _, shape := range []string{"web-db", "web-worker-redis-db", "web-broker-db"} {
		t.Run(shape, func(t *testing.T) {
			file := filepath.Join("testdata", shape, "docker-compose.yml")
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			made, err := Import(t.Context(), file, data, Options{Environment: given})
			if err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", shape, "scenario.yaml")
			if *update {
				if err := os.WriteFile(golden, made.Text, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(made.Text)); diff != "" {
				t.Errorf("the scenario (-want +got); go test ./scenarios/compose -update writes it again:\n%s", diff)
			}
			if strings.Contains(string(made.Text), given["DB_PASSWORD"]) {
				t.Error("a secret of the environment is written down")
			}
			if problems := language.Check(golden, made.Text); len(problems) > 0 {
				t.Fatal(problems)
			}
			doc, err := language.Parse(golden, made.Text, "")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := doc.Plan(1); err != nil {
				t.Error(err)
			}
		})
	}
}

// imported is a scenario of a Compose file that a test writes.
func imported(t *testing.T, text string, o Options, beside ...string) (*Made, error) {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i < len(beside); i += 2 {
		if err := os.WriteFile(filepath.Join(dir, beside[i]), []byte(beside[i+1]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return Import(t.Context(), filepath.Join(dir, "compose.yml"), []byte(text), o)
}

// document is the scenario as it is read.
func document(t *testing.T, text string, o Options, beside ...string) *language.Document {
	t.Helper()
	made, err := imported(t, text, o, beside...)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := language.Parse("made.yaml", made.Text, "")
	if err != nil {
		t.Fatalf("%v\n%s", err, made.Text)
	}
	return doc
}

// Who calls whom is read off hosts, not off words that look like them.
func TestEdgesComeFromHosts(t *testing.T) {
	for _, c := range []struct{ key, value string }{
		{"X", "postgres://u:p@db:5432/app"}, {"X", "postgres://db:db@db/db"}, {"DB_HOST", "db"}, {"X", "db:5432"}, {"X", "user=u host=db dbname=app"},
		{"X", "jdbc:postgresql://db/app"}, {"KAFKA_BROKERS", "other,db"}, {"X", "a:1,db:5432"}, {"X", "u:p@tcp(db:5432)/app"}, {"X", "http://db"}, {"X", `{"to": "db:5432"}`},
	} {
		if found := mentions(c.key, c.value, map[string]*part{"db": {}}); len(found) != 1 {
			t.Errorf("%s=%s names db %d times", c.key, c.value, len(found))
		}
	}
	for _, c := range []struct{ key, value string }{
		{"DB_NAME", "db"}, {"X", "postgres://u:p@other/db"}, {"X", "postgres://db:p@other/app"}, {"X", "my-db:5432"}, {"X", "/var/db"}, {"X", "the db is here"},
		{"X", "db.example.com:5432"}, {"X", "dbs:5432"}, {"DB_HOST", "x-db"}, {"X", "sqlite:///data/db"},
	} {
		if found := mentions(c.key, c.value, map[string]*part{"db": {}}); len(found) != 0 {
			t.Errorf("%s=%s names db", c.key, c.value)
		}
	}
}

// What the file says of networks, replicas, limits, links, profiles and names is what the scenario has.
func TestWhatAComposeFileSays(t *testing.T) {
	const file = `
services:
  Web_1:
    image: web
    ports: ["80"]
    environment: {DB: "tcp://store:5432", CACHE_URL: "redis://elsewhere:6379"}
    links: ["db:store"]
    networks: [a]
    deploy: {replicas: 3, resources: {limits: {cpus: "1.5", memory: 64M}}}
  db: {image: "registry.example:5000/x/postgres:16@sha256:0000000000000000000000000000000000000000000000000000000000000000", networks: [a]}
  elsewhere: {image: redis, networks: [b]}
  off: {image: x, scale: 0}
  extra: {image: x, profiles: [more]}
networks: {a: {}, b: {}}
`
	doc := document(t, file, Options{})
	web := doc.Scenario.Node("web-1")
	if web == nil || web.Replicas != 3 || web.CPUs != 1.5 || web.Memory != 64<<20 || web.Port != 80 || !slices.Equal(web.Calls, []string{"db"}) || web.Env["DB"] != "tcp://db:5432" {
		t.Errorf("web is %+v", web)
	}
	if db := doc.Scenario.Node("db"); db == nil || db.Kind != "database" || db.Port != 5432 {
		t.Errorf("db is %+v", db)
	}
	if doc.Scenario.Node("off") != nil || doc.Scenario.Node("extra") != nil {
		t.Error("what is not in is there")
	}
	if more := document(t, file, Options{Profiles: []string{"*"}}); more.Scenario.Node("extra") == nil {
		t.Error("its profile is in, and extra is not there")
	}
	made, err := imported(t, file, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"compose.yml:6: Web_1: its CACHE_URL names elsewhere, which is on no network of its own: it can't reach it",
		"compose.yml:12: off: it has no replicas: it is left out",
	} {
		if !slices.ContainsFunc(made.Notes, func(n Note) bool { return strings.HasSuffix(n.String(), want) }) {
			t.Errorf("nobody says %q but %v", want, made.Notes)
		}
	}
}

// Values of .env are written down as defaults, those of the environment never.
func TestVariablesStayVariables(t *testing.T) {
	const file = `
services:
  web:
    image: web:${TAG}
    ports: ["${PORT}:80"]
    environment: {A: "x${SECRET}y$$z", B: "${FROM_FILE}", C: "${FROM_FILE}/${SECRET}", D: "${TAG}", E: "a$${b}"}
`
	environment := map[string]string{"SECRET": "hunter2", "PORT": "8080", "TAG": "v1"}
	made, err := imported(t, file, Options{Environment: environment}, ".env", "FROM_FILE=default value\nSECRET=overridden\n")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`A: "x${SECRET}y$$z"`, `B: "${FROM_FILE:-default value}"`, `C: "${FROM_FILE:-default value}/${SECRET}"`, `D: "${TAG}"`, `E: "a$${b}"`, `image: "web:v1"`} {
		if !strings.Contains(string(made.Text), want) {
			t.Errorf("there is no %s in\n%s", want, made.Text)
		}
	}
	t.Setenv("SECRET", "hunter2")
	t.Setenv("TAG", "v1")
	doc, err := language.Parse("made.yaml", made.Text, "")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"A": "xhunter2y$z", "B": "default value", "C": "default value/hunter2", "D": "v1", "E": "a${b}"}
	if diff := cmp.Diff(want, doc.Scenario.Node("web").Env); diff != "" {
		t.Errorf("env (-want +got):\n%s", diff)
	}
}

// The riskiest edge leads to what most need, then to what keeps most.
func TestTheFirstFaultIsOnTheRiskiestEdge(t *testing.T) {
	const head = "services:\n  web: {image: web, ports: ['80:80'], depends_on: [api, cache]}\n"
	for _, c := range []struct{ rest, want string }{
		{"  api: {image: api, expose: ['8080'], depends_on: [cache, db]}\n  cache: {image: redis}\n  db: {image: postgres}\n", "api -> db"},
		{"  api: {image: api, expose: ['8080'], depends_on: [cache]}\n  cache: {image: redis}\n", "web -> cache"},
		{"  api: {image: api, expose: ['8080']}\n  cache: {image: redis}\n  other: {image: x, depends_on: [api]}\n", "web -> api"},
		{"  api: {image: api}\n  cache: {image: x}\n", "users -> web"},
	} {
		if got := document(t, head+c.rest, Options{}).Scenario.Phases[1].Faults[0].On.String(); got != c.want {
			t.Errorf("with\n%s the fault is on %s, want %s", c.rest, got, c.want)
		}
	}
}

// A file that Compose does not take, or that leaves nothing to run, has one clear error with its place.
func TestBadComposeFiles(t *testing.T) {
	for _, c := range []struct{ file, want string }{
		{"services: {}\n", ":1:1: "},
		{"hello: world\n", ":1:1: there are no services in it"},
		{"services:\n  web:\n    imag: x\n", ":3:5: Compose does not take it: services.web.imag is no key that Compose knows"},
		{"services:\n  web:\n    image: x\n    ports: [oops]\n", ":4:13: Compose does not take it: invalid containerPort: oops"},
		{"services:\n  web:\n    image: x\n    depends_on: [nobody]\n", ":2:3: Compose does not take it: "},
		{"services:\n  web:\n   image: x\n  image: [\n", ":4:"},
		{"services:\n  web:\n    image: ${NAME:?say which}\n", ":3:5: Compose does not take it: "},
		{"services:\n  web: {image: x, extends: {file: nothing.yml, service: x}}\n", ": Compose does not take it: "},
		{"services:\n  db: {image: postgres}\n", ":1:1: no service publishes a port that takes HTTP: there is nobody to send load to; say who takes HTTP with --to SERVICE"},
		{"services:\n  db: {image: postgres, profiles: [x]}\n", ":1:1: no service of it is in; say which profiles are in: --profile NAME (x)"},
		{"services:\n  web:\n    image: x\n    image: y\n", `:4:5: Compose does not take it: the key "image" stands here a second time; it is in line 3, too; mend it`},
		{"services:\n  web: {image: x, env_file: missing.env}\n", ":2:29: Compose does not take it: env file missing.env not found"},
		{"services:\n  web: {image: x}\ninclude:\n  - ./missing.yml\n", ":4:5: Compose does not take it: open missing.yml: no such file"},
		{"services:\n  web: {image: x, extends: {service: web}}\n", ":2:19: Compose does not take it: Circular reference: web in compose.yml extends web"},
		{strings.Repeat("x", source.MaxBytes+1), ":1:1: the file has more than"},
		{"", ":1:1: the file is empty"},
	} {
		_, err := imported(t, c.file, Options{})
		problems, is := errors.AsType[source.Problems](err)
		if !is || len(problems) != 1 || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.60q gives %v, want %s", c.file, err, c.want)
		}
	}
	if _, err := imported(t, "services:\n  db: {image: x}\n", Options{To: "bd"}); err == nil || !strings.Contains(err.Error(), `did you mean "db"?`) {
		t.Errorf("a service that is not there gives %v", err)
	}
}

// What only BuildKit builds is told with the Compose file's line and the Dockerfile's.
func TestBuildKitIsTold(t *testing.T) {
	const file = "services:\n  web:\n    image: web\n    ports: ['80']\n    build:\n      context: .\n      dockerfile: Build.txt\n      args: {TARGETOS: linux}\n      ssh: [default]\n"
	made, err := imported(t, file, Options{}, "Build.txt", "FROM a\nARG TARGETARCH TARGETOS\nRUN --mount=type=cache,target=/c x\n")
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, n := range made.Notes {
		told = append(told, fmt.Sprintf("%d: %s", n.At.Line, n.Text))
	}
	for _, want := range []string{
		"9: ", "build.ssh is not carried over: it is BuildKit's",
		"5: ", "line 2 of its Dockerfile has ARG TARGETARCH, which is BuildKit's, and a node is built with the engine's own builder; it is empty there: give it in build.args",
		"line 3 of its Dockerfile has RUN --mount, which is BuildKit's",
	} {
		if !strings.Contains(strings.Join(told, "\n"), want) {
			t.Errorf("it tells %q, not %s", told, want)
		}
	}
}

// FuzzImport: no Compose file panics or hangs the importer; what it can't take has a place in the file; what comes of the
// others is a scenario that validates.
func FuzzImport(f *testing.F) {
	files, err := filepath.Glob("testdata/*/*.yml")
	if err != nil || len(files) == 0 {
		f.Fatal("no seeds")
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte("services:\n  \"é\": {image: \"x\\u0001\", ports: [80], environment: {\"a b\": \"${X:-y}\", \"on\": \"\\u2028\"}, command: [\"$$x\", \"{\"]}\n"))
	f.Add([]byte("services:\n  a: {image: x, ports: [80], scale: 5000, cpus: 0.0000001, mem_limit: 1}\n  A: {image: x}\n"))
	for _, shape := range realShapes {
		f.Add([]byte(shape))
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		if leadsOut(data) {
			t.Skip("a file elsewhere is the user's to name")
		}
		late := time.AfterFunc(20*time.Second, func() { panic(fmt.Sprintf("importing takes for ever: %q", data)) })
		defer late.Stop()
		made, err := Import(t.Context(), filepath.Join(dir, "compose.yml"), data, Options{Environment: map[string]string{"X": "value"}, Profiles: []string{"*"}})
		if err != nil {
			problems, is := errors.AsType[source.Problems](err)
			if !is || len(problems) == 0 {
				t.Fatalf("not Problems but %T: %v", err, err)
			}
			for _, p := range problems {
				if p.Line < 1 || p.Column < 1 || strings.ContainsAny(p.Error(), "\n\r") {
					t.Fatalf("unsound problem %q", p.Error())
				}
			}
			source.Render(problems, data)
			return
		}
		t.Setenv("X", "value")
		if problems := language.Check("made.yaml", made.Text); len(problems) > 0 {
			t.Fatalf("%v\n%s", problems, made.Text)
		}
	})
}

// realShapes are Compose files as people write them: with what this importer says and what it has to leave out.
var realShapes = []string{
	`x-common: &common
  restart: unless-stopped
  logging: {driver: json-file, options: {max-size: 10m}}
  environment: &env {DATABASE_URL: "postgres://app:${DB_PASSWORD:-secret}@db:5432/app?sslmode=disable", REDIS_HOST: redis}
services:
  web:
    <<: *common
    build: {context: ., dockerfile: Dockerfile, target: prod, args: [VERSION=1]}
    ports: ["127.0.0.1:${PORT:-8000}:8000", {target: 9000, published: "9000", protocol: tcp, mode: host}]
    depends_on: {db: {condition: service_healthy, restart: true}, migrate: {condition: service_completed_successfully}}
    healthcheck: {test: ["CMD", "curl", "-f", "http://localhost:8000/healthz"], interval: 1m30s, timeout: 10s, retries: 3, start_period: 40s}
    deploy: {replicas: 2, resources: {limits: {cpus: "0.50", memory: 50M}, reservations: {memory: 20M}}, restart_policy: {condition: on-failure, max_attempts: 3}}
  worker: {<<: *common, image: "registry.example:5000/team/app@sha256:0123", command: celery -A app worker, environment: {<<: *env, QUEUE: "amqp://guest:guest@rabbit//"}, links: ["redis:cache"]}
  migrate: {image: app, command: ["sh", "-c", "./migrate && echo $$DONE"], depends_on: [db]}
  db: {image: "postgres:16-alpine", volumes: ["pgdata:/var/lib/postgresql/data", "./init.sql:/docker-entrypoint-initdb.d/init.sql:ro"], environment: [POSTGRES_PASSWORD], shm_size: 256mb}
  redis: {image: redis, command: [redis-server, --save, "60", "1"], sysctls: {net.core.somaxconn: 1024}}
volumes: {pgdata: {driver: local}}
`,
	`name: wordpress
services:
  wordpress: {image: "wordpress:latest", ports: ["8080:80"], environment: {WORDPRESS_DB_HOST: "db:3306"}, networks: [front, back], secrets: [{source: db, target: db_password, mode: 0440}]}
  db: {image: "mariadb:11", networks: {back: {aliases: [mysql]}}, environment: {MARIADB_ROOT_PASSWORD_FILE: /run/secrets/db}, secrets: [db], user: "999:999", tmpfs: /run}
  admin: {image: adminer, profiles: [debug], ports: ["8081-8082:8080"], network_mode: "service:db"}
networks: {front: {}, back: {internal: true}}
secrets: {db: {environment: X}}
configs: {app: {content: "a=${X}"}}
`,
}

// leadsOut tells a file that names another to be read that is not beside it.
func leadsOut(data []byte) bool {
	tree, _ := source.ReadAsIs("x", data)
	var out func(v *source.Value, named bool) bool
	out = func(v *source.Value, named bool) bool {
		if v == nil {
			return false
		}
		if named && v.Kind == source.Scalar && (strings.HasPrefix(v.Text, "/") || strings.HasPrefix(v.Text, "~") || strings.ContainsAny(v.Text, ".$:")) {
			return true
		}
		for _, e := range v.Entries {
			if out(e.Value, named || slices.Contains([]string{"extends", "include", "env_file", "label_file"}, e.Key)) {
				return true
			}
		}
		return slices.ContainsFunc(v.Items, func(item *source.Value) bool { return out(item, named) })
	}
	return out(tree, false)
}
