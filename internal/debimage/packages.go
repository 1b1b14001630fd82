package debimage

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// everywhere is in every image: a shell with its tools, and what changes the user.
var everywhere = []string{"busybox-static", "util-linux", "libcap-ng0", "tzdata"}

// Of what is depended on, libraries are taken: no interpreters, no installers.
var (
	libraries = regexp.MustCompile(`^(lib|zlib1g$)`)
	unwanted  = regexp.MustCompile(`perl|python|^libllvm|^libpam-|^libelogind|^lib.*san[0-9]+$|^libdebian-installer|^libsystemd-shared`)
)

// candidate is the version of a package that would be installed.
func candidate(ctx context.Context, name string) (string, error) {
	out, err := output(ctx, "", "apt-cache", "show", "--no-all-versions", name)
	if err != nil {
		return "", fmt.Errorf("find %s among this machine's packages: %w", name, err)
	}
	for line := range strings.Lines(out) {
		if version, is := strings.CutPrefix(line, "Version: "); is {
			return strings.TrimSpace(version), nil
		}
	}
	return "", fmt.Errorf("find %s among this machine's packages: apt says no version:\n%s", name, out)
}

// download gets the recipe's packages and every library that they depend on.
func download(ctx context.Context, dir string, r recipe) ([]string, error) {
	arguments := slices.Concat([]string{"depends", "--recurse", "--no-recommends", "--no-suggests", "--no-conflicts",
		"--no-breaks", "--no-replaces", "--no-enhances", "--no-pre-depends"}, r.packages)
	out, err := output(ctx, "", "apt-cache", arguments...)
	if err != nil {
		return nil, fmt.Errorf("list what %s needs: %w", r.packages[0], err)
	}
	also, err := regexp.Compile(cmp.Or(r.also, "^$"))
	if err != nil {
		return nil, err
	}
	wanted := slices.Concat(r.packages, everywhere)
	for line := range strings.Lines(out) {
		name := strings.TrimSpace(line)
		if strings.HasPrefix(line, " ") || strings.ContainsAny(name, "<:|") {
			continue
		}
		if also.MatchString(name) || libraries.MatchString(name) && !unwanted.MatchString(name) {
			wanted = append(wanted, name)
		}
	}
	slices.Sort(wanted)
	arguments = append([]string{"download", "-qq"}, slices.Compact(wanted)...)
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
