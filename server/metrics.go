package server

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/sallyport-mcp/sallyport/transport"
)

// maxScrapes is how many scrapes may run at a time.
const maxScrapes = 4

// metrics is what /metrics shows. It has a registry of its own, and exists only
// if there is an admin listener. Everything that is counted elsewhere anyway is
// read when somebody scrapes; only times, requests and streams are noted as
// they come.
//
// Labels are reasons, stages, configured issuers and the policy revision.
// Nothing that a caller sends is ever a label.
type metrics struct {
	registry *prometheus.Registry
	stages   []prometheus.Observer // by transport.Stage
	inFlight prometheus.Gauge
	open     prometheus.Gauge
}

var _ transport.Observer = (*metrics)(nil)

// stageBuckets reach from a policy look-up to a tool that takes its time.
func stageBuckets() []float64 {
	return []float64{
		25e-6, 50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3, 10e-3, 25e-3, 50e-3, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
	}
}

func newMetrics(s *Server) *metrics {
	stages := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "sallyport_stage_duration_seconds",
		Help:    "How long the stages of requests took.",
		Buckets: stageBuckets(),
	}, []string{"stage"})
	m := &metrics{
		registry: prometheus.NewRegistry(),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "sallyport_requests_in_flight", Help: "HTTP requests on the public listener that have no whole answer yet.",
		}),
		open: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "sallyport_streams_open", Help: "Answers that are event streams and have not ended.",
		}),
	}
	for _, stage := range transport.Stages() {
		m.stages = append(m.stages, stages.WithLabelValues(stage.String()))
	}
	m.registry.MustRegister(
		stages, m.inFlight, m.open, newState(s),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
}

// Took implements [transport.Observer].
func (m *metrics) Took(_ context.Context, stage transport.Stage, d time.Duration) {
	if stage >= 0 && int(stage) < len(m.stages) {
		m.stages[stage].Observe(d.Seconds())
	}
}

// Streams implements [transport.Observer].
func (m *metrics) Streams(delta int) { m.open.Add(float64(delta)) }

// observer returns what transport is to tell, nil without metrics and traces.
func (s *Server) observer() transport.Observer {
	switch {
	case s.metrics != nil && s.traces != nil:
		return both{s.metrics, s.traces}
	case s.metrics != nil:
		return s.metrics
	case s.traces != nil:
		return s.traces
	}
	return nil // not a nil pointer in an interface
}

// both tells two observers.
type both struct{ one, other transport.Observer }

// Took implements [transport.Observer].
func (b both) Took(ctx context.Context, stage transport.Stage, d time.Duration) {
	b.one.Took(ctx, stage, d)
	b.other.Took(ctx, stage, d)
}

// Streams implements [transport.Observer].
func (b both) Streams(delta int) {
	b.one.Streams(delta)
	b.other.Streams(delta)
}

// counted counts the requests that next is working on.
func (s *Server) counted(next http.Handler) http.Handler {
	if s.metrics == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.metrics.inFlight.Inc()
		defer s.metrics.inFlight.Dec()
		next.ServeHTTP(w, r)
	})
}

// handler serves the exposition.
func (m *metrics) handler(logger *slog.Logger) http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		ErrorLog:            slog.NewLogLogger(logger.Handler(), slog.LevelError),
		ErrorHandling:       promhttp.ContinueOnError, // what can be had is worth more than nothing
		MaxRequestsInFlight: maxScrapes,
	})
}
