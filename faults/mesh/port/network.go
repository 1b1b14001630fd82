// Package port is what a mesh needs of the system: TCP ports that refuse and hang, timers that are precise to
// microseconds, and pipes that carry bulk inside the kernel. On systems other than Linux it makes do without. It imports
// nothing of ours.
package port

import "net"

// Port is a listener that can turn connections away before they are made. Listeners of a mesh's Network may be one;
// without that, an edge on them can refuse no connection (it resets it after accepting) and can hang none (it freezes it
// after accepting). All its methods return
// at once and may be called in any order and any number of times. While it refuses or hangs,
// Accept waits and the address stays taken; connections that were made before are still accepted.
type Port interface {
	net.Listener
	// Refuse makes connecting fail at once with "connection refused".
	Refuse() error
	// Hang makes connecting wait: the attempt is not answered.
	Hang() error
	// Serve takes connections again. Attempts that hang get through when they are repeated.
	Serve() error
	// Turned is how many attempts were refused and how many were left hanging so far, repetitions
	// included, as far as the network can tell.
	Turned() (refused, hung int64)
}
