package mesh

import (
	"errors"
	"fmt"
)

// ErrNotFound tells that there is no such edge or toxic. The wrapping error names it.
var ErrNotFound = errors.New("not found")

// ErrExists tells that an edge or a toxic of that name is there already. The wrapping error names it.
var ErrExists = errors.New("already exists")

// ErrClosed tells that the mesh has been closed.
var ErrClosed = errors.New("mesh is closed")

// InvalidError tells that what was asked for makes no sense: an unknown type or attribute, a value
// out of its range. It is found before anything has been changed.
type InvalidError struct {
	// Field is what is wrong, as in "attributes.rate".
	Field string
	// Reason says why and what would be right.
	Reason string
}

var _ error = (*InvalidError)(nil)

func (e *InvalidError) Error() string { return e.Field + ": " + e.Reason }

func invalid(field, format string, args ...any) *InvalidError {
	return &InvalidError{Field: field, Reason: fmt.Sprintf(format, args...)}
}
