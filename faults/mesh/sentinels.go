package mesh

import "errors"

// ErrNotFound tells that there is no such edge or toxic. The wrapping error names it.
var ErrNotFound = errors.New("not found")

// ErrExists tells that an edge or a toxic of that name is there already. The wrapping error names it.
var ErrExists = errors.New("already exists")

// ErrClosed tells that the mesh has been closed.
var ErrClosed = errors.New("mesh is closed")
