package apiserver

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
)

const aPod = `{"metadata":{"name":"a","namespace":"team","uid":"1","resourceVersion":"5","labels":{"squall.run":"r"}},"status":{"phase":"Running","podIP":"10.0.0.9"}}`

func TestGet(t *testing.T) {
	inVirtualTime(t, func(int, *http.Request) (*http.Response, error) { return answers(200, aPod), nil }, func(t *testing.T, f *fake, c *Client) {
		pod, err := Get[kinds.Pod](t.Context(), c, Pods, "a")
		if err != nil || pod.Status.PodIP != "10.0.0.9" {
			t.Errorf("got %+v, %v", pod, err)
		}
		if _, err := Get[kinds.Job](t.Context(), c.In("other"), Jobs, "b"); err != nil {
			t.Error(err)
		}
		if _, err := Get[kinds.Node](t.Context(), c, Nodes, "n"); err != nil {
			t.Error(err)
		}
		want := []string{"GET /api/v1/namespaces/team/pods/a", "GET /apis/batch/v1/namespaces/other/jobs/b", "GET /api/v1/nodes/n"}
		if diff := cmp.Diff(want, f.targets()); diff != "" {
			t.Error(diff)
		}
		if head := f.asked[0].head; head.Get("Authorization") != "Bearer secret0" || head.Get("User-Agent") != "squall" {
			t.Errorf("headers %v", head)
		}
	})
}

// An API server that is away for ten seconds, in whatever way, is waited for: the answer comes within the longest wait of its return, and it was
// not asked all the time.
func TestAwayForTenSeconds(t *testing.T) {
	const away = 10 * time.Second
	for name, how := range map[string]func() (*http.Response, error){
		"nobody listens":  func() (*http.Response, error) { return nil, errAway },
		"a proxy says so": func() (*http.Response, error) { return answers(502, "<html>\nBad Gateway"), nil },
		"it starts":       func() (*http.Response, error) { return says(503, "ServiceUnavailable", "starting"), nil },
		"etcd is away":    func() (*http.Response, error) { return says(500, "", "etcdserver: request timed out"), nil },
	} {
		t.Run(name, func(t *testing.T) {
			var begun time.Time
			inVirtualTime(t, func(int, *http.Request) (*http.Response, error) {
				if time.Since(begun) < away {
					return how()
				}
				return answers(200, aPod), nil
			}, func(t *testing.T, f *fake, c *Client) {
				begun = time.Now()
				if _, err := Get[kinds.Pod](t.Context(), c, Pods, "a"); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(begun); took < away || took > away+longestWait*3/2 {
					t.Errorf("the answer came after %s, want %s and at most %s more", took, away, longestWait*3/2)
				}
				if n := len(f.asked); n < 6 || n > 20 {
					t.Errorf("asked %d times in %s, want 6 to 20", n, away)
				}
			})
		})
	}
}

// One that takes connections and says nothing is given up by each attempt, and by the call when the patience is over. The error says what was being done.
func TestNoAnswer(t *testing.T) {
	inVirtualTime(t, func(_ int, r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, context.Cause(r.Context())
	}, func(t *testing.T, f *fake, c *Client) {
		begun := time.Now()
		_, err := Get[kinds.Pod](t.Context(), c, Pods, "a")
		want := `get Pod "a" in namespace "team": the API server at https://api:6443 did not do it for 1m0s: no answer within 30s`
		if err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
		if took := time.Since(begun); took < 2*attemptTime || took > DefaultPatience+2*attemptTime {
			t.Errorf("gave up after %s", took)
		}
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errors.New("the run ends"))
		defer cancel()
		begun = time.Now()
		if _, err := Get[kinds.Pod](ctx, c, Pods, "a"); err == nil || !strings.HasSuffix(err.Error(), ": the run ends") || time.Since(begun) != time.Second {
			t.Errorf("got %v after %s, want an end with the context's", err, time.Since(begun))
		}
	})
}

// Who is asked to wait waits for exactly that; a server that is too busy for longer than the patience is an error that says so.
func TestRetryAfter(t *testing.T) {
	inVirtualTime(t, func(n int, _ *http.Request) (*http.Response, error) {
		if n <= 3 {
			return says(429, "TooManyRequests", "too many requests", "Retry-After", "7"), nil
		}
		return answers(200, aPod), nil
	}, func(t *testing.T, f *fake, c *Client) {
		begun := time.Now()
		if _, err := Get[kinds.Pod](t.Context(), c, Pods, "a"); err != nil || time.Since(begun) != 21*time.Second || len(f.asked) != 4 {
			t.Errorf("%v after %s and %d attempts, want 21s and 4", err, time.Since(begun), len(f.asked))
		}
	})
	inVirtualTime(t, func(int, *http.Request) (*http.Response, error) {
		return says(429, "TooManyRequests", "too many requests", "Retry-After", "7"), nil
	}, func(t *testing.T, f *fake, c *Client) {
		begun := time.Now()
		_, err := Get[kinds.Pod](t.Context(), c, Pods, "a")
		if err == nil || !strings.HasSuffix(err.Error(), "did not do it for 1m0s: too many requests (429)") || time.Since(begun) != 56*time.Second {
			t.Errorf("%v after %s, want an end before the ninth wait", err, time.Since(begun))
		}
	})
}

