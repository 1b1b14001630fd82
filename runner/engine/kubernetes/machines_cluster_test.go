package kubernetes

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/internal/kubetest"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/engine/kubernetes/apiserver"
	"github.com/squallhq/squall/runner/engine/kubernetes/claim"
	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
	"github.com/squallhq/squall/runner/engine/kubernetes/objects"
)

const twoOfEach = `scenario: s
topology:
  web: {kind: service, replicas: 2, endpoints: {GET /x: [{work: 1ms}], GET /slow: [{work: 2s}], GET /y: [{call: db GET /}]}}
  db: {kind: service, replicas: 2, endpoints: {GET /: [{work: 1ms}]}}
load: {l: {to: web, rate: 1/s, requests: [{send: GET /x}]}}
phases: [{name: p, for: 1s}]
`

// asked is what becomes of a request over an edge of the load's: an answer's first byte, or how there was none. After the edge stands its path, or /x.
func asked(t *testing.T, s runner.System, edge string) error {
	t.Helper()
	edge, path, _ := strings.Cut(edge, "/")
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	c, err := s.Dial(ctx, edge)
	if err != nil {
		return err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(3 * time.Second))
	if _, err := c.Write([]byte("GET /" + cmp.Or(path, "x") + " HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n")); err != nil {
		return err
	}
	_, err = c.Read(make([]byte, 1))
	return err
}

// silent tells that nobody has said a word, not even no.
func silent(err error) bool {
	var network net.Error
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) || errors.As(err, &network) && network.Timeout()
}

// machined is a system of twoOfEach in a cluster of two machines, of which the first has web-1; machine is where the cluster has put whom.
func machined(t *testing.T, run, scenario string) (system runner.System, machine map[string]string) {
	t.Helper()
	k := kubetest.Own(t)
	c := k.Namespace(t)
	e := New(Options{Client: c, Image: ownImage(t, k)})
	system, err := e.Launch(t.Context(), runner.Launch{Plan: planOf(t, scenario), Run: run, Dir: t.TempDir(), Progress: func(string) {}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		if err := system.Down(ctx); err != nil {
			t.Error(err)
		}
		if left, err := claim.Left(ctx, c, run); err != nil || len(left) > 0 {
			t.Errorf("left: %q, %v", left, err)
		}
	})
	pods, err := apiserver.List[kinds.Pod](t.Context(), c, apiserver.Pods, apiserver.Query{Labels: objects.LabelPart + "=" + objects.PartInstance})
	if err != nil {
		t.Fatal(err)
	}
	machine = map[string]string{}
	for _, p := range pods {
		machine[p.Metadata.Labels[objects.LabelInstance]] = p.Spec.NodeName
	}
	t.Logf("the cluster has put %v", machine)
	if machine["web-1"] == machine["web-2"] {
		t.Fatalf("two replicas are on one machine: %v", machine)
	}
	return system, machine
}

// mustAsk wants answers over edges.
func mustAsk(t *testing.T, system runner.System, when string, edges ...string) {
	t.Helper()
	for _, edge := range edges {
		if err := asked(t, system, edge); err != nil {
			t.Errorf("%s %s: %v", when, edge, err)
		}
	}
}

// went holds that those who went with the machine of web-1 are all that were there and nobody else, and that none ended by itself.
func went(t *testing.T, system runner.System, receipt faults.Receipt, machine map[string]string) {
	t.Helper()
	var gone, want []string
	for _, d := range receipt.Deeds {
		gone = append(gone, d.Instance)
	}
	for name, on := range machine {
		if on == machine["web-1"] {
			want = append(want, name)
		}
	}
	slices.Sort(gone)
	slices.Sort(want)
	if !slices.Equal(gone, want) {
		t.Errorf("gone are %q, and on the machine were %q", gone, want)
	}
	t.Logf("%s", faults.DeedsText(receipt.Deeds))
	select {
	case err := <-system.Died():
		t.Errorf("somebody has ended by itself: %v", err)
	default:
	}
}

