package debimage

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path"
	"slices"
	"strings"
)

// revision is part of the images' tags: it goes up when what is made here changes.
const revision = 2

// tools are busybox's, under the names that scripts call them by.
var tools = strings.Fields(`[ awk base64 basename cat chgrp chmod chown chroot clear cmp cp cut date dd df dirname du echo env
	expr false find free getopt grep head hostname id kill less ln ls md5sum mkdir mkfifo mktemp more mount mv nc nproc nslookup
	od pidof ping printf ps pwd readlink realpath rm rmdir sed seq sha256sum sleep sort stat su sync tail tar tee test
	timeout top touch tr true truncate tty umount uname uniq uptime vi wc wget which whoami xargs`)

// prelude begins every entrypoint. Without its path, setpriv would be the shell's own, which can't change users.
const prelude = `#!/bin/sh
set -eu
# fill NAME...: takes the value of NAME from the file that NAME_FILE names, as the usual images do.
fill() {
	for filled; do
		eval "file=\${${filled}_FILE:-}"
		if [ -n "$file" ]; then export "$filled=$(cat "$file")"; fi
	done
}
# become USER FOLDER... -- ARGUMENT...: begins anew as USER, who then owns the folders. Root alone can.
become() {
	user=$1; shift
	while [ "$1" != -- ]; do
		if [ "$(id -u)" = 0 ]; then mkdir -p "$1"; chown -R "$user" "$1"; fi
		shift
	done
	shift
	if [ "$(id -u)" = 0 ]; then
		exec /usr/bin/setpriv --reuid="$user" --regid="$user" --init-groups /entrypoint "$@"
	fi
}
`

// writeTree writes the image's file system: the files of the packages and a few of our own.
func writeTree(ctx context.Context, to io.Writer, r recipe, packages []string) error {
	w := tar.NewWriter(to)
	seen := map[string]bool{}
	// Merged, as newer releases have it; packages of older ones are moved there.
	for _, folder := range []string{"bin", "sbin", "lib", "lib64"} {
		if err := w.WriteHeader(&tar.Header{Name: folder, Typeflag: tar.TypeSymlink, Linkname: "usr/" + folder, Mode: 0o777}); err != nil {
			return err
		}
	}
	own := slices.Concat([]file{
		{path: "entrypoint", mode: 0o755, text: prelude + r.entrypoint},
		{path: "etc/passwd", text: fmt.Sprintf("root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n%s:x:%d:%d::%s:/bin/sh\n",
			r.user, r.id, r.id, r.home)},
		{path: "etc/group", text: fmt.Sprintf("root:x:0:\nnogroup:x:65534:\n%s:x:%d:\n", r.user, r.id)},
		{path: "etc/nsswitch.conf", text: "passwd: files\ngroup: files\nhosts: files dns\n"},
		{path: "tmp/", mode: 0o1777}, {path: "run/", mode: 0o755}, {path: "root/", mode: 0o700},
	}, r.files)
	for _, f := range own {
		if err := f.write(w, r.id); err != nil {
			return fmt.Errorf("write %s: %w", f.path, err)
		}
		seen[strings.TrimSuffix(f.path, "/")] = true
	}
	for _, name := range packages {
		if err := addPackage(ctx, w, name, seen); err != nil {
			return fmt.Errorf("unpack %s: %w", path.Base(name), err)
		}
	}
	for _, tool := range append(tools, "sh") {
		if seen["usr/bin/"+tool] || seen["usr/sbin/"+tool] {
			continue
		}
		if err := w.WriteHeader(&tar.Header{Name: "usr/bin/" + tool, Typeflag: tar.TypeSymlink, Linkname: "/usr/bin/busybox", Mode: 0o777}); err != nil {
			return err
		}
	}
	return w.Close()
}

// file is one of our own. A path that ends in / is a folder.
type file struct {
	path, text string
	mode       int64 // 0 is 0644
	owned      bool  // by the part's user
}

func (f file) write(w *tar.Writer, id int) error {
	h := &tar.Header{Name: f.path, Typeflag: tar.TypeReg, Mode: f.mode, Size: int64(len(f.text))}
	if strings.HasSuffix(f.path, "/") {
		h.Typeflag = tar.TypeDir
	}
	if h.Mode == 0 {
		h.Mode = 0o644
	}
	if f.owned {
		h.Uid, h.Gid = id, id
	}
	if err := w.WriteHeader(h); err != nil {
		return err
	}
	_, err := io.WriteString(w, f.text)
	return err
}

// addPackage copies a package's files into the archive.
func addPackage(ctx context.Context, w *tar.Writer, name string, seen map[string]bool) error {
	command := exec.CommandContext(ctx, "dpkg-deb", "--fsys-tarfile", name)
	stream, err := command.StdoutPipe()
	if err != nil {
		return err
	}
	if err := command.Start(); err != nil {
		return err
	}
	copyErr := copyEntries(w, stream, seen, strings.HasPrefix(path.Base(name), "util-linux_"))
	_, _ = io.Copy(io.Discard, stream) // so that the command can end; what was read is judged already
	return errors.Join(copyErr, command.Wait())
}

func copyEntries(w *tar.Writer, from io.Reader, seen map[string]bool, setprivAlone bool) error {
	for r := tar.NewReader(from); ; {
		h, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		original := h.Name
		name := merged(original)
		if name == "" || seen[name] || unneeded(name) || setprivAlone && h.Typeflag != tar.TypeDir && path.Base(name) != "setpriv" {
			continue
		}
		seen[name] = true
		h.Name = name
		switch h.Typeflag {
		case tar.TypeDir:
			h.Name += "/"
		case tar.TypeLink:
			h.Linkname = merged(h.Linkname)
		case tar.TypeSymlink:
			h.Linkname = straight(original, h.Linkname)
		}
		if err := w.WriteHeader(h); err != nil {
			return err
		}
		if _, err := io.Copy(w, r); err != nil {
			return err
		}
	}
}

// merged is a file's place where /bin and its like are folders in /usr; "" is for those themselves.
func merged(name string) string {
	name = strings.TrimPrefix(path.Clean(name), "./")
	switch first, rest, _ := strings.Cut(name, "/"); first {
	case "bin", "sbin", "lib", "lib64":
		if rest == "" {
			return ""
		}
		return "usr/" + name
	}
	if name == "." {
		return ""
	}
	return name
}

// straight is a link's target from the root where it leaves its folder: ../ would count from the place before the merge.
func straight(name, target string) string {
	if !strings.HasPrefix(target, "../") {
		return target
	}
	return "/" + merged(path.Join(path.Dir(name), target))
}

// unneeded leaves out what a server never reads: documentation, translations, compiler input.
func unneeded(name string) bool {
	for _, folder := range []string{"usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/lintian", "usr/share/bug", "usr/share/perl5",
		"usr/share/info", "usr/share/bash-completion", "etc/init.d", "usr/lib/systemd", "etc/logrotate.d"} {
		if name == folder || strings.HasPrefix(name, folder+"/") {
			return true
		}
	}
	return strings.Contains(name, "/bitcode/") || strings.HasSuffix(name, "/bitcode") || strings.HasSuffix(name, "/llvmjit.so")
}
