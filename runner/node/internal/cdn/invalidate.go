package cdn

import "net/http"

// invalidating is w, or where the request may change what its URI names, one that takes away what is kept of that once the
// origin says that it went well, before the client hears of it (RFC 9111, 4.4: answers of 200 to 399).
func (c *cdn) invalidating(w http.ResponseWriter, r *http.Request) http.ResponseWriter {
	switch r.Method {
	case http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodPatch:
	default:
		return w
	}
	rule := c.ruleOf(http.MethodGet, r.URL.Path)
	if rule == nil {
		return w
	}
	return &changed{w, func() { c.cache.invalidate(rule.key(r)) }}
}

// changed calls done before an answer begins that tells of success.
type changed struct {
	http.ResponseWriter
	done func()
}

// WriteHeader is where an answer begins; those of 1xx come before it.
func (w *changed) WriteHeader(status int) {
	if status >= http.StatusOK && status < http.StatusBadRequest {
		w.done()
	}
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController flush what it wraps.
func (w *changed) Unwrap() http.ResponseWriter { return w.ResponseWriter }
