package beginning

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"

	"github.com/squallhq/squall/internal/breadth"
	"github.com/squallhq/squall/internal/debimage"
	"github.com/squallhq/squall/internal/squallbin"
	"github.com/squallhq/squall/runner/record"
)

// shopProgram is a team's own: it answers once the stores that its environment names have answered it; as a worker it asks
// them by itself and serves nothing.
const shopProgram = `package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"
)

func ask(address, question string, want int) error {
	if address == "" { return nil }
	conn, err := net.DialTimeout("tcp", address, 2*time.Second)
	if err != nil { return err }
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(2 * time.Second))
	if _, err := io.WriteString(conn, question); err != nil { return err }
	_, err = io.ReadFull(conn, make([]byte, want))
	return err
}

func stores() error {
	if err := ask(os.Getenv("CACHE_ADDR"), "PING\r\n", 7); err != nil { return err }
	if err := ask(os.Getenv("BROKER_ADDR"), "AMQP\x00\x00\x09\x01", 8); err != nil { return err }
	return ask(os.Getenv("DB_ADDR"), "\x00\x00\x00\x08\x04\xd2\x16\x2f", 1) // may we speak TLS?
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "once" {
		if err := stores(); err != nil { fmt.Println(err); os.Exit(1) }
		return
	}
	if len(os.Args) > 1 {
		for ; ; time.Sleep(200 * time.Millisecond) { fmt.Println(stores()) }
	}
	_ = http.ListenAndServe(":3000", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if err := stores(); err != nil { http.Error(w, err.Error(), 502) }
	}))
}
`

// shopImage loads the program as an image, and removes it when the test ends.
func shopImage(t *testing.T) string {
	t.Helper()
	api, err := client.NewClientWithOpts(client.FromEnv, client.WithAPIVersionNegotiation())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = api.Close() })
	program, err := os.ReadFile(squallbin.Program(t, shopProgram, "0"))
	if err != nil {
		t.Fatal(err)
	}
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	if err := errors.Join(w.WriteHeader(&tar.Header{Name: "shop", Mode: 0o755, Size: int64(len(program))}), func() error { _, err := w.Write(program); return err }(), w.Close()); err != nil {
		t.Fatal(err)
	}
	ref := "squall-test-import:" + strings.ToLower(strings.ReplaceAll(t.Name(), "/", "-"))
	said, err := api.ImageImport(t.Context(), image.ImportSource{Source: &archive, SourceName: "-"}, ref, image.ImportOptions{Changes: []string{`ENTRYPOINT ["/shop"]`, "LABEL squall.test=import"}})
	if err != nil {
		t.Fatal(err)
	}
	var answer bytes.Buffer
	if _, err := answer.ReadFrom(said); err != nil || strings.Contains(answer.String(), `"error"`) {
		t.Fatalf("load the image: %v %s", err, answer.String())
	}
	_ = said.Close()
	t.Cleanup(func() {
		if _, err := api.ImageRemove(context.Background(), ref, image.RemoveOptions{Force: true}); err != nil && !errdefs.IsNotFound(err) {
			t.Error(err)
		}
	})
	return ref
}

