package ask

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
)

// Bearer is the header of whoever asks with a token.
func Bearer(token string) http.Header {
	return http.Header{"Authorization": {"Bearer " + token}, "Content-Type": {"application/json"}}
}

// TokenOf is the token that a configuration gives, or the one in the file that it names in its place.
func TokenOf(given, file string) (string, error) {
	if file == "" {
		return given, nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("read the token: %w", err)
	}
	return strings.TrimSpace(string(data)), nil
}

// Guarded lets requests with the token through, and has denied answer all others. Comparing hashes takes the same time
// wherever the first wrong byte is, and however long the token is.
func Guarded(token string, denied http.HandlerFunc, next http.Handler) http.Handler {
	want := sha256.Sum256([]byte(token))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		given, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		sum := sha256.Sum256([]byte(given))
		if subtle.ConstantTimeCompare(sum[:], want[:]) != 1 || !bearer {
			denied(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// Method makes a handler of a method: the body of at most so many bytes decoded, the result or the error written by answer. A body that
// can't be read is a *BodyError.
func Method[Q, A any](most int64, method func(context.Context, Q) (A, error), answer func(http.ResponseWriter, any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var question Q
		if err := decode(w, r, most, &question); err != nil {
			answer(w, nil, err)
			return
		}
		result, err := method(r.Context(), question)
		answer(w, result, err)
	})
}

// BodyError is a body that is not what it should be.
type BodyError struct{ Reason string }

func (b *BodyError) Error() string { return b.Reason }

// decode reads one JSON value and nothing after it, with no unknown field: both ends are the same binary, so that anything else is a
// mistake.
func decode(w http.ResponseWriter, r *http.Request, most int64, into any) error {
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, most))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
			return fmt.Errorf("read the request: it is larger than %d bytes: %w", tooLarge.Limit, err)
		}
		return &BodyError{err.Error()}
	}
	if _, err := decoder.Token(); err != io.EOF {
		return &BodyError{"more follows the JSON value"}
	}
	return nil
}
