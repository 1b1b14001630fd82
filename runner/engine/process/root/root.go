// Package root makes the folder that a command of this machine has in the place of a container's files: what its node says is at a
// path of a container is at the same path below it. It starts nothing.
package root

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/topology"
)

// Root is an instance's folder.
type Root struct {
	// Path is where it is, Folder the scenario's own, where what is copied comes from, and Shared where the volumes are that several
	// nodes name.
	Path, Folder, Shared string
	// Together are the names of those volumes.
	Together map[string]bool
}

// Together are the volumes that several nodes of a plan name: each is the same for all of them.
func Together(p *topology.Plan) map[string]bool {
	first, out := map[string]string{}, map[string]bool{}
	for _, n := range p.Scenario.Nodes {
		for _, v := range n.Volumes {
			if before, is := first[v.Name]; v.Name != "" && is && before != n.Name {
				out[v.Name] = true
			}
			first[v.Name] = n.Name
		}
	}
	return out
}

// At is where a path of a container is.
func (r Root) At(target string) string { return filepath.Join(r.Path, filepath.FromSlash(target)) }

// Temporary is where its programs put what they need for a moment.
func (r Root) Temporary() string { return r.At("/tmp") }

// Begins is the folder that its program begins in.
func (r Root) Begins(n *scenarios.Node) string { return r.At(n.WorkingDir) }

// Lay puts everything there that a node says, before its first start.
func (r Root) Lay(n *scenarios.Node) error {
	for _, folder := range []string{r.Path, r.Temporary(), r.Begins(n)} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
	}
	for _, v := range n.Volumes {
		if err := r.volume(v); err != nil {
			return fmt.Errorf("make the volume %s: %w", v.Target, err)
		}
	}
	for _, f := range n.Files {
		if err := r.file(f); err != nil {
			return fmt.Errorf("make the file %s: %w", f.Target, err)
		}
	}
	for _, s := range n.Secrets {
		if err := r.secret(s); err != nil {
			return fmt.Errorf("make the secret %s: %w", s.Name, err)
		}
	}
	return nil
}

// Replace puts files in the place of those that are there, each at one moment.
func (r Root) Replace(files []*scenarios.File) error {
	for _, f := range files {
		next := *f
		next.Target += ".new"
		if err := r.file(&next); err != nil {
			return fmt.Errorf("make the file %s: %w", f.Target, err)
		}
		if err := os.Rename(r.At(next.Target), r.At(f.Target)); err != nil {
			return fmt.Errorf("make the file %s: %w", f.Target, err)
		}
	}
	return nil
}

// Fresh empties what is empty at each start.
func (r Root) Fresh(n *scenarios.Node) error {
	for _, t := range n.Tmpfs {
		at := r.At(t.Target)
		if err := errors.Join(os.RemoveAll(at), os.MkdirAll(at, 0o755)); err != nil {
			return fmt.Errorf("empty the folder %s: %w", t.Target, err)
		}
	}
	return nil
}

func (r Root) volume(v scenarios.Volume) error {
	at := r.At(v.Target)
	if v.From != "" {
		return r.copied(v.From, at, 0)
	}
	if !r.Together[v.Name] {
		return os.MkdirAll(at, 0o755)
	}
	shared := filepath.Join(r.Shared, v.Name)
	err := errors.Join(os.MkdirAll(shared, 0o755), os.MkdirAll(filepath.Dir(at), 0o755))
	if err != nil {
		return err
	}
	return os.Symlink(shared, at)
}

// contentMode is that of a file that says none and is nobody's copy.
const contentMode = 0o444

func (r Root) file(f *scenarios.File) error {
	if f.Content == nil {
		return r.copied(f.File, r.At(f.Target), f.Mode)
	}
	return write(r.At(f.Target), []byte(*f.Content), cmp.Or(f.Mode, contentMode))
}

func (r Root) secret(s *scenarios.Secret) error {
	at, mode := r.At(s.Target()), cmp.Or(s.Mode, contentMode)
	if s.File != "" {
		return r.copied(s.File, at, mode)
	}
	text, is := os.LookupEnv(s.Environment)
	if !is {
		return fmt.Errorf("squall's environment has no %s", s.Environment)
	}
	return write(at, []byte(text), mode)
}

func write(at string, data []byte, mode scenarios.Mode) error {
	if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(at, data, 0o600); err != nil {
		return err
	}
	return os.Chmod(at, fs.FileMode(mode))
}

// copied copies a file or a folder of the scenario's; mode 0: each file keeps its own.
func (r Root) copied(from, to string, mode scenarios.Mode) error {
	from = filepath.Join(r.Folder, from)
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		within, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		at := filepath.Join(to, within)
		info, err := os.Stat(path) // a link is what it leads to
		switch {
		case err != nil:
			return err
		case entry.IsDir():
			return os.MkdirAll(at, 0o755)
		case !info.Mode().IsRegular():
			return fmt.Errorf("%s is no plain file", path)
		}
		return copyFile(path, at, cmp.Or(mode, scenarios.Mode(info.Mode().Perm())))
	})
}

func copyFile(from, to string, mode scenarios.Mode) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close(), os.Chmod(to, fs.FileMode(mode)))
}
