package machine

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/squallhq/squall/scenarios/language"
	"github.com/squallhq/squall/scenarios/topology"
)

// plan is one of 41 instances, 81 edges, 20/s that are waited for for 10 s, and 60 s of phases.
func plan(t *testing.T) *topology.Plan {
	t.Helper()
	doc, err := language.Parse("plan.yaml", []byte(`
scenario: plan
topology:
  gw: {kind: gateway, memory: 2GB, routes: [{match: /*, to: app}]}
  app: {kind: service, replicas: 40, memory: 100MB, endpoints: {GET /x: [{work: 1ms}]}}
load:
  users: {to: gw, rate: 20/s, timeout: 10s, requests: [{send: GET /x}]}
phases:
  - {name: steady, for: 60s}
`), "")
	if err != nil {
		t.Fatal(err)
	}
	p, err := doc.Plan(1)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Of each thing: enough says nothing, little warns, too little refuses; and what could not be read does neither.
func TestReadings(t *testing.T) {
	t.Parallel()
	p := plan(t)
	disk := func(what string, free uint64) Readings {
		return Readings{Disks: []Disk{{What: "the run's folder", Path: "runs", Free: 1e12}, {What: what, Path: "/tmp", Free: free}}}
	}
	for _, c := range []struct {
		name          string
		left          Readings
		kind          Kind
		warning, fail string
	}{
		{"nothing read", Readings{}, Processes, "", ""},
		{"files", Readings{Files: ref(uint64(4096))}, Processes, "", ""},
		{"files that a load may use up", Readings{Files: ref(uint64(300))}, Processes, "all of 200 requests in flight", ""},
		{"too few files", Readings{Files: ref(uint64(200))}, Containers, "", "open files to be launched, and 200 are allowed"},
		{"no files in virtual time", Readings{Files: ref(uint64(20))}, Virtual, "", ""},
		{"a full folder", Readings{Disks: []Disk{{What: "the run's folder", Path: "/full", Free: 15e6}}}, Virtual, "", "the run's folder (/full) is on a disk with 15.0 MB free, and this plan needs 16.0 MB there"},
		{"little room", Readings{Disks: []Disk{{What: "the run's folder", Path: "runs", Free: 20e6}}}, Virtual, "is on a disk with 20.0 MB free", ""},
		{"no more files on it", Readings{Disks: []Disk{{What: "the run's folder", Path: "runs", Free: 1e12, Full: true}}}, Virtual, "", "can take no more files"},
		{"a full temporary folder", disk("the temporary folder", 1e6), Processes, "", "choose another folder (TMPDIR)"},
		{"which containers do not use", disk("the temporary folder", 1e6), Containers, "", ""},
		{"memory", Readings{Memory: ref(uint64(400 << 20))}, Processes, "", ""},
		{"too little memory for processes", Readings{Memory: ref(uint64(200 << 20))}, Processes, "", "this plan's 41 instances need 283.1 MB of memory or more, and 209.7 MB is left"},
		{"which is enough in virtual time", Readings{Memory: ref(uint64(200 << 20))}, Virtual, "", ""},
		{"too little for any", Readings{Memory: ref(uint64(40 << 20))}, Virtual, "", "41 instances need"},
		{"limits together", Readings{Engine: ref(uint64(4e9))}, Containers, "may take 6.0 GB of memory together", ""},
		{"one limit", Readings{Engine: ref(uint64(1e9))}, Containers, "", `node "gw": memory: 2.0 GB is more than the container engine has (1.0 GB)`},
		{"ports", Readings{Ports: ref(uint64(28232))}, Processes, "", ""},
		{"few ports", Readings{Ports: ref(uint64(200))}, Processes, `load "users" needs up to 200 ports`, ""},
		{"too few ports", Readings{Ports: ref(uint64(60))}, Processes, "", "the system gives out 60 (net.ipv4.ip_local_port_range)"},
	} {
		warnings, err := c.left.Check(p, c.kind)
		if warned := strings.Join(warnings, "; "); (warned == "") != (c.warning == "") || !strings.Contains(warned, c.warning) {
			t.Errorf("%s: warned %q, want %q", c.name, warned, c.warning)
		}
		if failed := fmt.Sprint(err); (err == nil) != (c.fail == "") || err != nil && !strings.Contains(failed, c.fail) {
			t.Errorf("%s: refused by %v, want %q", c.name, err, c.fail)
		}
	}
}

// A long plan needs what its lines take.
func TestLongPlansNeedMoreRoom(t *testing.T) {
	t.Parallel()
	p := plan(t)
	p.Total *= 24 * 60 * 7
	if need := folderOf(p); need < 90e6 || need > 95e6 { // 604,800 lines of 150 B, and reports
		t.Errorf("a week needs %d bytes", need)
	}
}

// Where a process is in a cgroup with a limit, that counts, without what the kernel would take back; and a machine that says nothing is unknown.
func TestReadFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{"memory.max": "1000\n", "memory.current": "700\n", "memory.stat": "anon 300\ninactive_file 400\n",
		"meminfo": "MemTotal: 9 kB\nMemAvailable:    5 kB\nSwapFree: 2 kB\n", "range": "32768\t60999\n", "odd": "max\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	at := func(name string) string { return filepath.Join(dir, name) }
	for name, c := range map[string]struct {
		got  *uint64
		want string
	}{
		"group": {ofGroup(dir), "700"}, "machine": {available(at("meminfo")), "7168"}, "ports": {ports(at("range")), "28232"}, "no number": {number(at("odd")), "unknown"},
		"no group": {ofGroup(at("none")), "unknown"}, "no machine": {available(at("none")), "unknown"}, "no ports": {ports(at("odd")), "unknown"},
		"the lower": {least(ref(uint64(3)), ref(uint64(2))), "2"}, "the known": {least(nil, ref(uint64(2))), "2"},
	} {
		got := "unknown"
		if c.got != nil {
			got = fmt.Sprint(*c.got)
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	if r := Read(filepath.Join(dir, "not", "there", "yet")); len(r.Disks) != 2 || r.Disks[0].Free == 0 || r.Files == nil {
		t.Errorf("read of this machine: %+v", r)
	}
}
