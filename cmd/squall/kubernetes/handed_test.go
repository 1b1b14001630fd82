package kubernetes

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"github.com/squallhq/squall/runner/engine/kubernetes/conductor"
	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
	"github.com/squallhq/squall/runner/engine/kubernetes/manifest"
	"github.com/squallhq/squall/runner/engine/kubernetes/objects"
	"github.com/squallhq/squall/runner/engine/kubernetes/role"
	"github.com/squallhq/squall/scenarios/language"
)

// reading is a scenario that names a file beside it, one above it, a secret and a variable.
const reading = `# yaml-language-server: $schema=../../scenarios/squall.schema.json
scenario: Reading All
topology:
  shop:
    kind: image
    image: shop
    entrypoint: [/shop]
    env: {TOKEN: "${HANDED_TOKEN}"}
    files: {/etc/shop: ./conf}
    secrets: {key: {file: key.pem}}
load: {users: {to: shop, rate: 10/s, data: {people: {file: ../people.csv}}, requests: [{send: "GET /{data.people.name}"}]}}
phases: [{name: steady, for: 10s}]
`

// written makes a folder with the scenario in sub/x.yaml and all that it names.
func written(t *testing.T, text string) (dir string) {
	t.Helper()
	t.Setenv("HANDED_TOKEN", "hush")
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string]string{"sub/x.yaml": text, "sub/key.pem": "hush", "people.csv": "name\nann\n", "sub/conf/a": "a", "sub/conf/b/c": "c"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func read(_ context.Context, file, variant string, seed uint64, sets []string) (Scenario, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return Scenario{}, err
	}
	doc, err := language.Parse(file, data, variant, sets...)
	if err != nil {
		return Scenario{}, err
	}
	p, err := doc.Plan(max(seed, 1))
	return Scenario{Document: doc, Plan: p, Title: doc.Name, Folder: doc.Name}, err
}

