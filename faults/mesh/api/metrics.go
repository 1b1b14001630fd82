package api

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/squallhq/squall/faults/mesh"
)

// metricsTimeout bounds one reading of every edge's counters.
const metricsTimeout = 5 * time.Second

// metrics shows every edge's counters to Prometheus, as they are when it asks: under toxiproxy's
// names for dashboards that have them, and under ours for what toxiproxy doesn't count.
type metrics struct {
	proxies mesh.Proxies
	stats   func(context.Context) ([]mesh.EdgeStats, error)

	received, sent                      *prometheus.Desc
	connections, open, failed, requests *prometheus.Desc
	bytes, firstByte                    *prometheus.Desc
}

var _ prometheus.Collector = (*metrics)(nil)

// newMetrics is the handler of /metrics, with a registry of its own.
func newMetrics(proxies mesh.Proxies, stats func(context.Context) ([]mesh.EdgeStats, error)) http.Handler {
	edge := func(name, help string, more ...string) *prometheus.Desc {
		return prometheus.NewDesc("squall_edge_"+name, help, append([]string{"edge"}, more...), nil)
	}
	bare := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("toxiproxy_proxy_"+name, help, []string{"direction", "proxy", "listener", "upstream"}, nil)
	}
	m := &metrics{
		proxies:     proxies,
		stats:       stats,
		received:    bare("received_bytes_total", "Bytes that passed, counted as they pass."),
		sent:        bare("sent_bytes_total", "Bytes that passed, counted as they pass."),
		connections: edge("connections_total", "Connections accepted."),
		open:        edge("open_connections", "Connections open now."),
		failed:      edge("failed_connections_total", "Connections whose upstream could not be reached."),
		requests:    edge("requests_total", "Turns from answer to request."),
		bytes:       edge("bytes_total", "Bytes that passed, by direction.", "direction"),
		firstByte:   edge("first_byte_seconds", "Time from a request's first byte to its answer's."),
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(m, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
}

// Describe lists what Collect sends.
func (m *metrics) Describe(descriptions chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{m.received, m.sent, m.connections, m.open, m.failed, m.requests, m.bytes, m.firstByte} {
		descriptions <- d
	}
}

// Collect reads every edge once.
func (m *metrics) Collect(into chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), metricsTimeout)
	defer cancel()
	stats, err := m.stats(ctx)
	if err != nil {
		into <- prometheus.NewInvalidMetric(m.connections, err)
		return
	}
	proxies := make(map[string]mesh.Proxy)
	for _, p := range m.proxies.Proxies() {
		proxies[p.Name] = p
	}
	for _, s := range stats {
		m.collectEdge(into, s, proxies[s.Name])
	}
}

func (m *metrics) collectEdge(into chan<- prometheus.Metric, s mesh.EdgeStats, p mesh.Proxy) {
	count := func(d *prometheus.Desc, value int64, labels ...string) {
		into <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(value), labels...)
	}
	for _, way := range []struct {
		direction string
		bytes     int64
	}{{"upstream", s.BytesUp}, {"downstream", s.BytesDown}} {
		count(m.received, way.bytes, way.direction, s.Name, p.Listen, p.Upstream)
		count(m.sent, way.bytes, way.direction, s.Name, p.Listen, p.Upstream)
		count(m.bytes, way.bytes, s.Name, way.direction)
	}
	count(m.connections, s.Connections, s.Name)
	count(m.failed, s.Failed, s.Name)
	count(m.requests, s.Requests, s.Name)
	into <- prometheus.MustNewConstMetric(m.open, prometheus.GaugeValue, float64(s.Open), s.Name)
	into <- prometheus.MustNewConstSummary(m.firstByte, uint64(s.FirstBytes), s.FirstByteTotal.Seconds(), nil, s.Name)
}
