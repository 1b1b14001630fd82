package docker

import (
	"bytes"
	"context"
	"os/exec"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/pkg/stdcopy"

	"github.com/squallhq/squall/internal/squallbin"
	"github.com/squallhq/squall/runner/engine/docker/nodeimage"
)

const staticProgram = `package main

import ("fmt"; "os")

func main() {
	fmt.Println("uid", os.Getuid())
	if err := os.WriteFile("/data/x", []byte("x"), 0o600); err != nil { fmt.Println(err) }
	if err := os.WriteFile("/tmp/x", []byte("x"), 0o600); err != nil { fmt.Println(err) }
	fmt.Println("root:", os.WriteFile("/x", []byte("x"), 0o600) != nil)
}
`

const cgoProgram = `package main

// #cgo LDFLAGS: -lm
// #include <math.h>
// #include <stdlib.h>
// double root(double x) { return sqrt(x); }
import "C"

import ("fmt"; "os"; "os/user")

func main() {
	fmt.Println("root", float64(C.root(C.double(float64(len(os.Args)) + 8))))
	u, err := user.Current() // asks the C library's name service
	fmt.Println(u.Username, err)
}
`

// The image runs: its user, the folders that can be written, and with cgo the loader and libraries.
func TestImageRuns(t *testing.T) {
	inParallel(t)
	for _, c := range []struct{ name, program, cgo, want string }{
		{"static", staticProgram, "0", "uid 65532\nroot: true\n"},
		{"cgo", cgoProgram, "1", "root 3\nsquall <nil>\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := exec.LookPath("gcc"); c.cgo == "1" && err != nil {
				t.Skip("needs gcc to build with cgo")
			}
			e := testEngine(t, Options{Exe: squallbin.Program(t, c.program, c.cgo)})
			run := "image-test-" + c.name
			ref, err := e.ensureImage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if _, err := e.api.ImageRemove(context.Background(), ref, image.RemoveOptions{}); err != nil {
					t.Error(err)
				}
			})
			cleanRun(t, e, run) // before the image is removed: cleaning up goes backwards
			if (len(e.image.Needs()) > 0) != (c.cgo == "1") {
				t.Errorf("it needs %v", e.image.Needs())
			}
			again, err := e.ensureImage(t.Context())
			if err != nil || again != ref {
				t.Errorf("the second time: %s, %v; want %s", again, err, ref)
			}
			if got := runOnce(t, e, ref, run); got != c.want {
				t.Errorf("it said %q, want %q", got, c.want)
			}
		})
	}
}

// runOnce runs a container to its end and returns what it said.
func runOnce(t *testing.T, e *Engine, ref, run string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s := builtin("squall-"+run, ref, "x", map[string]string{labelRun: run}, nil, "")
	s.config.Healthcheck = nil
	s.host.NetworkMode = "none"
	created, err := e.api.ContainerCreate(ctx, s.config, s.host, nil, nil, s.name)
	if err != nil {
		t.Fatal(err)
	}
	ended, failed := e.api.ContainerWait(ctx, created.ID, container.WaitConditionNextExit)
	if err := e.api.ContainerStart(ctx, created.ID, container.StartOptions{}); err != nil {
		t.Fatal(err)
	}
	select {
	case <-ended:
	case err := <-failed:
		t.Fatal(err)
	}
	logs, err := e.api.ContainerLogs(ctx, created.ID, container.LogsOptions{ShowStdout: true, ShowStderr: true})
	if err != nil {
		t.Fatal(err)
	}
	defer logs.Close()
	var out bytes.Buffer
	if _, err := stdcopy.StdCopy(&out, &out, logs); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// An engine takes the archive that is for others, too: docker load.
func TestArchiveIsLoaded(t *testing.T) {
	inParallel(t)
	e := testEngine(t, Options{Exe: squallbin.Program(t, staticProgram, "0")})
	made, err := nodeimage.New(e.options.Exe, architecture(t, e))
	if err != nil {
		t.Fatal(err)
	}
	packed, err := made.Pack(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	const ref = "localhost/archive-test:1"
	var archive bytes.Buffer
	if err := packed.WriteArchive(&archive, ref); err != nil {
		t.Fatal(err)
	}
	if err := e.loadArchive(t.Context(), &archive); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := e.api.ImageRemove(context.Background(), ref, image.RemoveOptions{}); err != nil {
			t.Error(err)
		}
	})
	cleanRun(t, e, "archive-test")
	if got, want := runOnce(t, e, ref, "archive-test"), "uid 65532\nroot: true\n"; got != want {
		t.Errorf("it said %q, want %q", got, want)
	}
}