// Compose files of public shapes, with images that there are here, run as they were imported: every expectation holds, and the
// slow connection is felt.
func TestImportedComposeFilesRun(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the program as it is shipped, in real time; not with -short")
	}
	postgres := debimage.Ensure(t.Context(), t, debimage.Postgres)
	shapes := map[string]string{
		"web-db": `
services:
  web:
    build: {context: ./shop, args: {FROM: SHOP}}
    restart: on-failure
    ports: ["8080:3000", "9000:9000"]
    environment: {DB_ADDR: "db:5432"}
    depends_on: {ready: {condition: service_completed_successfully}, db: {condition: service_started}}
  ready: {image: SHOP, command: [once], environment: {DB_ADDR: "db:5432"}, depends_on: [db], restart: on-failure}
  db: {image: POSTGRES, environment: {POSTGRES_PASSWORD: "${SHOP_PASSWORD:?}"}}
`,
		"web-worker-redis-db": `
services:
  web:
    image: SHOP
    ports: ["8080:3000"]
    environment: {CACHE_ADDR: "redis:6379", DB_ADDR: "db:5432"}
    healthcheck: {test: "curl -f http://localhost:3000/ready"}
  worker: {image: SHOP, command: [work], environment: {CACHE_ADDR: "redis:6379", DB_ADDR: "db:5432"}}
  redis: {image: REDIS}
  db: {image: POSTGRES, environment: {POSTGRES_PASSWORD: "${SHOP_PASSWORD:?}"}}
`,
		"web-broker-db": `
services:
  web:
    image: SHOP
    ports: ["8080:3000"]
    environment: {BROKER_ADDR: "rabbitmq:5672", DB_ADDR: "db:5432"}
  rabbitmq: {image: RABBITMQ}
  db: {image: POSTGRES, environment: {POSTGRES_PASSWORD: "${SHOP_PASSWORD:?}"}}
`,
	}
	const password = "hunter2-of-the-shop"
	for name, file := range shapes {
		t.Run(name, func(t *testing.T) {
			breadth.Today(t, breadth.Name(t), 2)
			t.Parallel() // it mostly waits
			file = strings.NewReplacer("SHOP_PASSWORD", "SHOP_PASSWORD", "SHOP", shopImage(t), "POSTGRES_PASSWORD", "POSTGRES_PASSWORD", "POSTGRES", postgres).Replace(file)
			if strings.Contains(file, "REDIS") {
				file = strings.ReplaceAll(file, "REDIS", debimage.Ensure(t.Context(), t, debimage.Redis))
			}
			if strings.Contains(file, "RABBITMQ") {
				file = strings.ReplaceAll(file, "RABBITMQ", debimage.Ensure(t.Context(), t, debimage.RabbitMQ))
			}
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "docker-compose.yml"), []byte(file), 0o600); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(file, "./shop") { // the team's own image, built with the run
				dockerfile := "ARG FROM\nFROM $FROM\nCMD []\n"
				if err := errors.Join(os.Mkdir(filepath.Join(dir, "shop"), 0o755), os.WriteFile(filepath.Join(dir, "shop", "Dockerfile"), []byte(dockerfile), 0o600)); err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { removeBuilt(t) })
			}
			squall := func(args ...string) {
				t.Helper()
				c := exec.CommandContext(t.Context(), squallbin.Path(t), args...)
				c.Dir, c.Env = dir, append(os.Environ(), "SHOP_PASSWORD="+password)
				if out, err := c.CombinedOutput(); err != nil {
					t.Fatalf("squall %s: %v\n%s", strings.Join(args, " "), err, out)
				}
			}
			squall("import", "docker-compose.yml", "-o", "shop.yaml")
			shorten(t, filepath.Join(dir, "shop.yaml"))
			squall("run", "shop.yaml", "--engine", "docker", "--out", "run", "--quiet")
			result, err := record.Read(filepath.Join(dir, "run"))
			if err != nil {
				t.Fatal(err)
			}
			if result.Verdict != record.Pass || len(result.Expectations) == 0 {
				t.Errorf("the verdict is %s: %v", result.Verdict, result.Reasons)
			}
			slow := result.Phases[1].Requests[0].LatencyMs.P50
			if slow < 200 || slow > 1500 {
				t.Errorf("while a connection is slow by 300 ms, half of the requests take %.0f ms", slow)
			}
			noSecretIn(t, filepath.Join(dir, "run"), password)
		})
	}
}

// shorten lets a file that was imported run for less long, with three quarters of its requests.
func shorten(t *testing.T, file string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	short := strings.NewReplacer("for: 10s", "for: 6s", "rate: 20/s", "rate: 25/s").Replace(string(text))
	if short == string(text) {
		t.Errorf("its phases are not of 10 s, or its load not of 20/s:\n%s", text)
	}
	if err := os.WriteFile(file, []byte(short), 0o600); err != nil {
		t.Fatal(err)
	}
}

// removeBuilt removes the images that runs have built.
func removeBuilt(t *testing.T) {
	api, err := client.NewClientWithOpts(client.FromEnv, client.WithAPIVersionNegotiation())
	if err != nil {
		t.Fatal(err)
	}
	defer api.Close()
	images, err := api.ImageList(context.Background(), image.ListOptions{Filters: filters.NewArgs(filters.Arg("label", "squall.build"))})
	if err != nil || len(images) == 0 {
		t.Errorf("%d images were built, %v", len(images), err)
	}
	for _, i := range images {
		_, _ = api.ImageRemove(context.Background(), i.ID, image.RemoveOptions{Force: true}) // another may have been quicker
	}
}

// noSecretIn looks through every file of a run.
func noSecretIn(t *testing.T, dir, secret string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err == nil && bytes.Contains(text, []byte(secret)) {
			t.Errorf("%s has the secret", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
