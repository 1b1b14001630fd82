package conductor

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
)

// Handed is what a conductor is given: a scenario, and what it names.
type Handed struct {
	// Scenario is the path of the scenario among the files, which are laid out below one folder as they are here.
	Scenario string
	Files    []File
	// Variables are those of the environment from which the scenario takes something.
	Variables map[string]string
	// Elsewhere is a secret of the namespace that has the secret files and the variables, where they are not handed over; "": they are.
	Elsewhere string
}

// File is one of them.
type File struct {
	// Path is below the folder, with slashes.
	Path string
	Data []byte
	// Mode are its permissions.
	Mode   int
	Secret bool
}

// most is how much a config map or a secret takes: a cluster keeps them in its database.
const most = 1000 << 10

// Check says what is too much to be handed over.
func (h Handed) Check() error {
	sums := map[bool]int{}
	for _, f := range h.Files {
		sums[f.Secret] += len(f.Data)
	}
	for _, value := range h.Variables {
		sums[true] += len(value)
	}
	for secret, sum := range sums {
		if sum <= most {
			continue
		}
		what, into := "the scenario and the files that it names are", "a config map"
		if secret {
			what, into = "the secrets that the scenario names are", "a secret"
		}
		var largest File
		for _, f := range h.Files {
			if f.Secret == secret && len(f.Data) > len(largest.Data) {
				largest = f
			}
		}
		return fmt.Errorf("%s %d KB in all, and the conductor in the cluster is handed them by %s, which takes %d KB; the largest is %s (%d KB): "+
			"put it into an image, or run without --in-cluster", what, (sum+1023)>>10, into, most>>10, cmp.Or(largest.Path, "in the environment"), (len(largest.Data)+1023)>>10)
	}
	for _, f := range h.Files {
		if !path.IsAbs(f.Path) && f.Path == path.Clean(f.Path) && !strings.HasPrefix(f.Path, "../") {
			continue
		}
		return fmt.Errorf("%s is not below the folder that is handed over", f.Path)
	}
	return nil
}

// key is what the n-th file is called in its config map or secret.
func key(n int) string { return "file-" + strconv.Itoa(n+1) }

// plain is what a config map has.
func (h Handed) plain() (text map[string]string, bytes map[string][]byte) {
	for n, f := range h.Files {
		switch {
		case f.Secret:
		case utf8.Valid(f.Data):
			if text == nil {
				text = map[string]string{}
			}
			text[key(n)] = string(f.Data)
		default:
			if bytes == nil {
				bytes = map[string][]byte{}
			}
			bytes[key(n)] = f.Data
		}
	}
	return text, bytes
}

// secret is what a secret has.
func (h Handed) secret() map[string][]byte {
	out := map[string][]byte{}
	if h.Elsewhere != "" {
		return out
	}
	for n, f := range h.Files {
		if f.Secret {
			out[key(n)] = f.Data
		}
	}
	for name, value := range h.Variables {
		out[name] = []byte(value)
	}
	return out
}

// Keys are those that a secret has to have that is Elsewhere, and what each is of: files by their paths, variables by their names.
func (h Handed) Keys() (files map[string]string, variables []string) {
	files = map[string]string{}
	for n, f := range h.Files {
		if f.Secret {
			files[key(n)] = f.Path
		}
	}
	return files, sortedKeys(h.Variables)
}

// give mounts the files in the conductor's container, and sets its variables.
func (h Handed) give(s *kinds.PodSpec, name string) {
	secret := cmp.Or(h.Elsewhere, name)
	files := map[bool][]kinds.KeyToPath{}
	for n, f := range h.Files {
		mode := f.Mode | 0o444 // whoever it belongs to there reads it
		files[f.Secret] = append(files[f.Secret], kinds.KeyToPath{Key: key(n), Path: handedFolder + "/" + f.Path, Mode: &mode})
	}
	sources := []kinds.Projection{{ConfigMap: &kinds.FilesSource{Name: name, Items: files[false]}}}
	if len(files[true]) > 0 {
		sources = append(sources, kinds.Projection{Secret: &kinds.FilesSource{Name: secret, Items: files[true]}})
	}
	s.Volumes = append(slices.Clip(s.Volumes), kinds.Volume{Name: "scenario", Projected: &kinds.ProjectedVolume{Sources: sources}})
	c := &s.Containers[0]
	for _, variable := range sortedKeys(h.Variables) {
		c.Env = append(c.Env, kinds.EnvVar{Name: variable, ValueFrom: &kinds.EnvSource{SecretKeyRef: &kinds.KeySelector{Name: secret, Key: variable}}})
	}
}
