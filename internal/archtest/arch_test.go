// Package archtest holds the house's import table: which package may import which, and why not.
package archtest

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/squallhq/squall/"

// allowed lists, for each package, the packages of ours that it imports: no more and no fewer, tests aside. A package
// that is not listed fails the test, and so does a permission that nobody uses.
var allowed = map[string][]string{
	// It wires everything by hand.
	"cmd/squall": {"cmd/squall/beginning", "cmd/squall/machine", "faults", "faults/mesh", "faults/mesh/api", "faults/mesh/port", "faults/mesh/remote", "report", "report/answer", "report/capacity", "report/compare", "report/findings", "report/page", "report/pipeline", "report/sweep", "report/terminal", "runner", "runner/engine/docker", "runner/engine/process",
		"runner/engine/virtual", "runner/lease", "runner/load", "runner/node", "runner/readback", "runner/record", "runner/wire",
		"scenarios", "scenarios/language", "scenarios/language/grammar", "scenarios/metric", "scenarios/source", "scenarios/topology"},
	"cmd/squall/beginning":       {"examples/patterns", "scenarios", "scenarios/compose", "scenarios/language", "scenarios/source"}, // the commands that write a first scenario
	"cmd/squall/machine":         {"report/spell", "scenarios", "scenarios/topology"},                                               // what a plan needs of the machine
	"faults":                     {},                                                                                                // data about faults: the bottom
	"faults/mesh":                {"faults", "faults/mesh/link", "faults/mesh/port", "internal/chance", "internal/passage", "internal/scarce", "runner/wire"},
	"faults/mesh/link":           {"faults", "faults/mesh/port", "internal/chance", "internal/passage"}, // one connection: knows no edge
	"faults/mesh/port":           {},                                                                    // the system's ports, timers and pipes: any program's
	"faults/mesh/remote":         {"faults", "faults/mesh", "faults/mesh/port", "internal/ask"},
	"faults/mesh/api":            {"faults", "faults/mesh"},
	"report/terminal":            {"report/findings", "report/spell", "report/words", "runner/record", "scenarios/metric"}, // for people: from the record alone
	"report/words":               {"report/spell", "runner/record", "scenarios/metric"},                                    // what all reports for people say alike
	"report":                     {"report/page", "report/spell", "report/terminal", "report/words", "runner/record", "scenarios", "scenarios/metric"},
	"report/findings":            {"report/spell", "runner/record", "scenarios"},                     // rules over a stored record
	"report/answer":              {"report/spell"},                                                   // what many runs came to, as parts to show: values alone
	"report/compare":             {"report/answer", "runner/record", "scenarios/metric"},             // pure functions from records
	"report/capacity":            {"report/answer"},                                                  // a search: knows no engine
	"report/sweep":               {"report/answer", "report/spell", "scenarios/metric"},              // pure functions from figures
	"report/pipeline":            {"runner/record"},                                                  // what pipelines show, where they show it
	"report/page":                {"report/answer", "report/spell", "report/words", "runner/record"}, // a page from the record alone
	"report/spell":               {},                                                                 // figures for people: values alone
	"runner":                     {"faults", "internal/passage", "internal/scarce", "runner/analysis", "runner/record", "runner/traces", "runner/wire", "scenarios", "scenarios/topology"},
	"runner/analysis":            {"internal/passage", "runner/record"}, // pure functions from records
	"runner/lease":               {},
	"runner/load":                {"internal/chance", "runner", "runner/load/clock", "runner/load/inspect", "runner/load/multiplex", "runner/load/secure", "runner/record", "runner/wire", "scenarios"},
	"runner/load/clock":          {},                                                                                      // waits for a moment: knows no load
	"runner/load/multiplex":      {},                                                                                      // HTTP/2's connections: knows no load
	"runner/load/secure":         {"scenarios"},                                                                           // TLS as a load speaks it
	"runner/load/inspect":        {"scenarios", "scenarios/jsonpath"},                                                     // answers as values: sends nothing
	"runner/readback":            {"runner/node", "runner/wire", "scenarios", "scenarios/jsonpath", "scenarios/topology"}, // what a load wrote, as it says
	"runner/record":              {},                                                                                      // what a run measured: reports work from it alone
	"runner/traces":              {"internal/chance", "runner/record", "runner/wire"},                                     // from what ended and what nodes tell: asks nobody itself
	"runner/wire":                {"internal/passage"},                                                                    // what crosses a wire, declared once: below everybody who says or hears it
	"scenarios":                  {"faults", "runner/wire", "scenarios/metric", "scenarios/parts"},
	"scenarios/metric":           {},                                      // what figures are called and mean: values alone
	"scenarios/dataset":          {},                                      // tables from text: opens no file
	"scenarios/jsonpath":         {},                                      // places in JSON: any program's
	"scenarios/openapi":          {"scenarios/source"},                    // what an API takes, from its description: opens no file
	"scenarios/recorded":         {},                                      // requests from logs: opens no file
	"scenarios/parts":            {},                                      // the databases, caches, brokers and proxies that there are: plain values
	"scenarios/compose":          {"scenarios/parts", "scenarios/source"}, // Compose files as text of a scenario: knows no key but by its spelling
	"scenarios/source":           {},                                      // YAML as a tree with places: knows no key
	"scenarios/language/grammar": {"faults", "scenarios", "scenarios/jsonpath", "scenarios/metric", "scenarios/parts", "scenarios/source"},
	"scenarios/language/check":   {"faults", "runner/wire", "scenarios", "scenarios/jsonpath", "scenarios/language/grammar", "scenarios/metric", "scenarios/parts", "scenarios/source", "scenarios/topology"},
	"scenarios/language":         {"faults", "scenarios", "scenarios/dataset", "scenarios/language/check", "scenarios/language/grammar", "scenarios/openapi", "scenarios/recorded", "scenarios/source", "scenarios/topology"},
	"scenarios/topology":         {"faults", "internal/chance", "scenarios"},

	"runner/node":                             {"faults", "runner/node/internal/amqp", "runner/node/internal/broker", "runner/node/internal/cache", "runner/node/internal/call", "runner/node/internal/cdn", "runner/node/internal/database", "runner/node/internal/gateway", "runner/node/internal/host", "runner/node/internal/mysql", "runner/node/internal/service", "runner/node/internal/store", "runner/wire", "scenarios", "scenarios/parts"}, // the table of roles
	"runner/node/internal/admission":          {"runner/node/internal/host", "runner/wire", "scenarios"},
	"runner/node/internal/amqp":               {"runner/node/internal/call", "runner/node/internal/host", "runner/node/internal/pools", "runner/wire"}, // services speak to a real RabbitMQ
	"runner/node/internal/broker":             {"faults", "internal/chance", "internal/passage", "runner/node/internal/admission", "runner/node/internal/call", "runner/node/internal/host", "runner/node/internal/journal", "runner/wire", "scenarios"},
	"runner/node/internal/cache":              {"runner/node/internal/copies", "runner/node/internal/host", "runner/wire", "scenarios"},
	"runner/node/internal/call":               {"internal/chance", "internal/passage", "runner/node/internal/host", "runner/wire", "scenarios"},
	"runner/node/internal/cdn":                {"runner/node/internal/admission", "runner/node/internal/call", "runner/node/internal/copies", "runner/node/internal/host", "runner/wire", "scenarios"},
	"runner/node/internal/copies":             {"runner/node/internal/host"},
	"runner/node/internal/database":           {"faults", "internal/chance", "runner/node/internal/admission", "runner/node/internal/call", "runner/node/internal/database/sqlengine", "runner/node/internal/host", "runner/node/internal/journal", "runner/node/internal/store", "runner/wire", "scenarios"},
	"runner/node/internal/database/sqlengine": {}, // SQL and PostgreSQL's types: knows no scenario
	"runner/node/internal/gateway":            {"runner/node/internal/admission", "runner/node/internal/call", "runner/node/internal/host", "runner/wire", "scenarios"},
	"runner/node/internal/host":               {"faults", "internal/chance", "internal/passage", "internal/scarce", "runner/wire", "scenarios", "scenarios/parts"}, // what every role needs of its surroundings: knows no role
	"runner/node/internal/journal":            {"runner/node/internal/host"},
	"runner/node/internal/mysql":              {"runner/node/internal/call", "runner/node/internal/host", "runner/node/internal/pools", "runner/wire"},                                // services speak to a real one
	"runner/node/internal/pools":              {"runner/node/internal/host"},                                                                                                          // how pools of connections are used
	"runner/node/internal/redis":              {"runner/node/internal/call", "runner/node/internal/copies", "runner/node/internal/host", "runner/node/internal/pools", "runner/wire"}, // services speak to a real one
	"runner/node/internal/service":            {"internal/chance", "runner/node/internal/admission", "runner/node/internal/amqp", "runner/node/internal/call", "runner/node/internal/copies", "runner/node/internal/host", "runner/node/internal/mysql", "runner/node/internal/redis", "runner/node/internal/store", "runner/wire", "scenarios", "scenarios/parts"},
	"runner/node/internal/store":              {"runner/node/internal/call", "runner/node/internal/host", "runner/node/internal/pools", "runner/wire", "scenarios"},

	"runner/engine":                  {"faults", "faults/mesh", "internal/ask", "runner", "runner/node", "runner/record", "runner/traces", "runner/wire", "scenarios", "scenarios/parts", "scenarios/topology"}, // what all engines share
	"runner/engine/docker":           {"faults/mesh", "faults/mesh/remote", "runner", "runner/engine", "runner/engine/docker/imagenode", "runner/engine/docker/nodeimage", "runner/engine/docker/owner", "runner/node", "runner/wire", "scenarios", "scenarios/topology"},
	"runner/engine/docker/imagenode": {"scenarios", "scenarios/topology"}, // a node's words as a container's: asks no engine
	"runner/engine/docker/nodeimage": {},                                  // an image as bytes: knows no engine
	"runner/engine/docker/owner":     {},                                  // who made what, and whether they are there still: knows no engine
	"runner/engine/process":          {"faults/mesh", "faults/mesh/remote", "runner", "runner/engine", "runner/lease", "runner/wire", "scenarios/topology"},
	"runner/engine/virtual":          {"faults/mesh", "runner", "runner/engine", "runner/engine/virtual/network", "runner/node", "runner/wire", "scenarios", "scenarios/topology"},
	"runner/engine/virtual/network":  {"internal/chance"}, // TCP's behaviour in memory: any program's
	"runner/engine/enginetest":       {"faults", "internal/chance", "runner", "runner/engine/virtual/network", "runner/load", "runner/node", "runner/readback", "runner/record", "runner/wire", "scenarios", "scenarios/language", "scenarios/topology"},

	"examples":              {},
	"examples/agreement":    {"internal/shipped", "runner/record", "scenarios/language"},
	"examples/library":      {"internal/shipped", "report", "runner/record", "scenarios", "scenarios/language", "scenarios/metric"},
	"examples/patterns":     {},
	"examples/real":         {},
	"examples/real/figures": {"internal/debimage", "internal/shipped", "runner/record", "scenarios/language"},

	"internal/archtest":      {},
	"internal/ask":           {}, // one question over HTTP
	"internal/chance":        {}, // what a seed means: the same for the plan, the load, nodes and edges
	"internal/meshtest":      {}, // what tests of the mesh's rooms share
	"internal/keydoc":        {},
	"internal/passage":       {}, // what comes, stays and leaves, on edges and in nodes
	"internal/debimage":      {}, // images of real parts, for tests
	"internal/debimage/make": {"internal/debimage"},
	"internal/pipenet":       {},
	"internal/resultdoc":     {},                // makes docs/result.json.md and docs/answers.json.md
	"internal/scarce":        {},                // errors by which a machine runs out: any program's
	"internal/shipped":       {"runner/record"}, // the program as it is shipped, for the commands that write examples' figures
	"internal/squallbin":     {},
}

