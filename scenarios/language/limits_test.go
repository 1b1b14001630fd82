package language

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/squallhq/squall/scenarios/source"
)

// Hostile input is refused with a clear error, and soon. The bound is generous, as machines are shared.
func TestHostileInput(t *testing.T) {
	bomb := "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for i := 1; i < 12; i++ {
		bomb += fmt.Sprintf("a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 10), ", "))
	}
	merges := "a0: &a0 {x: 1}\n"
	for i := 1; i < 12; i++ {
		merges += fmt.Sprintf("a%d: &a%d {<<: [%s]}\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 10), ", "))
	}
	keys := "x:\n" + repeat(60_000, " k%[1]d: 1\n")
	unknown := repeat(2_000, "k%[1]d: 1\n")
	chain := "templates:\n  t0: {timeout: 1s}\n" + repeat(1_900, "  t%[2]d: {use: t%[1]d}\n")
	nodes := "scenario: many\ntopology:\n" + repeat(1_900, "  n%[1]d: {kind: cdn, origin: n%[2]d}\n")
	sent := "load:\n  l:\n    to: n0\n    rate: 1/s\n    requests:\n" + repeat(1_900, "      - {send: GET /%[1]d}\n")
	stars := "phases:\n  - name: p\n    for: 1s\n    faults:\n" + repeat(15, "      - {latency: 1ms, at: %[1]dms, on: ["+strings.Repeat("'*', ", 1_900)+"x]}\n")
	unanswered := "scenario: many\ntopology:\n" + repeat(1_900, "  n%[1]d: {kind: cdn, origin: x%[2]d}\n")
	tests := map[string]struct{ data, want string }{
		"alias bomb":                          {bomb, "more than 50000 values"},
		"merge bomb":                          {merges, "more than 50000 values"},
		"deep flow lists":                     {strings.Repeat("[", 5_000) + strings.Repeat("]", 5_000), "nest deeper than 64"},
		"deep flow mappings":                  {strings.Repeat("{a: ", 5_000) + strings.Repeat("}", 5_000), "nest deeper than 64"},
		"deep beyond YAML":                    {strings.Repeat("[", 500_000), "not YAML"},
		"deep block lists":                    {strings.Repeat("- ", 5_000) + "x", "nest deeper than 64"},
		"unclosed brackets":                   {strings.Repeat("a: [\n", 3_000), "not YAML"},
		"huge":                                {strings.Repeat("#", source.MaxBytes+1), "more than 1048576 bytes"},
		"huge scalar":                         {"scenario: " + strings.Repeat("x", source.MaxBytes-100), "has no topology"},
		"many keys":                           {keys, "more than 2000 keys"},
		"many nodes, requests and selections": {nodes + sent + stars, "no node, instance or load is named"},
		"many unknown nodes":                  {unanswered, "more problems"},
		"many unknown keys":                   {unknown, "more problems from here on"},
		"templates on templates":              {chain, "has no topology"},
		"not text":                            {"scenario: \xff\xfe\n", "not UTF-8"},
		"control characters":                  {"scenario: \x00\x01\n", "not YAML"},
		"only a byte order mark":              {"\ufeff", "empty"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			_, err := Parse("x.yaml", []byte(test.data), "")
			if took := time.Since(start); took > 20*time.Second {
				t.Errorf("took %s", took)
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %.300v, want %q in it", err, test.want)
			}
			if err != nil {
				sound(t, err, []byte(test.data))
			}
		})
	}
}

// repeat writes a format for every i (%[1]d), with i+1 (%[2]d) at hand.
func repeat(times int, format string) string {
	var b strings.Builder
	for i := range times {
		fmt.Fprintf(&b, format, i, i+1)
	}
	return b.String()
}

func TestLoadFileErrors(t *testing.T) {
	if _, err := LoadFile(filepath.Join(t.TempDir(), "none.yaml"), ""); err == nil || !os.IsNotExist(unwrapped(err)) {
		t.Errorf("a missing file gives %v", err)
	}
	if _, err := LoadFile(t.TempDir(), ""); err == nil {
		t.Error("a folder is read as a scenario")
	}
	big := filepath.Join(t.TempDir(), "big.yaml")
	if err := os.WriteFile(big, make([]byte, source.MaxBytes+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadFile(big, ""); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("a large file gives %v", err)
	}
}

func unwrapped(err error) error {
	for {
		u, ok := err.(interface{ Unwrap() error })
		if !ok {
			return err
		}
		if _, isErrno := err.(*os.PathError); isErrno {
			return err
		}
		err = u.Unwrap()
	}
}

// wide is a scenario of so many services behind one gateway, each with a database.
func wide(services int) []byte {
	var b strings.Builder
	b.WriteString("scenario: wide\ntemplates:\n  standard: {timeout: 500ms, retry: {attempts: 2, backoff: 20ms, jitter: full, budget: 10%}}\ntopology:\n  api:\n    kind: gateway\n    routes:\n")
	for i := range services {
		fmt.Fprintf(&b, "      - {match: /s%d/*, to: s%d, timeout: 300ms}\n", i, i)
	}
	for i := range services {
		fmt.Fprintf(&b, "  s%d:\n    kind: service\n    use: standard\n    replicas: 2\n    endpoints:\n      GET /s%d/{item}:\n        - work: {mean: 4ms, shape: exponential}\n        - read: db%d\n", i, i, i)
		if i > 0 {
			fmt.Fprintf(&b, "        - call: s%d GET /s%d/{item}\n          circuit_breaker: {failures: 50%%, of: 20, open_for: 2s}\n", i-1, i-1)
		}
		fmt.Fprintf(&b, "  db%d: {kind: database}\n", i)
	}
	b.WriteString("load:\n  users:\n    to: api\n    rate: 100/s\n    requests:\n")
	for i := range services {
		fmt.Fprintf(&b, "      - {send: \"GET /s%d/{item}\", item: {zipf: 1.1, of: 1000}}\n", i)
	}
	b.WriteString("phases:\n  - {name: steady, for: 20s}\n  - name: bad\n    for: 20s\n    faults:\n")
	for i := range services {
		fmt.Fprintf(&b, "      - {latency: 100ms, on: s%d -> db%d}\n", i, i)
	}
	b.WriteString("  - {name: recovery, for: 20s}\nexpect:\n  - {after: bad, recovered_within: 5s}\n")
	return []byte(b.String())
}

// BenchmarkParse reads a file of 201 nodes, 100 requests and 100 faults.
func BenchmarkParse(b *testing.B) {
	data := wide(100)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse("wide.yaml", data, ""); err != nil {
			b.Fatal(err)
		}
	}
}
