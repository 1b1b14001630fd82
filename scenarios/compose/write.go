package compose

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/squallhq/squall/scenarios/source"
)

// Made is a scenario made of a Compose file.
type Made struct {
	// Text is the scenario, with comments.
	Text []byte
	// Notes are what was not carried over, in the file's order.
	Notes []Note
}

// Import makes a scenario of a Compose file, which file names in positions and whose folder has what it refers to. An error about
// the file is source.Problems.
func Import(ctx context.Context, file string, data []byte, o Options) (*Made, error) {
	p, err := load(ctx, file, data, o)
	if err != nil {
		return nil, err
	}
	parts, notes := p.parts()
	if len(parts) == 0 {
		return nil, p.problem(p.at("services"), "no service of it can be a node", "add one that stays up")
	}
	called := p.edges(parts)
	p.ports(parts, called)
	byService := map[string]*part{}
	for _, one := range parts {
		byService[one.Name] = one
		p.reachable(one)
	}
	p.ordered(parts)
	for _, one := range parts {
		p.give(one, p.namesFor(one, parts, byService))
		p.uncarried(one)
		notes = append(notes, one.notes...)
	}
	for _, text := range p.warned {
		notes = append(notes, Note{source.Position{File: file, Line: 1, Column: 1}, "Compose says: " + clipped(text)})
	}
	entries, err := p.entries(parts)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(notes, func(a, b Note) int { return cmp.Or(a.At.Line-b.At.Line, a.At.Column-b.At.Column) })
	w := &writer{project: p, parts: parts, entries: entries, notes: notes}
	return &Made{Text: w.scenario(), Notes: notes}, nil
}

// reachable takes away the calls to parts that serve nowhere that is known.
func (p *project) reachable(one *part) {
	one.calls = slices.DeleteFunc(one.calls, func(e *edge) bool {
		if e.to.port == 0 && e.why != "depends_on" {
			p.note(one, fmt.Sprintf("it names %s, and nothing says on which port that serves: add port to %s, and %s to calls", e.to.Name, e.to.node, e.to.node))
		}
		return e.to.port == 0
	})
}

// entries are the parts that the load is sent to: the one that was asked for, else all that publish a port which takes HTTP, else
// those that nobody calls and that may take it.
func (p *project) entries(parts []*part) ([]*part, error) {
	var out []*part
	if p.options.To != "" {
		i := slices.IndexFunc(parts, func(o *part) bool { return o.Name == p.options.To || o.node == p.options.To })
		if i < 0 {
			var names []string
			for _, one := range parts {
				names = append(names, one.Name)
			}
			return nil, p.problem(p.at("services"), "there is no service "+source.QuoteShort(p.options.To)+" in it", source.DidYouMean(p.options.To, names, "services"))
		}
		if parts[i].port == 0 {
			return nil, p.problem(p.at("services", parts[i].Name), "nothing says on which port "+parts[i].Name+" serves", "add ports or expose to it")
		}
		return []*part{parts[i]}, nil
	}
	for _, one := range parts {
		if one.entry != 0 {
			out = append(out, one)
		}
	}
	for _, one := range parts {
		isCalled := slices.ContainsFunc(parts, func(o *part) bool { return slices.ContainsFunc(o.calls, func(e *edge) bool { return e.to == one }) })
		if len(out) == 0 && one.port != 0 && one.http() && !isCalled {
			return []*part{one}, nil
		}
	}
	if len(out) == 0 {
		return nil, p.problem(p.at("services"), "no service publishes a port that takes HTTP: there is nobody to send load to", "say who takes HTTP with --to SERVICE")
	}
	return out, nil
}

// writer writes a scenario.
type writer struct {
	*project
	strings.Builder
	parts, entries []*part
	notes          []Note
}

func (w *writer) line(format string, args ...any) {
	fmt.Fprintf(w, format, args...)
	w.WriteByte('\n')
}

// comment is a text as a comment: nothing in it can end it.
func comment(text string) string {
	return "# " + clipped(strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) {
			return ' '
		}
		return c
	}, oneLine(text)))
}

func (w *writer) scenario() []byte {
	name := strings.Trim(notInNames.ReplaceAllString(strings.ToLower(w.Name), "-"), "-")
	w.line("%s", comment("Made by squall import from "+filepath.Base(w.file)+": a start, to be read and changed."))
	if len(w.notes) > 0 {
		w.line("#\n# Not carried over, or in another way:")
		for _, n := range w.notes {
			w.line("#   %s", strings.TrimPrefix(comment(n.String()), "# "))
		}
	}
	if slices.ContainsFunc(w.parts, func(o *part) bool {
		return o.built(w.project) != nil || strings.Contains(strings.Join(o.given, "\n"), `"./`)
	}) {
		w.line("# Paths begin at this file's folder: keep it beside the Compose file.")
	}
	w.line("scenario: %s", source.Quoted(cmp.Or(name, "imported")))
	w.line("about: %s", source.Quoted("What "+filepath.Base(w.file)+" starts, under load, while one of its connections is slow."))
	w.line("\ntopology:")
	for _, one := range w.parts {
		w.node(one)
	}
	w.load()
	w.phases()
	return []byte(w.String())
}

