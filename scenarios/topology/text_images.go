package topology

import (
	"cmp"
	"fmt"
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
	if r := n.Readiness; r != nil {
		switch {
		case r.HTTP != "":
			add("readiness", "-", "GET "+r.HTTP)
		case r.TCP != 0:
			add("readiness", "-", fmt.Sprintf("port %d takes connections", r.TCP))
		default:
			add("readiness", "-", strings.Join(r.Test[min(1, len(r.Test)):], " "))
		}
	}
	for _, f := range n.Tmpfs {
		add("memory", f.Target, dash(f.Options))
	}
	return rows
}
