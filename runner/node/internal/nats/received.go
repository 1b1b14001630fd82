package nats

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"
	"sync"

	"github.com/squallhq/squall/runner/node/internal/host"
)

// received is the account of what one server gave to this instance: nobody else has one. It outlives a crash, as a file
// with an id in each line; it is written and not synced, since no power is lost here and the service is not to be slowed.
type received struct {
	mu   sync.Mutex
	file host.File
	ids  map[string]int
}

func openReceived(disk host.Disk, server string) (*received, error) {
	file, err := disk.Open("received-" + server)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(file)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	r := &received{file: file, ids: map[string]int{}}
	for line := range strings.Lines(string(text)) {
		if id, whole := strings.CutSuffix(line, "\n"); whole && id != "" {
			r.ids[id]++
		}
	}
	return r, nil
}

// add writes an id down before anybody works on its message. Each line begins with the end of the one before it, which a crash may have cut.
func (r *received) add(id string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ids[id]++
	if _, err := io.WriteString(r.file, "\n"+id+"\n"); err != nil {
		return fmt.Errorf("keep account of a message: %w", err)
	}
	return nil
}

func (r *received) all() map[string]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.ids)
}

// close closes the file; a nil one has none.
func (r *received) close() error {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.file.Close()
}
