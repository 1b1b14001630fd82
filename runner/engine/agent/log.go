package agent

import (
	"bytes"
	"context"
	"io"
	"strings"
	"sync"
)

const (
	// logKept is how many bytes of what an instance says an agent keeps: whoever follows it is sooner there than that is over.
	logKept = 4 << 20
	// What an exit quotes of it.
	lastLines = 5
	lastBytes = 4 << 10
)

// log is what an instance says, over all incarnations: its last bytes, counted from the first.
type log struct {
	// echo has it too, as it comes: the container's own log.
	echo io.Writer

	mu   sync.Mutex
	from int64 // of the first byte that is kept
	kept []byte
	more chan struct{} // closed when there is more
	over bool
}

func newLog(echo io.Writer) *log { return &log{echo: echo, more: make(chan struct{})} }

// Write never fails: what can't be echoed is kept all the same.
func (l *log) Write(p []byte) (int, error) {
	if l.echo != nil {
		_, _ = l.echo.Write(p)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.kept = append(l.kept, p...)
	if over := len(l.kept) - logKept; over > logKept { // half of it at once, so that little is moved
		l.kept = append(make([]byte, 0, 2*logKept), l.kept[over:]...)
		l.from += int64(over)
	}
	close(l.more)
	l.more = make(chan struct{})
	return len(p), nil
}

// end tells followers that there will be no more.
func (l *log) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.over {
		l.over = true
		close(l.more)
	}
}

// size is how many bytes were said.
func (l *log) size() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.from + int64(len(l.kept))
}

// at is what there is from a byte on, where that begins really, and what is closed when there is more; nil: there will be no more.
func (l *log) at(from int64) (data []byte, begins int64, more <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	begins = min(max(from, l.from), l.from+int64(len(l.kept)))
	data = bytes.Clone(l.kept[begins-l.from:])
	if l.over {
		return data, begins, nil
	}
	return data, begins, l.more
}

// follow writes it from a byte on, as it comes, until ctx ends or there will be no more.
func (l *log) follow(ctx context.Context, from int64, write func([]byte) error) error {
	for {
		data, begins, more := l.at(from)
		if len(data) > 0 {
			if err := write(data); err != nil {
				return err
			}
		}
		from = begins + int64(len(data))
		if more == nil {
			return nil
		}
		select {
		case <-more:
		case <-ctx.Done():
			return nil
		}
	}
}

// words are its last lines from a byte on, in one.
func (l *log) words(from int64) string {
	data, _, _ := l.at(from)
	data = bytes.TrimSpace(data[max(0, len(data)-lastBytes):])
	lines := strings.Split(string(data), "\n")
	return strings.Join(lines[max(0, len(lines)-lastLines):], " | ")
}
