package transport

import (
	"context"
	"crypto/rand"
	"net"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
)

// Info is what is known of a request before anything of it has been believed.
type Info struct {
	// RequestID is random, made here, and names the request in logs and audit.
	RequestID string
	// TraceID is the trace-id of a well-formed W3C traceparent, 32 lower-case
	// hexadecimal digits, or empty. The caller chose it: it only correlates.
	TraceID string
	// Traceparent is what TraceID was taken from: that of the headers, and only if
	// they have no good one, that of _meta. Tracestate came with it, at most
	// MaxTracestate bytes and otherwise unchecked. Both are empty if TraceID is.
	Traceparent, Tracestate string
	// Remote is the address of the peer without its port.
	Remote string
	// Start is when the request arrived.
	Start time.Time
}

type infoKey struct{}

// WithInfo returns a context that carries info.
func WithInfo(ctx context.Context, info Info) context.Context {
	return context.WithValue(ctx, infoKey{}, info)
}

// InfoFrom returns the Info of the request that ctx belongs to. The handler of
// this package sets it before it does anything else.
func InfoFrom(ctx context.Context) (Info, bool) {
	info, ok := ctx.Value(infoKey{}).(Info)
	return info, ok
}

// identify gives the request its Info. It also hides the routing state of a
// router in front of this handler, so that paths mean here what the request
// line says.
func (e *endpoint) identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		info := Info{RequestID: rand.Text(), Remote: r.RemoteAddr, Start: e.Now()}
		if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
			info.Remote = host
		}
		info.traceHeaders(r.Header)
		ctx := context.WithValue(WithInfo(r.Context(), info), chi.RouteCtxKey, nil)
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}
