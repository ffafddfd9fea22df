package cli

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"sync/atomic"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// exporter stands in front of the one of OpenTelemetry. It can be told to give
// up at once, and it tells of a collector that is gone once, and in words of its
// own: errors may hold the URL, and what a stranger at its end has answered. The
// handler of errors of OpenTelemetry is one for the whole process and gets none.
type exporter struct {
	inner   sdktrace.SpanExporter
	logger  *slog.Logger
	ended   context.Context //nolint:containedctx // ends every export on its way, when the server does
	abandon context.CancelFunc
	failing atomic.Bool
}

func newExporter(inner sdktrace.SpanExporter, logger *slog.Logger) *exporter {
	ended, abandon := context.WithCancel(context.Background())
	return &exporter{inner: inner, logger: logger, ended: ended, abandon: abandon}
}

// ExportSpans implements [sdktrace.SpanExporter]. It returns no error: what went
// wrong has been told.
func (e *exporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(e.ended, cancel)()
	err := e.inner.ExportSpans(ctx, spans)
	switch {
	case err == nil && e.failing.Swap(false):
		e.logger.Info("traces are exported again")
	case err != nil && !e.failing.Swap(true):
		e.logger.Warn("traces cannot be exported; spans are lost until they can", "why", whyNot(err))
	}
	return nil
}

// Shutdown implements [sdktrace.SpanExporter].
func (e *exporter) Shutdown(ctx context.Context) error { return e.inner.Shutdown(ctx) }

// whyNot says in fixed words what kind of error it is.
func whyNot(err error) string {
	var failed *url.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &failed) && failed.Timeout():
		return "the collector does not answer"
	case errors.Is(err, context.Canceled):
		return "the server stops"
	case failed != nil:
		return "the collector cannot be reached"
	}
	return "the collector did not take them"
}
