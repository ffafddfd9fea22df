package server

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/sallyport-mcp/sallyport/transport"
	"github.com/sallyport-mcp/sallyport/transport/message"
)

// tracerName is the instrumentation scope of the spans.
const tracerName = "github.com/sallyport-mcp/sallyport/server"

// unknownMethod is the name of a span whose request has no method that is
// known, or none at all.
const unknownMethod = "unknown"

// traces makes one span for each request of a verified caller. A nil *traces
// makes none, and costs nothing.
//
// The span begins with the gate, dated back to when the request came, because
// only then it is known whether a parent may be believed: a caller without a
// token has no span, and so no say in what is sampled. It ends when the answer
// has been written, whatever the handler does. Names and attributes are those of
// the declarations and of this package, never what a caller sent (docs/traces.md).
type traces struct {
	tracer  trace.Tracer
	ops     *operations
	methods map[string]row
	reasons map[string]bool
	now     func() time.Time
}

var _ transport.Observer = (*traces)(nil)

// newTraces returns nil without a provider.
func newTraces(c *Config, ops *operations) *traces {
	if c.TracerProvider == nil {
		return nil
	}
	t := &traces{
		tracer:  c.TracerProvider.Tracer(tracerName, trace.WithInstrumentationVersion(c.Version)),
		ops:     ops,
		methods: methodTable(),
		reasons: map[string]bool{},
		now:     c.Now,
	}
	for _, reason := range append(allowReasons(), denyReasons()...) {
		t.reasons[reason] = true
	}
	return t
}

// traced gives every request a place for its span, and ends the span when the
// request is over: answered, refused, cut off or panicked.
func (t *traces) traced(next http.Handler) http.Handler {
	if t == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		request := &tracedRequest{traces: t}
		answer := &statusWriter{ResponseWriter: w}
		ctx := context.WithValue(r.Context(), tracedKey{}, request)
		whole := false
		defer func() { request.end(answer.status, whole, r.Context().Err() != nil) }()
		next.ServeHTTP(answer, r.WithContext(ctx))
		whole = true
	})
}

// begin starts the span of the request that ctx belongs to, if there is none yet,
// and returns the context for all that follows. Its trace id is the one that
// audit and logs name.
func (t *traces) begin(ctx context.Context, msg *message.Message) context.Context {
	if t == nil {
		return ctx
	}
	request := tracedFrom(ctx)
	if request == nil {
		return ctx
	}
	info, _ := transport.InfoFrom(ctx)
	if span := request.begun(); span != nil {
		return named(trace.ContextWithSpan(ctx, span), info)
	}
	ctx, links := parents(ctx, info, msg)
	name, attributes := t.describe(msg)
	attributes = append(attributes, keyRequestID.String(info.RequestID))
	ctx, span := t.tracer.Start(ctx, name, trace.WithSpanKind(trace.SpanKindServer), trace.WithTimestamp(info.Start),
		trace.WithAttributes(attributes...), trace.WithLinks(links...))
	request.start(ctx, span)
	return named(ctx, info)
}

// beginSession is begin for a request that is no message: the GET or the DELETE of
// a session. What the verb is has been checked.
func (t *traces) beginSession(ctx context.Context, verb string) context.Context {
	ctx = t.begin(ctx, nil)
	if t == nil {
		return ctx
	}
	if request := tracedFrom(ctx); request != nil {
		span := request.begun()
		span.SetName(verb)
		span.SetAttributes(keyVerb.String(verb))
	}
	return ctx
}

// named returns a context whose Info has the trace id of its span.
func named(ctx context.Context, info transport.Info) context.Context {
	id := trace.SpanContextFromContext(ctx).TraceID()
	if !id.IsValid() || id.String() == info.TraceID {
		return ctx
	}
	info.TraceID = id.String()
	return transport.WithInfo(ctx, info)
}

// decided tells the span what the record tells the audit, without the caller. Why
// is nil for a request that passes.
func (t *traces) decided(ctx context.Context, r *record, why *transport.Refusal) {
	if t == nil {
		return
	}
	request := tracedFrom(ctx)
	if request == nil {
		return
	}
	span := request.begun()
	if span == nil || !span.IsRecording() {
		return
	}
	reason := r.reason
	if !t.reasons[reason] {
		reason = reasonOther
	}
	span.SetAttributes(
		keyDecision.String(decisionWord(r.allow)), keyReason.String(reason),
		keyDoor.Int(r.door), keyRevision.String(r.revision),
	)
	if why != nil {
		request.fail(errorType(why.Code), true)
	}
}

