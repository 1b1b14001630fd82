package kubernetes

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/opencontainers/go-digest"

	"github.com/squallhq/squall/internal/squallbin"
)

// bare is a registry that keeps what it is given, for who shows its password.
func bare(t *testing.T) (host string, kept map[string]int) {
	var mu sync.Mutex
	kept = map[string]int{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if _, password, _ := r.BasicAuth(); password != "hunter2" {
			w.Header().Set("WWW-Authenticate", `Basic realm="bare"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		data, _ := io.ReadAll(r.Body)
		switch r.Method {
		case http.MethodHead:
			w.WriteHeader(http.StatusNotFound)
		case http.MethodPost:
			w.Header().Set("Location", r.URL.Path+"one")
			w.WriteHeader(http.StatusAccepted)
		case http.MethodPut:
			kept[digest.FromBytes(data).String()] = len(data)
			w.WriteHeader(http.StatusCreated)
		}
	}))
	t.Cleanup(s.Close)
	return s.Listener.Addr().String(), kept
}

// The program makes its own image: pushed, as whom docker's file says one is, by the digest that is printed; or as an archive under its name. Nothing
// else is left of it, and the password is in no word.
func TestImage(t *testing.T) {
	t.Parallel()
	exe := squallbin.Path(t)
	temporary, docker, work := t.TempDir(), t.TempDir(), t.TempDir()
	host, kept := bare(t)
	file := fmt.Sprintf(`{"auths":{%q:{"username":"team","password":"hunter2"}}}`, host)
	if err := os.WriteFile(filepath.Join(docker, "config.json"), []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	squall := func(args ...string) (stdout, stderr string, code int) {
		c := exec.CommandContext(t.Context(), exe, append([]string{"kubernetes", "image"}, args...)...)
		c.Dir, c.Env = work, append(os.Environ(), "TMPDIR="+temporary, "DOCKER_CONFIG="+docker)
		var said strings.Builder
		c.Stderr = &said
		out, err := c.Output()
		var ended *exec.ExitError
		if err != nil && !errors.As(err, &ended) {
			t.Fatal(err)
		}
		if strings.Contains(string(out)+said.String(), "hunter2") {
			t.Errorf("%v tells the password: %s%s", args, out, said.String())
		}
		return string(out), said.String(), c.ProcessState.ExitCode()
	}
	out, said, code := squall("--push", host+"/team/squall:1", "--plain-http")
	if code != 0 {
		t.Fatalf("exit %d: %s", code, said)
	}
	pinned := regexp.MustCompile("^" + regexp.QuoteMeta(host) + `/team/squall@(sha256:[0-9a-f]{64})\n$`).FindStringSubmatch(out)
	if pinned == nil || kept[pinned[1]] == 0 || len(kept) != 3 {
		t.Errorf("it says %q, and the registry has %v", out, kept)
	}
	out, said, code = squall("--out", "squall.tar", "--name", "localhost/team:2")
	if info, err := os.Stat(filepath.Join(work, "squall.tar")); code != 0 || out != "localhost/team:2\n" || err != nil || info.Size() < 5<<20 {
		t.Errorf("exit %d, %q, %v: %s", code, out, err, said)
	}
	for _, test := range []struct {
		args []string
		code int
		want string
	}{
		{nil, 2, "say what becomes of the image"},
		{[]string{"--out", "x", "--push", host + "/x:1"}, 2, "say what becomes of the image"},
		{[]string{"--push", "squall:1"}, 2, "begins with no registry's host"},
		{[]string{"--out", "x", "--plain-http"}, 2, "is for --push"},
		{[]string{"--out", "none/x"}, 3, "write none/x: "},
		{[]string{"--out", "x", "--architecture", "mips"}, 3, "the binary is for"},
	} {
		if _, said, code := squall(test.args...); code != test.code || strings.Count(said, "\n") != 1 || !strings.Contains(said, test.want) {
			t.Errorf("%v: exit %d: %s", test.args, code, said)
		}
	}
	for folder, want := range map[string]int{temporary: 0, work: 1} {
		if left, err := os.ReadDir(folder); err != nil || len(left) != want {
			t.Errorf("%s has %v, %v", folder, left, err)
		}
	}
}
