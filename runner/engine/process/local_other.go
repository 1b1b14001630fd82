//go:build !linux

package process

// canRunLocals tells that commands of this machine can be nodes: elsewhere there is one address of the loopback alone.
const canRunLocals = false
