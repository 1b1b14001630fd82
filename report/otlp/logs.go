package otlp

import (
	common "go.opentelemetry.io/proto/otlp/common/v1"
	logs "go.opentelemetry.io/proto/otlp/logs/v1"

	"github.com/squallhq/squall/runner/record"
)

// recordsOf are events of a run as log records.
func recordsOf(r *record.Result, events []record.Event) []*logs.LogRecord {
	var out []*logs.LogRecord
	for _, e := range events {
		severity := logs.SeverityNumber_SEVERITY_NUMBER_INFO
		if e.Kind == "node" || e.Kind == "note" { // what died, and what could not be done
			severity = logs.SeverityNumber_SEVERITY_NUMBER_WARN
		}
		out = append(out, &logs.LogRecord{
			TimeUnixNano: at(r, e.AtS), ObservedTimeUnixNano: at(r, e.AtS), SeverityNumber: severity,
			Body:       &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: e.Text}},
			Attributes: append(attributes("squall.event", e.Kind), number("squall.at_s", e.AtS)),
		})
	}
	return out
}
