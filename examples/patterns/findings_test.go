package patterns

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/squallhq/squall/runner/record"
)

// diagnoses are what the runs of the library found about themselves, by pattern and variant.
type diagnoses struct {
	mu sync.Mutex
	of map[[2]string][]record.Finding
}

func (d *diagnoses) add(file, variant string, r *record.Result) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.of[[2]string{strings.TrimSuffix(file, ".yaml"), variant}] = r.Findings
}

// first is how many findings of a run are looked at: what a person reads.
const first = 3

// A run without its pattern is the patient: the pattern is to be among the first three findings. With it, and on a quiet day, there is to be
// none of that kind. All three are counted over the whole library, and the misses printed.
func (d *diagnoses) judge(t *testing.T) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var patients, found, clean, quiet int
	for key, findings := range d.of {
		pattern, variant := key[0], key[1]
		with, ran := d.of[[2]string{pattern, ""}]
		if variant != without || !ran {
			continue
		}
		patients++
		kind := names(findings, pattern)
		if kind == "" {
			t.Logf("%s: not among the first findings without it: %s", pattern, said(findings))
			continue
		}
		found++
		if day, ran := d.of[[2]string{pattern, quietDay}]; ran && !slices.ContainsFunc(day, func(f record.Finding) bool { return f.Kind == kind }) {
			quiet++
		} else {
			t.Logf("%s: %q is found %s, or it was not run", pattern, kind, quietDay)
		}
		if at := slices.IndexFunc(with, func(f record.Finding) bool { return f.Kind == kind }); at >= 0 {
			t.Logf("%s: %q is found with it too, at %s", pattern, kind, with[at].Where)
			continue
		}
		clean++
	}
	if patients < 90 {
		return // some of them were asked for alone
	}
	t.Logf("the missing pattern is among the first %d findings in %d of %d runs; in %d of these the kind is gone with it, in %d there is none %s",
		first, found, patients, clean, quiet, quietDay)
	if found*100 < patients*90 {
		t.Errorf("the missing pattern is found in %d of %d runs, want 90 %%", found, patients)
	}
	if clean*100 < found*95 {
		t.Errorf("the finding is gone with the pattern in %d of %d runs, want 95 %%", clean, found)
	}
	if quiet*100 < found*95 {
		t.Errorf("on a quiet day the kind is found in %d of %d runs, want 5 %% at most", found-quiet, found)
	}
}

// names is the kind of the first finding that names a pattern, "" where none of the first does.
func names(findings []record.Finding, pattern string) string {
	for _, f := range findings[:min(first, len(findings))] {
		if slices.ContainsFunc(f.Try, func(r record.Remedy) bool { return r.Pattern == pattern }) {
			return f.Kind
		}
	}
	return ""
}

func said(findings []record.Finding) string {
	var out []string
	for _, f := range findings[:min(first, len(findings))] {
		var try []string
		for _, r := range f.Try {
			try = append(try, r.Pattern)
		}
		out = append(out, fmt.Sprintf("%s at %s (%s)", f.Kind, f.Where, strings.Join(try, ", ")))
	}
	return strings.Join(out, "; ")
}
