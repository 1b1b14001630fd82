// Package kubeconfig finds out how a cluster's API server is reached and who one is there: by kubeconfig files as kubectl reads them,
// or by what a pod is given. It speaks to no server itself.
//
// Of what a user can have, all is known that current versions of kubectl take: tokens, files of tokens, client certificates, commands
// that give either (exec credential plugins), and whom to act as.
package kubeconfig

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Options are where to look. The zero value looks where kubectl does: in the files that $KUBECONFIG names, in ~/.kube/config, and
// for what a pod is given.
type Options struct {
	// Path is the one file to read.
	Path string
	// Context is the one to use; empty: the file's current one.
	Context string
	// Namespace takes the place of the context's.
	Namespace string
}

// ErrNone is part of the error where there is nothing to be found.
var ErrNone = errors.New("no cluster is named")

// defaultNamespace is a context's that names none.
const defaultNamespace = "default"

// Find finds the way to a cluster.
func Find(o Options) (*Access, error) {
	merged, err := read(o.paths())
	if err != nil {
		return nil, err
	}
	if merged == nil || merged.context == "" && o.Context == "" && len(merged.contexts) == 0 {
		if o.Path != "" || o.Context != "" || !inPod() {
			return nil, fmt.Errorf("%w: %s; use --kubeconfig, or set KUBECONFIG", ErrNone, o.looked())
		}
		a, err := pod(serviceAccount)
		if err == nil && o.Namespace != "" {
			a.Namespace = o.Namespace
		}
		return a, err
	}
	return merged.access(o)
}

// paths are the files to read, the first one's words first.
func (o Options) paths() []path {
	if o.Path != "" {
		return []path{{o.Path, true}}
	}
	if list := os.Getenv("KUBECONFIG"); list != "" {
		var out []path
		for _, name := range filepath.SplitList(list) {
			if name != "" {
				out = append(out, path{name, false})
			}
		}
		return out
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return nil
	}
	return []path{{filepath.Join(home, ".kube", "config"), false}}
}

// path is a file to read; one that must not be there may be missing.
type path struct {
	name string
	must bool
}

// looked says where it was looked for.
func (o Options) looked() string {
	var names []string
	for _, p := range o.paths() {
		names = append(names, p.name)
	}
	if len(names) == 0 {
		return "there is no home folder, and this is no pod"
	}
	if o.Path != "" {
		return o.Path + " has no contexts"
	}
	return strings.Join(names, ", ") + " has no contexts, and this is no pod"
}

// read reads files and merges them: of two with one name the first one counts. It is nil where there is none.
func read(paths []path) (*file, error) {
	var out *file
	for _, p := range paths {
		data, err := os.ReadFile(p.name)
		if errors.Is(err, fs.ErrNotExist) && !p.must {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read how a cluster is reached: %w", err)
		}
		f, err := parse(p.name, data)
		if err != nil {
			return nil, err
		}
		if out == nil {
			out = newFile()
		}
		out.add(f)
	}
	return out, nil
}
