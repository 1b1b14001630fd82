package ask

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestJSON(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusConflict)
		fmt.Fprintf(w, "%s %s %q %s", r.Method, r.URL.Path, body, r.Header.Get("Authorization"))
	}))
	defer server.Close()
	header := http.Header{"Authorization": {"Bearer x"}}
	for _, test := range []struct {
		question any
		most     int64
		want     string
	}{
		{nil, 100, `PUT /a "" Bearer x`},
		{[]int{1, 2}, 100, `PUT /a "[1,2]" Bearer x`},
		{nil, 6, "PUT /a"},
	} {
		got, err := JSON(t.Context(), server.Client(), http.MethodPut, server.URL+"/a", header, test.question, test.most)
		if err != nil || got.Code != http.StatusConflict || got.Status != "409 Conflict" || string(got.Body) != test.want {
			t.Errorf("question %v: %+v, %v, want %s", test.question, got, err, test.want)
		}
	}
	if _, err := JSON(t.Context(), server.Client(), http.MethodPut, server.URL, nil, func() {}, 1); err == nil {
		t.Error("a question that is no JSON was put")
	}
	if _, err := JSON(t.Context(), server.Client(), "no method", server.URL, nil, nil, 1); err == nil {
		t.Error("a request that is none was made")
	}
	server.Close()
	if _, err := JSON(t.Context(), server.Client(), http.MethodGet, server.URL, nil, nil, 1); err == nil {
		t.Error("nobody was there, and answered")
	}
}