// forbidden names the arrows that people will be tempted to draw, each with its reason. A name that ends in /... is a
// package and all below it.
var forbidden = []struct{ from, to, reason string }{
	{"faults/...", "scenarios/...", "a fault is data about an edge or a node; the language is built on the kinds, not they on it"},
	{"faults/...", "runner/...", "edges carry faults out for whoever asks, in a run or not"},
	{"scenarios/...", "runner/...", "what is asked for is plain values, known before anything runs"},
	{"scenarios/...", "faults/mesh/...", "a scenario names kinds of fault; carrying them out is the engines'"},
	{"runner/node/...", "scenarios/language/...", "a node is given what was asked for as plain values; it reads no YAML while it runs"},
	{"scenarios/...", "report/...", "the language is read without a report"},
	{"runner/...", "report/...", "a run is recorded before it is judged; a report must work without a runner"},
	{"runner/...", "cmd/...", "cmd wires: nothing knows who wired it"},
	{"runner", "faults/mesh/...", "the conductor speaks primitives; how an edge carries them out is the engine's"},
	{"runner", "runner/engine/...", "engines are wired by cmd, and a new one changes nothing here"},
	{"runner", "runner/load", "the load is handed in, so that tests and other generators can take its place"},
	{"runner", "runner/node/...", "what a node does inside is the engines' to start, not the conductor's to know"},
	{"runner/analysis", "scenarios/...", "what is worked out from a record needs nothing else"},
	{"runner/record", "scenarios/...", "a stored record is read without the scenario that made it"},
	{"runner/load", "runner/engine/...", "load is the same on every engine"},
	{"runner/node/...", "runner", "roles know nothing of engines, so that every engine runs the same ones"},
	{"runner/node/...", "runner/engine/...", "roles know nothing of engines, so that every engine runs the same ones"},
	{"runner/node/...", "faults/mesh/...", "a node's connections come from the network handed in; it can't tell an edge from a wire"},
	{"runner/engine/process", "runner/engine/docker", "engines are siblings: what two share is a package beside them"},
	{"runner/engine/process", "runner/engine/virtual/...", "engines are siblings: what two share is a package beside them"},
	{"runner/engine/docker", "runner/engine/process", "engines are siblings: what two share is a package beside them"},
	{"runner/engine/docker", "runner/engine/virtual/...", "engines are siblings: what two share is a package beside them"},
	{"runner/engine/virtual/...", "runner/engine/process", "engines are siblings: what two share is a package beside them"},
	{"runner/engine/virtual/...", "runner/engine/docker", "engines are siblings: what two share is a package beside them"},
	{"report/...", "runner", "reports work from the stored record alone"},
	{"report/...", "runner/engine/...", "reports work from the stored record alone"},
	{"report/...", "faults/...", "what a fault did is in the record, in words"},
	{"internal/...", "cmd/...", "test support starts the program as its users do"},
	{"examples/...", "runner", "examples are run by the program as it is shipped"},
}

