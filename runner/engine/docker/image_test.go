package docker

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/pkg/stdcopy"
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

func TestImageIsTheSameForTheSameBinary(t *testing.T) {
	exe := buildProgram(t, staticProgram, "0")
	a, err := newNodeImage(exe, "x86_64")
	if err != nil {
		t.Fatal(err)
	}
	b, err := newNodeImage(exe, "amd64")
	if err != nil {
		t.Fatal(err)
	}
	if a.ref != b.ref || !strings.HasPrefix(a.ref, "squall:") {
		t.Errorf("names %s and %s, want one that begins with squall:", a.ref, b.ref)
	}
	other, err := newNodeImage(buildProgram(t, staticProgram+"\n// another", "0"), "amd64")
	if err != nil {
		t.Fatal(err)
	}
	if sameBytes := other.sum == a.sum; sameBytes != (other.ref == a.ref) {
		t.Errorf("binaries equal: %v, images equal: %v", sameBytes, other.ref == a.ref)
	}
	if _, err := newNodeImage(exe, "aarch64"); err == nil || !strings.Contains(err.Error(), "x86_64") {
		t.Errorf("an engine of another architecture: got %v, want an error that names both", err)
	}
}

// A binary of another system gets a Linux build that lies beside it, or an error that says how to make one.
func TestLinuxBinary(t *testing.T) {
	dir := t.TempDir()
	exe := filepath.Join(dir, "squall")
	if err := os.WriteFile(exe, []byte("not ELF"), 0o755); err != nil {
		t.Fatal(err)
	}
	beside := filepath.Join(dir, "squall-linux-arm64")
	if _, err := linuxBinary(exe, "aarch64"); err == nil || !strings.Contains(err.Error(), "GOARCH=arm64 go build -o "+beside) {
		t.Errorf("%v, want an error that says how to build %s", err, beside)
	}
	if err := os.WriteFile(beside, nil, 0o755); err != nil {
		t.Fatal(err)
	}
	if got, err := linuxBinary(exe, "aarch64"); err != nil || got != beside {
		t.Errorf("%s, %v; want %s", got, err, beside)
	}
}

func TestImageLayer(t *testing.T) {
	image, err := newNodeImage(buildProgram(t, staticProgram, "0"), "amd64")
	if err != nil {
		t.Fatal(err)
	}
	var layer bytes.Buffer
	if err := image.writeLayer(&layer, io.Discard); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for r := tar.NewReader(&layer); ; {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		got[h.Name] = fmt.Sprintf("%o %d", h.Mode, h.Uid)
	}
	want := map[string]string{"data/": "755 65532", "etc/": "755 0", "etc/group": "644 0", "etc/passwd": "644 0", "tmp/": "1777 0", "squall": "755 0"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("the layer holds\n%v, want\n%v", got, want)
	}
}

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
			e := testEngine(t, Options{Exe: buildProgram(t, c.program, c.cgo)})
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
			if (len(e.image.binary.needs) > 0) != (c.cgo == "1") {
				t.Errorf("it needs %v", e.image.binary.needs)
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
