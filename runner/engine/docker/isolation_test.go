package docker

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/pkg/stdcopy"

	"github.com/squallhq/squall/runner/engine/docker/nodeimage"
)

// inside runs the squall binary in an instance's container as a client, and tells what it said and its exit code.
func (l launched) inside(t *testing.T, instance string, command ...string) (string, int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	id := l.byName[instance].id
	made, err := l.engine.api.ContainerExecCreate(ctx, id, container.ExecOptions{Cmd: append([]string{nodeimage.Binary}, command...), AttachStdout: true, AttachStderr: true})
	if err != nil {
		t.Fatal(err)
	}
	attached, err := l.engine.api.ContainerExecAttach(ctx, made.ID, container.ExecAttachOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer attached.Close()
	var out bytes.Buffer
	if _, err := stdcopy.StdCopy(&out, &out, attached.Reader); err != nil {
		t.Fatal(err)
	}
	ended, err := l.engine.api.ContainerExecInspect(ctx, made.ID)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(out.String()), ended.ExitCode
}

// Nothing passes its edge: from inside a node, the declared edge answers, and nothing else does,
// neither another node, nor the mesh's own interfaces, nor this machine.
func TestUndeclaredConnectionsFail(t *testing.T) {
	inParallel(t)
	a, b := service("a", work(0)), service("b", work(0))
	s := launch(t, Options{}, load(planOf(a, b, service("c", callStep("a"))), "users", "c"))
	declared := s.layout.listen["c-1:a-1"]
	if out, code := s.inside(t, "c-1", "health", "http://"+declared+"/"); code != 0 {
		t.Fatalf("the declared edge %s does not answer: %s (exit code %d)", declared, out, code)
	}
	other := s.byName["b-1"].place
	for _, c := range []struct{ name, address string }{
		{"the callee itself", s.byName["a-1"].place.address()},
		{"the callee's admin port", s.byName["a-1"].place.adminAddress()},
		{"a node it does not call", other.address()},
		{"another node's side of the mesh", at(other.links[0].subnet.mesh(), edgePort)},
		{"the mesh's control API", at(s.layout.control.mesh(), controlPort)},
		{"the mesh's control API on its own network", at(s.byName["c-1"].place.links[0].subnet.mesh(), controlPort)},
		{"toxiproxy's API on its own network", at(s.byName["c-1"].place.links[0].subnet.mesh(), apiPort)},
		{"a client edge", s.layout.listen["users:c-1"]},
		{"this machine, on the control network", at(s.layout.control.gateway(), 22)},
		{"a node by its container's name", "squall-" + s.Run.Run + "-b-1:8080"},
		{"a node by its name", "b:8080"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel() // each takes the seconds that its system waits for an answer
			if out, code := s.inside(t, "c-1", "health", "http://"+c.address+"/"); code == 0 {
				t.Errorf("%s answers: %s", c.address, out)
			} else {
				t.Logf("%s: %s", c.address, out)
			}
		})
	}
}

// The containers of built-in nodes and of the mesh have no privileges.
func TestContainersHaveNoPrivileges(t *testing.T) {
	inParallel(t)
	s := launch(t, Options{}, load(planOf(service("a", work(0))), "users", "a"))
	for what, id := range map[string]string{"mesh": s.meshID, "a-1": s.byName["a-1"].id} {
		c, err := s.engine.api.ContainerInspect(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		h := c.HostConfig
		if !h.ReadonlyRootfs || h.Privileged || len(h.CapAdd) > 0 || len(h.CapDrop) != 1 || h.CapDrop[0] != "ALL" ||
			len(h.SecurityOpt) != 1 || h.SecurityOpt[0] != "no-new-privileges" || h.PidsLimit == nil || *h.PidsLimit <= 0 {
			t.Errorf("%s: %+v", what, h)
		}
		if h.Memory == 0 {
			t.Errorf("%s has no memory limit", what)
		}
		for name, labels := range map[string]map[string]string{what: c.Config.Labels} {
			for _, label := range []string{labelRun, labelOwner, labelNode, labelExpires} {
				if labels[label] == "" {
					t.Errorf("%s has no label %s", name, label)
				}
			}
		}
		for port, bindings := range h.PortBindings {
			for _, b := range bindings {
				if b.HostIP != "127.0.0.1" {
					t.Errorf("%s publishes %s on %q", what, port, b.HostIP)
				}
			}
		}
	}
	status, code := s.inside(t, "a-1", "health", "http://127.0.0.1:9090/health")
	if code != 0 {
		t.Errorf("its health check says %s", status)
	}
}
