package control

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/squallhq/squall/runner"
)

// A control that answers elsewhere is asked here as if it were here: with its token, from no page of elsewhere. What can't be reached is said, and nothing is left.
func TestRelay(t *testing.T) {
	there, here := t.TempDir(), filepath.Join(t.TempDir(), "runs", "one")
	shut, err := Serve(Options{Run: "r1", Dir: there, Hands: &runner.Hands{}, Page: "http://127.0.0.1:1/?token=act", Spectators: "http://127.0.0.1:1/?token=look"})
	if err != nil {
		t.Fatal(err)
	}
	far, err := Find(there)
	if err != nil {
		t.Fatal(err)
	}
	relay := Relay{Run: "r1", Dir: here, Far: far.address, Dial: func(ctx context.Context, port int) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	}}
	near, closed, err := relay.Serve()
	if err != nil {
		t.Fatal(err)
	}
	act, err := url.Parse(near.Page)
	if err != nil {
		t.Fatal(err)
	}
	if look, err := url.Parse(near.Spectators); err != nil || look.Host != act.Host || act.Port() == "1" || act.RawQuery != "token=act" || look.RawQuery != "token=look" {
		t.Errorf("the page is at %s, for spectators %s", near.Page, near.Spectators)
	}
	if _, _, err := relay.Serve(); !errors.Is(err, ErrRelayed) {
		t.Errorf("once more in one folder: %v", err)
	}
	for what, c := range map[string]struct {
		token, origin string
		want          int
	}{
		"its token":                 {near.Token, "", http.StatusConflict}, // the run is not under way
		"another":                   {"x", "", http.StatusUnauthorized},
		"none":                      {"", "", http.StatusUnauthorized},
		"a page of elsewhere":       {near.Token, "http://elsewhere.example", http.StatusForbidden},
		"a page of the relay's own": {near.Token, near.URL, http.StatusConflict},
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, near.URL+"/v1/status", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+c.token)
		if c.origin != "" {
			request.Header.Set("Origin", c.origin)
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode != c.want {
			t.Errorf("with %s: %s, want %d", what, answer.Status, c.want)
		}
	}
	client, err := Find(here)
	if err != nil {
		t.Fatal(err)
	}
	_, theirs := far.Status(t.Context())
	if _, ours := client.Status(t.Context()); theirs == nil || ours == nil || ours.Error() != theirs.Error() {
		t.Errorf("it answers %v here, %v there", ours, theirs)
	}
	if err := shut(); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Status(t.Context()); err == nil || !strings.HasPrefix(err.Error(), "run r1 is not reached: dial tcp 127.0.0.1:") {
		t.Errorf("once it is gone: %v", err)
	}
	if err := closed(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(here); !os.IsNotExist(err) {
		t.Errorf("the folder is left: %v", err)
	}
	if _, err := Find(here); err == nil || !strings.Contains(err.Error(), "no run is under way") {
		t.Errorf("after it: %v", err)
	}
}
