package registry

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

const (
	user     = "squaller"
	password = "pass:word with more"
	refresh  = "the-refresh-token"
	granted  = "the-granted-token"
)

// fake is a registry that takes pushes as the specification has them, and refuses all else.
type fake struct {
	*httptest.Server
	// wants is "", "basic" or "bearer".
	wants string
	// elsewhere has uploads go on at another host.
	elsewhere *httptest.Server
	// away are how many more requests are answered with 503.
	away int

	mu        sync.Mutex
	asked     []string
	blobs     map[string][]byte
	manifests map[string][]byte
	uploads   int
}

func newFake(t *testing.T, wants string) *fake {
	f := &fake{wants: wants, blobs: map[string][]byte{}, manifests: map[string][]byte{}}
	f.Server = httptest.NewTLSServer(f)
	t.Cleanup(f.Close)
	return f
}

func (f *fake) host() string { return f.Listener.Addr().String() }

func (f *fake) refuse(w http.ResponseWriter, code int, reason, message string) {
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(map[string]any{"errors": []any{map[string]string{"code": reason, "message": message}}})
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, r.Method+" "+strings.SplitN(r.URL.Path, "sha256:", 2)[0])
	if f.away > 0 {
		f.away--
		f.refuse(w, http.StatusServiceUnavailable, "UNAVAILABLE", "")
		return
	}
	if r.URL.Path == "/token" {
		f.token(w, r)
		return
	}
	given := r.Header.Get("Authorization")
	switch {
	case f.wants == "basic" && given != "Basic "+base64.StdEncoding.EncodeToString([]byte(user+":"+password)):
		w.Header().Set("WWW-Authenticate", `Basic realm="here"`)
		f.refuse(w, http.StatusUnauthorized, "UNAUTHORIZED", "")
		return
	case f.wants == "bearer" && given != "Bearer "+granted:
		w.Header().Add("WWW-Authenticate", `Negotiate`)
		w.Header().Add("WWW-Authenticate", fmt.Sprintf(`Bearer realm="%s/token",service=reg,scope="repository:team/squall:pull,push"`, f.URL))
		f.refuse(w, http.StatusUnauthorized, "UNAUTHORIZED", "")
		return
	}
	f.push(w, r)
}

// token gives tokens to who has the password, or a refresh token.
func (f *fake) token(w http.ResponseWriter, r *http.Request) {
	u, p, _ := r.BasicAuth()
	_ = r.ParseForm()
	known := u == user && p == password || r.Method == http.MethodPost && r.PostForm.Get("refresh_token") == refresh && r.PostForm.Get("grant_type") == "refresh_token"
	if !known || r.Form.Get("service") != "reg" || r.Form.Get("scope") != "repository:team/squall:pull,push" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]string{"access_token": granted})
}

func (f *fake) push(w http.ResponseWriter, r *http.Request) {
	const repository = "/v2/team/squall/"
	what, is := strings.CutPrefix(r.URL.Path, repository)
	data, err := io.ReadAll(r.Body)
	if err != nil || r.ContentLength < 0 {
		f.refuse(w, http.StatusBadRequest, "SIZE_INVALID", "")
		return
	}
	blob, isBlob := strings.CutPrefix(what, "blobs/")
	tag, isManifest := strings.CutPrefix(what, "manifests/")
	switch {
	case !is:
		f.refuse(w, http.StatusNotFound, "NAME_UNKNOWN", "")
	case r.Method == http.MethodPost && what == "blobs/uploads/":
		f.uploads++
		at := fmt.Sprintf("%sblobs/uploads/%d?state=secret-of-the-registry", repository, f.uploads)
		if f.elsewhere != nil {
			at = f.elsewhere.URL + at
		}
		w.Header().Set("Location", at)
		w.WriteHeader(http.StatusAccepted)
	case r.Method == http.MethodPut && strings.HasPrefix(what, "blobs/uploads/"):
		if got := digest.FromBytes(data).String(); got != r.URL.Query().Get("digest") || r.URL.Query().Get("state") == "" {
			f.refuse(w, http.StatusBadRequest, "DIGEST_INVALID", got+" of "+r.Header.Get("Authorization")) // one that tells who reads logs
			return
		}
		f.blobs[digest.FromBytes(data).String()] = data
		w.WriteHeader(http.StatusCreated)
	case r.Method == http.MethodHead && isBlob:
		if f.blobs[blob] == nil {
			w.WriteHeader(http.StatusNotFound)
		}
	case r.Method == http.MethodPut && isManifest:
		f.putManifest(w, r, tag, data)
	default:
		f.refuse(w, http.StatusMethodNotAllowed, "UNSUPPORTED", "")
	}
}

