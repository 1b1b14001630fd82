//go:build !linux

package port

import "net"

// Pipe would carry bulk through the kernel; here there is none.
type Pipe struct{}

// NewPipe makes none.
func NewPipe(net.Conn, net.Conn, func(int)) *Pipe { return nil }

// Failed is never asked, as no method but Close is.
func (*Pipe) Failed() bool { return true }

// Held is nothing.
func (*Pipe) Held() int { return 0 }

// Fill does nothing.
func (*Pipe) Fill() (int, error) { return 0, nil }

// Flush does nothing.
func (*Pipe) Flush() error { return nil }

// Read does nothing.
func (*Pipe) Read([]byte) (int, error) { return 0, nil }

// Close does nothing.
func (*Pipe) Close() {}