// bottom are the packages below all others: plain declarations that whoever needs them may import, past what is forbidden
// of the folder that they stand in. They import nothing of ours but each other.
var bottom = []string{"runner/wire", "internal/chance", "internal/passage", "internal/scarce"}

// leaves locks each heavy dependency in one package.
var leaves = map[string][]string{
	"github.com/Shopify/toxiproxy/v2":    {"faults/mesh/link"},
	"github.com/docker/docker":           {"runner/engine/docker", "runner/engine/docker/imagenode", "internal/debimage"}, // an image that tests need
	"github.com/tsenart/vegeta/v12/lib":  {"runner/load"},
	"gopkg.in/yaml.v3":                   {"scenarios/source"},
	"github.com/olekukonko/tablewriter":  {"report/terminal"},
	"github.com/jackc/pgx/v5":            {"runner/node/internal/database", "runner/node/internal/database/sqlengine", "runner/node/internal/store"},
	"github.com/go-sql-driver/mysql":     {"runner/node/internal/mysql"},
	"github.com/rabbitmq/amqp091-go":     {"runner/node/internal/amqp"},
	"github.com/redis/go-redis/v9":       {"runner/node/internal/redis"},
	"github.com/ncruces/go-sqlite3":      {"runner/node/internal/database/sqlengine"},
	"github.com/spf13/cobra":             {"cmd/squall", "cmd/squall/beginning"},
	"github.com/compose-spec/compose-go": {"scenarios/compose"},
}

