package registry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Image is what is pushed: a manifest, and what that names.
type Image struct {
	Manifest ocispec.Descriptor
	Text     []byte
	Blobs    []ocispec.Descriptor
	Open     func(ocispec.Descriptor) (io.ReadCloser, error)
}

// Options of a Push.
type Options struct {
	Login Login
	// Plain speaks HTTP without TLS: it is no registry that others reach.
	Plain bool
	// Transport carries the requests; nil: http's own.
	Transport http.RoundTripper
	// Say tells what is done, for people; nil: nobody wants to know.
	Say func(string)
}

const (
	// tries is how often something is tried where the registry is away or busy, with a wait in between.
	tries = 3
	wait  = time.Second
	// mostAnswer is how long an answer may be that is read.
	mostAnswer = 1 << 20
)

// Push gives a registry an image, what it has of it already left out, and tells the reference to exactly that image.
func Push(ctx context.Context, ref Reference, image Image, o Options) (pinned string, err error) {
	if o.Plain && o.Login.known() && !local(ref.Host) {
		return "", fmt.Errorf("push %s: a password is told nobody without TLS but this machine", ref)
	}
	if o.Say == nil {
		o.Say = func(string) {}
	}
	s := &session{ref: ref, login: o.Login, client: &http.Client{Transport: o.Transport, CheckRedirect: stay}, base: url.URL{Scheme: "https", Host: ref.Host}}
	if o.Plain {
		s.base.Scheme = "http"
	}
	for _, b := range image.Blobs {
		if err := s.insist(ctx, func() error { return s.blob(ctx, b, image.Open, o.Say) }); err != nil {
			return "", fmt.Errorf("push %s: give %s its part %s: %w", ref, ref.Host, short(b.Digest), err)
		}
	}
	if err := s.insist(ctx, func() error { return s.manifest(ctx, image) }); err != nil {
		return "", fmt.Errorf("push %s: give %s its manifest: %w", ref, ref.Host, err)
	}
	return ref.Pinned(image.Manifest.Digest.String()), nil
}

// stay follows no redirect: nobody else gets what is shown to the registry.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func short(d digest.Digest) string { return string(d.Algorithm()) + ":" + d.Encoded()[:12] }

// session is one push.
type session struct {
	ref    Reference
	login  Login
	client *http.Client
	base   url.URL
	// authorization is what the registry wanted to be shown; "": nothing yet.
	authorization string
}

// busy is an error that may be over soon.
type busy struct{ error }

func (b busy) Unwrap() error { return b.error }

// insist does something again where the registry is away or busy.
func (s *session) insist(ctx context.Context, do func() error) error {
	for n := 1; ; n++ {
		err := do()
		if _, is := errors.AsType[busy](err); !is || n == tries {
			return err
		}
		select {
		case <-time.After(wait << (n - 1)):
		case <-ctx.Done():
			return errors.Join(context.Cause(ctx), err)
		}
	}
}

// blob gives the registry one blob, unless it has it.
func (s *session) blob(ctx context.Context, b ocispec.Descriptor, open func(ocispec.Descriptor) (io.ReadCloser, error), say func(string)) error {
	repository := "/v2/" + s.ref.Name
	there, err := s.do(ctx, asked{method: http.MethodHead, at: s.at(repository + "/blobs/" + b.Digest.String()), may: []int{http.StatusOK, http.StatusNotFound}})
	if err != nil {
		return err
	}
	if there.StatusCode == http.StatusOK {
		say(fmt.Sprintf("%s has %s (%d bytes)", s.ref.Host, short(b.Digest), b.Size))
		return nil
	}
	begun, err := s.do(ctx, asked{method: http.MethodPost, at: s.at(repository + "/blobs/uploads/"), may: []int{http.StatusAccepted}})
	if err != nil {
		return err
	}
	to, err := begun.Request.URL.Parse(begun.Header.Get("Location"))
	if err != nil || begun.Header.Get("Location") == "" {
		return errors.New("it does not say where to")
	}
	if to.Scheme != "https" && s.base.Scheme == "https" {
		return fmt.Errorf("it has that go on without TLS, at %s", to.Host)
	}
	q := to.Query()
	q.Set("digest", b.Digest.String())
	to.RawQuery = q.Encode()
	say(fmt.Sprintf("giving %s %s (%d bytes)", s.ref.Host, short(b.Digest), b.Size))
	_, err = s.do(ctx, asked{
		method: http.MethodPut, at: to, contentType: "application/octet-stream", size: b.Size, may: []int{http.StatusCreated},
		body: func() (io.ReadCloser, error) { return open(b) },
	})
	return err
}

