package debimage

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
	"github.com/docker/docker/pkg/stdcopy"
)

// Each part starts as its usual image does, does its work for who has the credentials of its environment, is the first
// process in its container, and ends at the engine's signal by itself.
func TestParts(t *testing.T) {
	for _, part := range []struct {
		part  Part
		env   []string
		ready string // fails until the part does its work
		says  string
	}{
		{Postgres, []string{"POSTGRES_PASSWORD=se'cret", "POSTGRES_USER=u", "POSTGRES_DB=shop"},
			`PGPASSWORD="se'cret" psql -h 127.0.0.1 -U u -d shop -Atc "SELECT 6*7"`, "42"},
		{MariaDB, []string{"MARIADB_ROOT_PASSWORD=r", "MYSQL_DATABASE=shop", "MYSQL_USER=u", "MYSQL_PASSWORD=se'cret"},
			`mariadb -h 127.0.0.1 -uu "-pse'cret" -N shop -e "SELECT 6*7"`, "42"},
		{Redis, []string{"REDIS_PASSWORD=secret"}, "redis-cli --no-auth-warning -a secret INCRBY n 42", "42"},
		{RabbitMQ, []string{"RABBITMQ_DEFAULT_USER=u", "RABBITMQ_DEFAULT_PASS=secret"},
			"rabbitmqctl -q await_startup --timeout 5 && rabbitmqctl authenticate_user u secret", "Success"},
		{NATS, nil, "wget -qO- http://127.0.0.1:8222/healthz", `"ok"`},
		{Nginx, nil, "wget -qO- http://127.0.0.1/", "Welcome to nginx"},
		{HAProxy, nil, "haproxy -v", "HAProxy"}, // it has no configuration of its own
		{Varnish, nil, "varnishadm status", "running"},
	} {
		t.Run(string(part.part), func(t *testing.T) {
			t.Parallel()
			name := Ensure(t.Context(), t, part.part)
			c := start(t, name, part.env, part.part == HAProxy)
			said := ""
			for deadline := time.Now().Add(time.Minute); !strings.Contains(said, part.says); {
				if said = c.run(t, part.ready); time.Now().After(deadline) {
					t.Fatalf("%s does not get ready: %s", name, said)
				}
			}
			if part.part == HAProxy {
				return
			}
			if first := c.run(t, "tr '\\0' ' ' < /proc/1/cmdline"); strings.Contains(first, "entrypoint") || strings.HasPrefix(first, "sh ") {
				t.Errorf("the first process is %q, not the server", first)
			}
			began := time.Now()
			grace := 20
			if err := c.api.ContainerStop(t.Context(), c.id, container.StopOptions{Timeout: &grace}); err != nil {
				t.Fatal(err)
			}
			state, err := c.api.ContainerInspect(t.Context(), c.id)
			if err != nil {
				t.Fatal(err)
			}
			if state.State.ExitCode != 0 || time.Since(began) > 15*time.Second {
				t.Errorf("stopped after %s with %d", time.Since(began), state.State.ExitCode)
			}
		})
	}
}

type running struct {
	api *client.Client
	id  string
}

// start runs a container until the test ends.
func start(t *testing.T, name string, env []string, idle bool) running {
	api, err := client.NewClientWithOpts(client.FromEnv, client.WithAPIVersionNegotiation())
	if err != nil {
		t.Fatal(err)
	}
	config := &container.Config{Image: name, Env: env, Hostname: "part"}
	if idle {
		config.Cmd = []string{"sleep", "600"}
	}
	made, err := api.ContainerCreate(t.Context(), config, &container.HostConfig{NetworkMode: "none"}, nil, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = api.ContainerRemove(context.Background(), made.ID, container.RemoveOptions{Force: true, RemoveVolumes: true})
		_ = api.Close()
	})
	if err := api.ContainerStart(t.Context(), made.ID, container.StartOptions{}); err != nil {
		t.Fatal(err)
	}
	return running{api, made.ID}
}

// run runs a shell command in the container and returns all that it printed.
func (c running) run(t *testing.T, command string) string {
	made, err := c.api.ContainerExecCreate(t.Context(), c.id, container.ExecOptions{
		Cmd: []string{"sh", "-c", command}, AttachStdout: true, AttachStderr: true})
	if err != nil {
		t.Fatalf("%v; its log: %s", err, c.log(t))
	}
	attached, err := c.api.ContainerExecAttach(t.Context(), made.ID, container.ExecAttachOptions{})
	if err != nil {
		return err.Error()
	}
	defer attached.Close()
	var out strings.Builder
	if _, err := stdcopy.StdCopy(&out, &out, attached.Reader); err != nil {
		return err.Error()
	}
	return out.String()
}

func (c running) log(t *testing.T) string {
	log, err := c.api.ContainerLogs(t.Context(), c.id, container.LogsOptions{ShowStdout: true, ShowStderr: true, Tail: "5"})
	if err != nil {
		return err.Error()
	}
	defer log.Close()
	var out strings.Builder
	_, _ = stdcopy.StdCopy(&out, &out, log) // what came is better than nothing
	return out.String()
}

// The tag of an image changes with what is in it, and not from one process to the next.
func TestTag(t *testing.T) {
	one := redis().tag(Redis, "5:7.0.15-1~deb12u10")
	if again := redis().tag(Redis, "5:7.0.15-1~deb12u10"); again != one || !strings.HasPrefix(one, "squall-test-redis:7.0.15-1-deb12u10-") {
		t.Errorf("%s, then %s", one, again)
	}
	other := redis()
	other.entrypoint += "\n# more"
	if other.tag(Redis, "5:7.0.15-1~deb12u10") == one {
		t.Error("another entrypoint has the same tag")
	}
	if text := fmt.Sprintf("%+v", redis()); strings.Contains(text, "0xc0") {
		t.Errorf("the recipe has a pointer, whose tag changes from run to run: %s", text)
	}
	if _, err := json.Marshal(redis().config); err != nil {
		t.Error(err)
	}
}