// putManifest takes one whose blobs are there.
func (f *fake) putManifest(w http.ResponseWriter, r *http.Request, tag string, data []byte) {
	var m ocispec.Manifest
	if json.Unmarshal(data, &m) != nil || r.Header.Get("Content-Type") != m.MediaType {
		f.refuse(w, http.StatusBadRequest, "MANIFEST_INVALID", "")
		return
	}
	for _, d := range append(m.Layers, m.Config) {
		if int64(len(f.blobs[d.Digest.String()])) != d.Size {
			f.refuse(w, http.StatusNotFound, "MANIFEST_BLOB_UNKNOWN", d.Digest.String())
			return
		}
	}
	f.manifests[tag] = data
	w.Header().Set("Docker-Content-Digest", digest.FromBytes(data).String())
	w.WriteHeader(http.StatusCreated)
}

// image is one of a layer and a configuration.
func image(t *testing.T) Image {
	t.Helper()
	config, layer := []byte(`{"os":"linux"}`), bytes.Repeat([]byte("layer "), 1<<16)
	of := func(data []byte, kind string) ocispec.Descriptor {
		return ocispec.Descriptor{MediaType: kind, Digest: digest.FromBytes(data), Size: int64(len(data))}
	}
	c, l := of(config, ocispec.MediaTypeImageConfig), of(layer, ocispec.MediaTypeImageLayerGzip)
	text, err := json.Marshal(ocispec.Manifest{MediaType: ocispec.MediaTypeImageManifest, Config: c, Layers: []ocispec.Descriptor{l}})
	if err != nil {
		t.Fatal(err)
	}
	return Image{Manifest: of(text, ocispec.MediaTypeImageManifest), Text: text, Blobs: []ocispec.Descriptor{l, c}, Open: func(d ocispec.Descriptor) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(map[bool][]byte{true: config, false: layer}[d.Digest == c.Digest])), nil
	}}
}

func (f *fake) give(t *testing.T, i Image, l Login) (string, error) {
	t.Helper()
	l.From = "the test"
	pinned, err := Push(t.Context(), Reference{f.host(), "team/squall", "1"}, i, Options{Login: l, Transport: f.Client().Transport})
	if err != nil {
		for _, secret := range []string{password, refresh, granted, "secret-of-the-registry", base64.StdEncoding.EncodeToString([]byte(user + ":" + password))} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("an error tells %q: %v", secret, err)
			}
		}
	}
	return pinned, err
}

// An image arrives whole, by its digest, as whoever the registry wants to know; what is there already is not given again.
func TestPush(t *testing.T) {
	t.Parallel()
	known := Login{user: user, password: password}
	for _, test := range []struct {
		name, wants string
		login       Login
	}{{"open", "", Login{}}, {"basic", "basic", known}, {"token", "bearer", known}, {"refresh token", "bearer", Login{refresh: refresh}}} {
		t.Run(test.name, func(t *testing.T) {
			f, i := newFake(t, test.wants), image(t)
			pinned, err := f.give(t, i, test.login)
			if err != nil {
				t.Fatal(err)
			}
			if want := f.host() + "/team/squall@" + i.Manifest.Digest.String(); pinned != want {
				t.Errorf("%s, want %s", pinned, want)
			}
			if !bytes.Equal(f.manifests["1"], i.Text) || len(f.blobs) != 2 || f.uploads != 2 {
				t.Errorf("it has %d blobs by %d uploads, and of the manifest %q", len(f.blobs), f.uploads, f.manifests["1"])
			}
			if _, err := f.give(t, i, test.login); err != nil || f.uploads != 2 {
				t.Errorf("again: %v, %d uploads", err, f.uploads)
			}
		})
	}
}

