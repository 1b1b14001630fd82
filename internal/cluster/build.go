package cluster

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// What the folder of programs has.
const (
	// programs is the one of Kubernetes' parts.
	programs = "kubernetes"
	// networkPlugins are those of CNI.
	networkPlugins = "cni"
	// pauseArchive is the image whose process holds a pod's namespaces.
	pauseArchive = "pause.tar"
	pauseImage   = "localhost/squall-pause:1"
)

// Build returns the folder of programs that clusters are made of, and makes it where it is not there yet: Kubernetes from its modules, which
// takes 20 minutes of a processor's time where nothing is in the go command's cache and half a minute where all is. It waits for
// another process that does it. say gets a line where that takes long.
func Build(ctx context.Context, say func(string)) (string, error) {
	module, err := modulePath(ctx)
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	sum, err := fingerprint(ctx, module)
	if err != nil {
		return "", err
	}
	folder := filepath.Join(cache, "squall-cluster", sum)
	if exists(folder) {
		return folder, nil
	}
	if err := os.MkdirAll(filepath.Dir(folder), 0o700); err != nil {
		return "", err
	}
	// One process of this machine builds. The lock's file stays: it is the cache's.
	l, err := os.OpenFile(filepath.Join(filepath.Dir(folder), "build.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return "", err
	}
	defer l.Close()
	for told := false; ; rest(ctx, everyLook) {
		err := syscall.Flock(int(l.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			break
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return "", err
		}
		if ctx.Err() != nil {
			return "", fmt.Errorf("wait for who builds Kubernetes: %w", ctx.Err())
		}
		if !told {
			say("another process builds Kubernetes: it is waited for")
			told = true
		}
	}
	if exists(folder) {
		return folder, nil
	}
	return folder, build(ctx, module, folder, say)
}

// modulePath is the folder of the module of Kubernetes' parts.
func modulePath(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/squallhq/squall").Output()
	if err != nil {
		return "", fmt.Errorf("find the checkout, in which this has to be run: %w", err)
	}
	return filepath.Join(strings.TrimSpace(string(out)), "internal", "cluster", "parts"), nil
}

// fingerprint changes with everything that programs are made from.
func fingerprint(ctx context.Context, module string) (string, error) {
	version, err := exec.CommandContext(ctx, "go", "version").Output()
	if err != nil {
		return "", err
	}
	h := sha256.New()
	fmt.Fprintf(h, "%s %s %s\n", version, Version, buildRevision)
	for _, file := range []string{"go.mod", "go.sum", "main.go", "../pause/main.go"} {
		data, err := os.ReadFile(filepath.Join(module, file))
		if err != nil {
			return "", err
		}
		fmt.Fprintf(h, "%s %x\n", file, sha256.Sum256(data))
	}
	return fmt.Sprintf("%s-%x", Version, h.Sum(nil)[:6]), nil
}

// buildRevision is of how it is made: a change of that makes another folder.
const buildRevision = "1"

// build makes everything in a folder beside, which then takes its name: there is never half of it.
func build(ctx context.Context, module, folder string, say func(string)) error {
	fresh, err := os.MkdirTemp(filepath.Dir(folder), ".new-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(fresh)
	begun := time.Now()
	say("building Kubernetes " + Version + " from its modules")
	if err := buildNetworkPlugins(ctx, filepath.Join(fresh, networkPlugins)); err != nil {
		return err
	}
	stamp := fmt.Sprintf("-s -w -X k8s.io/component-base/version.gitVersion=%s -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=%s",
		Version, strings.Split(Version, ".")[1])
	if err := goBuild(ctx, module, filepath.Join(fresh, programs), stamp, "."); err != nil {
		return err
	}
	pauseProgram := filepath.Join(fresh, "pause")
	if err := goBuild(ctx, filepath.Dir(module), pauseProgram, "-s -w", "./pause"); err != nil {
		return err
	}
	archive, err := os.Create(filepath.Join(fresh, pauseArchive))
	if err != nil {
		return err
	}
	if err := errors.Join(WriteImage(archive, pauseImage, pauseProgram, "/pause"), archive.Close()); err != nil {
		return fmt.Errorf("make the image of pause: %w", err)
	}
	if err := os.Rename(fresh, folder); err != nil {
		return err
	}
	say(fmt.Sprintf("built Kubernetes %s in %.0f s", Version, time.Since(begun).Seconds()))
	return nil
}

func goBuild(ctx context.Context, folder, to, flags, what string) error {
	command := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", flags, "-o", to, what)
	command.Dir, command.Env = folder, append(os.Environ(), "CGO_ENABLED=0", "GOGC=300") // see the Makefile's COMPILE
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s in %s: %w\n%s", what, folder, err, out)
	}
	return nil
}

// buildNetworkPlugins takes them out of Debian's package, which is not installed for that.
func buildNetworkPlugins(ctx context.Context, to string) error {
	const name = "containernetworking-plugins"
	dir, err := os.MkdirTemp("", "squall-cluster-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	download := func() error { return commandIn(ctx, dir, "apt-get", "download", "-qq", name) }
	if err := download(); err != nil {
		if err := commandIn(ctx, dir, "apt-get", "update", "-qq"); err != nil {
			return err
		}
		if err := download(); err != nil {
			return err
		}
	}
	packages, _ := filepath.Glob(filepath.Join(dir, "*.deb")) // the pattern is well formed
	if len(packages) != 1 {
		return fmt.Errorf("download %s: got %d files", name, len(packages))
	}
	if err := commandIn(ctx, dir, "dpkg", "-x", packages[0], "tree"); err != nil {
		return err
	}
	return os.CopyFS(to, os.DirFS(filepath.Join(dir, "tree", "usr", "lib", "cni")))
}

func commandIn(ctx context.Context, dir, name string, args ...string) error {
	command := exec.CommandContext(ctx, name, args...)
	command.Dir = dir
	command.Env = append(os.Environ(), "LC_ALL=C", "DEBIAN_FRONTEND=noninteractive")
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}
