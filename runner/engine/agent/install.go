package agent

import (
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Installed is what the program is called where Install puts it.
const Installed = "squall"

// Install copies the running program into a folder, for somebody else's image to run it: so it has to be one that needs no libraries. It
// makes other folders besides, for that to be its user's own.
func Install(folder string, own ...string) error {
	for _, one := range own {
		if err := os.MkdirAll(one, 0o750); err != nil {
			return err
		}
	}
	exe, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find the running program: %w", err)
	}
	return install(exe, folder)
}

func install(exe, folder string) (err error) {
	if loader, err := loaderOf(exe); err != nil || loader != "" {
		return errors.Join(err, fmt.Errorf("%s needs the libraries of its own image (%s), and would not run in another: build it with CGO_ENABLED=0", exe, loader))
	}
	from, err := os.Open(exe)
	if err != nil {
		return err
	}
	defer func() { _ = from.Close() }()
	at := filepath.Join(folder, Installed)
	to, err := os.OpenFile(at+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	if err = errors.Join(err, to.Close()); err != nil {
		return fmt.Errorf("copy the program to %s: %w", at, err)
	}
	return os.Rename(to.Name(), at) // whole, or not at all
}

// loaderOf is what loads a program and its libraries; "": it needs none.
func loaderOf(exe string) (string, error) {
	f, err := elf.Open(exe)
	if err != nil {
		return "", fmt.Errorf("look at %s: %w", exe, err)
	}
	defer func() { _ = f.Close() }()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			words, err := io.ReadAll(p.Open())
			return string(words), err
		}
	}
	return "", nil
}
