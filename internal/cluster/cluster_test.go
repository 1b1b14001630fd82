package cluster

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// No two machines, and no two clusters' pods, have an address in common.
func TestAddresses(t *testing.T) {
	seen := map[netip.Prefix]string{}
	take := func(text, whose string) {
		p := netip.MustParsePrefix(text)
		for other, name := range seen {
			if p.Overlaps(other) {
				t.Errorf("%s of %s and %s of %s", p, whose, other, name)
			}
		}
		seen[p] = whose
	}
	take(services, "services")
	for i := range addresses(mostClusters) {
		take(i.network(), "a cluster's machines")
		all := netip.MustParsePrefix(i.allPods())
		network := netip.MustParsePrefix(i.network())
		machines := []string{i.control(), i.host()}
		for n := 1; n <= mostNodes; n++ {
			take(i.pods(n), "a node's pods")
			if !all.Contains(netip.MustParsePrefix(i.pods(n)).Addr()) {
				t.Errorf("%s is not of %s", i.pods(n), all)
			}
			machines = append(machines, i.node(n))
		}
		own := map[string]bool{}
		for _, m := range machines {
			if own[m] || !network.Contains(netip.MustParseAddr(m)) {
				t.Errorf("%s is there twice, or not of %s", m, network)
			}
			own[m] = true
		}
		if name := i.link(); len(name) > 15 {
			t.Errorf("an interface can't be called %s", name)
		}
	}
}

func TestOptions(t *testing.T) {
	o, err := Options{}.filled()
	if err != nil || o.Name != DefaultName || o.Nodes != 2 {
		t.Errorf("got %+v, %v", o, err)
	}
	for _, wrong := range []Options{{Name: "A"}, {Name: "a/b"}, {Name: strings.Repeat("a", 30)}, {Name: "-a"}, {Nodes: -1}, {Nodes: 16}} {
		if _, err := wrong.filled(); err == nil {
			t.Errorf("%+v was taken", wrong)
		}
	}
	if _, err := Open("no-such-cluster"); err == nil || !strings.Contains(err.Error(), "make up") {
		t.Errorf("one that is not there: %v, want how to make it", err)
	}
}

// What a machine lacks is said in one line, which names it.
func TestPossible(t *testing.T) {
	err := Possible()
	if err != nil && (!errors.Is(err, ErrNotHere) || strings.Contains(strings.TrimSpace(err.Error()), "\n")) {
		t.Errorf("got %v", err)
	}
	t.Setenv("PATH", t.TempDir())
	want := ": there is no containerd (package containerd)"
	if os.Geteuid() != 0 {
		want = ": it needs root, and this is user "
	}
	if err := Possible(); !errors.Is(err, ErrNotHere) || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}

// An image is what engines load: its layer's and its configuration's digests are right.
func TestWriteImage(t *testing.T) {
	program := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(program, []byte("static"), 0o700); err != nil {
		t.Fatal(err)
	}
	var archive bytes.Buffer
	if err := WriteImage(&archive, "localhost/x:1", program, "/bin/program"); err != nil {
		t.Fatal(err)
	}
	files := untar(t, archive.Bytes())
	var manifest []struct {
		Config           string
		RepoTags, Layers []string
	}
	if err := json.Unmarshal(files["manifest.json"], &manifest); err != nil {
		t.Fatal(err)
	}
	var config struct {
		Config struct{ Entrypoint []string }
		RootFS struct {
			DiffIDs []string `json:"diff_ids"`
		}
	}
	if err := json.Unmarshal(files[manifest[0].Config], &config); err != nil {
		t.Fatal(err)
	}
	layer := files[manifest[0].Layers[0]]
	if got := untar(t, layer)["bin/program"]; string(got) != "static" || manifest[0].RepoTags[0] != "localhost/x:1" {
		t.Errorf("%q as %v", got, manifest[0].RepoTags)
	}
	if want := digest(layer); len(config.RootFS.DiffIDs) != 1 || config.RootFS.DiffIDs[0] != want || config.Config.Entrypoint[0] != "/bin/program" {
		t.Errorf("got %+v, want the layer %s", config, want)
	}
}

func untar(t *testing.T, data []byte) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	for r := tar.NewReader(bytes.NewReader(data)); ; {
		h, err := r.Next()
		if err == io.EOF {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		if out[h.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
}
