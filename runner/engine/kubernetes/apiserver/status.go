package apiserver

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// What callers tell apart, by errors.Is.
var (
	ErrNotFound      = errors.New("there is no such object")
	ErrAlreadyExists = errors.New("there is an object of that name")
	ErrConflict      = errors.New("the object has changed meanwhile")
	ErrForbidden     = errors.New("not allowed")
	ErrUnauthorized  = errors.New("the API server does not know who asks")
	ErrInvalid       = errors.New("the object is not a right one")
	// ErrGone is of a place to watch from that the API server remembers no more.
	ErrGone = errors.New("too long ago")
)

// StatusError is what an API server answers that does not do what it was asked.
type StatusError struct {
	Code    int    `json:"code"`
	Reason  string `json:"reason"`
	Message string `json:"message"`
}

func (e *StatusError) Error() string {
	text := e.Message
	if text == "" {
		text = http.StatusText(e.Code)
	}
	switch {
	case e.Is(ErrForbidden):
		text += "; `squall kubernetes role` prints the role that squall needs"
	case e.Is(ErrUnauthorized):
		text += ": it does not know who asks; look at the user of the kubeconfig file"
	}
	return fmt.Sprintf("%s (%d)", text, e.Code)
}

// Is tells which of the sentinels it is.
func (e *StatusError) Is(target error) bool {
	switch target {
	case ErrNotFound:
		return e.Code == http.StatusNotFound
	case ErrAlreadyExists:
		return e.Code == http.StatusConflict && e.Reason == "AlreadyExists"
	case ErrConflict:
		return e.Code == http.StatusConflict && e.Reason != "AlreadyExists"
	case ErrForbidden:
		return e.Code == http.StatusForbidden
	case ErrUnauthorized:
		return e.Code == http.StatusUnauthorized
	case ErrInvalid:
		return e.Code == http.StatusUnprocessableEntity || e.Code == http.StatusBadRequest
	case ErrGone:
		return e.Code == http.StatusGone || e.Reason == "Expired" || e.Reason == "Gone"
	}
	return false
}

// mostStatus is how long an answer may be that says why not.
const mostStatus = 1 << 20

// readStatus reads why something was not done. What is no answer of an API server, such as a proxy's page, is told by its first line.
func readStatus(response *http.Response) error {
	data, err := io.ReadAll(io.LimitReader(response.Body, mostStatus))
	if err != nil {
		data = nil // the status alone says enough
	}
	var e StatusError
	if json.Unmarshal(data, &e) != nil {
		line, _, _ := strings.Cut(strings.TrimSpace(string(data)), "\n")
		e.Message = strings.TrimSpace(http.StatusText(response.StatusCode) + " " + line[:min(len(line), 200)])
	}
	e.Code = response.StatusCode
	return &e
}