// Took implements [transport.Observer]. What comes before the span is kept for it.
func (t *traces) Took(ctx context.Context, stage transport.Stage, d time.Duration) {
	if request := tracedFrom(ctx); request != nil {
		request.event(stageEnd{stage, t.now(), d})
	}
}

// Streams implements [transport.Observer].
func (t *traces) Streams(int) {}

// describe returns the name of the span and what it is about.
func (t *traces) describe(msg *message.Message) (string, []attribute.KeyValue) {
	attributes := append(make([]attribute.KeyValue, 0, 8), keyTransport.String("tcp"), keyProtocol.String("http"))
	if msg == nil {
		return unknownMethod, append(attributes, keyMethod.String(unknownMethod))
	}
	name := msg.Method
	if _, known := t.methods[name]; !known {
		return unknownMethod, append(attributes, keyMethod.String(unknownMethod))
	}
	attributes = append(attributes, keyMethod.String(name))
	// Of a message that was refused early only what it says itself is known.
	if version := cmp.Or(msg.Revision, msg.ProtocolVersion); slices.Contains(revisions(), version) {
		attributes = append(attributes, keyVersion.String(version))
	}
	op := t.ops.about(msg)
	if op == nil {
		return name, attributes
	}
	if op.resource == nil {
		name += " " + op.name
	}
	return name, append(attributes, op.attributes(msg.Method)...)
}

// revisions are those of the protocol that a span may name.
func revisions() []string { return []string{"2026-07-28", "2025-11-25", "2025-06-18"} }

// about returns the declared operation that a message is about, nil if there is
// none.
func (ops *operations) about(msg *message.Message) *operation {
	switch {
	case msg.Method == "tools/call":
		return ops.tools[msg.Name]
	case msg.Method == "prompts/get":
		return ops.prompts[msg.Name]
	case msg.Completion != nil && msg.Completion.RefType == refPrompt:
		return ops.prompts[msg.Name]
	case msg.Completion != nil:
		return ops.resources[msg.Name]
	case msg.Method == "resources/read":
		if target, _, ok := ops.catalogue.Resource(msg.Name); ok {
			return ops.resources[target.Declaration().URI]
		}
	}
	return nil
}

// parents returns the context with the parent of the span, and what the span is
// only linked to. A span that a program has put in front of this handler is the
// parent; without one it is the trace context of the request, which is believed
// since its caller is verified. That of _meta is linked if it is not the parent.
func parents(ctx context.Context, info transport.Info, msg *message.Message) (context.Context, []trace.Link) {
	parent := trace.SpanContextFromContext(ctx)
	if !parent.IsValid() {
		parent = remote(info.Traceparent, info.Tracestate)
		if parent.IsValid() {
			ctx = trace.ContextWithRemoteSpanContext(ctx, parent)
		}
	}
	if msg == nil || msg.Traceparent == "" {
		return ctx, nil
	}
	meta := remote(msg.Traceparent, "")
	if !meta.IsValid() || meta.SpanID() == parent.SpanID() && meta.TraceID() == parent.TraceID() {
		return ctx, nil
	}
	return ctx, []trace.Link{{SpanContext: meta}}
}

// remote reads a trace context. What is malformed is not there: a bad tracestate
// is left out, a bad traceparent belongs to no trace.
func remote(traceparent, tracestate string) trace.SpanContext {
	parent, ok := transport.ParseTraceParent(traceparent)
	if !ok {
		return trace.SpanContext{}
	}
	// What was parsed is hexadecimal of the right length.
	traceID, _ := trace.TraceIDFromHex(parent.TraceID)
	spanID, _ := trace.SpanIDFromHex(parent.SpanID)
	state, err := trace.ParseTraceState(tracestate)
	if err != nil {
		state = trace.TraceState{}
	}
	return trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: traceID, SpanID: spanID, TraceFlags: trace.TraceFlags(0).WithSampled(parent.Sampled), TraceState: state, Remote: true,
	})
}
