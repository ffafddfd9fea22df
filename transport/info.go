package transport

import (
	"context"
	"crypto/rand"
	"net"
	"net/http"
	"strings"
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
		if values := r.Header.Values("Traceparent"); len(values) == 1 {
			info.TraceID = traceID(values[0])
		}
		ctx := context.WithValue(WithInfo(r.Context(), info), chi.RouteCtxKey, nil)
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// traced takes the trace id from the message, if the headers had none and the
// message has one.
func traced(ctx context.Context, traceparent string) (context.Context, bool) {
	info, _ := InfoFrom(ctx)
	id := traceID(traceparent)
	if info.TraceID != "" || id == "" {
		return ctx, false
	}
	info.TraceID = id
	return WithInfo(ctx, info), true
}

// traceID returns the trace-id of a traceparent of version 00, or "" (W3C Trace
// Context, section 3.2.2). Lengths and alphabet are fixed, so what the caller
// chose fits on a line of a log.
func traceID(traceparent string) string {
	parts := strings.SplitN(traceparent, "-", 5)
	if len(parts) != 4 || parts[0] != "00" {
		return ""
	}
	for i, size := range []int{2, 32, 16, 2} {
		if len(parts[i]) != size || strings.Trim(parts[i], "0123456789abcdef") != "" {
			return ""
		}
	}
	if strings.Trim(parts[1], "0") == "" || strings.Trim(parts[2], "0") == "" {
		return ""
	}
	return parts[1]
}
