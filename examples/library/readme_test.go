package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const root = ".."

// committed are the examples and what was measured of them, as they are in this checkout.
func committed(t *testing.T) ([]*example, map[string]*table) {
	t.Helper()
	files, err := filepath.Glob(root + "/patterns/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("find the examples: %v", err)
	}
	examples, err := readExamples(files)
	if err != nil {
		t.Fatal(err)
	}
	measured, err := readAll(root + "/patterns/measured")
	if err != nil {
		t.Fatal(err)
	}
	return examples, measured
}

// examples/README.md says of the scenarios as they are now what was measured, and nothing else.
func TestReadmeIsInStep(t *testing.T) {
	examples, measured := committed(t)
	var want bytes.Buffer
	if err := writeReadme(&want, examples, measured); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(root + "/README.md")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.String(), string(got)); diff != "" {
		t.Errorf("run make patterns (-as measured +examples/README.md):\n%s", diff)
	}
}

// What was measured is of scenarios that are there, and every one came out in virtual time as it promises.
func TestMeasuredScenariosAreThere(t *testing.T) {
	examples, measured := committed(t)
	there := map[string]bool{}
	for _, e := range examples {
		there[e.name] = true
		if entry := measured[virtual].of(e); entry == nil || !entry.confirmed() {
			t.Errorf("%s: not measured in virtual time as it is now, or not as it promises: run make patterns", e.name)
		}
	}
	for engine, table := range measured {
		for name := range table.Scenarios {
			if !there[name] {
				t.Errorf("%s.json has %q, which is no example any more", engine, name)
			}
		}
	}
}

// Every id that an example names is a practice.
func TestCoveredPracticesAreKnown(t *testing.T) {
	examples, _ := committed(t)
	for _, e := range examples {
		for _, id := range e.covers {
			if practiceOf(id) == nil {
				t.Errorf("%s covers %q, which is no practice", e.name, id)
			}
		}
	}
}

// Every practice is shown by an example or says why not, and not both.
func TestEveryPracticeIsShownOrSaysWhyNot(t *testing.T) {
	examples, _ := committed(t)
	for _, g := range groups {
		for _, p := range g.practices {
			switch by := shownBy(examples, p.id); {
			case len(by) == 0 && p.left == "":
				t.Errorf("%s (%s) is shown by no example, and does not say why", p.id, p.name)
			case len(by) > 0 && p.left != "":
				t.Errorf("%s (%s) is shown by %v, and says why it is not: %s", p.id, p.name, by, p.left)
			}
		}
	}
}
