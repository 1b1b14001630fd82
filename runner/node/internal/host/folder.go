package host

import (
	"errors"
	"os"
	"path/filepath"
)

// Folder is the Disk of real files.
type Folder string

var _ Disk = Folder("")

// Open makes the folder too if need be.
func (f Folder) Open(name string) (File, error) {
	if f == "" {
		return nil, errors.New("no data folder given")
	}
	if err := os.MkdirAll(string(f), 0o755); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(filepath.Join(string(f), name), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syncFolder(string(f)); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// syncFolder makes a new file's name durable.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	defer folder.Close()
	return folder.Sync()
}
