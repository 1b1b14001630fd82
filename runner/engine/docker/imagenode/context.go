package imagenode

import (
	"archive/tar"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"

	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/dockerfile"
)

// Context writes what an image is built from, without what its .dockerignore leaves out.
func Context(to io.Writer, folder string, b *scenarios.Build) error {
	root := filepath.Join(folder, b.Context)
	ignored, err := ignoredIn(root, b)
	if err != nil {
		return err
	}
	a := &archive{Writer: tar.NewWriter(to), left: mostBytes}
	instructions := path.Clean(Instructions(b))
	err = filepath.WalkDir(root, func(at string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		within, err := filepath.Rel(root, at)
		if err != nil || within == "." {
			return err
		}
		name := filepath.ToSlash(within)
		skip, err := ignored.MatchesOrParentMatches(name)
		if err != nil {
			return fmt.Errorf("read .dockerignore: %w", err)
		}
		if skip && name != instructions {
			if entry.IsDir() && !ignored.Exclusions() && !below(instructions, name) {
				return fs.SkipDir
			}
			return nil
		}
		return a.entry(at, name, entry, 0, "")
	})
	return errors.Join(err, a.Close())
}

// Instructions is a build's Dockerfile within its context.
func Instructions(b *scenarios.Build) string { return cmp.Or(b.Dockerfile, "Dockerfile") }

func below(name, folder string) bool {
	return len(name) > len(folder) && name[:len(folder)+1] == folder+"/"
}

// ignoredIn is what is left out of a context, and that its Dockerfile is there.
func ignoredIn(root string, b *scenarios.Build) (*patternmatcher.PatternMatcher, error) {
	if is, err := os.Stat(root); err != nil {
		return nil, err
	} else if !is.IsDir() {
		return nil, fmt.Errorf("%s is no folder", b.Context)
	}
	if _, err := os.Stat(filepath.Join(root, Instructions(b))); err != nil {
		return nil, err
	}
	f, err := os.Open(filepath.Join(root, ".dockerignore"))
	if errors.Is(err, fs.ErrNotExist) {
		return patternmatcher.New(nil)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	patterns, err := ignorefile.ReadAll(f)
	if err != nil {
		return nil, fmt.Errorf("read .dockerignore: %w", err)
	}
	return patternmatcher.New(patterns)
}

// CheckBuild says where a node's Dockerfile has what the engine's own builder does not understand.
func CheckBuild(n *scenarios.Node, folder string) error {
	at := filepath.Join(n.Build.Context, Instructions(n.Build))
	is, err := os.Stat(filepath.Join(folder, at))
	if err != nil || !is.Mode().IsRegular() || is.Size() > dockerfile.MaxBytes {
		return nil // what is wrong with it the build says
	}
	text, err := os.ReadFile(filepath.Join(folder, at))
	if err != nil {
		return fmt.Errorf("node %q: build: %w", n.Name, err)
	}
	given := func(name string) bool { _, is := n.Build.Args[name]; return is }
	for _, use := range dockerfile.BuildKit(string(text), given) {
		if !use.Empty {
			return fmt.Errorf("node %q: build: %s:%d: %s is BuildKit's, and squall builds with the engine's own builder; take it out, or build it before a run (docker build -t NAME %s) and write image: NAME",
				n.Name, filepath.ToSlash(at), use.Line, use.What, n.Build.Context)
		}
	}
	return nil
}
