package pgimage

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path"
	"strings"
)

// user is who PostgreSQL runs as; it refuses to be root.
const user = 999

// entrypoint sets a database up at the first start and runs it. It listens only once it is set up.
const entrypoint = `#!/bin/sh
set -eu
name=${POSTGRES_USER:-postgres}
database=${POSTGRES_DB:-$name}
if [ ! -s "$PGDATA/PG_VERSION" ]; then
	if [ -n "${POSTGRES_PASSWORD:-}" ]; then
		method=scram-sha-256
		echo "$POSTGRES_PASSWORD" > /tmp/password
		initdb --username="$name" --pwfile=/tmp/password --auth-local=trust --auth-host=$method --encoding=UTF8 --locale=C --no-instructions
		rm /tmp/password
	elif [ "${POSTGRES_HOST_AUTH_METHOD:-}" = trust ]; then
		method=trust
		initdb --username="$name" --auth=trust --encoding=UTF8 --locale=C --no-instructions
	else
		echo "set POSTGRES_PASSWORD, or POSTGRES_HOST_AUTH_METHOD=trust" >&2
		exit 1
	fi
	echo "host all all all $method" >> "$PGDATA/pg_hba.conf"
	if [ "$database" != postgres ]; then
		echo "CREATE DATABASE \"$database\"" | postgres --single -D "$PGDATA" postgres
	fi
fi
exec postgres -D "$PGDATA" -c listen_addresses='*' -c unix_socket_directories=/tmp -c jit=off "$@"
`

// writeTree writes the image's file system: the files of the packages and a few of our own.
func writeTree(ctx context.Context, to io.Writer, version string, packages []string) error {
	w := tar.NewWriter(to)
	seen := map[string]bool{}
	for _, file := range packages {
		if err := addPackage(ctx, w, file, seen); err != nil {
			return fmt.Errorf("unpack %s: %w", path.Base(file), err)
		}
	}
	for _, own := range []struct {
		header tar.Header
		text   string
	}{
		{tar.Header{Name: "bin/sh", Typeflag: tar.TypeSymlink, Linkname: "busybox", Mode: 0o777}, ""},
		{tar.Header{Name: "etc/passwd", Mode: 0o644}, fmt.Sprintf("root:x:0:0:root:/:/bin/sh\npostgres:x:%d:%d::/var/lib/postgresql:/bin/sh\n", user, user)},
		{tar.Header{Name: "etc/group", Mode: 0o644}, fmt.Sprintf("root:x:0:\npostgres:x:%d:\n", user)},
		{tar.Header{Name: "entrypoint", Mode: 0o755}, entrypoint},
		{tar.Header{Name: "tmp/", Typeflag: tar.TypeDir, Mode: 0o1777}, ""},
		{tar.Header{Name: "var/lib/postgresql/data/", Typeflag: tar.TypeDir, Mode: 0o700, Uid: user, Gid: user}, ""},
	} {
		own.header.Size = int64(len(own.text))
		if err := w.WriteHeader(&own.header); err != nil {
			return err
		}
		if _, err := io.WriteString(w, own.text); err != nil {
			return err
		}
	}
	for _, tool := range []string{"rm", "cat", "echo"} {
		if err := w.WriteHeader(&tar.Header{Name: "bin/" + tool, Typeflag: tar.TypeSymlink, Linkname: "busybox", Mode: 0o777}); err != nil {
			return err
		}
	}
	return w.Close()
}

// addPackage copies a package's files into the archive.
func addPackage(ctx context.Context, w *tar.Writer, file string, seen map[string]bool) error {
	command := exec.CommandContext(ctx, "dpkg-deb", "--fsys-tarfile", file)
	stream, err := command.StdoutPipe()
	if err != nil {
		return err
	}
	if err := command.Start(); err != nil {
		return err
	}
	copyErr := copyEntries(w, stream, seen)
	_, _ = io.Copy(io.Discard, stream) // so that the command can end; what was read is judged already
	return errors.Join(copyErr, command.Wait())
}

func copyEntries(w *tar.Writer, from io.Reader, seen map[string]bool) error {
	for r := tar.NewReader(from); ; {
		h, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(path.Clean(h.Name), "./")
		if seen[name] || unneeded(name) {
			continue
		}
		seen[name] = true
		h.Name = name
		if h.Typeflag == tar.TypeDir {
			h.Name += "/"
		}
		if err := w.WriteHeader(h); err != nil {
			return err
		}
		if _, err := io.Copy(w, r); err != nil {
			return err
		}
	}
}

// unneeded leaves out what a server never reads: documentation, translations, compiler input.
func unneeded(name string) bool {
	for _, folder := range []string{"usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/lintian", "usr/share/bug", "usr/share/perl5"} {
		if name == folder || strings.HasPrefix(name, folder+"/") {
			return true
		}
	}
	return name == "." || strings.Contains(name, "/bitcode/") || strings.HasSuffix(name, "/bitcode") || strings.HasSuffix(name, "/llvmjit.so")
}
