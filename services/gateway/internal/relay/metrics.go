package relay

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// metrics are what an operator sees of the relay.
type metrics struct {
	allocations prometheus.Gauge
	bytes       prometheus.Counter
	dropped     prometheus.Counter
}

func newMetrics(r prometheus.Registerer) *metrics {
	make := promauto.With(r)
	return &metrics{
		allocations: make.NewGauge(prometheus.GaugeOpts{
			Name: "relay_allocations", Help: "TURN allocations that stand."}),
		bytes: make.NewCounter(prometheus.CounterOpts{
			Name: "relay_bytes_total", Help: "Bytes that TURN clients here sent to other allocations."}),
		dropped: make.NewCounter(prometheus.CounterOpts{
			Name: "relay_packets_dropped_total", Help: "Packets lost because their receiver could not keep up."}),
	}
}
