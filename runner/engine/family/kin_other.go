//go:build unix && !linux

package family

import "syscall"

// Relative is a process: nothing can be told of it here.
type Relative struct{}

// Relatives can't be told here.
func Relatives() map[int]Relative { return nil }

// Of can't be told here.
func Of(map[int]Relative, int, string, Members, []string) Members { return nil }

// Descendants can't be told here.
func Descendants(map[int]Relative, int) Members { return nil }

// StartOf can't be told here.
func StartOf(int) string { return "" }

func send(int, string, syscall.Signal) {}
