package docker

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/pkg/stdcopy"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/internal/breadth"
	"github.com/squallhq/squall/internal/debimage"
	"github.com/squallhq/squall/scenarios"
)

// pgbench and redis-benchmark run as they are in containers of their own, find a database and a cache under their names on
// their usual ports, and feel the latency of the edges between.
func TestBenchmarkProgramsFeelTheirEdges(t *testing.T) {
	breadth.Today(t, 2, 4)
	inParallel(t)
	postgres, redis := debimage.Ensure(t.Context(), t, debimage.Postgres), debimage.Ensure(t.Context(), t, debimage.Redis)
	user := map[string]string{"POSTGRES_PASSWORD": "squall"}
	db := &scenarios.Node{Name: "db", Kind: scenarios.KindDatabase, Image: postgres, Part: "postgres", Container: scenarios.Container{Env: user}}
	hot := &scenarios.Node{Name: "hot", Kind: scenarios.KindCache, Image: redis, Part: "redis"}
	// Whoever calls is a server too, so that the engine sees when it is there.
	bench := &scenarios.Node{Name: "bench", Kind: scenarios.KindImage, Image: postgres, Part: "postgres",
		Container: scenarios.Container{Env: user, Calls: []string{"db"}}}
	rbench := &scenarios.Node{Name: "rbench", Kind: scenarios.KindImage, Image: redis, Part: "redis", Container: scenarios.Container{Calls: []string{"hot"}}}
	s := launch(t, Options{}, planOf(db, hot, bench, rbench))

	const login = "PGPASSWORD=squall pgbench -h db -U postgres "
	s.exec(t, "bench-1", login+"-i -q postgres")
	transactions := func() float64 {
		return figure(t, s.exec(t, "bench-1", login+"-c 1 -t 20 -S postgres"), `latency average = ([0-9.]+) ms`)
	}
	pings := func() float64 {
		return figure(t, s.exec(t, "rbench-1", "redis-benchmark -h hot -c 1 -n 20 -t ping_mbulk --csv"), `"PING_MBULK","[0-9.]+","([0-9.]+)"`)
	}
	const latency = 40
	plainSQL, plainPing := transactions(), pings()
	var slow []faults.Primitive
	for _, edge := range []string{"bench-1:db-1", "rbench-1:hot-1"} {
		slow = append(slow, faults.Primitive{Op: faults.OpToxic, Edge: edge, Toxic: &faults.Toxic{
			Stream: "downstream", Toxicity: 1, Attributes: faults.LatencyToxic{Latency: latency}}})
	}
	undo := s.inject(t, slow...)
	slowSQL, slowPing := transactions(), pings()
	lift(t, undo)
	againSQL, againPing := transactions(), pings()
	for _, c := range []struct {
		program            string
		plain, slow, again float64
	}{{"pgbench", plainSQL, slowSQL, againSQL}, {"redis-benchmark", plainPing, slowPing, againPing}} {
		t.Logf("%s: %.2f ms, with %d ms of latency %.2f ms, after it %.2f ms", c.program, c.plain, latency, c.slow, c.again)
		if more := c.slow - c.plain; more < latency-5 || more > 2*latency {
			t.Errorf("%s: %.2f ms more under %d ms of latency", c.program, more, latency)
		}
		if c.again > c.plain+latency*3/4 {
			t.Errorf("%s: %.2f ms after the latency, %.2f before it", c.program, c.again, c.plain)
		}
	}
}

// figure is the number that a program's output has where the pattern says.
func figure(t *testing.T, out, pattern string) float64 {
	t.Helper()
	found := regexp.MustCompile(pattern).FindStringSubmatch(out)
	if found == nil {
		t.Fatalf("no %s in:\n%s", pattern, out)
	}
	n, err := strconv.ParseFloat(found[1], 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// exec runs a shell command in an instance's container, which must succeed, and returns what it printed.
func (l launched) exec(t *testing.T, instance, command string) string {
	t.Helper()
	api := l.engine.api
	made, err := api.ContainerExecCreate(t.Context(), l.name(instance), container.ExecOptions{
		Cmd: []string{"sh", "-c", command}, AttachStdout: true, AttachStderr: true})
	if err != nil {
		t.Fatal(err)
	}
	attached, err := api.ContainerExecAttach(t.Context(), made.ID, container.ExecAttachOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer attached.Close()
	var out strings.Builder
	if _, err := stdcopy.StdCopy(&out, &out, attached.Reader); err != nil {
		t.Fatal(err)
	}
	ended, err := api.ContainerExecInspect(t.Context(), made.ID)
	if err != nil || ended.ExitCode != 0 {
		t.Fatalf("%s: exit code %d, %v:\n%s", command, ended.ExitCode, err, out.String())
	}
	return out.String()
}
