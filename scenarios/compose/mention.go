package compose

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// mention is a place in a text that names another service as the one to connect to.
type mention struct {
	start, end int // of its name
	to         *part
	port       int // 0: it says none
}

var hostAndPort = regexp.MustCompile(`[A-Za-z0-9][A-Za-z0-9_.-]*(:[0-9]{1,5})?`)

// hostKeys are how variables end that hold a host.
var hostKeys = []string{"HOST", "HOSTNAME", "SERVER", "SERVERS", "ADDR", "ADDRESS", "URL", "URI", "ENDPOINT", "DSN", "BROKER", "BROKERS", "HOSTS", "NODES", "UPSTREAM", "BACKEND"}

// mentions are the services that a text names: as hosts of URLs and DSNs, as host:port, or, where the key says that a host
// is what it holds, alone.
func mentions(key, text string, byName map[string]*part) (out []mention) {
	for _, at := range hostAndPort.FindAllStringIndex(text, -1) {
		host, digits, _ := strings.Cut(text[at[0]:at[1]], ":")
		to := byName[host]
		if to == nil {
			continue
		}
		port, _ := strconv.Atoi(digits)
		if port > 65535 {
			continue
		}
		if named(key, text[:at[0]], text[at[1]:], port > 0) {
			out = append(out, mention{at[0], at[0] + len(host), to, port})
		}
	}
	return out
}

// named tells whether what stands between two texts is a host, not a user, a database's name or a path.
func named(key, before, after string, port bool) bool {
	if after != "" && !strings.ContainsRune("/,?\"' )]&;\n", rune(after[0])) {
		return false // user:password@, or a part of a longer word
	}
	lower := strings.ToLower(before)
	switch {
	case strings.HasSuffix(before, "//"), strings.HasSuffix(before, "@"):
		return true
	case strings.HasSuffix(lower, "host="), strings.HasSuffix(lower, "host "), strings.HasSuffix(lower, "server="), strings.HasSuffix(lower, "addr="):
		return true
	case before != "" && !strings.ContainsRune(", =\"'[(\n", rune(before[len(before)-1])):
		return false
	case port:
		return true
	}
	whole := (before == "" || strings.HasSuffix(before, ",")) && (after == "" || after[0] == ',')
	return whole && slices.ContainsFunc(hostKeys, func(end string) bool { return strings.HasSuffix(strings.ToUpper(key), end) })
}

// edges finds who calls whom, among those that share a network, and on which ports.
func (p *project) edges(parts []*part) map[*part][]int {
	called := map[*part][]int{}
	byService := map[string]*part{}
	for _, one := range parts {
		byService[one.Name] = one
	}
	for _, one := range parts {
		seen := p.namesFor(one, parts, byService)
		for _, key := range slices.Sorted(maps.Keys(one.Environment)) {
			if value := one.Environment[key]; value != nil {
				p.mentioned(one, mentions(key, *value, seen), "its "+key, called, "environment", key)
			}
		}
		p.mentioned(one, mentions("entrypoint", strings.Join(one.Entrypoint, " "), seen), "its entrypoint", called, "entrypoint")
		p.mentioned(one, mentions("command", strings.Join(one.Command, " "), seen), "its command", called, "command")
		for _, link := range one.Links {
			name, _, _ := strings.Cut(link, ":")
			if to := byService[name]; to != nil {
				p.connect(one, to, "links", "links")
			}
		}
		for _, name := range slices.Sorted(maps.Keys(one.DependsOn)) {
			if to := byService[name]; to != nil && to != one {
				one.waits = append(one.waits, to)
				p.connect(one, to, "depends_on", "depends_on", name)
			}
		}
	}
	return called
}

// ordered takes away the waits that calls make, and those, with the calls that were made of nothing else, that would have two
// parts wait for each other: the calls say more of what there is.
func (p *project) ordered(parts []*part) {
	after := map[*part][]*part{}
	for _, one := range parts {
		for _, e := range one.calls {
			if e.why != "depends_on" {
				after[one] = append(after[one], e.to)
			}
		}
	}
	for _, one := range parts {
		var left []*part
		for _, to := range one.waits {
			if leads(after, to, one) {
				p.note(one, fmt.Sprintf("it does not start after %s: what a node calls starts before it, and %s leads to calls of %s", to.Name, to.Name, one.Name), "depends_on", to.Name)
				one.calls = slices.DeleteFunc(one.calls, func(e *edge) bool { return e.to == to && e.why == "depends_on" })
				continue
			}
			after[one] = append(after[one], to)
			if !slices.ContainsFunc(one.calls, func(e *edge) bool { return e.to == to }) {
				left = append(left, to)
			}
		}
		one.waits = left
	}
}

// leads tells whether there is a way from one part to another.
func leads(after map[*part][]*part, from, to *part) bool {
	seen := map[*part]bool{}
	var visit func(*part) bool
	visit = func(at *part) bool {
		if at == to {
			return true
		}
		if seen[at] {
			return false
		}
		seen[at] = true
		return slices.ContainsFunc(after[at], visit)
	}
	return visit(from)
}

// namesFor are the names by which a part may know others: theirs, and the aliases of its links.
func (p *project) namesFor(one *part, parts []*part, byService map[string]*part) map[string]*part {
	out := map[string]*part{}
	for _, other := range parts {
		if other == one {
			continue
		}
		for _, name := range other.names {
			if out[name] == nil {
				out[name] = other
			}
		}
	}
	for _, link := range one.Links {
		name, alias, has := strings.Cut(link, ":")
		if to := byService[name]; has && to != nil && to != one {
			out[alias] = to
		}
	}
	return out
}

func (p *project) mentioned(from *part, found []mention, why string, called map[*part][]int, path ...string) {
	for _, m := range found {
		if p.connect(from, m.to, why, path...) && m.port > 0 && !slices.Contains(called[m.to], m.port) {
			called[m.to] = append(called[m.to], m.port)
		}
	}
}

// connect adds an edge, once, and tells where the networks don't allow it.
func (p *project) connect(from, to *part, why string, path ...string) bool {
	if from == to || to.job {
		return false
	}
	if !share(from, to) {
		if why != "depends_on" { // which may be about the order alone
			p.note(from, fmt.Sprintf("%s names %s, which is on no network of its own: it can't reach it", why, to.Name), path...)
		}
		return false
	}
	if !slices.ContainsFunc(from.calls, func(e *edge) bool { return e.to == to }) {
		from.calls = append(from.calls, &edge{from, to, why})
	}
	return true
}

// share tells whether two services are on one network.
func share(a, b *part) bool {
	for name := range a.Networks {
		if _, both := b.Networks[name]; both {
			return true
		}
	}
	return false
}
