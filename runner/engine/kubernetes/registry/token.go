package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// challenge is what a registry wants to be shown: its header WWW-Authenticate.
type challenge struct {
	scheme string // lower case
	params map[string]string
}

// challenges reads the headers; what it does not understand it leaves out.
func challenges(headers []string) (out []challenge) {
	for _, h := range headers {
		scheme, rest, _ := strings.Cut(strings.TrimSpace(h), " ")
		c := challenge{strings.ToLower(scheme), map[string]string{}}
		for rest = strings.TrimSpace(rest); rest != ""; rest = strings.TrimLeft(rest, ", ") {
			var key, value string
			var found bool
			if key, rest, found = strings.Cut(rest, "="); !found {
				break
			}
			if quoted, is := strings.CutPrefix(rest, `"`); is {
				value, rest, _ = strings.Cut(quoted, `"`)
			} else {
				value, rest, _ = strings.Cut(rest, ",")
			}
			c.params[strings.ToLower(strings.TrimSpace(key))] = value
		}
		out = append(out, c)
	}
	return out
}

// authorize gets what the registry wants to be shown.
func (s *session) authorize(ctx context.Context, headers []string) error {
	for _, c := range challenges(headers) {
		switch {
		case c.scheme == "bearer" && c.params["realm"] != "":
			return s.token(ctx, c)
		case c.scheme == "basic" && s.login.user == "":
			return s.unknown()
		case c.scheme == "basic":
			s.authorization = s.basic()
			return nil
		}
	}
	return errors.New("it wants to know who asks in no way that is known here (Basic, Bearer)")
}

func (s *session) basic() string {
	r := http.Request{Header: http.Header{}}
	r.SetBasicAuth(s.login.user, s.login.password)
	return r.Header.Get("Authorization")
}

// unknown says that one is nobody here, and what would change that.
func (s *session) unknown() error {
	return fmt.Errorf("it wants to know who asks, and %s has nothing about it: `docker login %s` puts it there", s.login.From, s.ref.Host)
}

// token gets one from whom the registry names, for pushing to the one repository.
func (s *session) token(ctx context.Context, c challenge) error {
	realm, err := url.Parse(c.params["realm"])
	if err != nil || realm.Host == "" {
		return errors.New("it names nobody who gives tokens")
	}
	if s.login.known() && realm.Scheme != "https" && !local(realm.Host) {
		return fmt.Errorf("it has tokens given by %s without TLS, whom no password is told", realm.Host)
	}
	scope := c.params["scope"]
	if scope == "" {
		scope = "repository:" + s.ref.Name + ":pull,push"
	}
	var request *http.Request
	if s.login.refresh != "" {
		form := url.Values{"grant_type": {"refresh_token"}, "service": {c.params["service"]}, "scope": {scope}, "client_id": {"squall"}, "refresh_token": {s.login.refresh}}
		if request, err = http.NewRequestWithContext(ctx, http.MethodPost, realm.String(), strings.NewReader(form.Encode())); err == nil {
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
	} else {
		q := realm.Query()
		q.Set("service", c.params["service"])
		q.Set("scope", scope)
		realm.RawQuery = q.Encode()
		if request, err = http.NewRequestWithContext(ctx, http.MethodGet, realm.String(), nil); err == nil && s.login.user != "" {
			request.SetBasicAuth(s.login.user, s.login.password)
		}
	}
	if err != nil {
		return errors.New("it names nobody who gives tokens")
	}
	response, err := s.client.Do(request)
	if err != nil {
		return fmt.Errorf("ask %s for a token: %w", realm.Host, plainly(err))
	}
	defer response.Body.Close()
	data, err := io.ReadAll(io.LimitReader(response.Body, mostAnswer))
	switch {
	case err != nil:
		return fmt.Errorf("ask %s for a token: %w", realm.Host, err)
	case response.StatusCode == http.StatusUnauthorized && !s.login.known():
		return s.unknown()
	case response.StatusCode != http.StatusOK:
		return fmt.Errorf("ask %s for a token with the %s: it answers %s", realm.Host, s.login, response.Status)
	}
	var given struct {
		Token  string `json:"token"`
		Access string `json:"access_token"`
	}
	if json.Unmarshal(data, &given) != nil || given.Token == "" && given.Access == "" {
		return fmt.Errorf("ask %s for a token: it answers with none", realm.Host)
	}
	if given.Token == "" {
		given.Token = given.Access
	}
	s.authorization = "Bearer " + given.Token
	return nil
}
