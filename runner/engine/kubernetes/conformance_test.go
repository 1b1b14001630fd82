package kubernetes

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/squallhq/squall/internal/kubetest"
	"github.com/squallhq/squall/internal/squallbin"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/engine/docker/nodeimage"
	"github.com/squallhq/squall/runner/engine/enginetest"
	"github.com/squallhq/squall/runner/engine/kubernetes/objects"
)

// own is squall's image, which every node of the cluster has.
var own = struct {
	sync.Mutex
	ref string
}{}

func ownImage(t *testing.T, k *kubetest.Kubernetes) string {
	t.Helper()
	own.Lock()
	defer own.Unlock()
	if own.ref != "" {
		return own.ref
	}
	exe := squallbin.Path(t)
	image, err := nodeimage.New(exe, "x86_64")
	if err != nil {
		t.Fatal(err)
	}
	packed, err := image.Pack(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	name := "localhost/" + image.Ref
	archive := filepath.Join(t.TempDir(), "squall.tar")
	f, err := os.Create(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := packed.WriteArchive(f, name); err != nil {
		t.Fatal(err)
	}
	k.Load(t.Context(), t, archive)
	own.ref = name
	return own.ref
}

// testEngine is an engine in a namespace of the test's own, whose pods have to be restricted.
func testEngine(t *testing.T) *Engine {
	t.Helper()
	k := kubetest.Cluster(t)
	return New(Options{Client: k.Namespace(t), Image: ownImage(t, k), Program: func(image string) (objects.Program, bool) {
		return objects.Program{Entrypoint: []string{"/program"}}, strings.HasPrefix(image, "localhost/")
	}})
}

// strangerProgram is somebody else's image: a server on port 7000.
const strangerProgram = `package main

import ("fmt"; "net/http")

func main() {
	fmt.Println(http.ListenAndServe(":7000", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/ready" { w.WriteHeader(204); return }
		fmt.Fprintln(w, "stranger")
	})))
}
`

func TestConformance(t *testing.T) {
	enginetest.Conformance(t, func(t *testing.T) runner.Engine { return testEngine(t) }, func(t *testing.T) string {
		return kubetest.Cluster(t).Image(t, "stranger", squallbin.Program(t, strangerProgram, "0"))
	})
}
