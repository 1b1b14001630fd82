package database

import (
	"errors"
	"fmt"
	"sync"

	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/runner/node/internal/journal"
)

// What a database in a replication is.
const (
	leads   = "leads"
	follows = "follows"
	deposed = "deposed"
)

// replicationState is whether a database takes writes, and under which epoch. It outlives a crash: whoever was promoted
// stays it, and a primary that has heard of a promotion, which has a higher epoch than its own, is one no more.
// Each state is a record behind those before it, in a journal of its own, so that no crash forgets both the last and the next.
type replicationState struct {
	journal *journal.Journal

	mu    sync.Mutex
	epoch uint64
	as    string
}

// openReplicationState reads it back; where there is none yet it begins in epoch 1.
func openReplicationState(disk host.Disk, as string) (*replicationState, error) {
	s := &replicationState{epoch: 1, as: as}
	var strange error
	// Its counts are its own: those of the instance are of what was written.
	j, err := journal.Open(disk, "replication.journal", host.NewMetrics(), func(record []byte) {
		if err := s.apply(record); err != nil && strange == nil {
			strange = err
		}
	})
	if err == nil && strange != nil {
		err = errors.Join(strange, j.Close())
	}
	if err != nil {
		return nil, fmt.Errorf("open replication state: %w", err)
	}
	s.journal = j
	return s, nil
}

// apply takes one record.
func (s *replicationState) apply(record []byte) error {
	var epoch uint64
	var as string
	if _, err := fmt.Sscanf(string(record), "%d %s", &epoch, &as); err != nil {
		return fmt.Errorf("read record %q: %w", record, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.epoch, s.as = epoch, as
	return nil
}

func (s *replicationState) close() error {
	if s == nil {
		return nil
	}
	return s.journal.Close()
}

func (s *replicationState) now() (epoch uint64, as string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.epoch, s.as
}

// becomes is durable when it returns nil.
func (s *replicationState) becomes(epoch uint64, as string) error {
	if err := s.journal.Append(fmt.Appendf(nil, "%d %s", epoch, as)); err != nil {
		return fmt.Errorf("write replication state: %w", err)
	}
	return nil
}
