package node

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
)

// The words of a standing's file.
const (
	leads   = "leads"
	follows = "follows"
	deposed = "deposed"
)

// standing is whether a database takes writes, and under which epoch. It outlives a crash: whoever was promoted
// stays it, and a primary that has heard of a promotion, which has a higher epoch than its own, is one no more.
type standing struct {
	file File

	mu    sync.Mutex
	epoch uint64
	as    string
}

// openStanding reads it back; where there is none yet it begins in epoch 1.
func openStanding(disk Disk, as string) (*standing, error) {
	file, err := disk.Open("standing")
	if err != nil {
		return nil, fmt.Errorf("open standing: %w", err)
	}
	s := &standing{file: file, epoch: 1, as: as}
	data, err := io.ReadAll(file)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read standing: %w", err), file.Close())
	}
	var epoch uint64
	var was string
	// A line that was cut short by a crash was not acted on: it counts as none.
	if n, _ := fmt.Sscanf(string(data), "%d %s\n", &epoch, &was); n == 2 && strings.HasSuffix(string(data), "\n") {
		s.epoch, s.as = epoch, was
	}
	return s, nil
}

func (s *standing) close() error {
	if s == nil {
		return nil
	}
	return s.file.Close()
}

func (s *standing) now() (epoch uint64, as string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.epoch, s.as
}

// becomes is durable when it returns nil.
func (s *standing) becomes(epoch uint64, as string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("write standing: %w", err)
	}
	if err := s.file.Truncate(0); err != nil {
		return fmt.Errorf("write standing: %w", err)
	}
	if _, err := fmt.Fprintf(s.file, "%d %s\n", epoch, as); err != nil {
		return fmt.Errorf("write standing: %w", err)
	}
	if err := s.file.Sync(); err != nil {
		return fmt.Errorf("write standing: %w", err)
	}
	s.epoch, s.as = epoch, as
	return nil
}