// With a machine all goes that the cluster has put there, and nothing else; in silence; and all is there again when it is over.
func TestMachineLoss(t *testing.T) {
	system, machine := machined(t, "machines", twoOfEach)
	mustAsk(t, system, "before it", "l:web-1", "l:web-2")
	undo, err := system.Inject(t.Context(), []faults.Primitive{{Op: faults.OpMachineLoss, Instance: "web-1"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := asked(t, system, "l:web-1"); !silent(err) {
		t.Errorf("of what was lost there is %v, want silence", err)
	}
	mustAsk(t, system, "on the other machine", "l:web-2")
	receipt, err := undo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	went(t, system, receipt, machine)
	mustAsk(t, system, "after it", "l:web-1", "l:web-2")
}

// From a machine that is drained all goes that the cluster has put there, and nothing else, when it has finished what it had; who calls is told no and not left
// in silence; the receipt says how each ended; and all is there again when it is over.
func TestMachineDrain(t *testing.T) {
	system, machine := machined(t, "drain", twoOfEach)
	mustAsk(t, system, "before it", "l:web-1", "l:web-2")
	underWay := make(chan error, 1)
	go func() { underWay <- asked(t, system, "l:web-1/slow") }()
	awaiting(t, system, "l:web-1")
	undo, err := system.Inject(t.Context(), []faults.Primitive{{Op: faults.OpMachineDrain, Instance: "web-1"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := <-underWay; err != nil {
		t.Errorf("what was under way ended with %v", err)
	}
	if err := asked(t, system, "l:web-1"); err == nil || silent(err) {
		t.Errorf("of what was drained there is %v, want that it is told no", err)
	}
	mustAsk(t, system, "on the other machine", "l:web-2")
	receipt, err := undo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	went(t, system, receipt, machine)
	for _, d := range receipt.Deeds {
		h := d.Drain
		if d.What != faults.Drained || d.N != 1 || h == nil || h.Machine != machine["web-1"] || h.Took == nil || h.Killed == nil || *h.Killed || h.Unanswered == nil || *h.Unanswered > 0 {
			t.Errorf("of %s it says %+v of %+v", d.Instance, h, d)
		}
		if d.Instance == "web-1" && (*h.InFlight != 1 || *h.Connections != 1 || *h.Took < slowWork/4) {
			t.Errorf("%d requests were under way over %d connections, and it took %s", *h.InFlight, *h.Connections, *h.Took)
		}
	}
	mustAsk(t, system, "after it", "l:web-1", "l:web-2")
}

// dataElsewhere is twoOfEach with something that keeps data, and with a fault that has the rest come up elsewhere.
var dataElsewhere = strings.NewReplacer(
	"GET /y:", "GET /row: [{read: rows}], GET /y:", "\nload:", "\n  rows: {kind: database}\nload:",
	"for: 1s}]", "for: 1s, faults: [{machine_drain: web-1, elsewhere_after: 1s}]}]",
).Replace(twoOfEach)

// What keeps no data comes up on the other machine while its own is drained, in a pod of its own; it answers, and calls over its own edges, with the faults that
// are on them. When it is over all are where they were, and those pods are gone.
func TestMachineDrainElsewhere(t *testing.T) {
	kubetest.Whole(t)
	system, machine := machined(t, "elsewhere", dataElsewhere)
	mustAsk(t, system, "before it", "l:web-1/y", "l:web-1/row", "l:web-2")
	for range 2 {
		undo, err := system.Inject(t.Context(), []faults.Primitive{{Op: faults.OpMachineDrain, Instance: "web-1", Elsewhere: time.Second}})
		if err != nil {
			t.Fatal(err)
		}
		if err := asked(t, system, "l:web-1"); err == nil || silent(err) {
			t.Errorf("just drained there is %v, want that it is told no", err)
		}
		for begun := time.Now(); asked(t, system, "l:web-1") != nil; {
			if time.Since(begun) > time.Minute {
				t.Fatal("it did not come up elsewhere")
			}
		}
		before := crossings(t, system)
		mustAsk(t, system, "elsewhere", "l:web-1/y", "l:web-1/y", "l:web-2/y")
		if now := crossings(t, system); now["web-1"]-before["web-1"] != 2 || now["l:web-1"]-before["l:web-1"] != 2 {
			t.Errorf("of two requests and their two calls there crossed %v, before it %v", now, before)
		}
		refused, err := system.Inject(t.Context(), []faults.Primitive{
			{Op: faults.OpOutage, Edge: "web-1:db-1", Outage: &faults.EdgeOutage{New: faults.NewRefuse, Open: faults.OpenReset}},
			{Op: faults.OpOutage, Edge: "web-1:db-2", Outage: &faults.EdgeOutage{New: faults.NewRefuse, Open: faults.OpenReset}},
		})
		if err != nil {
			t.Fatal(err)
		}
		if status := statusOf(t, system, "l:web-1", "/y"); status < 500 {
			t.Errorf("with its calls refused it answers %d", status)
		}
		if receipt, err := refused(t.Context()); err != nil || receipt.Refused == 0 {
			t.Errorf("refused were %+v, %v", receipt, err)
		}
		receipt, err := undo(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		went(t, system, receipt, machine)
		for _, d := range receipt.Deeds {
			if stays := d.Instance == "rows-1"; d.Drain == nil || stays != (d.Drain.Stayed != "") || stays == (d.Drain.Elsewhere != "" && d.Drain.Elsewhere != machine["web-1"]) {
				t.Errorf("of %s it says %+v", d.Instance, d.Drain)
			}
		}
		mustAsk(t, system, "after it", "l:web-1/y", "l:web-1/y", "l:web-1/row", "l:web-2")
	}
}

// crossings are the requests over the edges of loads, by edge, and over those of callers, by caller.
func crossings(t *testing.T, s runner.System) map[string]int64 {
	t.Helper()
	o, err := s.Observe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]int64{}
	for name, e := range o.Edges {
		caller, _, _ := strings.Cut(name, ":")
		out[name] += e.Requests
		out[caller] += e.Requests
	}
	return out
}

// statusOf is that of an answer over an edge.
func statusOf(t *testing.T, s runner.System, edge, path string) int {
	t.Helper()
	client := http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return s.Dial(ctx, edge) }}}
	defer client.CloseIdleConnections()
	answer, err := client.Get("http://web" + path)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	return answer.StatusCode
}

// slowWork is how long a slow request of twoOfEach takes.
const slowWork = 2 * time.Second

// awaiting waits until a request waits for its answer over an edge.
func awaiting(t *testing.T, s runner.System, edge string) {
	t.Helper()
	for {
		o, err := s.Observe(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if o.Edges[edge].Awaiting.Inside > 0 {
			return
		}
	}
}
