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
	slow        prometheus.Counter
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
		slow: make.NewCounter(prometheus.CounterOpts{
			Name: "gateway_slow_clients_closed_total", Help: "Connections closed because they could not keep up."}),
	}
}
