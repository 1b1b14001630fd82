package kubernetes

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/squallhq/squall/runner/engine/kubernetes/conductor"
	"github.com/squallhq/squall/scenarios/language"
)

// fromPipe is what a scenario that came through a pipe is called, where it is handed over.
const fromPipe = "stdin.yaml"

// handed is a scenario with all that it names, laid out as it is here: below the working folder where all is there, else below the folder
// that has it all.
func handed(doc *language.Document) (h conductor.Handed, err error) {
	file := doc.File
	if _, err := os.Stat(file); err != nil {
		file = fromPipe
	}
	if file, err = filepath.Abs(file); err != nil {
		return h, err
	}
	files := []conductor.File{{Path: file, Data: doc.Text()}}
	for _, n := range doc.Needs() {
		if strings.Contains(string(doc.Text()), n.Path) {
			return h, fmt.Errorf("%s is named by its whole path, which the conductor in the cluster does not have; name it from the scenario's folder", n.Path)
		}
		all, err := readAll(n)
		if err != nil {
			return h, fmt.Errorf("hand %s over: %w", n.Path, err)
		}
		files = append(files, all...)
	}
	root, err := rootOf(files, ups(doc.Text()))
	if err != nil {
		return h, err
	}
	for _, f := range files {
		below, err := filepath.Rel(root, f.Path)
		if err != nil {
			return h, err
		}
		f.Path = filepath.ToSlash(below)
		h.Files = append(h.Files, f)
	}
	h.Scenario = h.Files[0].Path
	for _, name := range doc.Variables() {
		if value, is := os.LookupEnv(name); is {
			if h.Variables == nil {
				h.Variables = map[string]string{}
			}
			h.Variables[name] = value
		}
	}
	return h, h.Check()
}

// readAll reads a file, or all that is in a folder.
func readAll(n language.Needed) (out []conductor.File, err error) {
	err = filepath.WalkDir(n.Path, func(at string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := os.Stat(at) // what a link leads to is handed over in its place
		if err != nil {
			return err
		}
		if !info.Mode().IsRegular() {
			return fmt.Errorf("%s is no regular file, and others can't be handed over", at)
		}
		data, err := os.ReadFile(at)
		if err != nil {
			return err
		}
		out = append(out, conductor.File{Path: at, Data: data, Mode: int(info.Mode().Perm()), Secret: n.Secret})
		return nil
	})
	if err == nil && len(out) == 0 {
		err = errors.New("it is an empty folder")
	}
	return out, err
}

// ups is how many folders up a scenario's paths lead at most, for all that its text says but in lines of comments.
func ups(text []byte) (most int) {
	for line := range bytes.Lines(text) {
		if bytes.HasPrefix(bytes.TrimSpace(line), []byte("#")) {
			continue
		}
		for _, found := range upwards.FindAll(line, -1) {
			most = max(most, len(found)/len("../"))
		}
	}
	return most
}

var upwards = regexp.MustCompile(`(\.\./)+`)

// rootOf is the folder below which files are laid out, the first of which is the scenario: so many folders above that are among it.
func rootOf(files []conductor.File, above int) (string, error) {
	root, err := os.Getwd()
	if err != nil {
		return "", err
	}
	highest := filepath.Dir(files[0].Path)
	for range above {
		highest = filepath.Dir(highest)
	}
	for _, f := range append(files, conductor.File{Path: filepath.Join(highest, "any")}) {
		for !below(root, f.Path) {
			root = filepath.Dir(root)
		}
	}
	return root, nil
}

func below(folder, file string) bool {
	rel, err := filepath.Rel(folder, file)
	return err == nil && filepath.IsLocal(rel)
}
