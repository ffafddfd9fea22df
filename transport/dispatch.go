package transport

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"
)

// call is one admitted request on its way to its handler.
type call struct {
	*request
	ctx     context.Context //nolint:containedctx // that of the work, which may outlive the HTTP request
	stop    context.CancelCauseFunc
	state   atomic.Int32 // who has left it
	users   atomic.Int32 // the goroutine that answers and that of the handler
	release func()
	// finished frees the id of the request, before the last byte of the answer: a
	// client may use it again as soon as it has read that.
	finished func()
	pass     *Pass
	place    *place
	session  *session
	live     *live         // nil in revision 2026-07-28, and for initialize
	older    *olderSession // nil where live is
}

// newCall makes the call of a request that is about to be decided. Both goroutines
// that will work on it leave it when they are done; before there are two, abandon
// gives it up.
func (q *request) newCall(r *http.Request, taken *place) (*call, *Refusal) {
	ctx, cancel := q.bounded(q.lifetime(r), q.who)
	ctx, stop := context.WithCancelCause(ctx)
	c := &call{request: q, ctx: ctx, stop: stop, place: taken, finished: func() {}}
	c.users.Store(2)
	c.release = func() {
		stop(nil)
		cancel()
	}
	if q.peer == nil {
		return c, nil
	}
	c.live = q.sessions.hold(q.peer)
	id := string(q.msg.ID)
	if why := c.live.start(id, stop); why != nil {
		q.sessions.letGo(c.live)
		c.release()
		return nil, why
	}
	c.finished = sync.OnceFunc(func() { c.live.stop(id) })
	c.release = func() {
		stop(nil)
		cancel()
		c.finished()
		q.sessions.letGo(c.live)
	}
	return c, nil
}

// admit lets the call run as far as the pass goes.
func (c *call) admit(pass *Pass) {
	c.pass = pass
	if pass.Context != nil {
		c.ctx = pass.Context
	}
	c.session = newSession(c.ctx, pass, c.msg)
	if c.live != nil {
		c.older = newOlderSession(c.session, c.live)
	}
	c.place.share()
}

// abandon gives up a call that is not admitted.
func (c *call) abandon() {
	c.place.leave()
	c.release()
}

// outcome is a finished answer.
type outcome struct {
	status  int
	body    []byte
	session string // the id of the session that begins with this answer
}

// run dispatches the message and returns the answer. Whatever the handler does,
// there is one: a panic, and the end of the handler's goroutine, are internal
// errors.
func (c *call) run(done chan<- outcome) {
	_ = growStack(0)
	ctx := c.ctx
	var result outcome
	began := c.began()
	defer func() {
		if p := recover(); p != nil {
			c.logger().ErrorContext(ctx, "handler panicked", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		}
		if result.body == nil {
			result = c.internal(http.StatusInternalServerError)
		}
		c.took(ctx, StageHandler, began)
		c.returned()
		done <- result
		c.leave()
	}()
	ctx = c.MCP.WithContext(ctx, c.asSession())
	if c.pass.Call != nil {
		result = c.direct(ctx)
		return
	}
	ctx = mcpserver.WithSupportedProtocolVersions(ctx, c.served())
	result = c.outcome(ctx, c.MCP.HandleMessage(ctx, c.msg.Raw))
}

// direct runs a call that needs nothing of mcp-go's dispatch.
func (c *call) direct(ctx context.Context) outcome {
	result, err := c.pass.Call(ctx)
	if err != nil {
		return c.failed(ctx, mcp.JSONRPCErrorDetails{Code: CodeInternal, Message: err.Error()})
	}
	return c.outcome(ctx, mcp.JSONRPCResponse{Result: result})
}

// leave releases what the call holds, once both its goroutines have left.
func (c *call) leave() {
	if c.users.Add(-1) == 0 {
		c.release()
	}
}

// asSession is what mcp-go takes for its session.
func (c *call) asSession() mcpserver.ClientSession {
	if c.older != nil {
		return c.older
	}
	return c.session
}

// outcome turns the answer of mcp-go into the one that is sent. The id is the
// client's own with all its digits: mcp-go makes a float64 of it.
func (c *call) outcome(ctx context.Context, response mcp.JSONRPCMessage) outcome {
	switch r := response.(type) {
	case mcp.JSONRPCResponse:
		body, err := encode(rpcResult{JSONRPC: "2.0", ID: c.msg.ID, Result: c.presented(r.Result)})
		if err == nil {
			return outcome{status: http.StatusOK, body: body, session: c.begun()}
		}
		c.logger().ErrorContext(ctx, "result cannot be encoded", "error", err)
	case mcp.JSONRPCError:
		return c.failed(ctx, r.Error)
	}
	return c.internal(http.StatusOK)
}

// begun returns the id of the session that the request has begun, if it has.
func (c *call) begun() string {
	if c.msg.Method != methodInitialize {
		return ""
	}
	return c.sessions.begin(c.who, c.msg.Revision, c.msg.Can)
}

// failed answers an error. The texts of mcp-go and of handlers may hold
// anything and stay in the log; the client gets what was reported for it, or a
// fixed text.
func (c *call) failed(ctx context.Context, details mcp.JSONRPCErrorDetails) outcome {
	if e := c.session.failure(); e != nil {
		return outcome{status: c.statusOf(e.Code), body: errorBody(c.msg.ID, e.Code, e.Message, e.Data)}
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
	return outcome{status: c.statusOf(details.Code), body: errorBody(c.msg.ID, details.Code, text, nil)}
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
	if r, ok := result.(mcp.InitializeResult); ok {
		r.ProtocolVersion = c.msg.Revision
		r.Capabilities = c.offered(r.Capabilities)
		return r
	}
	if c.msg.Older() {
		return result // nothing of what follows exists there
	}
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
		r.Capabilities = c.offered(r.Capabilities)
		return r
	}
	return result
}

// private keeps the freshness and forbids sharing.
func private(r *mcp.CacheableResult) {
	fresh, _ := r.TTL()
	r.SetCacheHints(fresh, mcp.CacheScopePrivate)
}

// offered leaves out capabilities this handler does not serve: tasks, and those
// that are a client's to have. mcp-go makes a fresh value for each request, so it
// may be changed.
func (c *call) offered(all mcp.ServerCapabilities) mcp.ServerCapabilities {
	all.Tasks, all.Sampling, all.Elicitation, all.Roots = nil, nil, nil, nil
	return all
}

// ending returns why a request ended before its answer: the cause, if it is a
// Refusal, else an internal error.
func ending(ctx context.Context) *Refusal {
	if why, ok := errors.AsType[*Refusal](context.Cause(ctx)); ok {
		return why
	}
	return Internal("cancelled")
}
