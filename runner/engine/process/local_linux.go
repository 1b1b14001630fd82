package process

// canRunLocals tells that commands of this machine can be nodes: each needs an address of its own on the loopback, and all that it has
// started is found.
const canRunLocals = true
