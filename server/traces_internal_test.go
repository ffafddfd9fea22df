package server

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/transport"
	"github.com/sallyport-mcp/sallyport/transport/message"
)

func withTraces(t *testing.T) (*Server, http.Handler, *tracetest.SpanRecorder) {
	t.Helper()
	recorder := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder))
	s, handler := served(t, withMetrics, func(c *Config) { c.TracerProvider = provider })
	return s, handler, recorder
}

// TestASpanEndsHoweverItsRequestDoes ends requests in ways that tests cannot
// reach from outside.
func TestASpanEndsHoweverItsRequestDoes(t *testing.T) {
	why := transport.InvalidToken("token_expired")
	for name, c := range map[string]struct {
		run  func(context.Context, http.ResponseWriter, func(context.Context))
		want map[string]string
	}{
		"answered": {func(ctx context.Context, w http.ResponseWriter, begin func(context.Context)) {
			begin(ctx)
			w.WriteHeader(http.StatusEarlyHints)
			w.WriteHeader(http.StatusAccepted)
			w.WriteHeader(http.StatusTeapot)
		}, map[string]string{"http.response.status_code": "202"}},
		"panic": {func(ctx context.Context, w http.ResponseWriter, begin func(context.Context)) {
			begin(ctx)
			_, _ = w.Write([]byte("half"))
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}, map[string]string{"http.response.status_code": "200", "error.type": "panic"}},
		"the token expired": {func(ctx context.Context, w http.ResponseWriter, begin func(context.Context)) {
			ctx, cancel := context.WithCancelCause(ctx)
			begin(ctx)
			_, _ = w.Write([]byte("event"))
			cancel(why)
		}, map[string]string{"http.response.status_code": "200", "error.type": "401", "rpc.response.status_code": "401", "sallyport.ended": "token_expired"}},
		"for a reason nobody knows": {func(ctx context.Context, _ http.ResponseWriter, begin func(context.Context)) {
			ctx, cancel := context.WithCancelCause(ctx)
			begin(ctx)
			cancel(&transport.Refusal{Reason: "made up"})
		}, map[string]string{"error.type": "-32603", "rpc.response.status_code": "-32603"}},
	} {
		s, _, recorder := withTraces(t)
		begin := func(ctx context.Context) { s.traces.begin(ctx, nil) }
		func() {
			defer func() { _ = recover() }() // what is thrown goes on to net/http
			handler := s.traces.traced(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { c.run(r.Context(), w, begin) }))
			handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/", nil))
		}()
		ended := recorder.Ended()
		if len(ended) != 1 || ended[0].EndTime().IsZero() {
			t.Errorf("%s: %d spans ended, want one", name, len(ended))
			continue
		}
		got := map[string]string{}
		for _, a := range ended[0].Attributes() {
			got[string(a.Key)] = a.Value.String()
		}
		for _, key := range []string{"http.response.status_code", "error.type", "rpc.response.status_code", "sallyport.ended"} {
			if got[key] != c.want[key] {
				t.Errorf("%s: %s is %q, want %q", name, key, got[key], c.want[key])
			}
		}
	}
}

// TestOneSpanForEachRequest asks the gate twice within one request, the second
// time for a refusal after the span has begun.
func TestOneSpanForEachRequest(t *testing.T) {
	s, _, recorder := withTraces(t)
	g := s.newGate(s.at)
	var first, second transport.Info
	handler := s.traces.traced(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		first, _ = transport.InfoFrom(s.traces.begin(r.Context(), &message.Message{Method: "tools/list"}))
		second, _ = transport.InfoFrom(s.traces.begin(r.Context(), nil))
		g.Refused(r.Context(), nil, nil, &transport.Refusal{Reason: "made up"})
	}))
	handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/", nil))
	ended := recorder.Ended()
	if len(ended) != 1 || first.TraceID == "" || first.TraceID != second.TraceID {
		t.Fatalf("%d spans of the traces %q and %q, want one", len(ended), first.TraceID, second.TraceID)
	}
	for _, a := range ended[0].Attributes() {
		if a.Key == keyReason && a.Value.AsString() != reasonOther {
			t.Errorf("reason %q, want %q", a.Value.AsString(), reasonOther)
		}
	}
}

// TestNoProviderNoCost holds a server without traces to doing nothing for them:
// no writer in front of the answer, no allocation, no clock.
func TestNoProviderNoCost(t *testing.T) {
	s, _ := served(t)
	ctx, msg, r, why := t.Context(), &message.Message{Method: "tools/call"}, &record{}, transport.NoToken()
	n := testing.AllocsPerRun(100, func() {
		if s.traces.begin(ctx, msg) != ctx {
			t.Error("another context")
		}
		s.traces.decided(ctx, r, why)
		s.traces.handled(ctx, true, errUndeclared)
	})
	if n != 0 || s.traces != nil || s.observer() != nil {
		t.Errorf("%v allocations, traces %v, observer %v; want none", n, s.traces, s.observer())
	}
	direct := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if _, wrapped := w.(*statusWriter); wrapped {
			t.Error("the answer is watched")
		}
	})
	s.traces.traced(direct).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/", nil))
}

// TestOutsideOfARequestNothingIsTraced calls the gate as no server does.
func TestOutsideOfARequestNothingIsTraced(t *testing.T) {
	s, handler, recorder := withTraces(t)
	ctx := t.Context()
	g := s.newGate(s.at)
	if _, why := g.Admit(ctx, authz.Principal{Subject: "x"}, &message.Message{Method: "tools/list"}, nil); why != nil {
		t.Error(why)
	}
	s.traces.handled(ctx, false, errUndeclared)
	for _, observer := range []transport.Observer{s.observer(), s.traces} {
		observer.Took(ctx, transport.StageToken, time.Second)
		observer.Streams(1)
		observer.Streams(-1)
	}
	handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/mcp", nil))
	if n := len(recorder.Started()); n != 0 {
		t.Errorf("%d spans, want none", n)
	}
	if trace.SpanContextFromContext(ctx).IsValid() {
		t.Error("a span out of nowhere")
	}
}

// TestErrorTypes reads what a handler's end becomes.
func TestErrorTypes(t *testing.T) {
	s, _, recorder := withTraces(t)
	told := map[string]error{"-32021": errUndeclared, "-32603": errNotAdmitted}
	for want, err := range told {
		handler := s.traces.traced(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			s.traces.handled(r.Context(), false, err) // before the span: nowhere to go, and no harm
			s.traces.handled(s.traces.begin(r.Context(), nil), false, err)
		}))
		handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/", nil))
		ended := recorder.Ended()
		got := ""
		for _, a := range ended[len(ended)-1].Attributes() {
			if a.Key == keyError {
				got = a.Value.AsString()
			}
		}
		if got != want {
			t.Errorf("%v: error.type %q, want %q", err, got, want)
		}
	}
}