// Who is not known, or not by this password, is told what would change that; a registry that refuses is heard, and one that is away for a moment waited for.
func TestPushIsRefused(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, wants string
		login       Login
		away        int
		change      func(*Image)
		want        string
	}{
		{name: "nobody, basic", wants: "basic", want: "`docker login "},
		{name: "nobody, token", wants: "bearer", want: "`docker login "},
		{name: "wrong password", wants: "basic", login: Login{user: user, password: "another"}, want: "it answers 401 Unauthorized to the login from the test"},
		{name: "wrong password for a token", wants: "bearer", login: Login{user: user, password: "another"}, want: "with the login from the test: it answers 401"},
		{name: "another layer than promised", wants: "basic", login: Login{user: user, password: password}, change: func(i *Image) {
			i.Open = func(ocispec.Descriptor) (io.ReadCloser, error) {
				return io.NopCloser(bytes.NewReader(make([]byte, 6<<16))), nil
			}
		}, want: " of Basic ***"},
		{name: "a part that is not given", change: func(i *Image) { i.Blobs = i.Blobs[:1] }, want: "its manifest: it answers 404 Not Found: MANIFEST_BLOB_UNKNOWN"},
		{name: "away for a moment", away: 2},
		{name: "away", away: 100, want: "it answers 503"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f, i := newFake(t, test.wants), image(t)
			f.away = test.away
			if test.change != nil {
				test.change(&i)
			}
			_, err := f.give(t, i, test.login)
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want %q", err, test.want)
			}
		})
	}
}

// A registry that has uploads go on elsewhere has nobody there told who one is.
func TestNobodyElseIsToldWhoOneIs(t *testing.T) {
	t.Parallel()
	f, i := newFake(t, "basic"), image(t)
	var told []string
	f.elsewhere = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		told = append(told, r.Header.Get("Authorization"))
		f.mu.Lock()
		defer f.mu.Unlock()
		f.push(w, r)
	}))
	defer f.elsewhere.Close()
	if _, err := f.give(t, i, Login{user: user, password: password}); err != nil {
		t.Fatal(err)
	}
	if strings.Join(told, "") != "" || len(told) != 2 {
		t.Errorf("told %q", told)
	}
	_, err := Push(t.Context(), Reference{"registry.example", "team/squall", "1"}, i, Options{Plain: true, Login: Login{user: user, password: password}})
	if err == nil || !strings.Contains(err.Error(), "without TLS") {
		t.Errorf("without TLS: %v", err)
	}
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	if _, err := Push(t.Context(), Reference{plain.Listener.Addr().String(), "team/squall", "1"}, i, Options{}); err == nil || !strings.Contains(err.Error(), "--plain-http") {
		t.Errorf("a registry without TLS: %v", err)
	}
}

func TestReferences(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"registry.example:5000/team/squall:1": "", "localhost/squall:v1.2_x": "", "[::1]:5000/squall:1": "",
		"squall:1": "no registry's host", "team/squall:1": "no registry's host", "registry.example/squall": "no tag",
		"registry.example/Squall:1": "no repository", "registry.example/squall:": "no tag", "registry.example/a@sha256:00": "has a digest",
		"registry.example/a//b:1": "no repository", "us er.example/a:1": "no registry's host", "registry.example/../x:1": "no repository",
	} {
		got, err := Parse(text)
		if want == "" && (err != nil || got.String() != text) || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q is %v, %v; want %q", text, got, err, want)
		}
	}
}

