package docker

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"

	"github.com/squallhq/squall/internal/squallbin"
	"github.com/squallhq/squall/runner"
)

// builtProgram tells what it was built with.
const builtProgram = `package main

import ("fmt"; "net/http"; "os")

func main() {
	http.ListenAndServe(":7000", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, secret := os.Stat("/context/secret.txt")
		kept, _ := os.ReadFile("/context/keep/note.txt")
		fmt.Fprintf(w, "%s %v %s", os.Getenv("SAID"), os.IsNotExist(secret), kept)
	}))
}
`

// A node's image is built from its folder: its Dockerfile, arguments and stage, without what is ignored; it is kept for the next
// run, and gone once nobody wants it. A build that fails is one error with its last lines, and leaves nothing.
func TestBuild(t *testing.T) {
	program, err := os.ReadFile(squallbin.Program(t, builtProgram, "0"))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{
		"app/Build.txt":     "FROM scratch AS run\nARG SAID=nothing\nENV SAID=$SAID\nCOPY . /context/\nENTRYPOINT [\"/context/app\"]\nFROM run AS last\nENV SAID=last\n",
		"app/.dockerignore": "*.txt\n!keep/*.txt\n", "app/secret.txt": "hunter2", "app/keep/note.txt": "kept", "app/app": string(program),
		"bad/Dockerfile": "FROM scratch\nCOPY nothing /x\n",
	}
	scenario := "scenario: built\ntopology:\n  a: {kind: image, port: 7000, build: {context: ./app, dockerfile: Build.txt, target: run, args: {SAID: hello}}}" + rest
	plan := parsed(t, scenario, files)
	if err := os.Chmod(filepath.Join(plan.Scenario.Folder, "app/app"), 0o755); err != nil {
		t.Fatal(err)
	}
	e := testEngine(t, Options{Exe: squallbin.Path(t)})
	t.Cleanup(func() { removeBuilt(t, e) })
	s := launch(t, Options{}, plan)
	answer, err := s.client("users:a-1").Get("http://a/")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if said, err := io.ReadAll(answer.Body); err != nil || string(said) != "hello true kept" {
		t.Errorf("it says %q, %v", said, err)
	}
	ref := s.built["a"]
	again, err := e.build(t.Context(), plan.Scenario.Folder, plan.Scenario.Node("a"))
	if err != nil || again != ref || !strings.HasPrefix(ref, "squall-build:a-") {
		t.Errorf("built again it is %s, %v; want %s", again, err, ref)
	}
	if err := s.Down(context.Background()); err != nil {
		t.Fatal(err)
	}
	reap := func(now time.Time) []string {
		words, err := e.reapImages(t.Context(), labelBuild, func() (string, error) { return "", nil }, now)
		if err != nil {
			t.Error(err)
		}
		return words
	}
	said := "image " + ref + " (built for a scenario)"
	if words := reap(time.Now()); slices.Contains(words, said) {
		t.Error("it is not kept for the next run")
	}
	if words := reap(time.Now().Add(2 * imageGrace)); !slices.Contains(words, said) {
		t.Errorf("it is never removed: %v", words)
	}

	bad := parsed(t, strings.Replace(scenario, "{context: ./app, dockerfile: Build.txt, target: run, args: {SAID: hello}}", "./bad", 1), files)
	cleanRun(t, e, "built-badly")
	_, err = e.Launch(t.Context(), runner.Launch{Plan: bad, Run: "built-badly", Dir: t.TempDir(), Progress: func(string) {}})
	if err == nil {
		t.Fatal("it was launched")
	}
	for _, want := range []string{`build the image of node "a" from ./bad: `, "COPY failed", "its last lines: Step 1/", "COPY nothing /x"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %s", err, want)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("it is more than one line: %v", err)
	}
	wantNothing(t, e, "built-badly")
}

// What only BuildKit builds is refused before anything is launched, with the Dockerfile's line.
func TestBuildKitIsRefused(t *testing.T) {
	plan := parsed(t, "scenario: built\ntopology:\n  a: {kind: image, port: 7000, build: {context: ./app, dockerfile: Build.txt}}"+rest, map[string]string{
		"app/Build.txt": "FROM scratch AS run\nARG TARGETARCH\n\nCOPY \\\n  --chmod=755 app /app\n",
	})
	err := testEngine(t, Options{Exe: squallbin.Path(t)}).Check(plan)
	want := `node "a": build: app/Build.txt:4: COPY --chmod is BuildKit's, and squall builds with the engine's own builder; take it out, or build it before a run (docker build -t NAME ./app) and write image: NAME`
	if err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// removeBuilt removes what a test has built.
func removeBuilt(t *testing.T, e *Engine) {
	images, err := e.api.ImageList(context.Background(), image.ListOptions{All: true, Filters: filters.NewArgs(filters.Arg("label", labelBuild))})
	if err != nil {
		t.Error(err)
	}
	for _, i := range images {
		_, _ = e.api.ImageRemove(context.Background(), i.ID, image.RemoveOptions{Force: true, PruneChildren: true}) // a child may have gone with its parent
	}
}