func TestImports(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range packages(t) {
		name := p.ImportPath
		seen[name] = true
		may, listed := allowed[name]
		if !listed {
			t.Errorf("%s is not in the import table: add it with what it imports", name)
			continue
		}
		for _, to := range may {
			if !slices.Contains(p.Imports, module+to) {
				t.Errorf("%s may import %s and does not: take that out of its row", name, to)
			}
		}
		for _, imported := range p.Imports {
			ours, is := strings.CutPrefix(imported, module)
			if is && !slices.Contains(may, ours) {
				t.Errorf("%s imports %s%s", name, ours, why(name, ours))
			}
		}
	}
	for name := range allowed {
		if !seen[name] {
			t.Errorf("the import table has a row for %s, and there is no such package", name)
		}
	}
}

// What is forbidden stays so: no row allows it, and each rule is about packages that exist.
func TestForbiddenArrows(t *testing.T) {
	all := slices.Collect(maps.Keys(allowed))
	for _, name := range bottom {
		for _, may := range allowed[name] {
			if !slices.Contains(bottom, may) {
				t.Errorf("%s is below all others, and its row allows %q", name, may)
			}
		}
	}
	for _, f := range forbidden {
		for _, side := range []string{f.from, f.to} {
			if !slices.ContainsFunc(all, func(name string) bool { return within(name, side) }) {
				t.Errorf("%s -> %s is forbidden, and there is no package %s", f.from, f.to, side)
			}
		}
		for from, may := range allowed {
			for _, to := range may {
				if within(from, f.from) && within(to, f.to) && !slices.Contains(bottom, to) {
					t.Errorf("the row of %s allows %s: %s", from, to, f.reason)
				}
			}
		}
	}
}