// What is refused for good is not asked again, and can be told apart.
func TestRefusals(t *testing.T) {
	for _, test := range []struct {
		code         int
		reason, want string
		is           error
	}{
		{404, "NotFound", `get Pod "a" in namespace "team": because (404)`, ErrNotFound},
		{403, "Forbidden", "get Pod \"a\" in namespace \"team\": because; `squall kubernetes role` prints the role that squall needs (403)", ErrForbidden},
		{409, "Conflict", `get Pod "a" in namespace "team": because (409)`, ErrConflict},
		{409, "AlreadyExists", `get Pod "a" in namespace "team": because (409)`, ErrAlreadyExists},
		{422, "Invalid", `get Pod "a" in namespace "team": because (422)`, ErrInvalid},
		{410, "Expired", `get Pod "a" in namespace "team": because (410)`, ErrGone},
	} {
		inVirtualTime(t, func(int, *http.Request) (*http.Response, error) { return says(test.code, test.reason, "because"), nil }, func(t *testing.T, f *fake, c *Client) {
			_, err := Get[kinds.Pod](t.Context(), c, Pods, "a")
			if !errors.Is(err, test.is) || err.Error() != test.want || len(f.asked) != 1 {
				t.Errorf("got  %v after %d attempts\nwant %s", err, len(f.asked), test.want)
			}
			for _, other := range []error{ErrNotFound, ErrForbidden, ErrConflict, ErrAlreadyExists, ErrInvalid, ErrGone, ErrUnauthorized} {
				if other != test.is && errors.Is(err, other) {
					t.Errorf("%v is %v, too", err, other)
				}
			}
		})
	}
}

// Who is not known tries once more with a token that is new, at once, and then no more.
func TestUnauthorized(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{reply: func(int, *http.Request) (*http.Response, error) {
			return says(401, "Unauthorized", "Unauthorized"), nil
		}}
		c := clientOf(f, &someone{renewals: 1})
		begun := time.Now()
		_, err := Get[kinds.Pod](t.Context(), c, Pods, "a")
		if !errors.Is(err, ErrUnauthorized) || len(f.asked) != 2 || time.Since(begun) != 0 {
			t.Errorf("%v after %d attempts and %s, want two at once", err, len(f.asked), time.Since(begun))
		}
		if f.asked[0].head.Get("Authorization") == f.asked[1].head.Get("Authorization") {
			t.Error("the second attempt has the token that was refused")
		}
		if strings.Contains(err.Error(), "secret") {
			t.Errorf("the error has the token in it: %v", err)
		}
	})
}

// An object is made once: where the answer was lost, the one that is there is ours if its labels say so, and else somebody's.
func TestCreateIsDoneOnce(t *testing.T) {
	mine := kinds.Pod{Metadata: kinds.ObjectMeta{Name: "a", Labels: map[string]string{"squall.run": "r"}}}
	others := kinds.Pod{Metadata: kinds.ObjectMeta{Name: "a", Labels: map[string]string{"squall.run": "another"}}}
	exists := func() (*http.Response, error) { return says(409, "AlreadyExists", `pods "a" already exists`), nil }
	created := func() (*http.Response, error) { return answers(201, aPod), nil }
	for _, test := range []struct {
		name   string
		pod    kinds.Pod
		first  func() (*http.Response, error)
		second func() (*http.Response, error)
		want   error
		asked  int
	}{
		{"the answer was lost, and it is ours", mine, func() (*http.Response, error) { return nil, errAway }, exists, nil, 3},
		{"the answer was lost, and it is another's", others, func() (*http.Response, error) { return nil, errAway }, exists, ErrAlreadyExists, 3},
		{"the answer was lost, and it was not made", mine, func() (*http.Response, error) { return nil, errAway }, created, nil, 2},
		{"it was too busy to look", mine, func() (*http.Response, error) { return says(429, "TooManyRequests", ""), nil }, exists, ErrAlreadyExists, 2},
		{"there was one before", mine, exists, nil, ErrAlreadyExists, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			inVirtualTime(t, func(n int, r *http.Request) (*http.Response, error) {
				switch n {
				case 1:
					return test.first()
				case 2:
					return test.second()
				}
				return answers(200, aPod), nil
			}, func(t *testing.T, f *fake, c *Client) {
				var made kinds.Pod
				err := c.Create(t.Context(), Pods, test.pod, &made)
				if !errors.Is(err, test.want) || err == nil && made.Metadata.UID != "1" || len(f.asked) != test.asked {
					t.Errorf("%v, %+v after %d requests (%v), want %v after %d", err, made.Metadata, len(f.asked), f.targets(), test.want, test.asked)
				}
			})
		})
	}
}

