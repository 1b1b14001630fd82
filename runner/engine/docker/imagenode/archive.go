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
	"slices"
	"strings"

	"github.com/squallhq/squall/scenarios"
)

// mostBytes is how much an instance may be given: more is rather a mistake, such as a folder with everything in it.
const mostBytes = 1 << 30

// Given tells that a node gets files.
func Given(n *scenarios.Node) bool {
	return len(n.Files)+len(n.Secrets) > 0 || slices.ContainsFunc(n.Volumes, func(v scenarios.Volume) bool { return v.From != "" })
}

// archive is what a node gets, on its way into a container.
type archive struct {
	*tar.Writer
	folder string
	owners *Owners
	left   int64
}

// Archive writes what a node gets, with paths from the container's root: copies of the folder's, files and secrets.
func Archive(to io.Writer, n *scenarios.Node, folder string, owners *Owners) error {
	a := &archive{Writer: tar.NewWriter(to), folder: folder, owners: owners, left: mostBytes}
	for _, v := range n.Volumes {
		if v.From == "" {
			continue
		}
		if err := a.copy(v.From, v.Target, 0, ""); err != nil {
			return fmt.Errorf("copy %s to %s: %w", v.From, v.Target, err)
		}
	}
	for _, f := range n.Files {
		err := error(nil)
		if f.Content != nil {
			err = a.text(*f.Content, f.Target, f.Mode, f.User)
		} else {
			err = a.copy(f.File, f.Target, f.Mode, f.User)
		}
		if err != nil {
			return fmt.Errorf("copy the file %s: %w", f.Target, err)
		}
	}
	for _, s := range n.Secrets {
		if err := a.secret(s); err != nil {
			return fmt.Errorf("copy the secret %s: %w", s.Name, err)
		}
	}
	return a.Close()
}

const plainMode = 0o444

func (a *archive) secret(s *scenarios.Secret) error {
	if s.File != "" {
		return a.copy(s.File, s.Target(), cmp.Or(s.Mode, plainMode), s.User)
	}
	value, is := os.LookupEnv(s.Environment)
	if !is {
		return fmt.Errorf("squall's environment has no %s", s.Environment)
	}
	return a.text(value, s.Target(), s.Mode, s.User)
}

// text is a file with this in it.
func (a *archive) text(text, target string, mode scenarios.Mode, user string) error {
	h := &tar.Header{Typeflag: tar.TypeReg, Name: inside(target), Mode: int64(cmp.Or(mode, plainMode)), Size: int64(len(text))}
	if err := a.header(h, user); err != nil {
		return err
	}
	_, err := io.WriteString(a, text)
	return err
}

// copy is a file, or all that is in a folder.
func (a *archive) copy(from, target string, mode scenarios.Mode, user string) error {
	root := filepath.Join(a.folder, from)
	is, err := os.Stat(root)
	if err != nil {
		return err
	}
	if !is.IsDir() {
		return a.file(root, target, mode, user)
	}
	return filepath.WalkDir(root, func(at string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		within, err := filepath.Rel(root, at)
		if err != nil || within == "." {
			return err // the folder itself is as the container has it
		}
		to := path.Join(target, filepath.ToSlash(within))
		return a.entry(at, to, entry, mode, user)
	})
}

// entry is one thing of a folder: with the mode and the user that are given, or as it is there.
func (a *archive) entry(at, to string, entry fs.DirEntry, mode scenarios.Mode, user string) error {
	switch kind := entry.Type(); {
	case kind.IsDir():
		info, err := entry.Info()
		if err != nil {
			return err
		}
		return a.header(&tar.Header{Typeflag: tar.TypeDir, Name: inside(to) + "/", Mode: int64(info.Mode().Perm())}, user)
	case kind&fs.ModeSymlink != 0:
		leads, err := os.Readlink(at)
		if err != nil {
			return err
		}
		return a.header(&tar.Header{Typeflag: tar.TypeSymlink, Name: inside(to), Linkname: leads, Mode: 0o777}, user)
	case kind.IsRegular():
		return a.file(at, to, mode, user)
	}
	return nil // a socket or device is nothing that can be copied
}

func (a *archive) file(from, target string, mode scenarios.Mode, user string) error {
	f, err := os.Open(from)
	if err != nil {
		return err
	}
	defer f.Close()
	is, err := f.Stat()
	if err != nil {
		return err
	}
	if !is.Mode().IsRegular() {
		return errors.New("it is no regular file")
	}
	if a.left -= is.Size(); a.left < 0 {
		return fmt.Errorf("the node's files are more than %d MB in all", mostBytes>>20)
	}
	h := &tar.Header{
		Typeflag: tar.TypeReg, Name: inside(target), Mode: int64(cmp.Or(mode, scenarios.Mode(is.Mode().Perm()))), Size: is.Size(), ModTime: is.ModTime(),
	}
	if err := a.header(h, user); err != nil {
		return err
	}
	_, err = io.CopyN(a, f, is.Size())
	return err
}

func (a *archive) header(h *tar.Header, user string) (err error) {
	if h.Uid, h.Gid, err = a.owners.of(user); err != nil {
		return err
	}
	return a.WriteHeader(h)
}

func inside(target string) string { return strings.TrimPrefix(target, "/") }
