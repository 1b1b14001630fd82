package otlp

import (
	dto "github.com/prometheus/client_model/go"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	metrics "go.opentelemetry.io/proto/otlp/metrics/v1"

	"github.com/squallhq/squall/report/scrape"
	"github.com/squallhq/squall/runner/record"
)

// metricsOf are a run's figures at its end, or by now, as Prometheus reads them: counters as sums since the first phase began.
func metricsOf(r *record.Result) ([]*metrics.Metric, error) {
	families, err := scrape.Gather(r)
	if err != nil {
		return nil, err
	}
	began, now := at(r, 0), at(r, r.DurationS)
	out := make([]*metrics.Metric, 0, len(families))
	for _, f := range families {
		m := &metrics.Metric{Name: f.GetName(), Description: f.GetHelp()}
		switch f.GetType() {
		case dto.MetricType_COUNTER:
			m.Data = &metrics.Metric_Sum{Sum: &metrics.Sum{
				DataPoints: points(f, began, now), IsMonotonic: true, AggregationTemporality: metrics.AggregationTemporality_AGGREGATION_TEMPORALITY_CUMULATIVE,
			}}
		case dto.MetricType_HISTOGRAM:
			m.Unit = "s"
			m.Data = &metrics.Metric_Histogram{Histogram: &metrics.Histogram{
				DataPoints: histograms(f, began, now), AggregationTemporality: metrics.AggregationTemporality_AGGREGATION_TEMPORALITY_CUMULATIVE,
			}}
		default:
			m.Data = &metrics.Metric_Gauge{Gauge: &metrics.Gauge{DataPoints: points(f, 0, now)}}
		}
		out = append(out, m)
	}
	return out, nil
}

func points(f *dto.MetricFamily, began, now uint64) []*metrics.NumberDataPoint {
	out := make([]*metrics.NumberDataPoint, 0, len(f.Metric))
	for _, m := range f.Metric {
		value := m.GetCounter().GetValue() + m.GetGauge().GetValue() + m.GetUntyped().GetValue() // it has one of them
		out = append(out, &metrics.NumberDataPoint{
			Attributes: labels(m), StartTimeUnixNano: began, TimeUnixNano: now, Value: &metrics.NumberDataPoint_AsDouble{AsDouble: value},
		})
	}
	return out
}

// histograms have their buckets apart, where Prometheus' contain each other.
func histograms(f *dto.MetricFamily, began, now uint64) []*metrics.HistogramDataPoint {
	out := make([]*metrics.HistogramDataPoint, 0, len(f.Metric))
	for _, m := range f.Metric {
		h := m.GetHistogram()
		p := &metrics.HistogramDataPoint{
			Attributes: labels(m), StartTimeUnixNano: began, TimeUnixNano: now, Count: h.GetSampleCount(), Sum: h.SampleSum,
		}
		below := uint64(0)
		for _, b := range h.Bucket {
			p.ExplicitBounds = append(p.ExplicitBounds, b.GetUpperBound())
			p.BucketCounts = append(p.BucketCounts, b.GetCumulativeCount()-below)
			below = b.GetCumulativeCount()
		}
		p.BucketCounts = append(p.BucketCounts, h.GetSampleCount()-below)
		out = append(out, p)
	}
	return out
}

func labels(m *dto.Metric) (out []*common.KeyValue) {
	for _, l := range m.Label {
		out = append(out, attributes(l.GetName(), l.GetValue())...)
	}
	return out
}
