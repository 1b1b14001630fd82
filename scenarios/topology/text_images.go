package topology

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/squallhq/squall/scenarios"
)

// writeImages lists what images are run with and given, where a scenario says something of it. It has no value of an
// environment or a secret.
func (p *Plan) writeImages(t *text) {
	var rows [][]string
	for _, n := range p.Scenario.Nodes {
		for _, row := range given(n) {
			rows = append(rows, append([]string{n.Name}, row...))
		}
	}
	if len(rows) == 0 {
		return
	}
	t.section("Images", "what they are run with, beside their own; everything goes with the run")
	t.table(append([][]string{{"node", "what", "where", "is"}}, rows...))
}

// given is what a node's image is given, a row each: what, where, and what that is.
func given(n *scenarios.Node) (rows [][]string) {
	add := func(what, where, is string) { rows = append(rows, []string{what, where, is}) }
	if len(n.Entrypoint) > 0 {
		add("entrypoint", "-", strings.Join(n.Entrypoint, " "))
	}
	if n.Job != nil {
		add("job", "-", "it ends with 0 before what depends on it starts")
	}
	if n.Build != nil {
		add("build", "-", "from "+n.Build.Context)
	}
	switch {
	case n.Restart.Most > 0:
		add("restart", "-", fmt.Sprintf("%s, %d times at most", n.Restart.When, n.Restart.Most))
	case n.Restart.When != "":
		add("restart", "-", string(n.Restart.When))
	}
	for _, p := range n.Ports {
		add("port", strconv.Itoa(p.Target), dash(p.Name))
	}
	if n.User != "" {
		add("user", "-", n.User)
	}
	for _, f := range n.Files {
		add("file", f.Target, cmp.Or(f.File, "what the scenario says"))
	}
	for _, s := range n.Secrets {
		is := s.File
		if s.Environment != "" {
			is = "squall's variable " + s.Environment
		}
		add("secret", s.Target(), is)
	}
	if c := n.Certificate; c != nil {
		add("certificate", c.Cert, "made for the run, for "+strings.Join(n.CertificateNames(), ", "))
	}
	for _, v := range n.Volumes {
		is := "a volume"
		switch {
		case v.From != "":
			is = "a copy of " + v.From
		case v.Name != "":
			is = "the volume " + v.Name
		}
		if v.Size > 0 {
			is += fmt.Sprintf(" of %d bytes", v.Size)
		}
		if v.ReadOnly && v.From == "" {
			is += ", read only"
		}
		add("volume", v.Target, is)
	}
	watched(n, add)
	for _, f := range n.Tmpfs {
		add("memory", f.Target, dash(f.Options))
	}
	return rows
}

// watched are how a node is seen to be ready, and what it tells.
func watched(n *scenarios.Node, add func(what, where, is string)) {
	if r := n.Readiness; r != nil {
		add("readiness", "-", seenBy(r))
	}
	if n.Metrics != nil {
		add("metrics", "-", tells(n))
	}
}

// tells is where what a node counts itself is read.
func tells(n *scenarios.Node) string {
	at, _, is := n.Exposes()
	switch {
	case !is:
		return "not read"
	case len(at.Keep) > 0:
		return fmt.Sprintf("port %d%s: %s", at.Port, at.Path, strings.Join(at.Keep, ", "))
	}
	return fmt.Sprintf("port %d%s", at.Port, at.Path)
}

// seenBy is how an image is seen to be ready.
func seenBy(r *scenarios.Readiness) string {
	switch {
	case r.HTTP != "":
		return "GET " + r.HTTP
	case r.GRPC != 0:
		return fmt.Sprintf("port %d says SERVING", r.GRPC)
	case r.TCP != 0:
		return fmt.Sprintf("port %d takes connections", r.TCP)
	}
	return strings.Join(r.Test[min(1, len(r.Test)):], " ")
}
