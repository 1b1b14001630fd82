package kubernetes

import (
	"strings"
	"testing"
	"time"

	"github.com/squallhq/squall/internal/kubetest"
	"github.com/squallhq/squall/report"
	"github.com/squallhq/squall/runner/control"
	"github.com/squallhq/squall/runner/engine/kubernetes/apiserver"
	"github.com/squallhq/squall/runner/engine/kubernetes/claim"
	"github.com/squallhq/squall/runner/record"
)

// least is how many objects a run of testdata/lost.yaml has: the claim, the job of two generators and their pods, four instances, a secret, and policies.
const least = 10

// lostIn starts a run of testdata/lost.yaml, waits for a phase, and sees that all its objects are there. The containers are those that run then.
func lostIn(t *testing.T, k *kubetest.Kubernetes, phase string) (p *program, containers []string) {
	t.Helper()
	p = squall(t, k, "testdata/lost.yaml", "--generators", "2")
	p.phase(phase)
	if all := p.there(); len(all) < least {
		t.Fatalf("a run has %d objects, want %d at least:\n%s", len(all), least, strings.Join(all, "\n"))
	}
	return p, p.containers()
}

// inconclusive holds that a run ended so, and for a reason that names what was lost.
func inconclusive(t *testing.T, code report.Exit, r *record.Result, reason string) {
	t.Helper()
	if r.Verdict != record.Inconclusive || !strings.Contains(strings.Join(append(r.Reasons, r.PartialWhy), "\n"), reason) {
		t.Errorf("exit code %d, verdict %s: %q (partial: %s), want inconclusive and %q", code, r.Verdict, r.Reasons, r.PartialWhy, reason)
	}
}

// Where the conductor is killed, its run's objects stay for as long as their lease, and then nothing is left of them: objects, containers, processes.
func TestTheConductorIsKilled(t *testing.T) {
	t.Parallel()
	p, containers := lostIn(t, kubetest.Own(t), "slow")
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = p.cmd.Wait() // it was killed
	begun, there := time.Now(), len(p.there())
	if there < least {
		t.Errorf("there are %d objects as it is killed, want %d at least", there, least)
	}
	took := p.nothing(claim.DefaultLease+time.Minute, containers)
	t.Logf("%d objects and %d containers: all gone %.1f s after the conductor; the lease is %s", there, len(containers), took.Seconds(), claim.DefaultLease)
	if left := time.Since(begun); left < claim.DefaultLease/2 {
		t.Errorf("all was gone after %s: was it the lease?", left)
	}
}

// One of two generators is killed, or its pod is deleted: the run goes on to its end, is inconclusive, and says which it was.
func TestAGeneratorIsLost(t *testing.T) {
	t.Parallel()
	for name, do := range map[string]func(*program){
		"killed": func(p *program) { p.kill(p.pod("generator-1"), "generator") },
		"deleted": func(p *program) {
			err := p.client.Delete(p.t.Context(), apiserver.Pods, p.pod("generator-1").Metadata.Name, apiserver.Deletion{})
			if err != nil {
				p.t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, containers := lostIn(t, kubetest.Own(t), "steady")
			do(p)
			code, r := p.ended()
			inconclusive(t, code, r, "generator-2 was lost")
			if r.Partial || len(r.Generators) != 2 || r.Generators[0].Ended != "done" || r.Generators[1].Unsent == 0 {
				t.Errorf("partial: %v, generators %+v; want that the other goes on", r.Partial, r.Generators)
			}
			if all := r.Generator; all.Intended != all.Sent+all.Unsent+all.Unknown {
				t.Errorf("%d were to be sent: %d sent, %d not, %d unknown", all.Intended, all.Sent, all.Unsent, all.Unknown)
			}
			p.nothing(time.Minute, containers)
		})
	}
}

// The mesh beside an instance is killed: what it calls is out of reach, and the run says so.
func TestAMeshIsKilled(t *testing.T) {
	t.Parallel()
	p, containers := lostIn(t, kubetest.Own(t), "steady")
	p.kill(p.pod("api-1"), "mesh")
	code, r := p.ended()
	inconclusive(t, code, r, "the mesh beside api-1")
	if len(r.Edges) != 0 { // it has begun anew, from zero
		t.Errorf("what crossed the edges is not known, and the record has %+v", r.Edges)
	}
	p.nothing(time.Minute, containers)
}

// The kubelet of a machine is killed and started anew while a fault is on: its pods run on, and so does the run.
func TestAKubeletIsKilled(t *testing.T) {
	k := kubetest.Alone(t)
	p, containers := lostIn(t, k, "slow")
	p.stands("a fault is on", func(s control.Standing) bool { return len(s.On) > 0 })
	k.Hold(t, p.pod("api-1").Spec.NodeName+"/kubelet")()
	code, r := p.ended()
	verdict(t, code, r)
	k.Ready(t.Context(), t)
	p.nothing(time.Minute, containers)
}

// The API server is away for ten seconds: over the time at which a fault is to be taken off, and while nothing is to be done.
func TestTheAPIServerIsAway(t *testing.T) {
	for _, phase := range []string{"slow", "recovery"} {
		t.Run(phase, func(t *testing.T) {
			if phase != "slow" { // while a fault is on, more can go wrong
				kubetest.Whole(t)
			}
			k := kubetest.Alone(t)
			p, containers := lostIn(t, k, phase)
			if phase == "slow" {
				p.stands("a fault is on", func(s control.Standing) bool { return len(s.On) > 0 })
			}
			release := k.Hold(t, "control/kube-apiserver")
			time.Sleep(10 * time.Second) // so long it is to be away
			release()
			code, r := p.ended()
			verdict(t, code, r)
			k.Ready(t.Context(), t)
			p.nothing(time.Minute, containers)
		})
	}
}

// verdict holds that a run went on to its end with all of its generators, and has a verdict, or a reason why not.
func verdict(t *testing.T, code report.Exit, r *record.Result) {
	t.Helper()
	switch {
	case r.Verdict == record.Pass && code == report.ExitPass:
	case r.Verdict == record.Inconclusive && len(r.Reasons) > 0 && code == report.ExitInconclusive:
	default:
		t.Errorf("exit code %d, verdict %s: %q, partial: %s", code, r.Verdict, r.Reasons, r.PartialWhy)
	}
	for _, f := range r.Faults {
		t.Logf("%s on at %v, off at %v: %s", f.Kind, value(f.AppliedS), value(f.UndoneS), f.Receipt.Text)
	}
	for _, g := range r.Generators {
		if g.Ended != "done" || r.Partial {
			t.Errorf("%s: %s; partial: %v", g.Name, g.Ended, r.Partial)
		}
		t.Logf("%s %s: sent %d, unsent %d, unknown %d, silent for %.0f ms at most", g.Name, g.Ended, g.Sent, g.Unsent, g.Unknown, g.SilentMs)
	}
}

func value(p *float64) any {
	if p == nil {
		return "no time"
	}
	return *p
}
