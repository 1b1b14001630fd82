package scenarios

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// Port is one that an image serves on.
type Port struct {
	// What calls, loads and faults may name it by, beside its number.
	Name string `yaml:"name" json:"name,omitempty"`
	// Its number in the container.
	Target int `yaml:"target" need:"yes" min:"1" max:"65535" json:"target"`
}

// CutPort parts NODE:PORT; without a port it is "".
func CutPort(text string) (node, port string) {
	node, port, _ = strings.Cut(text, ":")
	return node, port
}

// CalleeName is what a caller knows a node's port by: the node's name, with the number of a port that is not its first.
func CalleeName(node, port string) string {
	if port == "" {
		return node
	}
	return node + ":" + port
}

// SettlePorts has the calls of a node name ports by their numbers, and the first port of a node not at all. Ports that are not there
// stay as they were named.
func (s *Scenario) SettlePorts(n *Node) {
	settle := func(node string, port *string) {
		to := s.Node(node)
		if to == nil || *port == "" {
			return
		}
		number, is := to.FindPort(*port)
		if !is {
			return
		}
		if *port = strconv.Itoa(number); number == to.ServingPort() {
			*port = ""
		}
	}
	call := func(c *Call) {
		if c != nil {
			settle(c.Node, &c.Port)
		}
	}
	settle(n.Origin, &n.OriginPort)
	for i := range n.Routes {
		settle(n.Routes[i].To, &n.Routes[i].ToPort)
	}
	call(n.Identity)
	call(n.To)
	for _, one := range n.Subscribers {
		call(one.To)
	}
	n.EachStep(func(step *Step, _ Path) {
		call(step.Call)
		if step.Fallback != nil {
			call(step.Fallback.Call)
		}
	})
	if n.StandIn != nil {
		s.SettlePorts(n.StandIn)
	}
}

// ServingPort is a node's first port: what it says, its part's where that is among its ports or it says none, else the first
// of its ports, a database's 5432, or 8080.
func (n *Node) ServingPort() int {
	if n.External != nil {
		return n.External.Port
	}
	usual := 8080
	if n.Kind == KindDatabase {
		usual = 5432
	}
	part, _ := n.Real()
	if len(n.Ports) > 0 && !slices.ContainsFunc(n.Ports, func(p Port) bool { return p.Target == part.Port }) {
		usual, part.Port = n.Ports[0].Target, 0
	}
	return cmp.Or(n.Port, part.Port, usual)
}

// OtherPorts are those besides the first: what the node says of them, then what its part has that it does not say.
func (n *Node) OtherPorts() []Port {
	var out []Port
	if n.External != nil {
		return nil // it is where it says
	}
	first := n.ServingPort()
	add := func(p Port) {
		if p.Target != first && !slices.ContainsFunc(out, func(o Port) bool { return o.Target == p.Target }) {
			out = append(out, p)
		}
	}
	for _, p := range n.Ports {
		add(p)
	}
	part, _ := n.Real()
	for _, p := range part.Others {
		add(Port{p.Name, p.Port})
	}
	return out
}

// FindPort is the port that a number or a name stands for; false: it has none such.
func (n *Node) FindPort(text string) (int, bool) {
	first := n.ServingPort()
	number, err := strconv.Atoi(text)
	if err == nil && number == first {
		return first, true
	}
	for _, p := range slices.Concat(n.Ports, n.OtherPorts()) {
		if p.Name == text && text != "" || err == nil && p.Target == number {
			return p.Target, true
		}
	}
	return 0, false
}

// PortsOver are the ports of a node that a connection is to, 0 for its first: the one that it names, or all that the node says
// of an image's to a node that it calls; whoever else names none goes to the first.
func (n *Node) PortsOver(c Connection) []int {
	first := n.ServingPort()
	rest := func(port int) int {
		if port == first {
			return 0
		}
		return port
	}
	if c.Port != "" {
		if port, is := n.FindPort(c.Port); is {
			return []int{rest(port)}
		}
		return nil
	}
	out := []int{0}
	if c.Every {
		for _, p := range n.Ports {
			if port := rest(p.Target); !slices.Contains(out, port) {
				out = append(out, port)
			}
		}
	}
	return out
}

// PortWords lists a node's ports for whoever named one that it has not, as in "5672 and 15672 (management)".
func (n *Node) PortWords() string {
	words := []string{strconv.Itoa(n.ServingPort())}
	for _, p := range n.Ports {
		if p.Target == n.ServingPort() && p.Name != "" {
			words[0] += " (" + p.Name + ")"
		}
	}
	for _, p := range n.OtherPorts() {
		word := strconv.Itoa(p.Target)
		if p.Name != "" {
			word += " (" + p.Name + ")"
		}
		words = append(words, word)
	}
	last := len(words) - 1
	if last == 0 {
		return words[0]
	}
	return strings.Join(words[:last], ", ") + " and " + words[last]
}
