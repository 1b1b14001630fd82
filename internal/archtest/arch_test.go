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
	"cmd/squall": {"cmd/squall/beginning", "cmd/squall/gameday", "cmd/squall/keys", "cmd/squall/kubernetes", "cmd/squall/live", "cmd/squall/machine", "cmd/squall/recording", "cmd/squall/stay", "faults", "faults/mesh", "faults/mesh/api", "faults/mesh/port", "faults/mesh/remote", "report", "report/answer", "report/capacity", "report/compare", "report/findings", "report/otlp", "report/page", "report/pipeline", "report/scrape", "report/spell", "report/sweep", "report/terminal", "runner", "runner/control", "runner/engine/agent", "runner/engine/docker", "runner/engine/kubernetes", "runner/engine/process",
		"runner/engine/virtual", "runner/hooks", "runner/lease", "runner/load", "runner/load/order", "runner/load/remote", "runner/load/spawn", "runner/load/worker", "runner/node", "runner/readback", "runner/record", "runner/wire",
		"scenarios", "scenarios/language", "scenarios/language/grammar", "scenarios/metric", "scenarios/source", "scenarios/topology"},
	// What stays up for people to look around in, and for how long.
	"cmd/squall/stay": {"runner", "scenarios"},
	// A run as a scenario.
	"cmd/squall/recording": {"faults", "runner/course", "runner/record", "scenarios", "scenarios/language", "scenarios/source/edit", "scenarios/topology"},

	"cmd/squall/beginning":       {"examples/patterns", "scenarios", "scenarios/compose", "scenarios/language", "scenarios/source"},                                                                                                                                                                                                                                                                                                                                                                                                                                          // the commands that write a first scenario
	"cmd/squall/gameday":         {"runner/control"},                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                         // the commands by which people take part in a run
	"cmd/squall/keys":            {"cmd/squall/live", "runner/control"},                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                      // the keys of a run on a terminal
	"cmd/squall/kubernetes":      {"internal/clocks", "runner/control", "runner/engine/docker/nodeimage", "runner/engine/kubernetes", "runner/engine/kubernetes/apiserver", "runner/engine/kubernetes/claim", "runner/engine/kubernetes/conductor", "runner/engine/kubernetes/kinds", "runner/engine/kubernetes/kubeconfig", "runner/engine/kubernetes/manifest", "runner/engine/kubernetes/objects", "runner/engine/kubernetes/registry", "runner/engine/kubernetes/reroute", "runner/engine/kubernetes/role", "runner/record", "scenarios/language", "scenarios/topology"}, // the commands about a cluster
	"cmd/squall/live":            {"faults", "report/page", "runner", "runner/authority", "runner/control", "runner/record", "scenarios/topology"},                                                                                                                                                                                                                                                                                                                                                                                                                           // the page of a run that goes on
	"cmd/squall/machine":         {"report/spell", "scenarios", "scenarios/topology"},                                                                                                                                                                                                                                                                                                                                                                                                                                                                                        // what a plan needs of the machine
	"faults":                     {},                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                         // data about faults: the bottom
	"faults/mesh":                {"faults", "faults/mesh/link", "faults/mesh/port", "internal/chance", "internal/passage", "internal/scarce", "runner/wire"},
	"faults/mesh/link":           {"faults", "faults/mesh/port", "internal/chance", "internal/passage"}, // one connection: knows no edge
	"faults/mesh/port":           {},                                                                    // the system's ports, timers and pipes: any program's
	"faults/mesh/names":          {"faults"},                                                            // one caller's resolver: knows no edge
	"faults/mesh/remote":         {"faults", "faults/mesh", "faults/mesh/names", "faults/mesh/port", "internal/ask"},
	"faults/mesh/fleet":          {"faults", "faults/mesh", "internal/clocks"}, // several meshes as one: knows no run
	"faults/mesh/api":            {"faults", "faults/mesh"},
	"report/terminal":            {"report/findings", "report/spell", "report/words", "runner/record", "scenarios/metric"}, // for people: from the record alone
	"report/words":               {"report/spell", "runner/record", "scenarios/metric"},                                    // what all reports for people say alike
	"report":                     {"report/page", "report/spell", "report/terminal", "report/words", "runner/record", "scenarios", "scenarios/metric"},
	"report/findings":            {"report/spell", "runner/record", "scenarios"},                                        // rules over a stored record
	"report/answer":              {"report/spell"},                                                                      // what many runs came to, as parts to show: values alone
	"report/compare":             {"report/answer", "runner/record", "scenarios/metric"},                                // pure functions from records
	"report/capacity":            {"report/answer"},                                                                     // a search: knows no engine
	"report/sweep":               {"report/answer", "report/spell", "scenarios/metric"},                                 // pure functions from figures
	"report/pipeline":            {"runner/record"},                                                                     // what pipelines show, where they show it
	"report/page":                {"report/answer", "report/findings", "report/spell", "report/words", "runner/record"}, // a page from the record alone
	"report/otlp":                {"report/scrape", "runner/record"},                                                    // what OpenTelemetry's collectors take, from the record
	"report/scrape":              {"runner/record"},                                                                     // what Prometheus reads, from the record so far
	"report/spell":               {},                                                                                    // figures for people: values alone
	"runner":                     {"faults", "internal/passage", "internal/scarce", "internal/sleep", "runner/analysis", "runner/authority", "runner/chronicle", "runner/course", "runner/hooks", "runner/instant", "runner/load/figures", "runner/load/order", "runner/load/results", "runner/lookout", "runner/monitoring", "runner/record", "runner/traces", "runner/wire", "scenarios", "scenarios/topology"},
	"runner/control":             {"faults", "internal/ask", "internal/sleep", "runner", "runner/course", "runner/monitoring", "runner/record", "scenarios", "scenarios/topology", "scenarios/topology/blast"}, // how people reach a run, and what watches over it: reads no scenario
	"runner/authority":           {},                                                                                                                                                                           // certificates: knows no run
	"runner/analysis":            {"internal/passage", "runner/record"},                                                                                                                                        // pure functions from records
	"runner/chronicle":           {"runner/record"},                                                                                                                                                            // what happened, in the order in which it is told: sees to nothing itself
	"runner/course":              {},                                                                                                                                                                           // when a plan's times come: knows no fault and no load
	"runner/hooks":               {"runner/lease", "scenarios"},                                                                                                                                                // commands beside a run: knows no run
	"runner/instant":             {},                                                                                                                                                                           // moments of virtual time: knows no run
	"runner/lease":               {},
	"runner/monitoring":          {"runner/record"},                                  // what others tell of a run: asks nobody itself
	"runner/lookout":             {"runner/record", "scenarios", "scenarios/metric"}, // what users get while a run goes on: ends nothing itself
	"runner/load":                {"internal/chance", "runner", "runner/course", "runner/load/clock", "runner/load/direct", "runner/load/figures", "runner/load/inspect", "runner/load/multiplex", "runner/load/order", "runner/load/peek", "runner/load/results", "runner/load/rpc", "runner/load/secure", "runner/load/socket", "runner/node", "runner/record", "runner/wire", "scenarios", "scenarios/sqltext"},
	"runner/load/order":          {"runner/load/cursor", "scenarios"},                                                                                                                                                                                         // what a generator is asked for, as values: sends nothing
	"runner/load/results":        {},                                                                                                                                                                                                                          // what was sent, as vegeta writes it: sends nothing
	"runner/load/figures":        {"runner/record"},                                                                                                                                                                                                           // what a generator has done, as values that add up
	"runner/load/frame":          {"runner/course", "runner/load/cursor", "runner/load/figures", "runner/load/order", "runner/load/results", "runner/record"},                                                                                                 // what crosses a connection to a generator: sends nothing itself
	"runner/load/worker":         {"internal/resumable", "internal/scarce", "runner", "runner/course", "runner/instant", "runner/load/frame", "runner/load/order", "runner/load/results", "runner/record", "runner/wire"},                                     // a generator that somebody else conducts: knows no engine
	"runner/load/remote":         {"internal/clocks", "runner", "runner/course", "runner/instant", "runner/load", "runner/load/figures", "runner/load/frame", "runner/load/order", "runner/load/results", "runner/load/worker", "runner/record", "scenarios"}, // several generators as one: starts none itself
	"runner/load/spawn":          {"runner", "runner/engine/family", "runner/lease", "runner/load/remote"},                                                                                                                                                    // generators as children of this process
	"runner/load/direct":         {"runner/node", "scenarios"},                                                                                                                                                                                                // connections to databases and Redis
	"runner/load/rpc":            {"scenarios/protofile"},                                                                                                                                                                                                     // gRPC's messages: connects to nobody
	"runner/load/socket":         {},                                                                                                                                                                                                                          // WebSocket's connections: knows no load
	"runner/load/cursor":         {},                                                                                                                                                                                                                          // bytes as numbers and texts: any program's
	"runner/load/peek":           {},                                                                                                                                                                                                                          // looks at a socket
	"runner/load/clock":          {"runner/instant"},                                                                                                                                                                                                          // waits for a moment: knows no load
	"runner/load/multiplex":      {},                                                                                                                                                                                                                          // HTTP/2's connections: knows no load
	"runner/load/secure":         {"runner/load/order", "scenarios"},                                                                                                                                                                                          // TLS as a load speaks it
	"runner/load/inspect":        {"scenarios", "scenarios/jsonpath"},                                                                                                                                                                                         // answers as values: sends nothing
	"runner/readback":            {"runner/node", "runner/wire", "scenarios", "scenarios/jsonpath", "scenarios/topology"},                                                                                                                                     // what a load wrote, as it says
	"runner/record":              {},                                                                                                                                                                                                                          // what a run measured: reports work from it alone
	"runner/traces":              {"internal/chance", "runner/record", "runner/wire"},                                                                                                                                                                         // from what ended and what nodes tell: asks nobody itself
	"runner/wire":                {"internal/passage"},                                                                                                                                                                                                        // what crosses a wire, declared once: below everybody who says or hears it
	"scenarios":                  {"faults", "runner/wire", "scenarios/metric", "scenarios/parts", "scenarios/sqltext"},
	"scenarios/metric":           {},                                                              // what figures are called and mean: values alone
	"scenarios/dataset":          {},                                                              // tables from text: opens no file
	"scenarios/dockerfile":       {},                                                              // what only BuildKit builds: opens no file
	"scenarios/jsonpath":         {},                                                              // places in JSON: any program's
	"scenarios/openapi":          {"scenarios/source"},                                            // what an API takes, from its description: opens no file
	"scenarios/recorded":         {},                                                              // requests from logs: opens no file
	"scenarios/sqltext":          {},                                                              // SQL as text: where statements and parameters are
	"scenarios/parts":            {},                                                              // the databases, caches, brokers and proxies that there are: plain values
	"scenarios/compose":          {"scenarios/dockerfile", "scenarios/parts", "scenarios/source"}, // Compose files as text of a scenario: knows no key but by its spelling
	"scenarios/source":           {},                                                              // YAML as a tree with places: knows no key
	"scenarios/source/edit":      {},                                                              // parts of a YAML text as other text: knows no key
	"scenarios/protofile":        {},                                                              // methods of gRPC services: opens no file
	"scenarios/language/grammar": {"faults", "scenarios", "scenarios/jsonpath", "scenarios/metric", "scenarios/parts", "scenarios/source"},
	"scenarios/language/check":   {"faults", "runner/wire", "scenarios", "scenarios/jsonpath", "scenarios/language/grammar", "scenarios/metric", "scenarios/parts", "scenarios/source", "scenarios/sqltext", "scenarios/topology"},
	"scenarios/language":         {"faults", "scenarios", "scenarios/dataset", "scenarios/language/check", "scenarios/language/grammar", "scenarios/openapi", "scenarios/protofile", "scenarios/recorded", "scenarios/source", "scenarios/topology"},
	"scenarios/topology":         {"faults", "internal/chance", "scenarios"},
	"scenarios/topology/blast":   {"runner/wire", "scenarios", "scenarios/topology"}, // what a fault would reach: from the plan alone

	"runner/node":                             {"faults", "runner/node/internal/amqp", "runner/node/internal/broker", "runner/node/internal/cache", "runner/node/internal/call", "runner/node/internal/cdn", "runner/node/internal/database", "runner/node/internal/gateway", "runner/node/internal/host", "runner/node/internal/kafka", "runner/node/internal/mysql", "runner/node/internal/nats", "runner/node/internal/redis", "runner/node/internal/service", "runner/node/internal/store", "runner/wire", "scenarios", "scenarios/parts", "scenarios/sqltext"}, // the table of roles
	"runner/node/internal/admission":          {"runner/node/internal/host", "runner/wire", "scenarios"},
	"runner/node/internal/amqp":               {"runner/node/internal/call", "runner/node/internal/host", "runner/node/internal/pools", "runner/node/internal/taken", "runner/wire"}, // services speak to a real RabbitMQ
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
	"runner/node/internal/kafka":              {"runner/node/internal/call", "runner/node/internal/host", "runner/node/internal/pools", "runner/node/internal/taken", "runner/wire"},              // services speak to a real one
	"runner/node/internal/mysql":              {"runner/node/internal/call", "runner/node/internal/host", "runner/node/internal/pools", "runner/wire", "scenarios/sqltext"},                       // services speak to a real one
	"runner/node/internal/nats":               {"runner/node/internal/call", "runner/node/internal/host", "runner/node/internal/pools", "runner/node/internal/taken", "runner/wire", "scenarios"}, // services speak to a real one
	"runner/node/internal/pools":              {"runner/node/internal/host"},                                                                                                                      // how pools of connections are used
	"runner/node/internal/redis":              {"runner/node/internal/call", "runner/node/internal/copies", "runner/node/internal/host", "runner/node/internal/pools", "runner/wire"},             // services speak to a real one
	"runner/node/internal/service":            {"runner/node/internal/admission", "runner/node/internal/amqp", "runner/node/internal/call", "runner/node/internal/copies", "runner/node/internal/host", "runner/node/internal/kafka", "runner/node/internal/mysql", "runner/node/internal/nats", "runner/node/internal/redis", "runner/node/internal/store", "runner/node/internal/taken", "runner/wire", "scenarios", "scenarios/parts", "scenarios/sqltext"},
	"runner/node/internal/taken":              {}, // a message as it was taken: knows no broker
	"runner/node/internal/store":              {"runner/node/internal/call", "runner/node/internal/host", "runner/node/internal/pools", "runner/wire", "scenarios", "scenarios/parts", "scenarios/sqltext"},

	"runner/engine":                  {"faults", "faults/mesh", "internal/ask", "internal/sleep", "runner", "runner/authority", "runner/engine/exposed", "runner/engine/health", "runner/instant", "runner/node", "runner/record", "runner/traces", "runner/wire", "scenarios", "scenarios/parts", "scenarios/topology"}, // what all engines share
	"runner/engine/health":           {"internal/ask", "runner/wire", "scenarios", "scenarios/parts"},                                                                                                                                                                                                                    // looks at an instance: starts nothing
	"runner/engine/exposed":          {},                                                                                                                                                                                                                                                                                 // what programs tell Prometheus, read: knows no run
	"runner/engine/docker":           {"faults", "faults/mesh", "faults/mesh/names", "faults/mesh/remote", "runner", "runner/authority", "runner/engine", "runner/engine/docker/imagenode", "runner/engine/docker/nodeimage", "runner/engine/owner", "runner/engine/trust", "runner/engine/surroundings", "runner/node", "runner/wire", "scenarios", "scenarios/topology"},
	"runner/engine/docker/imagenode": {"scenarios", "scenarios/dockerfile", "scenarios/topology"}, // a node's words as a container's: asks no engine
	"runner/engine/docker/nodeimage": {},                                                          // an image as bytes: knows no engine
	"runner/engine/trust":            {"scenarios/topology"},                                      // whom to trust: asks no engine
	"runner/engine/owner":            {},                                                          // who made what, and whether they are there still: knows no engine
	"runner/engine/process":          {"faults/mesh", "faults/mesh/remote", "runner", "runner/authority", "runner/engine", "runner/engine/family", "runner/engine/health", "runner/engine/process/root", "runner/engine/surroundings", "runner/lease", "runner/wire", "scenarios", "scenarios/topology"},
	"runner/engine/agent":            {"internal/ask", "internal/sleep", "runner/engine/family", "runner/engine/health", "scenarios"}, // stands beside one instance: knows no engine
	"runner/engine/process/root":     {"scenarios", "scenarios/topology"},                                                             // a node's files as a folder: starts nothing
	"runner/engine/family":           {},                                                                                              // processes with all that they start: knows no run
	"runner/engine/surroundings":     {"scenarios", "scenarios/topology"},                                                             // what programs are told of where they are: knows no engine
	"runner/engine/virtual":          {"faults/mesh", "runner", "runner/engine", "runner/engine/virtual/network", "runner/node", "runner/wire", "scenarios", "scenarios/topology"},
	"runner/engine/virtual/network":  {"internal/chance"}, // TCP's behaviour in memory: any program's
	"runner/engine/enginetest":       {"faults", "internal/chance", "runner", "runner/engine/virtual/network", "runner/load", "runner/node", "runner/readback", "runner/record", "runner/wire", "scenarios", "scenarios/language", "scenarios/topology"},

	// A cluster, below the engine that runs scenarios there.
	"runner/engine/kubernetes":            {"faults", "faults/mesh", "faults/mesh/fleet", "faults/mesh/remote", "internal/clocks", "internal/resumable", "runner", "runner/engine", "runner/engine/agent", "runner/engine/kubernetes/apiserver", "runner/engine/kubernetes/claim", "runner/engine/kubernetes/kinds", "runner/engine/kubernetes/objects", "runner/engine/kubernetes/reroute", "runner/engine/trust", "runner/wire", "scenarios", "scenarios/topology"},
	"runner/engine/kubernetes/apiserver":  {"runner/engine/kubernetes/kinds", "runner/engine/kubernetes/kubeconfig"},                                                                                                            // an API server's client: knows no run
	"runner/engine/kubernetes/claim":      {"runner/engine/kubernetes/apiserver", "runner/engine/kubernetes/kinds", "runner/engine/kubernetes/reroute", "runner/engine/owner"},                                                  // who owns what a run makes: knows no run
	"runner/engine/kubernetes/conductor":  {"runner/control", "runner/engine/kubernetes/apiserver", "runner/engine/kubernetes/kinds", "runner/engine/kubernetes/objects", "runner/engine/kubernetes/role"},                      // squall itself as a job: makes no run
	"runner/engine/kubernetes/kinds":      {},                                                                                                                                                                                   // a cluster's objects as values: knows no server
	"runner/engine/kubernetes/kubeconfig": {"scenarios/source"},                                                                                                                                                                 // how a cluster is reached, and as whom: asks nobody
	"runner/engine/kubernetes/manifest":   {},                                                                                                                                                                                   // objects as YAML: knows no kind
	"runner/engine/kubernetes/objects":    {"faults/mesh", "faults/mesh/names", "faults/mesh/remote", "runner/engine/agent", "runner/engine/kubernetes/kinds", "runner/engine/surroundings", "scenarios", "scenarios/topology"}, // a plan as objects: asks no server
	"runner/engine/kubernetes/registry":   {},                                                                                                                                                                                   // images for whoever keeps them: knows no run
	"runner/engine/kubernetes/reroute":    {"runner/engine/kubernetes/apiserver", "runner/engine/kubernetes/kinds"},                                                                                                             // others' Services led elsewhere and back: knows no run
	"runner/engine/kubernetes/role":       {"runner/engine/kubernetes/apiserver", "runner/engine/kubernetes/kinds"},                                                                                                             // what squall may have to do

	"examples":              {},
	"examples/agreement":    {"internal/shipped", "runner/record", "scenarios/language"},
	"examples/library":      {"internal/shipped", "report", "runner/record", "scenarios", "scenarios/language", "scenarios/metric"},
	"examples/patterns":     {},
	"examples/real":         {},
	"examples/real/figures": {"internal/debimage", "internal/shipped", "runner/record", "scenarios/language"},

	"internal/archtest":      {},
	"internal/resumable":     {}, // bytes between two processes: knows nothing of what they are
	"internal/ask":           {}, // one question over HTTP
	"internal/sleep":         {}, // waits: any program's
	"internal/clocks":        {}, // how far two clocks are apart: any program's
	"internal/breadth":       {}, // how much of a wide test is run: any program's
	"internal/chance":        {}, // what a seed means: the same for the plan, the load, nodes and edges
	"internal/cluster":       {}, // a Kubernetes on this machine, for tests
	"internal/cluster/make":  {"internal/cluster"},
	"internal/cluster/parts": {}, // Kubernetes' own programs: a module of its own
	"internal/cluster/pause": {},
	"internal/kubetest":      {"internal/cluster", "runner/engine/kubernetes/apiserver", "runner/engine/kubernetes/kinds", "runner/engine/kubernetes/kubeconfig"}, // a Kubernetes for tests, whosever it is
	"internal/meshtest":      {},                                                                                                                                  // what tests of the mesh's rooms share
	"internal/headless":      {},                                                                                                                                  // a browser, for tests
	"internal/keydoc":        {},
	"internal/passage":       {}, // what comes, stays and leaves, on edges and in nodes
	"internal/debimage":      {}, // images of real parts, for tests
	"internal/debimage/make": {"internal/debimage"},
	"internal/pipenet":       {},
	"internal/resultdoc":     {},                // makes docs/result.json.md and docs/answers.json.md
	"internal/scale":         {},                // makes docs/scale.md
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
	"github.com/tsenart/vegeta/v12/lib":  {"runner/load", "runner/load/results"},
	"gopkg.in/yaml.v3":                   {"scenarios/source", "scenarios/source/edit", "runner/engine/kubernetes/manifest"},
	"github.com/olekukonko/tablewriter":  {"report/terminal"},
	"github.com/jackc/pgx/v5":            {"runner/node/internal/database", "runner/node/internal/database/sqlengine", "runner/node/internal/store"},
	"github.com/go-sql-driver/mysql":     {"runner/node/internal/mysql"},
	"github.com/rabbitmq/amqp091-go":     {"runner/node/internal/amqp"},
	"github.com/coder/websocket":         {"runner/load/socket", "runner/engine/kubernetes/apiserver", "internal/kubetest"}, // as a load, and to a pod's port, real or not
	"github.com/twmb/franz-go":           {"runner/node/internal/kafka"},
	"github.com/nats-io/nats.go":         {"runner/node/internal/nats"},
	"github.com/redis/go-redis/v9":       {"runner/node/internal/redis"},
	"github.com/ncruces/go-sqlite3":      {"runner/node/internal/database/sqlengine"},
	"github.com/spf13/cobra":             {"cmd/squall", "cmd/squall/beginning", "cmd/squall/gameday", "cmd/squall/kubernetes", "cmd/squall/recording", "cmd/squall/stay", "internal/cluster/parts"},
	"github.com/compose-spec/compose-go": {"scenarios/compose"},
	"go.opentelemetry.io/proto/otlp":     {"report/otlp"},
	// They call methods by their names, so that the linker has to keep those of everything: 18 MB.
	"html/template": {},
	"text/template": {},
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
	rooms = []string{"host", "journal", "pools", "copies", "admission", "call", "store", "taken", "amqp", "kafka", "mysql", "nats", "redis"}
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