// within tells whether a package is the one that a rule names, or one of those below it.
func within(name, rule string) bool {
	root, below := strings.CutSuffix(rule, "/...")
	return name == root || below && strings.HasPrefix(name, root+"/")
}

func why(from, to string) string {
	for _, f := range forbidden {
		if within(from, f.from) && within(to, f.to) {
			return ": " + f.reason
		}
	}
	return ", which its row in the import table does not allow"
}

func TestHeavyDependenciesStayInTheirLeaf(t *testing.T) {
	for _, p := range packages(t) {
		name := p.ImportPath
		for _, imported := range p.Imports {
			for dependency, homes := range leaves {
				if (imported == dependency || strings.HasPrefix(imported, dependency+"/")) && !slices.Contains(homes, name) {
					t.Errorf("%s imports %s, which belongs in %s alone", name, imported, strings.Join(homes, ", "))
				}
			}
		}
	}
}

// rooms are those that roles of a node share, bottom first, and roles those that stand on them.
var (
	rooms = []string{"host", "journal", "pools", "copies", "admission", "call", "store", "amqp", "mysql", "redis"}
	roles = []string{"cdn", "gateway", "service", "database", "broker", "cache"}
)

// No role of a node knows another one, and no room that they share knows a role: so a new role is a room and a row in
// the table of roles.
func TestNoRoleKnowsAnother(t *testing.T) {
	const inside = "runner/node/internal/"
	found := 0
	for _, p := range packages(t) {
		from, is := strings.CutPrefix(p.ImportPath, inside)
		if !is {
			continue
		}
		from, _, _ = strings.Cut(from, "/")
		found++
		if !slices.Contains(rooms, from) && !slices.Contains(roles, from) {
			t.Errorf("%s%s is neither a room nor a role", inside, from)
		}
		for _, imported := range p.Imports {
			to, is := strings.CutPrefix(imported, module+inside)
			to, _, _ = strings.Cut(to, "/")
			if is && to != from && slices.Contains(roles, to) {
				t.Errorf("%s imports the role %s: what two share is a room below them", p.ImportPath, to)
			}
		}
	}
	if found < len(rooms)+len(roles) {
		t.Errorf("found %d packages below %s, want %d at least", found, inside, len(rooms)+len(roles))
	}
}
