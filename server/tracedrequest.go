package server

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/sallyport-mcp/sallyport/tools"
	"github.com/sallyport-mcp/sallyport/transport"
)

// The attributes of a span. Those without our own prefix are of the OpenTelemetry
// semantic conventions for MCP.
const (
	keyMethod    = attribute.Key("mcp.method.name")
	keyVersion   = attribute.Key("mcp.protocol.version")
	keyURI       = attribute.Key("mcp.resource.uri")
	keyGenAI     = attribute.Key("gen_ai.operation.name")
	keyTool      = attribute.Key("gen_ai.tool.name")
	keyPrompt    = attribute.Key("gen_ai.prompt.name")
	keyTransport = attribute.Key("network.transport")
	keyProtocol  = attribute.Key("network.protocol.name")
	keyStatus    = attribute.Key("http.response.status_code")
	keyVerb      = attribute.Key("http.request.method")
	keyError     = attribute.Key("error.type")
	keyRPCStatus = attribute.Key("rpc.response.status_code")

	keyRequestID = attribute.Key("sallyport.request_id")
	keyKind      = attribute.Key("sallyport.kind")
	keyTemplate  = attribute.Key("sallyport.resource.template")
	keyDecision  = attribute.Key("sallyport.decision")
	keyReason    = attribute.Key("sallyport.reason")
	keyDoor      = attribute.Key("sallyport.door")
	keyRevision  = attribute.Key("sallyport.policy_revision")
	keyEnded     = attribute.Key("sallyport.ended")
	keyDuration  = attribute.Key("sallyport.duration_us")
)

// Values of error.type that are no code of JSON-RPC.
const (
	errorTool      = "tool_error" // a tool result that says isError
	errorCancelled = "cancelled"  // the client went away
	errorPanic     = "panic"      // the answer was cut off
)

// errorType is the error.type of a code of JSON-RPC. 0 is answered as an
// internal error.
func errorType(code int) string { return strconv.Itoa(cmp.Or(code, transport.CodeInternal)) }

// attributes describe a declared operation, as its author wrote it: of a resource
// the template and not the URI that was asked for.
func (o *operation) attributes(method string) []attribute.KeyValue {
	list := []attribute.KeyValue{keyKind.String(string(o.kind))}
	switch {
	case o.tool != nil && method == "tools/call":
		return append(list, keyTool.String(o.name), keyGenAI.String("execute_tool"))
	case o.tool != nil:
		return append(list, keyTool.String(o.name))
	case o.prompt != nil:
		return append(list, keyPrompt.String(o.name))
	case o.resource.IsTemplate():
		return append(list, keyTemplate.String(o.name))
	}
	return append(list, keyURI.String(o.name))
}

// stageEnd is a stage that is over.
type stageEnd struct {
	stage transport.Stage
	at    time.Time
	took  time.Duration
}

// tracedRequest is one request and, once it has begun, its span. It is safe for
// concurrent use: a handler may outlive its request.
type tracedRequest struct {
	traces *traces

	mu      sync.Mutex      // guards what follows
	ctx     context.Context //nolint:containedctx // asked once, at the end of the request, why it ended
	span    trace.Span
	waiting []stageEnd // stages that were over before the span began
}

type tracedKey struct{}

// tracedFrom returns the request that ctx belongs to, nil if it is not traced.
func tracedFrom(ctx context.Context) *tracedRequest {
	request, _ := ctx.Value(tracedKey{}).(*tracedRequest)
	return request
}

// begun returns the span, nil if there is none yet.
func (r *tracedRequest) begun() trace.Span {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.span
}

// start takes the span and tells it what came before.
func (r *tracedRequest) start(ctx context.Context, span trace.Span) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ctx, r.span = ctx, span
	for _, end := range r.waiting {
		end.tell(span)
	}
	r.waiting = nil
}

// event tells the span that a stage is over.
func (r *tracedRequest) event(end stageEnd) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.span == nil {
		r.waiting = append(r.waiting, end)
		return
	}
	end.tell(r.span)
}

func (e stageEnd) tell(span trace.Span) {
	if span.IsRecording() {
		span.AddEvent(e.stage.String(), trace.WithTimestamp(e.at), trace.WithAttributes(keyDuration.Int64(e.took.Microseconds())))
	}
}

// fail marks the span. A code is one of JSON-RPC.
func (r *tracedRequest) fail(kind string, code bool) {
	span := r.begun()
	if span == nil {
		return
	}
	span.SetStatus(codes.Error, "")
	span.SetAttributes(keyError.String(kind))
	if code {
		span.SetAttributes(keyRPCStatus.String(kind))
	}
}

// tool, prompt and resource tell the span how the handler ended. They are behind
// the dispatch and in front of the guard.

func (t *traces) tool(next mcpserver.ToolHandlerFunc) mcpserver.ToolHandlerFunc {
	if t == nil {
		return next
	}
	return func(ctx context.Context, request mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		result, err := next(ctx, request)
		t.handled(ctx, result != nil && result.IsError, err)
		return result, err
	}
}

func (t *traces) prompt(next mcpserver.PromptHandlerFunc) mcpserver.PromptHandlerFunc {
	if t == nil {
		return next
	}
	return func(ctx context.Context, request mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
		result, err := next(ctx, request)
		t.handled(ctx, false, err)
		return result, err
	}
}

func (t *traces) resource(next mcpserver.ResourceHandlerFunc) mcpserver.ResourceHandlerFunc {
	if t == nil {
		return next
	}
	return func(ctx context.Context, request mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
		contents, err := next(ctx, request)
		t.handled(ctx, false, err)
		return contents, err
	}
}

// handled tells the span of the request that ctx belongs to how its handler
// ended. The texts of errors stay out of it.
func (t *traces) handled(ctx context.Context, isError bool, err error) {
	if t == nil {
		return
	}
	request := tracedFrom(ctx)
	var told *tools.ClientError
	switch {
	case request == nil:
	case errors.Is(err, errUndeclared):
		request.fail(errorType(transport.CodeMissingCapability), true)
	case errors.As(err, &told):
		request.fail(errorType(told.Code), true)
	case err != nil:
		request.fail(errorType(transport.CodeInternal), true)
	case isError:
		request.fail(errorTool, false)
	}
}

// end ends the span, if one has begun. Status is 0 if nothing was answered, whole
// is false after a panic, and gone says that the client is.
func (r *tracedRequest) end(status int, whole, gone bool) {
	span := r.begun()
	if span == nil {
		return
	}
	if status > 0 {
		span.SetAttributes(keyStatus.Int(status))
	}
	why, ended := errors.AsType[*transport.Refusal](context.Cause(r.ctx))
	switch {
	case !whole:
		r.fail(errorPanic, false)
	case ended:
		r.fail(errorType(why.Code), true)
		if r.traces.reasons[why.Reason] {
			span.SetAttributes(keyEnded.String(why.Reason))
		}
	case gone:
		r.fail(errorCancelled, false)
	}
	span.End(trace.WithTimestamp(r.traces.now()))
}

// statusWriter remembers the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements [http.ResponseWriter].
func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 && status >= http.StatusOK {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements [http.ResponseWriter].
func (w *statusWriter) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(p)
}

// Flush implements [http.Flusher], which some handlers ask for by type.
func (w *statusWriter) Flush() { _ = http.NewResponseController(w.ResponseWriter).Flush() }

// Unwrap lets [http.ResponseController] reach the writer of net/http.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
