package exposed

import (
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// sample is one value of one series.
type sample struct {
	family, name, series string
	value                float64
	known                bool   // it is a number
	bucket               bool   // of a histogram
	kind                 string // counter or gauge, where the name's ending does not say that
}

// samples are those of a text, in any order.
func samples(text io.Reader) ([]sample, error) {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(text)
	if err != nil {
		return nil, err
	}
	var out []sample
	for name, f := range families {
		if !model.LegacyValidation.IsValidMetricName(name) {
			continue // nobody who reads a record would find it by that name
		}
		for _, m := range f.GetMetric() {
			if slices.ContainsFunc(m.GetLabel(), func(l *dto.LabelPair) bool { return !model.LegacyValidation.IsValidLabelName(l.GetName()) }) {
				continue
			}
			out = append(out, of(name, f.GetType(), m)...)
		}
	}
	return out, nil
}

// of are the samples of one metric.
func of(family string, kind dto.MetricType, m *dto.Metric) (out []sample) {
	add := func(ending, label, is string, v float64) {
		s := sample{family: family, name: family + ending, value: v, known: !math.IsNaN(v) && !math.IsInf(v, 0), bucket: ending == "_bucket"}
		s.series = s.name + labels(m, label)
		if is != "" && is != byName(s.name) {
			s.kind = is
		}
		out = append(out, s)
	}
	switch kind {
	case dto.MetricType_COUNTER:
		add("", "", counter, m.GetCounter().GetValue())
	case dto.MetricType_GAUGE:
		add("", "", gauge, m.GetGauge().GetValue())
	case dto.MetricType_SUMMARY:
		for _, q := range m.GetSummary().GetQuantile() {
			add("", `quantile="`+number(q.GetQuantile())+`"`, gauge, q.GetValue())
		}
		add("_count", "", counter, float64(m.GetSummary().GetSampleCount()))
		add("_sum", "", counter, m.GetSummary().GetSampleSum())
	case dto.MetricType_HISTOGRAM, dto.MetricType_GAUGE_HISTOGRAM:
		for _, b := range m.GetHistogram().GetBucket() {
			add("_bucket", `le="`+number(b.GetUpperBound())+`"`, counter, float64(b.GetCumulativeCount()))
		}
		add("_count", "", counter, float64(m.GetHistogram().GetSampleCount()))
		add("_sum", "", counter, m.GetHistogram().GetSampleSum())
	default:
		add("", "", "", m.GetUntyped().GetValue())
	}
	return out
}

// The types of metrics: what only grows, and what stands at some height.
const (
	counter = "counter"
	gauge   = "gauge"
)

// byName is what the ending of a name says that a metric is, as in a record.
func byName(name string) string {
	if strings.HasSuffix(name, "_total") || strings.HasSuffix(name, "_count") || strings.HasSuffix(name, "_sum") {
		return counter
	}
	return gauge
}

func number(v float64) string {
	if math.IsInf(v, 1) {
		return "+Inf"
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

var escaped = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)

// labels are a metric's, and one more where there is one, as they stand in the name of a series; "": it has none.
func labels(m *dto.Metric, last string) string {
	var all []string
	for _, l := range slices.SortedFunc(slices.Values(m.GetLabel()), func(a, b *dto.LabelPair) int { return strings.Compare(a.GetName(), b.GetName()) }) {
		all = append(all, l.GetName()+`="`+escaped.Replace(l.GetValue())+`"`)
	}
	if last != "" {
		all = append(all, last)
	}
	if len(all) == 0 {
		return ""
	}
	return "{" + strings.Join(all, ",") + "}"
}