// manifest gives the registry the manifest under the tag.
func (s *session) manifest(ctx context.Context, image Image) error {
	response, err := s.do(ctx, asked{
		method: http.MethodPut, at: s.at("/v2/" + s.ref.Name + "/manifests/" + s.ref.Tag), contentType: image.Manifest.MediaType,
		size: image.Manifest.Size, may: []int{http.StatusCreated},
		body: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(image.Text)), nil },
	})
	if err != nil {
		return err
	}
	if got := response.Header.Get("Docker-Content-Digest"); got != "" && got != image.Manifest.Digest.String() {
		return fmt.Errorf("it has kept something else: %.100s in place of %s", got, image.Manifest.Digest)
	}
	return nil
}

func (s *session) at(path string) *url.URL {
	u := s.base
	u.Path = path
	return &u
}

// asked is one request, whose body can be read again, and the answers that are expected.
type asked struct {
	method, contentType string
	at                  *url.URL
	body                func() (io.ReadCloser, error) // nil: none
	size                int64
	may                 []int
}

// do makes a request, a second time with what the registry wants to be shown. The answer's body has been read.
func (s *session) do(ctx context.Context, a asked) (*http.Response, error) {
	for again := false; ; again = true {
		response, said, err := s.once(ctx, a)
		if err != nil {
			return nil, err
		}
		for _, code := range a.may {
			if response.StatusCode == code {
				return response, nil
			}
		}
		ours := a.at.Host == s.base.Host
		if response.StatusCode == http.StatusUnauthorized && ours && !again {
			if err := s.authorize(ctx, response.Header.Values("WWW-Authenticate")); err != nil {
				return nil, err
			}
			continue
		}
		err = fmt.Errorf("it answers %s%s", response.Status, said)
		switch code := response.StatusCode; {
		case code == http.StatusUnauthorized && ours:
			err = fmt.Errorf("%w to the %s", err, s.login)
		case code == http.StatusTooManyRequests, code >= http.StatusInternalServerError:
			err = busy{err}
		}
		return nil, err
	}
}

func (s *session) once(ctx context.Context, a asked) (*http.Response, string, error) {
	request, err := http.NewRequestWithContext(ctx, a.method, a.at.String(), nil)
	if err != nil {
		return nil, "", errors.New("it says to go on at what is no address")
	}
	if a.body != nil {
		if request.Body, err = a.body(); err != nil {
			return nil, "", err
		}
		request.ContentLength = a.size
		request.Header.Set("Content-Type", a.contentType)
	}
	request.Header.Set("User-Agent", "squall")
	// What is shown to the registry is no other's to see, as where it has uploads go somewhere else, nor for who listens.
	if s.authorization != "" && a.at.Host == s.base.Host && a.at.Scheme == s.base.Scheme {
		request.Header.Set("Authorization", s.authorization)
	}
	response, err := s.client.Do(request)
	if err != nil {
		if ctx.Err() != nil {
			return nil, "", context.Cause(ctx)
		}
		if errors.Is(err, http.ErrSchemeMismatch) {
			return nil, "", errors.New("it speaks HTTP without TLS, which it has to be told to be spoken to in (--plain-http)")
		}
		return nil, "", busy{plainly(err)}
	}
	defer response.Body.Close()
	data, err := io.ReadAll(io.LimitReader(response.Body, mostAnswer))
	if err != nil {
		return nil, "", busy{err}
	}
	return response, s.reasons(data), nil
}

// reasons are those that a registry gives for an answer, as the specification has errors. What it says is not to have our credentials in.
func (s *session) reasons(data []byte) string {
	var said struct {
		Errors []struct{ Code, Message string }
	}
	if json.Unmarshal(data, &said) != nil {
		return ""
	}
	var words []string
	for _, e := range said.Errors {
		words = append(words, strings.TrimSpace(e.Code+" "+e.Message))
	}
	if words == nil {
		return ""
	}
	text := ": " + strings.Join(words, "; ")
	_, shown, _ := strings.Cut(s.authorization, " ")
	for _, secret := range []string{s.login.password, s.login.refresh, shown} {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "***")
		}
	}
	return text[:min(len(text), 500)]
}

// plainly is an error of a request without its address, which may have a state of the registry's in it that others could use.
func plainly(err error) error {
	if u, is := errors.AsType[*url.Error](err); is {
		return u.Err
	}
	return err
}
