package store

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// metrics are what an operator sees of the writer.
type metrics struct {
	commit prometheus.Histogram
	batch  prometheus.Histogram
}

// newMetrics makes the writer's metrics; r may be nil.
func newMetrics(r prometheus.Registerer, queued func() float64) *metrics {
	make := promauto.With(r)
	make.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "store_queue", Help: "Changes that wait to be written."}, queued)
	return &metrics{
		commit: make.NewHistogram(prometheus.HistogramOpts{
			Name: "store_commit_seconds", Help: "Time to commit a transaction, the sync to the disk included.",
			Buckets: prometheus.ExponentialBuckets(0.0001, 2, 16)}),
		batch: make.NewHistogram(prometheus.HistogramOpts{
			Name: "store_commit_batch", Help: "Changes in one transaction.",
			Buckets: prometheus.ExponentialBuckets(1, 2, 9)}),
	}
}
