package conductor

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
)

// tree is what is in a folder, by its files' names.
func tree(t *testing.T, folder string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(folder, func(at string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(at)
		name, _ := filepath.Rel(folder, at)
		out[name] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// What is kept comes out as it went in, but for where the run was told what to do; who asks too early is refused, and who comes later is not.
func TestFolderIsHandedOut(t *testing.T) {
	kept := filepath.Join(t.TempDir(), "run")
	server := httptest.NewServer((&Keeper{Folder: kept}).Handler())
	defer server.Close()
	if _, err := askUntil(t.Context(), http.DefaultClient, http.MethodGet, server.URL+"/folder", time.Now()); !errors.Is(err, ErrRefused) {
		t.Errorf("before there is one: %v", err)
	}
	if _, err := askUntil(t.Context(), http.DefaultClient, http.MethodGet, server.URL+"/control", time.Now()); !errors.Is(err, ErrNotYet) {
		t.Errorf("its control before there is one: %v", err)
	}
	if _, err := askUntil(t.Context(), http.DefaultClient, http.MethodGet, server.URL+"/none", time.Now()); !errors.Is(err, ErrRefused) || errors.Is(err, ErrNotYet) {
		t.Errorf("what a keeper does not know: %v", err)
	}
	want := map[string]string{"result.json": "{}", "logs/shop.log": "x\n"}
	if err := os.MkdirAll(filepath.Join(kept, "logs"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"result.json": "{}", "logs/shop.log": "x\n", "control.json": "token", "scrape.yml": "token", "addresses.json": "{}"} {
		if err := os.WriteFile(filepath.Join(kept, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	answer, err := askUntil(t.Context(), http.DefaultClient, http.MethodGet, server.URL+"/folder", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	out := filepath.Join(t.TempDir(), "runs", "shop")
	if err := Unpack(answer.Body, out); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, tree(t, out)); diff != "" {
		t.Errorf("fetched (-want +got):\n%s", diff)
	}
	for origin, want := range map[string]int{"": http.StatusOK, server.URL: http.StatusOK, "http://elsewhere.example": http.StatusForbidden} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/control", nil)
		if err != nil {
			t.Fatal(err)
		}
		if origin != "" {
			request.Header.Set("Origin", origin)
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if answer.StatusCode != want || (string(text) == "token") != (want == http.StatusOK) {
			t.Errorf("where its control is, asked from %q: %s, %s", origin, answer.Status, text)
		}
	}
}

// A keeper stays for as long as its conductor is at work, and then for as long as it is to; who ends it before is heeded.
func TestKeeperEnds(t *testing.T) {
	serve := func(ctx context.Context, s *server) (time.Duration, error) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		err = (&Keeper{Client: s.client(t), Pod: "p", Folder: t.TempDir(), Keep: 300 * time.Millisecond}).Serve(ctx, l)
		return time.Since(began), err
	}
	over := running()
	over.Status.ContainerStatuses[0].State = kinds.ContainerState{Terminated: &kinds.Terminated{ExitCode: 1}}
	if took, err := serve(t.Context(), &server{pod: over}); err != nil || took < 300*time.Millisecond {
		t.Errorf("its conductor has ended: it ended after %s, %v", took, err)
	}
	ctx, end := context.WithTimeout(t.Context(), time.Second)
	defer end()
	if took, err := serve(ctx, &server{pod: running()}); err != nil || took < time.Second {
		t.Errorf("its conductor is at work: it ended after %s, %v", took, err)
	}
}

// An archive that is cut, or has what is no file of a run's folder, changes nothing.
func TestUnpackRefuses(t *testing.T) {
	packed := func(headers ...tar.Header) []byte {
		var out bytes.Buffer
		z := gzip.NewWriter(&out)
		a := tar.NewWriter(z)
		for _, h := range headers {
			h.Size = 1
			if h.Typeflag != tar.TypeReg {
				h.Size = 0
			}
			if err := a.WriteHeader(&h); err != nil {
				t.Fatal(err)
			}
			if h.Size > 0 {
				_, _ = a.Write([]byte("x"))
			}
		}
		if err := errors.Join(a.Close(), z.Close()); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	good := packed(tar.Header{Name: "a", Typeflag: tar.TypeReg})
	for name, data := range map[string][]byte{
		"cut": good[:len(good)-6], "no archive": []byte("hello"), "up": packed(tar.Header{Name: "../a", Typeflag: tar.TypeReg}),
		"whole path": packed(tar.Header{Name: "/tmp/a", Typeflag: tar.TypeReg}), "link": packed(tar.Header{Name: "a", Linkname: "/etc", Typeflag: tar.TypeSymlink}),
	} {
		dir := t.TempDir()
		out := filepath.Join(dir, "run")
		if err := os.MkdirAll(out, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(out, "was"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := Unpack(bytes.NewReader(data), out); err == nil {
			t.Errorf("%s was taken", name)
		}
		if diff := cmp.Diff(map[string]string{"run/was": ""}, tree(t, dir)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if err := Unpack(bytes.NewReader(good), filepath.Join(t.TempDir(), "run")); err != nil {
		t.Errorf("a good one: %v", err)
	}
}

// A folder that nobody hands out any more is told so, and why.
func TestNotKept(t *testing.T) {
	over := func(keeper kinds.Terminated) *kinds.Pod {
		p := running()
		p.Status.ContainerStatuses[0].State = kinds.ContainerState{Terminated: &kinds.Terminated{}}
		p.Status.ContainerStatuses = append(p.Status.ContainerStatuses, kinds.ContainerStatus{Name: keeperContainer, State: kinds.ContainerState{Terminated: &keeper}})
		return p
	}
	for want, pod := range map[string]*kinds.Pod{
		"kept for a while, and that is over": over(kinds.Terminated{}), "exit code 137 (OOMKilled)": over(kinds.Terminated{ExitCode: 137, Reason: "OOMKilled"}),
		"pod is gone": nil,
	} {
		run, err := Find(t.Context(), (&server{jobs: []kinds.Job{jobOf("r1", time.Minute, 0)}, pod: pod}).client(t), "r1")
		if err != nil {
			t.Fatal(err)
		}
		folder := filepath.Join(t.TempDir(), "run")
		if err := run.Fetch(t.Context(), folder); !errors.Is(err, ErrNotKept) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
		if _, err := os.Stat(folder); !os.IsNotExist(err) {
			t.Errorf("there is a folder: %v", err)
		}
	}
}
