package gateway

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/golang-jwt/jwt/v5"

	"github.com/squallhq/squall/runner/node/internal/call"
	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/runner/wire"
)

// authentication says who may pass a gateway.
type authentication struct {
	// scheme is what a 401 asks for.
	scheme string
	check  func(r *http.Request, c host.Trace) *call.Failure
}

// admit is nil for a request that may pass, and else the failure to answer with: 401, or what asking came to.
func (a *authentication) admit(r *http.Request, c host.Trace) *call.Failure {
	if a.check == nil {
		return nil
	}
	return a.check(r, c)
}

func unauthorized(why error) *call.Failure {
	return &call.Failure{Class: call.Declined, Status: http.StatusUnauthorized, Err: why}
}

var (
	errNoKey   = errors.New("no " + wire.HeaderKey)
	errNoToken = errors.New("no bearer token")
)

func newAuthentication(i *host.Instance) (authentication, error) {
	switch n := &i.Config.Node; n.Auth {
	case "api-key":
		return authentication{"ApiKey", func(r *http.Request, _ host.Trace) *call.Failure {
			if r.Header.Get(wire.HeaderKey) == "" {
				return unauthorized(errNoKey)
			}
			return nil
		}}, nil
	case "jwt":
		if n.JWT == nil || n.JWT.Secret == "" {
			return authentication{}, errors.New("jwt needs a secret")
		}
		return authentication{"Bearer", localTokens(append([]string{n.JWT.Secret}, n.JWT.Also...)...)}, nil
	case "introspect":
		return introspection(i)
	default:
		return authentication{}, nil
	}
}

// localTokens checks signature, exp and nbf here, and needs nobody else for it.
func localTokens(secrets ...string) func(*http.Request, host.Trace) *call.Failure {
	var keys jwt.VerificationKeySet // any of them will do
	for _, s := range secrets {
		keys.Keys = append(keys.Keys, []byte(s))
	}
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"HS256"})) // and nothing that the token itself would rather have
	return func(r *http.Request, _ host.Trace) *call.Failure {
		token, ok := bearer(r)
		if !ok {
			return unauthorized(errNoToken)
		}
		if _, err := parser.Parse(token, func(*jwt.Token) (any, error) { return keys, nil }); err != nil {
			return unauthorized(err)
		}
		return nil
	}
}

// introspection asks the identity node about every token, under the gateway's policy. An answer of 4xx is a no; without an
// answer nobody passes.
func introspection(i *host.Instance) (authentication, error) {
	ask := i.Config.Node.Identity
	if ask == nil {
		return authentication{}, errors.New("introspect needs an identity")
	}
	g, err := call.New(i, ask.Callee(), i.Config.Node.Policy)
	if err != nil {
		return authentication{}, err
	}
	return authentication{"Bearer", func(r *http.Request, c host.Trace) *call.Failure {
		if _, ok := bearer(r); !ok {
			return unauthorized(errNoToken)
		}
		h := http.Header{"Authorization": r.Header["Authorization"]}
		_, f := g.Send(r.Context(), c.Step("introspect"), call.Request{Method: ask.Method, Path: ask.Path, Header: h})
		switch {
		case f == nil:
			return nil
		case f.Class == call.Declined:
			return unauthorized(fmt.Errorf("ask %q: %w", f.To, f.Err))
		default:
			return f
		}
	}}, nil
}

// bearer is a request's bearer token (RFC 6750, 2.1).
func bearer(r *http.Request) (string, bool) {
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.TrimSpace(token), ok && strings.EqualFold(scheme, "Bearer") && strings.TrimSpace(token) != ""
}
