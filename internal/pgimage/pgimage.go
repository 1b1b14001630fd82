// Package pgimage makes a container image with a real PostgreSQL from the packages of this
// machine's Debian or Ubuntu, for tests on machines that reach no image registry. The image answers to the
// environment of the usual PostgreSQL images (POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB) and
// is kept on the engine between test runs.
package pgimage

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"
)

// revision is part of the image's tag: it goes up when what is made here changes.
const revision = 1

// Ensure returns the name of a local image with PostgreSQL and makes it where it is not there yet,
// which takes about 10 s and 40 MB from the package mirror. It skips the test where there is no engine or no
// Debian to make it from; with SQUALL_REQUIRE_DOCKER=1 that is a failure.
func Ensure(ctx context.Context, t testing.TB) string {
	t.Helper()
	name, err := ensure(ctx)
	if err == nil {
		return name
	}
	if os.Getenv("SQUALL_REQUIRE_DOCKER") == "1" {
		t.Fatalf("make an image with PostgreSQL: %v", err)
	}
	t.Skipf("needs an image with PostgreSQL (SQUALL_REQUIRE_DOCKER=1 makes this a failure): %v", err)
	return ""
}

func ensure(ctx context.Context) (string, error) {
	api, err := client.NewClientWithOpts(client.FromEnv, client.WithAPIVersionNegotiation())
	if err != nil {
		return "", err
	}
	defer api.Close()
	if _, err := api.Ping(ctx); err != nil {
		return "", fmt.Errorf("reach the Docker engine: %w", err)
	}
	server, err := serverPackage(ctx)
	if err != nil {
		return "", err
	}
	version := strings.TrimPrefix(server, "postgresql-")
	name := fmt.Sprintf("squall-test-postgres:%s-r%d", version, revision)
	if _, err := api.ImageInspect(ctx, name); err == nil || !errdefs.IsNotFound(err) {
		return name, err
	}
	dir, err := os.MkdirTemp("", "pgimage-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	packages, err := download(ctx, dir, server)
	if err != nil {
		return "", err
	}
	return name, load(ctx, api, name, version, packages)
}

// serverPackage is the newest server package, as in postgresql-15.
func serverPackage(ctx context.Context) (string, error) {
	out, err := output(ctx, "", "apt-cache", "depends", "postgresql")
	if err != nil {
		return "", fmt.Errorf("find PostgreSQL among this machine's packages: %w", err)
	}
	for line := range strings.Lines(out) {
		if name, is := strings.CutPrefix(strings.TrimSpace(line), "Depends: postgresql-"); is && !strings.Contains(name, "common") {
			return "postgresql-" + name, nil
		}
	}
	return "", fmt.Errorf("find PostgreSQL among this machine's packages: apt knows none:\n%s", out)
}

// download gets the server, a shell, time zones and every library that the server depends on.
func download(ctx context.Context, dir, server string) ([]string, error) {
	out, err := output(ctx, "", "apt-cache", "depends", "--recurse", "--no-recommends", "--no-suggests", "--no-conflicts",
		"--no-breaks", "--no-replaces", "--no-enhances", "--no-pre-depends", server)
	if err != nil {
		return nil, fmt.Errorf("list what %s needs: %w", server, err)
	}
	wanted := []string{server, "busybox-static", "tzdata", "zlib1g"}
	for line := range strings.Lines(out) {
		name := strings.TrimSpace(line)
		// Libraries alone: no interpreters, no installers. Just-in-time compilation (LLVM) is switched off.
		if strings.HasPrefix(line, "lib") && !strings.HasPrefix(name, "libllvm") && !strings.Contains(name, "perl") && !strings.Contains(name, ":") {
			wanted = append(wanted, name)
		}
	}
	arguments := append([]string{"download", "-qq"}, wanted...)
	if _, err := output(ctx, dir, "apt-get", arguments...); err != nil {
		if _, updateErr := output(ctx, "", "apt-get", "update", "-qq"); updateErr != nil {
			return nil, fmt.Errorf("download %d packages: %w; then: %w", len(wanted), err, updateErr)
		}
		if _, err := output(ctx, dir, "apt-get", arguments...); err != nil {
			return nil, fmt.Errorf("download %d packages: %w", len(wanted), err)
		}
	}
	return filepath.Glob(filepath.Join(dir, "*.deb"))
}

// output runs a command and returns what it printed.
func output(ctx context.Context, dir, name string, args ...string) (string, error) {
	command := exec.CommandContext(ctx, name, args...)
	command.Dir = dir
	command.Env = append(os.Environ(), "LC_ALL=C", "DEBIAN_FRONTEND=noninteractive")
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w: %s", name, err, strings.TrimSpace(stderr.String()))
	}
	return string(out), nil
}

// load imports the file system made from the packages.
func load(ctx context.Context, api *client.Client, name, version string, packages []string) error {
	read, write := io.Pipe()
	written := make(chan error, 1)
	go func() {
		err := writeTree(ctx, write, version, packages)
		_ = write.CloseWithError(err) // always nil
		written <- err
	}()
	progress, err := api.ImageImport(ctx, image.ImportSource{Source: read, SourceName: "-"}, name, image.ImportOptions{Changes: []string{
		`ENTRYPOINT ["/entrypoint"]`, "USER " + fmt.Sprint(user), "EXPOSE 5432", "VOLUME /var/lib/postgresql/data",
		"ENV PATH=/usr/lib/postgresql/" + version + "/bin:/bin", "ENV PGDATA=/var/lib/postgresql/data", "LABEL squall.test=pgimage",
	}})
	if err == nil {
		_, err = io.Copy(io.Discard, progress)
		_ = progress.Close() // only read
	}
	_ = read.Close() // ends the writer when the engine has not read to the end
	if wrote := <-written; wrote != nil {
		return wrote
	}
	if err != nil {
		return fmt.Errorf("import %s: %w", name, err)
	}
	if _, err := api.ImageInspect(ctx, name); err != nil {
		return fmt.Errorf("import %s: %w", name, err)
	}
	return nil
}
