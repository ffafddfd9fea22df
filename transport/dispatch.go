package transport

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/sallyport-mcp/sallyport/transport/message"
)

// call is one admitted request on its way through mcp-go.
type call struct {
	*endpoint
	msg     *message.Message
	place   *place
	session *session
}

// outcome is a finished answer.
type outcome struct {
	status int
	body   []byte
}

// run dispatches the message and returns the answer. Whatever the handler does,
// there is one: a panic, and the end of the handler's goroutine, are internal
// errors.
func (c *call) run(ctx context.Context, done chan<- outcome) {
	result := c.internal(http.StatusInternalServerError)
	began := c.began()
	defer func() {
		if p := recover(); p != nil {
			c.logger().ErrorContext(ctx, "handler panicked", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		}
		c.took(StageHandler, began)
		c.place.returned()
		done <- result
	}()
	ctx = c.MCP.WithContext(ctx, c.session)
	ctx = mcpserver.WithSupportedProtocolVersions(ctx, []string{served})
	result = c.outcome(ctx, c.MCP.HandleMessage(ctx, c.msg.Raw))
}

// outcome turns the answer of mcp-go into the one that is sent. The id is the
// client's own with all its digits: mcp-go makes a float64 of it.
func (c *call) outcome(ctx context.Context, response mcp.JSONRPCMessage) outcome {
	switch r := response.(type) {
	case mcp.JSONRPCResponse:
		body, err := encode(rpcResult{JSONRPC: "2.0", ID: c.msg.ID, Result: c.presented(r.Result)})
		if err == nil {
			return outcome{status: http.StatusOK, body: body}
		}
		c.logger().ErrorContext(ctx, "result cannot be encoded", "error", err)
	case mcp.JSONRPCError:
		return c.failed(ctx, r.Error)
	}
	return c.internal(http.StatusOK)
}

// failed answers an error. The texts of mcp-go and of handlers may hold
// anything and stay in the log; the client gets what was reported for it, or a
// fixed text.
func (c *call) failed(ctx context.Context, details mcp.JSONRPCErrorDetails) outcome {
	if e := c.session.failure(); e != nil {
		return outcome{status: statusOf(e.Code), body: errorBody(c.msg.ID, e.Code, e.Message, e.Data)}
	}
	var text string
	switch details.Code {
	case CodeMethodNotFound:
		text = "method not found"
	case CodeInvalidParams:
		text = "invalid params"
	case CodeInvalidRequest, CodeParse:
		text = "invalid request"
	default:
		c.logger().ErrorContext(ctx, "handler failed", "error", details.Message)
		return c.internal(http.StatusOK)
	}
	return outcome{status: statusOf(details.Code), body: errorBody(c.msg.ID, details.Code, text, nil)}
}

// internal is the answer to what went wrong inside. The request id leads to
// the log line.
func (c *call) internal(status int) outcome {
	info, _ := InfoFrom(c.session.ctx)
	text := fmt.Sprintf("internal error (ref %s)", info.RequestID)
	return outcome{status: status, body: errorBody(c.msg.ID, CodeInternal, text, nil)}
}

// logger returns a logger that names the request.
func (c *call) logger() *slog.Logger {
	info, _ := InfoFrom(c.session.ctx)
	return c.Logger.With("request_id", info.RequestID, "method", c.msg.Method)
}

// presented finishes a result: what depends on the caller is marked private
// (MCP 2026-07-28, "Caching"), and capabilities are those that are served.
func (c *call) presented(result any) any {
	switch r := result.(type) {
	case mcp.ListToolsResult:
		private(&r.CacheableResult)
		return r
	case mcp.ListResourcesResult:
		private(&r.CacheableResult)
		return r
	case mcp.ListResourceTemplatesResult:
		private(&r.CacheableResult)
		return r
	case mcp.ListPromptsResult:
		private(&r.CacheableResult)
		return r
	case mcp.ReadResourceResult:
		private(&r.CacheableResult)
		return r
	case mcp.DiscoverResult:
		private(&r.CacheableResult)
		r.Capabilities = offered(r.Capabilities)
		return r
	}
	return result
}

// private keeps the freshness and forbids sharing.
func private(r *mcp.CacheableResult) {
	fresh, _ := r.TTL()
	r.SetCacheHints(fresh, mcp.CacheScopePrivate)
}

// offered leaves out capabilities this handler does not serve: subscriptions,
// notifications of changed lists, tasks, and those that are a client's to have.
// mcp-go makes a fresh value for each request, so it may be changed.
func offered(c mcp.ServerCapabilities) mcp.ServerCapabilities {
	c.Tasks, c.Sampling, c.Elicitation, c.Roots = nil, nil, nil, nil
	if c.Tools != nil {
		c.Tools.ListChanged = false
	}
	if c.Prompts != nil {
		c.Prompts.ListChanged = false
	}
	if c.Resources != nil {
		c.Resources.ListChanged, c.Resources.Subscribe = false, false
	}
	return c
}

// ending returns why a request ended before its answer: the cause, if it is a
// Refusal, else an internal error.
func ending(ctx context.Context) *Refusal {
	if why, ok := errors.AsType[*Refusal](context.Cause(ctx)); ok {
		return why
	}
	return Internal("cancelled")
}
