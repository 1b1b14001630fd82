package mesh

import (
	"errors"
	"fmt"
)

var (
	// ErrNotFound: there is no edge, toxic or group of that name. Errors that say which one wrap it.
	ErrNotFound = errors.New("not found")
	// ErrExists: the name is taken. Errors that say which one wrap it.
	ErrExists = errors.New("already exists")
)

// InvalidError says what is wrong with what was asked for: a toxic's attribute, an address, an
// outage. Asking again in the same way fails in the same way, and nothing was changed.
type InvalidError struct {
	// Reason is a sentence that names the edge and the value: `toxic "slow" on edge "a:b": rate must be >= 0`.
	Reason string
}

// Error is the reason.
func (e *InvalidError) Error() string { return e.Reason }

// invalidf makes an *InvalidError.
func invalidf(format string, arguments ...any) error {
	return &InvalidError{Reason: fmt.Sprintf(format, arguments...)}
}
