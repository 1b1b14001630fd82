package faults

import "fmt"

// InvalidError tells that what was asked for makes no sense: an unknown type or attribute, a value out of its range. It
// is found before anything has been changed.
type InvalidError struct {
	// Field is what is wrong, as in "attributes.rate".
	Field string
	// Reason says why and what would be right.
	Reason string
}

var _ error = (*InvalidError)(nil)

func (e *InvalidError) Error() string { return e.Field + ": " + e.Reason }

// Invalid makes an InvalidError.
func Invalid(field, format string, args ...any) *InvalidError {
	return &InvalidError{Field: field, Reason: fmt.Sprintf(format, args...)}
}
