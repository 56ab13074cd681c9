package gateway

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// metrics are what an operator sees of the edge.
type metrics struct {
	connections prometheus.Gauge
	framesIn    prometheus.Counter
	deliveries  prometheus.Counter
	writes      prometheus.Counter
	slow        prometheus.Counter
	backlog     prometheus.Gauge
	linkLost    prometheus.Counter
	latency     prometheus.Histogram
}

func newMetrics(r prometheus.Registerer) *metrics {
	make := promauto.With(r)
	return &metrics{
		connections: make.NewGauge(prometheus.GaugeOpts{
			Name: "gateway_connections", Help: "Open WebSocket connections."}),
		framesIn: make.NewCounter(prometheus.CounterOpts{
			Name: "gateway_frames_received_total", Help: "Frames received from clients."}),
		deliveries: make.NewCounter(prometheus.CounterOpts{
			Name: "gateway_deliveries_total", Help: "Events queued to connections."}),
		writes: make.NewCounter(prometheus.CounterOpts{
			Name: "gateway_writes_total", Help: "Times that what waited for a connection was written."}),
		backlog: make.NewGauge(prometheus.GaugeOpts{
			Name: "gateway_event_backlog", Help: "Events that wait for the fan-out."}),
		linkLost: make.NewCounter(prometheus.CounterOpts{
			Name: "gateway_link_lost_total", Help: "Times that events may have been missed and clients were told to resync."}),
		latency: make.NewHistogram(prometheus.HistogramOpts{
			Name: "gateway_latency_seconds", Help: "Time from the publishing of an event, after its commit, to its writing; one in sixteen is measured.",
			Buckets: prometheus.ExponentialBuckets(0.0001, 2, 16)}),
		slow: make.NewCounter(prometheus.CounterOpts{
			Name: "gateway_slow_clients_closed_total", Help: "Connections closed because they could not keep up."}),
	}
}
