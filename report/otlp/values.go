package otlp

import (
	"time"

	common "go.opentelemetry.io/proto/otlp/common/v1"

	"github.com/squallhq/squall/runner/record"
)

// at is a time of the record, in s from the start of the first phase, in ns since 1970.
func at(r *record.Result, s float64) uint64 {
	return uint64(r.Started.Add(time.Duration((r.BeganAfterS + s) * float64(time.Second))).UnixNano())
}

func attribute(name, value string) *common.KeyValue {
	return &common.KeyValue{Key: name, Value: &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: value}}}
}

func number(name string, value float64) *common.KeyValue {
	return &common.KeyValue{Key: name, Value: &common.AnyValue{Value: &common.AnyValue_DoubleValue{DoubleValue: value}}}
}

func whole(name string, value int64) *common.KeyValue {
	return &common.KeyValue{Key: name, Value: &common.AnyValue{Value: &common.AnyValue_IntValue{IntValue: value}}}
}

// attributes are names and values in turn; empty ones are left out, as that is what they mean.
func attributes(all ...string) (out []*common.KeyValue) {
	for i := 0; i+1 < len(all); i += 2 {
		if all[i+1] != "" {
			out = append(out, attribute(all[i], all[i+1]))
		}
	}
	return out
}
