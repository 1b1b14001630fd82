package objects

import (
	"cmp"
	"io/fs"
	"os"
	"path/filepath"
)

// Folder is a scenario's folder as the scenario names what it copies: from there, and above it, too (files: {/etc/shop.conf: ../shop.conf}), as on the engines
// of one machine. What os.DirFS makes has no names for what is above it.
type Folder string

var (
	_ fs.StatFS     = Folder("")
	_ fs.ReadFileFS = Folder("")
	_ fs.ReadDirFS  = Folder("")
)

// at is where a name leads.
func (f Folder) at(name string) string {
	return filepath.Join(cmp.Or(string(f), "."), filepath.FromSlash(name))
}

// Open opens what is called so.
func (f Folder) Open(name string) (fs.File, error) { return os.Open(f.at(name)) }

// Stat is what is called so; of a link, what it leads to.
func (f Folder) Stat(name string) (fs.FileInfo, error) { return os.Stat(f.at(name)) }

// ReadFile is what a file has.
func (f Folder) ReadFile(name string) ([]byte, error) { return os.ReadFile(f.at(name)) }

// ReadDir is what is in a folder.
func (f Folder) ReadDir(name string) ([]fs.DirEntry, error) { return os.ReadDir(f.at(name)) }