// Who one is stands in docker's file, or a helper knows; what is wrong there is said without what is there.
func TestLogins(t *testing.T) {
	folder, programs := t.TempDir(), t.TempDir()
	t.Setenv("DOCKER_CONFIG", folder)
	t.Setenv("PATH", programs+string(os.PathListSeparator)+os.Getenv("PATH"))
	helper := func(name, script string) {
		if err := os.WriteFile(filepath.Join(programs, "docker-credential-"+name), []byte("#!/bin/sh\n"+script), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	helper("good", `read host; [ "$1 $host" = "get r.example" ] || { echo "credentials not found in native keychain"; exit 1; }; echo '{"Username":"u","Secret":"s"}'`)
	helper("token", `cat >/dev/null; echo '{"Username":"<token>","Secret":"s"}'`)
	helper("broken", `cat >/dev/null; echo hunter2; exit 3`)
	auth := base64.StdEncoding.EncodeToString([]byte("u:s:t"))
	for _, test := range []struct {
		name, file, host string
		want             Login // but From
		err              string
	}{
		{name: "none"},
		{name: "of another", file: `{"auths":{"other.example":{"auth":"` + auth + `"}}}`},
		{name: "its own", file: `{"auths":{"r.example":{"auth":"` + auth + `"}}}`, want: Login{user: "u", password: "s:t"}},
		{name: "as an address", file: `{"auths":{"https://r.example/v1/":{"auth":"` + auth + `"}}}`, want: Login{user: "u", password: "s:t"}},
		{name: "identity token", file: `{"auths":{"r.example":{"auth":"` + auth + `","identitytoken":"i"}}}`, want: Login{user: "u", password: "s:t", refresh: "i"}},
		{name: "of a port", file: `{"auths":{"r.example":{"auth":"` + auth + `"}}}`, host: "r.example:5000"},
		{name: "store", file: `{"auths":{"r.example":{}},"credsStore":"good"}`, want: Login{user: "u", password: "s"}},
		{name: "store that knows nobody", file: `{"auths":{"q.example":{"auth":"` + auth + `"}},"credsStore":"good"}`, host: "q.example", want: Login{user: "u", password: "s:t"}},
		{name: "helper", file: `{"credsStore":"broken","credHelpers":{"r.example":"token"}}`, want: Login{refresh: "s"}},
		{name: "broken helper", file: `{"credsStore":"broken"}`, err: "ask docker-credential-broken: exit status 3"},
		{name: "a helper elsewhere", file: `{"credsStore":"../x"}`, err: "no credential helper's name"},
		{name: "no JSON", file: `hunter2`, err: "is no JSON"},
		{name: "no base64", file: `{"auths":{"r.example":{"auth":"hunter2!"}}}`, err: "no USER:PASSWORD in base64"},
	} {
		t.Run(test.name, func(t *testing.T) {
			file := filepath.Join(folder, "config.json")
			_ = os.Remove(file)
			if test.file != "" {
				if err := os.WriteFile(file, []byte(test.file), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if test.host == "" {
				test.host = "r.example"
			}
			got, err := FindLogin(context.Background(), test.host)
			if got.From == "" || strings.Contains(fmt.Sprintf("%v %+v %#v", got, got, got), "s:t") {
				t.Errorf("it is %v", got)
			}
			got.From = ""
			if got != test.want || (err == nil) != (test.err == "") {
				t.Errorf("%+v, %v", got == test.want, err)
			}
			if err != nil && (!strings.Contains(err.Error(), test.err) || strings.Contains(err.Error(), "hunter2")) {
				t.Errorf("%v, want %q", err, test.err)
			}
		})
	}
}

// A push that is interrupted ends at once, with the reason.
func TestPushIsInterrupted(t *testing.T) {
	t.Parallel()
	f, i := newFake(t, ""), image(t)
	f.away = 1000
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	cancel(enough)
	if _, err := Push(ctx, Reference{f.host(), "team/squall", "1"}, i, Options{Transport: f.Client().Transport}); !errors.Is(err, enough) {
		t.Errorf("%v", err)
	}
}
