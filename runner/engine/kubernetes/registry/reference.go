// Package registry gives images to a registry over its HTTP API, as the OCI distribution specification has it
// (https://github.com/opencontainers/distribution-spec, "Push"), as whom docker login has been told that one is. It needs no engine of containers.
//
// No credential is told to anybody but the registry and whom that names for tokens, by TLS alone outside of this machine; none is in an error.
package registry

import (
	"fmt"
	"net"
	"regexp"
	"strings"
)

// Reference is where an image is: HOST/NAME:TAG.
type Reference struct{ Host, Name, Tag string }

// String is the reference as it is written.
func (r Reference) String() string { return r.Host + "/" + r.Name + ":" + r.Tag }

// Pinned is the reference to one image, whatever becomes of the tag.
func (r Reference) Pinned(digest string) string { return r.Host + "/" + r.Name + "@" + digest }

// The grammar of names and tags, as the distribution specification has it.
var (
	names = regexp.MustCompile(`^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$`)
	tags  = regexp.MustCompile(`^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$`)
	hosts = regexp.MustCompile(`^([a-zA-Z0-9.-]+|\[[0-9a-fA-F:.]+\])(:[0-9]+)?$`)
)

// Parse reads a reference. The host has to be said: nothing is taken for granted that somebody else runs.
func Parse(text string) (Reference, error) {
	const right = "write it as in registry.example:5000/team/squall:1"
	host, rest, found := strings.Cut(text, "/")
	if !found || host != "localhost" && !strings.ContainsAny(host, ".:") || !hosts.MatchString(host) {
		return Reference{}, fmt.Errorf("image name %q begins with no registry's host; %s", text, right)
	}
	if strings.Contains(rest, "@") {
		return Reference{}, fmt.Errorf("image name %q has a digest, which an image has when it is made; %s", text, right)
	}
	name, tag, found := strings.Cut(rest, ":")
	switch {
	case !found:
		return Reference{}, fmt.Errorf("image name %q has no tag; %s", text, right)
	case !tags.MatchString(tag):
		return Reference{}, fmt.Errorf("image name %q: %q is no tag: letters, digits, '_', '.' and '-', 128 at most", text, tag)
	case !names.MatchString(name):
		return Reference{}, fmt.Errorf("image name %q: %q is no repository: lower case letters and digits, between them '.', '_', '-' and '/'", text, name)
	}
	return Reference{host, name, tag}, nil
}

// local tells whether a host is this machine.
func local(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
