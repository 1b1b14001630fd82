// Package surroundings tells a program that runs in a container or on this machine where it is and where what it calls is, in the
// same words for both.
package surroundings

import (
	"cmp"
	"maps"
	"regexp"
	"strconv"
	"strings"

	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/topology"
)

// Place is where one instance is.
type Place struct {
	// Host is the address that it listens on, Root what the paths of a container begin with: "" in one.
	Host, Root string
	// Upstream is where it finds a callee of an edge of its own.
	Upstream func(topology.Edge) (host string, port int)
}

// Names of variables.
const (
	hostVariable     = "SQUALL_HOST"
	portVariable     = "SQUALL_PORT"
	rootVariable     = "SQUALL_ROOT"
	InstanceVariable = "SQUALL_INSTANCE"
)

// Variables are what an instance is told: of itself by names that begin with SQUALL_, of a node that it calls as Kubernetes tells of a
// service: NODE_SERVICE_HOST, NODE_SERVICE_PORT for the first port that it calls, and NODE_SERVICE_PORT_ with the number, and the
// name, of each.
func Variables(p *topology.Plan, i topology.Instance, at Place) map[string]string {
	out := map[string]string{
		hostVariable: at.Host, portVariable: strconv.Itoa(i.Node.ServingPort()), rootVariable: at.Root, InstanceVariable: i.Name,
	}
	for _, e := range p.EdgesFrom(i.Name) {
		to := p.Scenario.Node(e.ToNode)
		host, port := at.Upstream(e)
		service, text := upper(e.ToNode)+"_SERVICE_", strconv.Itoa(port)
		out[service+"HOST"] = host
		if out[service+"PORT"] == "" || e.Port == 0 {
			out[service+"PORT"] = text
		}
		number := cmp.Or(e.Port, to.ServingPort())
		out[service+"PORT_"+strconv.Itoa(number)] = text
		for _, one := range append(to.OtherPorts(), to.Ports...) {
			if one.Target == number && one.Name != "" {
				out[service+"PORT_"+upper(one.Name)] = text
			}
		}
	}
	return out
}

func upper(name string) string { return strings.ToUpper(strings.ReplaceAll(name, "-", "_")) }

// Applied is an instance that may be a local command, with what it is told put into its environment, and in place of each $(NAME) in
// that, in its words, in the test of its healthcheck and in the content of its files. Any other instance stays as it is.
func Applied(p *topology.Plan, i topology.Instance, at Place) topology.Instance {
	if i.Node.Local == nil {
		return i
	}
	n, own := *i.Node, i.Node.Env
	i.Node = &n
	told := Variables(p, i, at)
	n.Env = maps.Clone(told)
	for name, value := range own {
		n.Env[name] = expand(value, told)
	}
	return applied(i, n.Env)
}

func applied(i topology.Instance, told map[string]string) topology.Instance {
	n := i.Node
	words := func(in []string) (out []string) {
		for _, word := range in {
			out = append(out, expand(word, told))
		}
		return out
	}
	n.Local = &scenarios.Local{Command: words(n.Local.Command)}
	n.Entrypoint, n.Command = words(n.Entrypoint), words(n.Command)
	if n.Readiness != nil {
		r := *n.Readiness
		r.Test = words(r.Test)
		n.Readiness = &r
	}
	if n.Certificate != nil {
		c := *n.Certificate
		c.Reload = words(c.Reload)
		n.Certificate = &c
	}
	files := n.Files
	n.Files = nil
	for _, f := range files {
		one := *f
		if f.Content != nil {
			text := expand(*f.Content, told)
			one.Content = &text
		}
		n.Files = append(n.Files, &one)
	}
	return i
}

// reference is $(NAME), or $$(NAME) for the text itself.
var reference = regexp.MustCompile(`\$?\$\([A-Za-z_][A-Za-z0-9_]*\)`)

// expand puts values in, as Kubernetes does: what nobody knows stays, such as a shell's own $(date).
func expand(text string, values map[string]string) string {
	return reference.ReplaceAllStringFunc(text, func(found string) string {
		if strings.HasPrefix(found, "$$") {
			return found[1:]
		}
		if value, known := values[found[2:len(found)-1]]; known {
			return value
		}
		return found
	})
}
