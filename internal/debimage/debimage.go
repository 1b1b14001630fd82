// Package debimage makes container images of real databases, caches, brokers and proxies from the packages of this
// machine's Debian or Ubuntu, for tests on machines that reach no image registry. An image answers to the environment of
// the usual public one (POSTGRES_PASSWORD, MYSQL_DATABASE, RABBITMQ_DEFAULT_USER ...), takes its arguments, and is kept
// on the engine between test runs.
package debimage

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/client"
)

// Part names what is in an image.
type Part string

const (
	Postgres Part = "postgres" // with its clients: psql, pg_basebackup, pgbench
	MariaDB  Part = "mariadb"
	Redis    Part = "redis" // with redis-cli and redis-benchmark
	RabbitMQ Part = "rabbitmq"
	NATS     Part = "nats"
	Nginx    Part = "nginx"
	HAProxy  Part = "haproxy"
	Varnish  Part = "varnish" // with the C compiler that it needs for its configuration
)

// Parts are all that there are.
func Parts() []Part { return []Part{Postgres, MariaDB, Redis, RabbitMQ, NATS, Nginx, HAProxy, Varnish} }

// Ensure returns the name of a local image with the part and makes it where it is not there yet, which takes seconds
// and 10 to 60 MB from the package mirror. It skips the test where there is no engine or no
// Debian to make it from; with SQUALL_REQUIRE_DOCKER=1 that is a failure.
func Ensure(ctx context.Context, t testing.TB, part Part) string {
	t.Helper()
	name, err := Make(ctx, part)
	if err == nil {
		return name
	}
	if os.Getenv("SQUALL_REQUIRE_DOCKER") == "1" {
		t.Fatalf("make an image with %s: %v", part, err)
	}
	t.Skipf("needs an image with %s (SQUALL_REQUIRE_DOCKER=1 makes this a failure): %v", part, err)
	return ""
}

// Make returns the name of the local image with the part, made where it is not there yet.
func Make(ctx context.Context, part Part) (string, error) {
	api, err := client.NewClientWithOpts(client.FromEnv, client.WithAPIVersionNegotiation())
	if err != nil {
		return "", err
	}
	defer api.Close()
	if _, err := api.Ping(ctx); err != nil {
		return "", fmt.Errorf("reach the Docker engine: %w", err)
	}
	r, err := lookUp(ctx, part)
	if err != nil {
		return "", err
	}
	name := r.tag(part, r.version)
	if there, err := exists(ctx, api, name); there || err != nil {
		return name, err
	}
	done, err := alone(ctx, name)
	if err != nil {
		return "", err
	}
	defer done()
	if there, err := exists(ctx, api, name); there || err != nil { // made by another test meanwhile
		return name, err
	}
	dir, err := os.MkdirTemp("", "debimage-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	packages, err := download(ctx, dir, r.recipe)
	if err != nil {
		return "", err
	}
	return name, load(ctx, api, name, dir, r.recipe, packages)
}

var notInTags = regexp.MustCompile(`[^A-Za-z0-9.]+`)

// tag names the image by the version of what is in it, and by how it is made: a change of the recipe makes another image.
func (r recipe) tag(part Part, version string) string {
	_, upstream, found := strings.Cut(version, ":") // the epoch says nothing to people
	if !found {
		upstream = version
	}
	made := sha256.Sum256(fmt.Appendf(nil, "%+v %d %s %s", r, revision, prelude, tools))
	return fmt.Sprintf("squall-test-%s:%s-%x", part, notInTags.ReplaceAllString(upstream, "-"), made[:4])
}

func exists(ctx context.Context, api *client.Client, name string) (bool, error) {
	_, err := api.ImageInspect(ctx, name)
	if errdefs.IsNotFound(err) {
		return false, nil
	}
	return err == nil, err
}

// alone waits until no other process of this machine makes the image. The lock is an abstract socket: it leaves no
// file, and ends with its process however that ends.
func alone(ctx context.Context, name string) (done func(), err error) {
	for {
		lock, err := new(net.ListenConfig).Listen(ctx, "unix", "@"+name)
		if err == nil {
			return func() { _ = lock.Close() }, nil // it was never listened to
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for who makes %s: %w (%w)", name, ctx.Err(), err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}
