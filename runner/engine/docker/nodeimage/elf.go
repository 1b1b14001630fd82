package nodeimage

import (
	"bufio"
	"debug/elf"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// libraryFolder is where an image keeps a dynamic binary's libraries; LD_LIBRARY_PATH names it.
const libraryFolder = "lib/squall"

// dependency is a file that a dynamic binary needs beside itself.
type dependency struct {
	// source is its path here, target its path in the image, without the leading slash.
	source, target string
}

// executable is what an executable is.
type executable struct {
	machine elf.Machine
	class   elf.Class
	// interpreter is the dynamic loader's path, empty for a static binary.
	interpreter string
	needs       []dependency
}

// inspectBinary reads an executable and, where it is dynamic (built with cgo), finds its loader
// and every shared library it needs.
func inspectBinary(exe string) (executable, error) {
	f, err := elf.Open(exe)
	if err != nil {
		return executable{}, fmt.Errorf("read %s as a Linux binary for the containers: %w", exe, err)
	}
	defer f.Close()
	b := executable{machine: f.Machine, class: f.Class}
	if b.interpreter, err = interpreter(f); err != nil || b.interpreter == "" {
		return b, err
	}
	b.needs = append(b.needs, dependency{b.interpreter, strings.TrimPrefix(path.Clean(b.interpreter), "/")})
	search := librarySearch{machine: f.Machine, class: f.Class, folders: standardFolders(), found: map[string]string{}}
	if err := search.add(exe, f); err != nil {
		return b, err
	}
	search.addNameService()
	for _, name := range search.order {
		b.needs = append(b.needs, dependency{search.found[name], path.Join(libraryFolder, name)})
	}
	return b, nil
}

func interpreter(f *elf.File) (string, error) {
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			name, err := io.ReadAll(p.Open())
			return strings.TrimRight(string(name), "\x00"), err
		}
	}
	return "", nil
}

// librarySearch resolves DT_NEEDED names as the dynamic loader would.
type librarySearch struct {
	machine elf.Machine
	class   elf.Class
	folders []string
	found   map[string]string
	order   []string
}

// add finds what a file needs, and what that needs.
func (s *librarySearch) add(file string, f *elf.File) error {
	needed, err := f.ImportedLibraries()
	if err != nil {
		return fmt.Errorf("read what %s needs: %w", file, err)
	}
	own, err := runPaths(file, f)
	if err != nil {
		return err
	}
	for _, name := range needed {
		if _, done := s.found[name]; done {
			continue
		}
		at, library, err := s.find(name, own)
		if err != nil {
			return fmt.Errorf("find the shared library %s of %s: %w; a binary built with CGO_ENABLED=0 needs none", name, file, err)
		}
		s.found[name] = at
		s.order = append(s.order, name)
		err = s.add(at, library)
		_ = library.Close() // only read
		if err != nil {
			return err
		}
	}
	return nil
}

// runPaths are the folders that a file itself names, $ORIGIN being its own.
func runPaths(file string, f *elf.File) ([]string, error) {
	var out []string
	for _, tag := range []elf.DynTag{elf.DT_RPATH, elf.DT_RUNPATH} {
		values, err := f.DynString(tag)
		if err != nil {
			return nil, fmt.Errorf("read the library folders of %s: %w", file, err)
		}
		for _, value := range values {
			for folder := range strings.SplitSeq(value, ":") {
				folder = strings.NewReplacer("${ORIGIN}", filepath.Dir(file), "$ORIGIN", filepath.Dir(file)).Replace(folder)
				out = append(out, folder)
			}
		}
	}
	return out, nil
}

// find opens the first library of that name and of the binary's own kind.
func (s *librarySearch) find(name string, own []string) (string, *elf.File, error) {
	candidates := []string{name}
	if !strings.Contains(name, "/") {
		candidates = nil
		for _, folder := range slices.Concat(own, s.folders) {
			candidates = append(candidates, filepath.Join(folder, name))
		}
	}
	for _, at := range candidates {
		f, err := elf.Open(at)
		if err != nil {
			continue // not there, or a linker script of the same name
		}
		if f.Machine == s.machine && f.Class == s.class {
			return at, f, nil
		}
		_ = f.Close() // only read
	}
	return "", nil, fmt.Errorf("not in %s: %w", strings.Join(slices.Concat(own, s.folders), ", "), fs.ErrNotExist)
}

// addNameService adds what the C library loads by name at run time to look up hosts and users,
// where it is not built in (glibc before 2.34).
func (s *librarySearch) addNameService() {
	libc, is := s.found["libc.so.6"]
	if !is {
		return
	}
	for _, name := range []string{"libnss_files.so.2", "libnss_dns.so.2", "libresolv.so.2"} {
		if _, done := s.found[name]; done {
			continue
		}
		if at, f, err := s.find(name, []string{filepath.Dir(libc)}); err == nil {
			_ = f.Close() // only read
			s.found[name] = at
			s.order = append(s.order, name)
		}
	}
}

// standardFolders are the loader's: what /etc/ld.so.conf names, then the built-in ones.
func standardFolders() []string {
	out := configuredFolders("/etc/ld.so.conf", 0)
	for _, folder := range []string{"/lib", "/usr/lib", "/lib64", "/usr/lib64"} {
		out = append(out, folder)
		// Multiarch folders (Debian): find refuses files of another architecture.
		more, _ := filepath.Glob(folder + "/*-linux-*") // the pattern is well formed
		out = append(out, more...)
	}
	return out
}

func configuredFolders(file string, depth int) []string {
	f, err := os.Open(file)
	if err != nil || depth > 4 {
		return nil
	}
	defer f.Close()
	var out []string
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line, _, _ := strings.Cut(lines.Text(), "#")
		line = strings.TrimSpace(line)
		if pattern, is := strings.CutPrefix(line, "include "); is {
			files, _ := filepath.Glob(strings.TrimSpace(pattern)) // a malformed pattern includes nothing
			for _, included := range files {
				out = append(out, configuredFolders(included, depth+1)...)
			}
		} else if line != "" {
			out = append(out, line)
		}
	}
	return out
}

// architectures are the engine's words for a machine, by ELF's.
func (b executable) runsOn(architecture string) error {
	var wants []string
	switch b.machine {
	case elf.EM_X86_64:
		wants = []string{"x86_64", "amd64"}
	case elf.EM_AARCH64:
		wants = []string{"aarch64", "arm64"}
	default:
		return nil // the engine says so itself when it can't
	}
	if !slices.Contains(wants, architecture) {
		return fmt.Errorf("the binary is for %s and the engine runs %s", wants[0], architecture)
	}
	return nil
}

// linuxBinary is the binary for the containers: the given one, or where that is not Linux's, a
// Linux build of it beside it, which releases for other systems come with.
func linuxBinary(exe, architecture string) (string, error) {
	f, err := elf.Open(exe)
	if err == nil {
		return exe, f.Close()
	}
	name, known := map[string]string{"x86_64": "amd64", "aarch64": "arm64"}[architecture]
	if !known {
		name = architecture
	}
	beside := filepath.Join(filepath.Dir(exe), "squall-linux-"+name)
	if _, missing := os.Stat(beside); missing != nil {
		return "", fmt.Errorf("containers run Linux binaries, and %s is none (%w): put one at %s, as `GOOS=linux GOARCH=%s go build -o %s ./cmd/squall` does",
			exe, err, beside, name, beside)
	}
	return beside, nil
}