func (w *writer) node(one *part) {
	if networks := slices.Sorted(maps.Keys(one.Networks)); len(networks) > 0 && !slices.Equal(networks, []string{"default"}) {
		w.line("  %s", comment("On "+strings.Join(networks, " and ")+"."))
	}
	w.line("  %s:", one.node)
	kind := "image"
	if one.database() {
		kind = "database"
	}
	w.line("    kind: %s", kind)
	built := one.built(w.project)
	for _, line := range built {
		w.line("    %s", line)
	}
	if built == nil || one.Image != "" {
		w.line("    image: %s", source.Quoted(source.Escaped(w.imageName(one))))
	}
	if one.job {
		w.line("    job: true                      # others start once it has ended")
	}
	if n := clones(one.ServiceConfig); n > 1 {
		w.line("    replicas: %d", n)
	}
	cpus, memory := one.limits()
	if cpus > 0 {
		w.line("    cpus: %s", strconv.FormatFloat(cpus, 'f', -1, 32))
	}
	if memory > 0 {
		w.line("    memory: %s", size(memory))
	}
	w.serving(one)
	for _, line := range one.given {
		w.line("    %s", line)
	}
	w.environment(one, w.names(one))
	if len(one.calls) > 0 {
		w.line("    calls:")
		for _, e := range one.calls {
			w.line("      - %-28s %s", e.to.node, comment(e.why))
		}
	}
	w.waits(one)
}

// serving is where a part serves, and how it is seen to be ready.
func (w *writer) serving(one *part) {
	if one.port != 0 {
		w.line("    port: %-24d # %s", one.port, one.why)
	}
	if len(one.others) > 0 {
		var numbers []string
		for _, port := range append([]int{one.port}, one.others...) {
			numbers = append(numbers, strconv.Itoa(port))
		}
		w.line("    ports: [%s]", strings.Join(numbers, ", "))
	}
	switch {
	case one.job || one.tested:
	case one.health != "":
		w.line("    health: %-22s # what its health check asks for", one.health)
	case one.port == 0:
		w.line("    health: none                   # it serves nowhere that is known")
	}
}

// waits are those that a part starts after and does not call.
func (w *writer) waits(one *part) {
	if len(one.waits) == 0 {
		return
	}
	w.line("    depends_on:")
	for _, to := range one.waits {
		condition := "service_healthy"
		if to.job {
			condition = "service_completed_successfully"
		}
		w.line("      %s: {condition: %s}", to.node, condition)
	}
}

func (w *writer) environment(one *part, names map[string]*part) {
	first := true
	for _, key := range slices.Sorted(maps.Keys(one.Environment)) {
		value := one.Environment[key]
		if value == nil || key == "" || strings.Contains(key, "${") {
			continue
		}
		if first {
			w.line("    env:")
			first = false
		}
		w.line("      %s: %s", keyed(key), w.value(one, key, *value, names))
	}
}

var plainKey = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// keyed is the name of a variable as a key: in quotes where YAML would read it as something else.
func keyed(name string) string {
	if plainKey.MatchString(name) && !slices.Contains(yamlWords, strings.ToLower(name)) {
		return name
	}
	return source.Quoted(name)
}

// names are those by which a part may name the ones that it calls.
func (w *writer) names(one *part) map[string]*part {
	byService := map[string]*part{}
	for _, other := range w.parts {
		byService[other.Name] = other
	}
	return w.namesFor(one, w.parts, byService)
}

func size(n int64) string {
	if n%(1<<20) == 0 {
		return strconv.FormatInt(n>>20, 10) + "MiB"
	}
	return strconv.FormatInt(n, 10) + "B"
}

// loadName is what the users of a part are called.
func (w *writer) loadName(one *part) string {
	name := "users"
	if len(w.entries) > 1 {
		name = one.node + "-users"
	}
	for slices.ContainsFunc(w.parts, func(o *part) bool { return o.node == name }) {
		name = "load-of-" + name
	}
	return name
}

func (w *writer) load() {
	w.line("\nload:")
	for _, one := range w.entries {
		w.line("  %s:", w.loadName(one))
		w.line("    to: %s", one.node)
		w.line("    rate: 20/s")
		w.line("    arrivals: poisson")
		w.line("    timeout: 5s")
		w.line("    requests:")
		w.line("      - send: GET %s", cmp.Or(one.health, "/"))
	}
}

func (w *writer) phases() {
	on, name := w.loadName(w.entries[0])+" -> "+w.entries[0].node, w.entries[0].node
	why := "no call leads on from where the load comes in: the users' own connection is what there is to try"
	if r := riskiest(w.parts, w.entries); r != nil {
		on, name, why = r.from.node+" -> "+r.to.node, r.to.node, r.why(len(w.parts))
	}
	w.line("\nphases:")
	w.line("  - {name: steady, for: 10s}")
	w.line("  %s", comment("The riskiest edge: "+why+"."))
	w.line("  - name: %s slow", name)
	w.line("    for: 10s")
	w.line("    faults:")
	w.line("      - {latency: 300ms, jitter: 50ms, on: %s}", on)
	w.line("  - {name: recovery, for: 10s}")
	w.line("\nexpect:")
	w.line("  - {in: steady, success: \">= 97%%\", p95: \"< 1s\"}")
	w.line("  - {in: %s slow, success: \">= 95%%\"}", name)
	w.line("  - {after: %s slow, recovered_within: 5s}", name)
}
