package nodeimage

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/squallhq/squall/internal/squallbin"
)

const staticProgram = `package main

import ("fmt"; "os")

func main() {
	fmt.Println("uid", os.Getuid())
	if err := os.WriteFile("/data/x", []byte("x"), 0o600); err != nil { fmt.Println(err) }
	if err := os.WriteFile("/tmp/x", []byte("x"), 0o600); err != nil { fmt.Println(err) }
	fmt.Println("root:", os.WriteFile("/x", []byte("x"), 0o600) != nil)
}
`

func TestImageIsTheSameForTheSameBinary(t *testing.T) {
	exe := squallbin.Program(t, staticProgram, "0")
	a, err := New(exe, "x86_64")
	if err != nil {
		t.Fatal(err)
	}
	b, err := New(exe, "amd64")
	if err != nil {
		t.Fatal(err)
	}
	if a.Ref != b.Ref || !strings.HasPrefix(a.Ref, "squall:") {
		t.Errorf("names %s and %s, want one that begins with squall:", a.Ref, b.Ref)
	}
	other, err := New(squallbin.Program(t, staticProgram+"\n// another", "0"), "amd64")
	if err != nil {
		t.Fatal(err)
	}
	if sameBytes := other.BinarySum == a.BinarySum; sameBytes != (other.Ref == a.Ref) {
		t.Errorf("binaries equal: %v, images equal: %v", sameBytes, other.Ref == a.Ref)
	}
	if _, err := New(exe, "aarch64"); err == nil || !strings.Contains(err.Error(), "x86_64") {
		t.Errorf("an engine of another architecture: got %v, want an error that names both", err)
	}
}

// A binary of another system gets a Linux build that lies beside it, or an error that says how to make one.
func TestLinuxBinary(t *testing.T) {
	dir := t.TempDir()
	exe := filepath.Join(dir, "squall")
	if err := os.WriteFile(exe, []byte("not ELF"), 0o755); err != nil {
		t.Fatal(err)
	}
	beside := filepath.Join(dir, "squall-linux-arm64")
	if _, err := linuxBinary(exe, "aarch64"); err == nil || !strings.Contains(err.Error(), "GOARCH=arm64 go build -o "+beside) {
		t.Errorf("%v, want an error that says how to build %s", err, beside)
	}
	if err := os.WriteFile(beside, nil, 0o755); err != nil {
		t.Fatal(err)
	}
	if got, err := linuxBinary(exe, "aarch64"); err != nil || got != beside {
		t.Errorf("%s, %v; want %s", got, err, beside)
	}
}

func TestImageLayer(t *testing.T) {
	image, err := New(squallbin.Program(t, staticProgram, "0"), "amd64")
	if err != nil {
		t.Fatal(err)
	}
	var layer bytes.Buffer
	if err := image.WriteLayer(&layer, io.Discard); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for r := tar.NewReader(&layer); ; {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		got[h.Name] = fmt.Sprintf("%o %d", h.Mode, h.Uid)
	}
	want := map[string]string{"data/": "755 65532", "etc/": "755 0", "etc/group": "644 0", "etc/passwd": "644 0", "tmp/": "1777 0", "squall": "755 0"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("the layer holds\n%v, want\n%v", got, want)
	}
}
