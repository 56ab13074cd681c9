package rpc

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"decentra.local/pkg/fault"
)

// metrics are what an operator sees of the requests a server answers.
type metrics struct{ requests *prometheus.HistogramVec }

// Measure makes the server count its requests by method and outcome. Call it
// before Handle.
func (s *Server) Measure(r prometheus.Registerer) {
	s.metrics = &metrics{promauto.With(r).NewHistogramVec(prometheus.HistogramOpts{
		Name: "request_seconds", Help: "Time to answer a request of another service.",
		Buckets: prometheus.ExponentialBuckets(0.0005, 4, 8),
	}, []string{"method", "code"})}
}

// note counts a request that was answered with err.
func (m *metrics) note(method string, start time.Time, err error) {
	if m == nil {
		return
	}
	m.requests.WithLabelValues(method, codeOf(err)).Observe(time.Since(start).Seconds())
}

// codeOf words an outcome for metrics and logs.
func codeOf(err error) string {
	if err == nil {
		return "ok"
	}
	return string(fault.Of(err).Code)
}
