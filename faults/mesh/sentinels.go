package mesh

import "errors"

// ErrNotFound tells that there is no such edge or toxic. The wrapping error names it.
var ErrNotFound = errors.New("not found")

// ErrExists tells that an edge or a toxic of that name is there already. The wrapping error names it.
var ErrExists = errors.New("already exists")

// ErrPlanned tells that an edge can't be taken away, since it is one of those that the mesh was opened with: disabling it
// can be taken back.
var ErrPlanned = errors.New("is an edge of the run and can't be deleted: disable it, which enabling it or a reset takes back")

// ErrClosed tells that the mesh has been closed.
var ErrClosed = errors.New("mesh is closed")