func TestDelete(t *testing.T) {
	inVirtualTime(t, func(n int, _ *http.Request) (*http.Response, error) {
		switch n {
		case 1:
			return nil, errAway
		case 2:
			return says(404, "NotFound", "gone"), nil
		case 3:
			return says(409, "Conflict", "Precondition failed: UID"), nil
		}
		return answers(200, "{}"), nil
	}, func(t *testing.T, f *fake, c *Client) {
		if err := c.Delete(t.Context(), Pods, "a", Deletion{Now: true}); err != nil {
			t.Errorf("one that is gone: %v", err)
		}
		if err := c.Delete(t.Context(), Pods, "a", Deletion{UID: "7", Dependents: true}); err != nil {
			t.Errorf("another of its name: %v", err)
		}
		if err := c.DeleteAll(t.Context(), Pods, Query{}, Deletion{}); err == nil || len(f.asked) != 3 {
			t.Error("everything of a namespace was deleted without a label")
		}
		if err := c.DeleteAll(t.Context(), Pods, Query{Labels: "squall.run=r"}, Deletion{}); err != nil {
			t.Error(err)
		}
		for i, want := range []string{`{"gracePeriodSeconds":0,"propagationPolicy":"Background"}`, `{"gracePeriodSeconds":0,"propagationPolicy":"Background"}`, `{"propagationPolicy":"Foreground","preconditions":{"uid":"7"}}`} {
			if f.asked[i].body != want {
				t.Errorf("request %d: %s, want %s", i, f.asked[i].body, want)
			}
		}
		if got, want := f.targets()[3], "DELETE /api/v1/namespaces/team/pods?labelSelector=squall.run%3Dr"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

// A list comes in pages; where the place is too old in the middle, it begins anew, with nothing twice.
func TestListInPages(t *testing.T) {
	pageOf := func(more, names string) *http.Response {
		return answers(200, `{"metadata":{"resourceVersion":"9","continue":"`+more+`"},"items":[`+names+`]}`)
	}
	a, b := aPod, strings.Replace(aPod, `"a"`, `"b"`, 1)
	inVirtualTime(t, func(n int, _ *http.Request) (*http.Response, error) {
		return []*http.Response{pageOf("next", a), says(410, "Expired", "too old"), pageOf("", a+","+b)}[n-1], nil
	}, func(t *testing.T, f *fake, c *Client) {
		pods, err := List[kinds.Pod](t.Context(), c, Pods, Query{Labels: "squall.run=r", Fields: "spec.nodeName=n"})
		if err != nil || len(pods) != 2 || pods[1].Metadata.Name != "b" {
			t.Errorf("got %d, %v", len(pods), err)
		}
		path := "GET /api/v1/namespaces/team/pods?"
		choice := "fieldSelector=spec.nodeName%3Dn&labelSelector=squall.run%3Dr"
		want := []string{path + choice + "&limit=500", path + "continue=next&" + choice + "&limit=500", path + choice}
		if diff := cmp.Diff(want, f.targets()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestVersionIsAskedOnce(t *testing.T) {
	inVirtualTime(t, func(n int, _ *http.Request) (*http.Response, error) {
		return []*http.Response{answers(200, `{"gitVersion":"v1.34.4"}`), answers(200, `{}`), nil}[n-1], map[int]error{3: errAway}[n]
	}, func(t *testing.T, f *fake, c *Client) {
		if v, err := c.Version(t.Context()); v != "v1.34.4" || err != nil {
			t.Errorf("%s, %v", v, err)
		}
		if _, err := c.Version(t.Context()); err == nil || !strings.Contains(err.Error(), "is no API server of Kubernetes") {
			t.Errorf("another server: %v", err)
		}
		begun := time.Now()
		if _, err := c.Version(t.Context()); err == nil || time.Since(begun) != 0 || len(f.asked) != 3 {
			t.Errorf("nobody there: %v after %s", err, time.Since(begun))
		}
	})
}
