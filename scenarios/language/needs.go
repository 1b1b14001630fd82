package language

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/source"
)

// Needed is a file or a folder that a scenario names.
type Needed struct {
	// Path is absolute.
	Path string
	// Secret tells that not everybody may read it.
	Secret bool
}

// Needs are the files that a scenario names, in the order of their paths: without them its text is read nowhere else. Those of images and local
// commands are among them, folders as they are named; what an image is built of is not.
func (doc *Document) Needs() (out []Needed) {
	secret := map[string]bool{}
	need := func(path string, is bool) {
		if path != "" {
			path = filepath.Clean(doc.Beside(path))
			secret[path] = secret[path] || is
		}
	}
	for _, n := range doc.Nodes {
		needsOfTLS(n.TLS, need)
		for _, f := range n.Files {
			need(f.File, false)
		}
		for _, s := range n.Secrets {
			need(s.File, true)
		}
		for _, v := range n.Volumes {
			need(v.From, false)
		}
	}
	for _, l := range doc.Loads {
		needsOfLoad(l, need)
	}
	for path, is := range secret {
		out = append(out, Needed{path, is})
	}
	slices.SortFunc(out, func(a, b Needed) int { return strings.Compare(a.Path, b.Path) })
	return out
}

func needsOfLoad(l *scenarios.Load, need func(path string, secret bool)) {
	needsOfTLS(l.TLS, need)
	for _, d := range l.Data {
		need(d.File, false)
	}
	attached := []*scenarios.Attached{l.Descriptors}
	if r := l.Replay; r != nil {
		attached = append(attached, r.Log, r.HAR)
	}
	if l.OpenAPI != nil {
		attached = append(attached, l.OpenAPI.File)
	}
	for _, r := range l.Requests {
		attached = append(attached, r.File)
	}
	for _, a := range attached {
		if a != nil {
			need(a.Path, false)
		}
	}
}

func needsOfTLS(t *scenarios.TLS, need func(path string, secret bool)) {
	if t == nil {
		return
	}
	for _, a := range []*scenarios.Attached{t.CA, t.Cert, t.Key} {
		if a != nil {
			need(a.Path, a == t.Key)
		}
	}
}

// Variables are the variables of the environment from which a scenario takes something: those that its text and its changes name, and that the
// secrets of its nodes are in. They may be unset.
func (doc *Document) Variables() []string {
	names := source.Variables(doc.text)
	for _, set := range doc.sets {
		names = append(names, source.Variables([]byte(set))...)
	}
	for _, n := range doc.Nodes {
		for _, s := range n.Secrets {
			if s.Environment != "" {
				names = append(names, s.Environment)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Text is what the file has, as it was read.
func (doc *Document) Text() []byte { return doc.text }
