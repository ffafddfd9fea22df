package transport

import (
	"context"
	"net/http"
	"strings"

	"github.com/sallyport-mcp/sallyport/transport/message"
)

// MaxTracestate is how many bytes of a tracestate are taken. A longer one is
// left out whole: cut in two, it would mean something else. W3C Trace Context,
// section 3.3.1.5, asks for no less.
const MaxTracestate = 512

// TraceParent is a W3C traceparent, read. The caller chose everything in it. The
// zero value belongs to no trace.
type TraceParent struct {
	// TraceID and SpanID are 32 and 16 lower-case hexadecimal digits, not all of
	// them zero.
	TraceID, SpanID string
	// Sampled says that the caller wants the trace to be kept.
	Sampled bool
}

// ParseTraceParent reads a traceparent of version 00 (W3C Trace Context, section
// 3.2.2), and tells whether it was one. Lengths and alphabet are fixed, so what
// the caller chose fits on a line of a log.
func ParseTraceParent(s string) (TraceParent, bool) {
	parts := strings.SplitN(s, "-", 5)
	if len(parts) != 4 || parts[0] != "00" {
		return TraceParent{}, false
	}
	for i, size := range []int{2, 32, 16, 2} {
		if len(parts[i]) != size || strings.Trim(parts[i], "0123456789abcdef") != "" {
			return TraceParent{}, false
		}
	}
	if strings.Trim(parts[1], "0") == "" || strings.Trim(parts[2], "0") == "" {
		return TraceParent{}, false
	}
	sampled := strings.ContainsRune("13579bdf", rune(parts[3][1])) // the lowest bit
	return TraceParent{TraceID: parts[1], SpanID: parts[2], Sampled: sampled}, true
}

// trace notes where the caller says that the request belongs, if that is well
// formed.
func (i *Info) trace(traceparent, tracestate string) {
	parent, ok := ParseTraceParent(traceparent)
	if !ok {
		return
	}
	i.TraceID, i.Traceparent = parent.TraceID, traceparent
	if len(tracestate) <= MaxTracestate {
		i.Tracestate = tracestate
	}
}

// traceHeaders reads the trace context of the headers. A traceparent that was
// sent twice is none; a tracestate may be split into several headers (W3C Trace
// Context, section 3.3.1).
func (i *Info) traceHeaders(h http.Header) {
	if values := h.Values("Traceparent"); len(values) == 1 {
		i.trace(values[0], strings.Join(h.Values("Tracestate"), ","))
	}
}

// traced takes the trace context from the message, if the headers had none and
// the message has one (MCP 2026-07-28, "_meta", "OpenTelemetry trace context").
func traced(ctx context.Context, meta message.Meta) (context.Context, bool) {
	info, _ := InfoFrom(ctx)
	if info.TraceID != "" || meta.Traceparent == "" {
		return ctx, false
	}
	info.trace(meta.Traceparent, meta.Tracestate)
	return WithInfo(ctx, info), info.TraceID != ""
}
