package grammar

import (
	"reflect"
	"strings"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/source"
)

// spelling is how values of a type are written, where that is not as its struct looks.
type spelling struct {
	decode func(v *source.Value, into reflect.Value, f field)
	schema func(f field, patch bool) schema
}

// spellings has a row for each type that is spelled in a way of its own: how it is decoded, and what the schema says of it.
// Of d and w the one that does not use the rows is nil.
func spellings(d *Decoder, w *schemaWriter) map[reflect.Type]spelling {
	rows := map[reflect.Type]spelling{}
	row(rows, func(v *source.Value, into *[]*scenarios.Node, _ field) { *into = d.nodes(v) }, w.nodes)
	row(rows, func(v *source.Value, into *[]*scenarios.Endpoint, _ field) { *into = d.endpoints(v) }, w.endpoints)
	row(rows, func(v *source.Value, into *[]*scenarios.Load, _ field) { *into = d.loads(v) }, namedOf[scenarios.Load](w))
	row(rows, func(v *source.Value, into *[]*scenarios.Subscriber, _ field) { *into = d.subscribers(v) },
		namedOf[scenarios.Subscriber](w))
	row(rows, func(v *source.Value, into *scenarios.Node, _ field) { d.standIn(v, into) }, nil) // in an image's place
	row(rows, func(v *source.Value, into *scenarios.Step, _ field) { d.step(v, into) }, w.step)
	row(rows, d.work, w.work)
	row(rows, d.call, w.call)
	row(rows, func(v *source.Value, into *scenarios.Request, _ field) { d.request(v, into) }, w.request)
	row(rows, d.param, nil)
	row(rows, d.json, w.anything)
	row(rows, d.content, w.path)
	row(rows, d.factor, w.factor)
	row(rows, d.openAPI, w.openAPI)
	row(rows, d.attached, w.path)
	row(rows, d.statuses, w.statuses)
	row(rows, d.byPath, w.byPath)
	row(rows, d.extracts, w.extracts)
	row(rows, d.tables, w.tables)
	row(rows, func(v *source.Value, into *scenarios.Check, _ field) { d.check(v, into) }, nil)
	row(rows, d.tenant, w.tenant)
	row(rows, d.pair, w.pair)
	row(rows, d.patchText, w.changed)
	containerSpellings(rows, d, w)
	row(rows, func(v *source.Value, into *faults.Fault, _ field) { d.fault(v, into) }, w.faults)
	row[faults.Selector](rows, nil, w.selections)
	row(rows, d.conditions, w.conditions)
	row(rows, func(v *source.Value, into *scenarios.Expectation, _ field) { d.expectation(v, into) }, w.expectations)
	return rows
}

// containerSpellings are those of what an image is run with.
func containerSpellings(rows map[reflect.Type]spelling, d *Decoder, w *schemaWriter) {
	row(rows, d.words, w.words)
	row(rows, d.environment, w.environment)
	row(rows, d.readinessTest, w.words)
	row(rows, func(v *source.Value, into *[]*scenarios.File, f field) { *into = d.files(v, f) }, pathsTo[scenarios.File](w, "^/"))
	row(rows, func(v *source.Value, into *[]*scenarios.Secret, f field) { *into = d.secrets(v, f) }, pathsTo[scenarios.Secret](w, secretName.String()))
	row(rows, d.mode, w.mode)
	row(rows, func(v *source.Value, into *[]scenarios.Dependency, f field) { *into = d.dependsOn(v, f) }, w.dependsOn)
	row(rows, func(v *source.Value, into **scenarios.Job, f field) { *into = d.job(v, f) }, w.job)
	row(rows, d.restart, w.restart)
	row(rows, d.external, w.external)
	row(rows, func(v *source.Value, into **scenarios.Build, f field) { *into = d.build(v, f) }, w.build)
	row(rows, func(v *source.Value, into **scenarios.Local, f field) { *into = d.local(v, f) }, w.local)
	row(rows, func(v *source.Value, into **scenarios.Exposed, f field) { *into = d.exposed(v, f) }, w.exposed)
	row(rows, func(v *source.Value, into *[]scenarios.Port, f field) { *into = d.ports(v, f) }, w.ports)
	row(rows, d.volume, textOr[scenarios.Volume](w, ":?/"))
	row(rows, func(v *source.Value, into *[]scenarios.Tmpfs, f field) { *into = d.memoryFolders(v, f) }, w.memoryFolders)
}

// row adds a type's spelling; without a decoder or a schema it has none of its own there.
func row[T any](rows map[reflect.Type]spelling, decode func(*source.Value, *T, field), schema func(field, bool) schema) {
	one := spelling{schema: schema}
	if decode != nil {
		one.decode = func(v *source.Value, into reflect.Value, f field) { decode(v, into.Addr().Interface().(*T), f) }
	}
	rows[reflect.TypeFor[T]()] = one
}

// nouns are what messages call a struct whose own name would not do.
var nouns = map[reflect.Type]string{
	reflect.TypeFor[scenarios.CacheRule]():   "a cache rule",
	reflect.TypeFor[scenarios.ReadCache]():   "the cache of a step",
	reflect.TypeFor[scenarios.CacheKey]():    "key",
	reflect.TypeFor[scenarios.BotRule]():     "a rule about bots",
	reflect.TypeFor[scenarios.RateLimit]():   "rate_limit",
	reflect.TypeFor[scenarios.Retry]():       "retry",
	reflect.TypeFor[scenarios.Cold]():        "cold",
	reflect.TypeFor[scenarios.HealthCheck](): "health_check",
	reflect.TypeFor[scenarios.Readiness]():   "healthcheck",
	reflect.TypeFor[scenarios.When]():        "when",
	reflect.TypeFor[scenarios.Exposed]():     "metrics",
	reflect.TypeFor[scenarios.Outliers]():    "outliers",
	reflect.TypeFor[scenarios.Breaker]():     "circuit_breaker",
	reflect.TypeFor[scenarios.Endpoint]():    "an endpoint",
	reflect.TypeFor[scenarios.Expectation](): "an expectation",
	reflect.TypeFor[scenarios.Condition]():   "a condition",
	reflect.TypeFor[scenarios.Scenario]():    "the scenario",
	reflect.TypeFor[scenarios.OpenAPI]():     "openapi",
	reflect.TypeFor[scenarios.TLS]():         "tls",
	reflect.TypeFor[scenarios.Alerts]():      "alerts",
	reflect.TypeFor[scenarios.Check]():       "check",
	reflect.TypeFor[scenarios.BodyCheck]():   "the check of a body",
	reflect.TypeFor[scenarios.Extract]():     "an extract",
	reflect.TypeFor[scenarios.Data]():        "data",
	reflect.TypeFor[faultKeys]():             "a fault",
	reflect.TypeFor[selectorKeys]():          "a selection",
	reflect.TypeFor[spreadKeys]():            "a shape",
}

// nounOf is what messages call a struct.
func nounOf(t reflect.Type) string {
	if noun, ok := nouns[t]; ok {
		return noun
	}
	return "a " + strings.ToLower(t.Name())
}
