//go:build unix && !linux

package agent

import "errors"

// group is a control group, which only Linux has.
type group struct{}

const noGroup = "this system has no control groups"

func findGroup() group { return group{} }

func (group) cannot() (cpu, memory string) { return noGroup, noGroup }

func (group) setCPUs(float64) error { return errors.ErrUnsupported }

func (group) setMemory(int64) error { return errors.ErrUnsupported }

func (group) starved() *Starved { return &Starved{} }

func (group) ooms() int64 { return 0 }