// handedFrom is a scenario as it is read in a folder, which the test is in from then on, and what is handed over of it.
func handedFrom(t *testing.T, where, file string) (Scenario, conductor.Handed) {
	t.Helper()
	t.Chdir(where)
	s, err := read(t.Context(), file, "", 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	h, err := handed(s.Document)
	if err != nil {
		t.Fatal(err)
	}
	return s, h
}

// A scenario is handed over with all that it names, laid out as it is here; from its own folder that is the one above.
func TestHanded(t *testing.T) {
	dir := written(t, reading)
	for where, file := range map[string]string{dir: "sub/x.yaml", filepath.Join(dir, "sub"): "x.yaml"} {
		_, h := handedFrom(t, where, file)
		var got []string
		for _, f := range h.Files {
			got = append(got, f.Path+map[bool]string{true: " (secret)"}[f.Secret])
		}
		if diff := cmp.Diff([]string{"sub/x.yaml", "people.csv", "sub/conf/a", "sub/conf/b/c", "sub/key.pem (secret)"}, got); diff != "" {
			t.Errorf("in %s (-want +got):\n%s", where, diff)
		}
		if diff := cmp.Diff(map[string]string{"HANDED_TOKEN": "hush"}, h.Variables); diff != "" || h.Scenario != "sub/x.yaml" {
			t.Errorf("scenario %s, variables (-want +got):\n%s", h.Scenario, diff)
		}
	}
}

// What a path leads through is laid out, too, though nothing else of it is needed; what is more than is taken is refused with its size.
func TestHandedUpwards(t *testing.T) {
	dir := written(t, strings.Replace(reading, "../people.csv", "../sub/people.csv", 1))
	if err := os.WriteFile(filepath.Join(dir, "sub/people.csv"), []byte("name\nann\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(filepath.Join(dir, "sub"))
	s, err := read(t.Context(), "x.yaml", "", 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	h, err := handed(s.Document)
	if err != nil || h.Scenario != "sub/x.yaml" || h.Files[len(h.Files)-1].Path != "sub/people.csv" {
		t.Errorf("scenario %s, %v", h.Scenario, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "sub/conf/a"), make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := handed(s.Document); err == nil || !strings.Contains(err.Error(), "sub/conf/a (1024 KB)") {
		t.Errorf("too much: %v", err)
	}
}

// A file that is named by its whole path, and one that is none, are refused with their names.
func TestHandedIsRefused(t *testing.T) {
	dir := written(t, reading)
	whole := strings.Replace(reading, "../people.csv", filepath.Join(dir, "people.csv"), 1)
	t.Chdir(written(t, whole))
	s, err := read(t.Context(), "sub/x.yaml", "", 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := handed(s.Document); err == nil || !strings.Contains(err.Error(), "people.csv is named by its whole path") {
		t.Errorf("%v", err)
	}
	t.Chdir(dir)
	if s, err = read(t.Context(), "sub/x.yaml", "", 0, nil); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(dir, "sub/conf/a")); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(dir, "sub/conf/b/c")); err != nil {
		t.Fatal(err)
	}
	if _, err := handed(s.Document); err == nil || !strings.Contains(err.Error(), "conf over: it is an empty folder") {
		t.Errorf("%v", err)
	}
}

// What runs by the clock is printed without what is secret, and how the cluster is given that is said beside it.
func TestCronJobIsPrinted(t *testing.T) {
	t.Chdir(written(t, reading))
	var out, said bytes.Buffer
	c := command(House{Usage: func(err error) error { return err }, Read: read})
	c.SetOut(&out)
	c.SetErr(&said)
	c.SilenceErrors, c.SilenceUsage = true, true
	c.SetArgs([]string{"cronjob", "--schedule", "0 3 * * *", "--image", "registry/squall:1", "--namespace", "team", "--results-claim", "kept", "sub/x.yaml"})
	if err := c.Execute(); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"kind: ServiceAccount\n", "kind: Role\n", "kind: RoleBinding\n", "kind: ConfigMap\n", "kind: CronJob\n", "name: squall-conductor-reading-all\n", "schedule: 0 3 * * *\n",
		"claimName: kept\n", "    scenario: Reading All\n", "secretKeyRef:",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not printed", want)
		}
	}
	if strings.Contains(out.String()+said.String(), "hush") {
		t.Error("a secret is printed")
	}
	want := "squall: what is secret is not printed; give the cluster that with: kubectl create secret generic squall-reading-all --namespace team " +
		`--from-file=file-5=sub/key.pem --from-literal=HANDED_TOKEN="$HANDED_TOKEN"` + "\n"
	if said.String() != want {
		t.Errorf("said %q, want %q", said.String(), want)
	}
	for _, args := range [][]string{{"--schedule", "nightly", "--image", "x"}, {"--schedule", "@daily", "--image", ""}, {"--schedule", "@daily", "--image", "x", "--name", "A B"}} {
		c.SetArgs(append(append([]string{"cronjob"}, args...), "sub/x.yaml"))
		if err := c.Execute(); err == nil {
			t.Errorf("%v was taken", args)
		}
	}
}

// The conductor is given the flags that are about the run; those that need somebody beside it are refused by name.
func TestWords(t *testing.T) {
	flags := func(args ...string) *pflag.FlagSet {
		f := pflag.NewFlagSet("", pflag.ContinueOnError)
		for _, name := range []string{"out", "variant", "engine"} {
			f.String(name, "", "")
		}
		f.StringArray("set", nil, "")
		f.StringSlice("image-pull-secrets", nil, "")
		f.Bool("keep", false, "")
		f.Bool("verbose", false, "")
		var a Away
		a.Register(f)
		if err := f.Parse(args); err != nil {
			t.Fatal(err)
		}
		return f
	}
	got, err := words(flags("--in-cluster", "--engine=kubernetes", "--out=x", "--variant=a b", "--set=a=1", "--set=b=[1,2]", "--image-pull-secrets=x,y", "--verbose", "--results-claim=c"))
	want := []string{"--image-pull-secrets=x", "--image-pull-secrets=y", "--set=a=1", "--set=b=[1,2]", "--variant=a b", "--verbose=true"}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if _, err := words(flags("--in-cluster", "--keep")); err == nil || !strings.HasPrefix(err.Error(), "--keep and --in-cluster do not go together") {
		t.Errorf("%v", err)
	}
}

// Who names no cluster, another engine or a time that is none is told so by attach, before anything is asked.
func TestAttachIsRefused(t *testing.T) {
	usage := errors.New("usage")
	h := House{
		Usage:       func(err error) error { return errors.Join(usage, err) },
		Environment: func(err error) error { return errors.Join(errEnvironment, err) },
	}
	for _, test := range []struct {
		args []string
		as   error
	}{
		{[]string{"--engine", "docker"}, usage}, {[]string{"--from", "noon"}, usage}, {[]string{"--format", "xml"}, usage},
		{[]string{"--kubeconfig", filepath.Join(t.TempDir(), "none")}, errEnvironment},
	} {
		c := attachCommand(h)
		c.SilenceErrors, c.SilenceUsage = true, true
		c.SetArgs(test.args)
		if err := c.ExecuteContext(t.Context()); !errors.Is(err, test.as) {
			t.Errorf("%v: %v", test.args, err)
		}
	}
}

// between has an edge between two Services, and calls a third one over no such edge.
const between = `scenario: between
topology:
  frontend: {kind: external, external: frontend.shop.svc:80, calls: [cart]}
  cart: {kind: external, external: cart.shop.svc:80}
  stock: {kind: external, external: stock.shop.svc:80}
load:
  users: {to: frontend, rate: 20/s, requests: [{send: GET /buy}]}
  clerks: {to: stock, rate: 20/s, requests: [{send: GET /}]}
phases: [{name: steady, for: 6s}]
`

// What runs by the clock and leads a Service to itself comes with the account that gives back that Service, and no other; it is refused where nobody has allowed
// it, and nothing of it is printed of a scenario that leads none.
func TestCronJobOfReroutes(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, text := range map[string]string{"between.yaml": between, "apart.yaml": strings.Replace(between, ", calls: [cart]", "", 1)} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	printed := func(args ...string) (string, error) {
		var out bytes.Buffer
		c := command(House{Usage: func(err error) error { return err }, Read: read})
		c.SetOut(&out)
		c.SetErr(&out)
		c.SilenceErrors, c.SilenceUsage = true, true
		c.SetArgs(append([]string{"cronjob", "--schedule", "@daily", "--image", "x", "--namespace", "shop", "--allow-external"}, args...))
		err := c.Execute()
		return out.String(), err
	}
	if _, err := printed("between.yaml"); err == nil || !strings.Contains(err.Error(), "--allow-reroute allows it") {
		t.Errorf("nobody has allowed it: %v", err)
	}
	text, err := printed("between.yaml", "--allow-reroute")
	if err != nil {
		t.Fatal(err)
	}
	var guard bytes.Buffer
	if err := manifest.Write(&guard, role.Guard("shop", "squall-reroute-between", []string{"cart"})...); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text, guard.String()) || strings.Count(text, "kind: Role\n") != 4 || !strings.Contains(text, "--allow-external, --allow-reroute]\n") {
		t.Errorf("printed\n%s\nwithout\n%s", text, guard.String())
	}
	if own, err := printed("between.yaml", "--allow-reroute", "--service-account", "theirs"); err != nil || !strings.HasPrefix(own, guard.String()) || strings.Contains(own, "name: squall\n") {
		t.Errorf("for an account that has its role: %v\n%s", err, own)
	}
	if _, err := printed("between.yaml", "--allow-reroute", "--namespace", "elsewhere"); err == nil || !strings.Contains(err.Error(), "run there, with --namespace shop") {
		t.Errorf("in another namespace: %v", err)
	}
	if text, err := printed("apart.yaml", "--allow-reroute"); err != nil || strings.Contains(text, "squall-reroute") {
		t.Errorf("with no edge between the two: %v\n%s", err, text)
	}
}

// What a conductor is handed it finds where the scenario says, from wherever it was handed over: files and folders above the scenario's own, too.
func TestHandedIsFoundAbove(t *testing.T) {
	text := strings.Replace(strings.Replace(reading, "./conf}", "../conf, /etc/a: ../conf/a, /etc/all: .}", 1), "file: key.pem", "file: ../key.pem", 1)
	dir := written(t, text)
	for name, data := range map[string]string{"key.pem": "hush above", "conf/a": "a above", "conf/b/c": "c above"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want := map[string]string{}
	for where, file := range map[string]string{dir: "sub/x.yaml", filepath.Join(dir, "sub"): "x.yaml"} {
		s, h := handedFrom(t, where, file)
		here := podFiles(t, s)
		t.Chdir(laidOut(t, h))
		s, err := read(t.Context(), h.Scenario, "", 0, nil)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(here, podFiles(t, s)); diff != "" {
			t.Errorf("from %s, here and in the conductor's pod:\n%s", where, diff)
		}
		want = here
	}
	for at, data := range map[string]string{
		"/etc/shop/a": "a above", "/etc/shop/b/c": "c above", "/etc/a": "a above", "/etc/all/conf/b/c": "c", "/etc/all/x.yaml": text, "/run/secrets/key": "hush above",
	} {
		if want[at] != data {
			t.Errorf("%s has %q, want %q", at, want[at], data)
		}
	}
}

// laidOut is a folder with what was handed over, as a cluster mounts that: the folder is a link to the one that has it.
func laidOut(t *testing.T, h conductor.Handed) string {
	t.Helper()
	mount := t.TempDir()
	for _, f := range h.Files {
		at := filepath.Join(mount, "..2026", "files", f.Path)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join("..2026", "files"), filepath.Join(mount, "files")); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(mount, "files")
}

// podFiles are what a pod of a scenario is given, by where that is in the image.
func podFiles(t *testing.T, s Scenario) map[string]string {
	t.Helper()
	set, err := objects.Make(s.Plan, objects.Options{Run: "r", Namespace: "team", Image: "squall:1", Folder: objects.Folder(s.Plan.Scenario.Folder)})
	if err != nil {
		t.Fatal(err)
	}
	data := map[string]string{}
	for _, m := range set.ConfigMaps {
		for key, text := range m.Data {
			data[m.Metadata.Name+" "+key] = text
		}
	}
	for _, m := range set.Secrets {
		for key, text := range m.Data {
			data[m.Metadata.Name+" "+key] = string(text)
		}
	}
	out := map[string]string{}
	pod := set.Pods[0].Spec
	for _, c := range pod.Containers {
		for _, m := range c.VolumeMounts {
			v := pod.Volumes[slices.IndexFunc(pod.Volumes, func(v kinds.Volume) bool { return v.Name == m.Name })]
			from, items := "", []kinds.KeyToPath(nil)
			switch {
			case v.ConfigMap != nil:
				from, items = v.ConfigMap.Name, v.ConfigMap.Items
			case v.Secret != nil:
				from, items = v.Secret.SecretName, v.Secret.Items
			}
			for _, item := range items {
				switch {
				case m.SubPath == "":
					out[path.Join(m.MountPath, item.Path)] = data[from+" "+item.Key]
				case m.SubPath == item.Path:
					out[m.MountPath] = data[from+" "+item.Key]
				}
			}
		}
	}
	return out
}
