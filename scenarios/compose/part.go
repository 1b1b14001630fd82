package compose

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/squallhq/squall/scenarios/source"
)

// part is one service on its way to a node.
type part struct {
	types.ServiceConfig
	// node is what the scenario calls it, names are what others may call it.
	node  string
	names []string
	image known
	// port is where it serves; 0: nowhere that is known. why says how the port was found.
	port int
	why  string
	// health is the path that tells that it is well, "" for none.
	health string
	// entry is a port that it publishes and that takes HTTP, 0 for none.
	entry int
	// others are the ports besides port, by which others may call it.
	others []int
	// job: it has to end before others start. tested: its own test tells that it is ready.
	job, tested bool
	calls       []*edge
	// waits are the parts that it starts after and does not call.
	waits []*part
	// given are lines of its node: what its image is run with.
	given []string
	notes []Note
}

// edge is a call of one part to another.
type edge struct {
	from, to *part
	// why is what in the file says so.
	why string
}

// Note is what was not carried over, or carried over in another way, and where the Compose file has it.
type Note struct {
	At   source.Position
	Text string
}

func (n Note) String() string { return fmt.Sprintf("%s:%d: %s", n.At.File, n.At.Line, n.Text) }

func (p *project) note(on *part, text string, path ...string) {
	at := p.at(append([]string{"services", on.Name}, path...)...)
	if p.tree.Get("services").Get(on.Name) == nil { // in a file of its own
		at = p.at("include")
	}
	on.notes = append(on.notes, Note{source.Position{File: p.file, Line: at.Line, Column: at.Column}, on.Name + ": " + text})
}

var notInNames = regexp.MustCompile(`[^a-z0-9]+`)

// yamlWords are texts that YAML reads as something else.
var yamlWords = []string{"null", "true", "false", "yes", "no", "on", "off", "y", "n"}

// nodeName is a service's name as a scenario has it, and takes it, with those of its replicas.
func nodeName(name string, replicas int, taken map[string]bool) string {
	base := strings.Trim(notInNames.ReplaceAllString(strings.ToLower(name), "-"), "-")
	if base == "" || base[0] < 'a' || slices.Contains(yamlWords, base) {
		base = "s-" + base
	}
	const most = 40
	base = strings.Trim(base[:min(len(base), most)], "-")
	for i := 1; ; i++ {
		names := []string{base}
		if i > 1 {
			names[0] = fmt.Sprintf("%s-%d", base, i)
		}
		for n := range replicas {
			names = append(names, fmt.Sprintf("%s-%d", names[0], n+1))
		}
		if slices.ContainsFunc(names, func(name string) bool { return taken[name] }) {
			continue
		}
		for _, name := range names {
			taken[name] = true
		}
		return names[0]
	}
}

// parts are the services that become nodes, in their order.
func (p *project) parts() (out []*part, left []Note) {
	taken := map[string]bool{}
	for _, name := range p.services {
		s := p.Services[name]
		one := &part{ServiceConfig: s, image: knownImage(s.Image)}
		if gone := p.leftOut(one); gone != "" {
			p.note(one, gone)
			left = append(left, one.notes...)
			continue
		}
		one.job = p.isJob(name)
		one.node = nodeName(name, clones(s), taken)
		one.names = append(one.names, name)
		for _, also := range []string{s.ContainerName, s.Hostname} {
			if also != "" && !slices.Contains(one.names, also) {
				one.names = append(one.names, also)
			}
		}
		for _, network := range s.Networks {
			if network != nil {
				one.names = append(one.names, network.Aliases...)
			}
		}
		out = append(out, one)
	}
	return out, left
}

// isJob tells that others start once a service has ended.
func (p *project) isJob(service string) bool {
	for _, other := range p.Services {
		if d, on := other.DependsOn[service]; on && d.Condition == types.ServiceConditionCompletedSuccessfully {
			return true
		}
	}
	return false
}

// leftOut says why a service can't be a node, "" if it can.
func (p *project) leftOut(one *part) string {
	switch {
	case one.Provider != nil:
		return "it is run by a provider: it is left out"
	case replicas(one.ServiceConfig) < 1:
		return "it has no replicas: it is left out"
	}
	return ""
}

func replicas(s types.ServiceConfig) int {
	switch {
	case s.Deploy != nil && s.Deploy.Replicas != nil:
		return *s.Deploy.Replicas
	case s.Scale != nil:
		return *s.Scale
	}
	return 1
}

// clones are the replicas that the scenario has, which knows no more than a thousand.
func clones(s types.ServiceConfig) int { return min(replicas(s), 1000) }

// mostPorts are how many ports of one part the scenario has: each is an edge from everybody who calls it.
const mostPorts = 16

// ports finds where each part serves: where others call it, else what it publishes or exposes, else where its image usually
// does.
func (p *project) ports(parts []*part, called map[*part][]int) {
	for _, one := range parts {
		published, exposed := one.published(), []int{}
		for _, e := range one.Expose {
			if n, err := strconv.Atoi(strings.TrimSuffix(e, "/tcp")); err == nil {
				exposed = append(exposed, n)
			}
		}
		switch {
		case one.job:
			continue // it serves nobody
		case len(called[one]) > 0:
			one.port, one.why = called[one][0], "where others call it"
		case one.image.port != 0 && (len(published) == 0 || slices.Contains(published, one.image.port)):
			one.port, one.why = one.image.port, "where its image serves"
		case len(published) > 0:
			one.port, one.why = published[0], "which it publishes"
		case len(exposed) > 0:
			one.port, one.why = exposed[0], "which it exposes"
		}
		for _, more := range slices.Concat(called[one], published, exposed) {
			if more == one.port || more < 1 || slices.Contains(one.others, more) {
				continue
			}
			if len(one.others) == mostPorts {
				p.note(one, fmt.Sprintf("of its ports no more than %d are carried over", mostPorts+1), "ports")
				break
			}
			one.others = append(one.others, more)
		}
		one.asked()
		if slices.Contains(published, one.port) && one.http() {
			one.entry = one.port
		}
	}
}

// published are the ports inside that the host's lead to.
func (o *part) published() (out []int) {
	for _, port := range o.Ports {
		if port.Protocol == "" || port.Protocol == "tcp" {
			out = append(out, int(port.Target))
		}
	}
	return out
}

var (
	askedURL  = regexp.MustCompile(`http://(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])(?::(\d+))?(/[^\s"'|;&)]*)?`)
	plainPath = regexp.MustCompile(`^/[A-Za-z0-9_./~-]*$`)
)

// asked is the path that the service's own health check asks for, where it is one that Squall can ask.
func (o *part) asked() {
	if o.HealthCheck == nil || o.HealthCheck.Disable {
		return
	}
	found := askedURL.FindStringSubmatch(strings.Join(o.HealthCheck.Test, " "))
	if found == nil || cmp.Or(found[1], "80") != strconv.Itoa(o.port) {
		return
	}
	if path := cmp.Or(found[2], "/"); plainPath.MatchString(path) {
		o.health = path
	}
}

// http tells whether a part's port takes plain HTTP, as far as can be known.
func (o *part) http() bool {
	return o.health != "" || o.image.http || o.image.port == 0 && !slices.Contains(otherPorts, o.port)
}
