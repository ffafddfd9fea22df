package transport

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/transport/message"
)

const methodListen = "subscriptions/listen"

// DefaultKeepAlive is how often an idle stream says that it is alive. Whatever is
// in between closes a connection on which nothing is said for a minute or so.
const DefaultKeepAlive = 15 * time.Second

// listen serves subscriptions/listen (MCP 2026-07-28, "Subscriptions").
func (q *request) listen(w http.ResponseWriter, r *http.Request) {
	if !accepts(r.Header, "text", "event-stream") {
		q.refuse(w, r, q.msg, plain(http.StatusNotAcceptable, CodeInvalidRequest, "the answer is text/event-stream", "accept"))
		return
	}
	if q.drain.isSet.Load() {
		q.refuse(w, r, q.msg, stopping())
		return
	}
	leave, why := q.Limits.enterStream(q.who)
	if why != nil {
		q.refuse(w, r, q.msg, why)
		return
	}
	defer leave()
	ctx, cancel := q.streamBounded(r.Context(), q.who)
	defer cancel()
	began := q.began()
	pass, why := q.Gate.Admit(ctx, q.who, q.msg, q.mirror)
	q.took(ctx, StageDecision, began)
	switch {
	case why != nil:
		q.writeRefusal(w, q.msg, why)
		return
	case pass == nil:
		q.refuse(w, r, q.msg, Internal("gate_silent"))
		return
	}
	q.tell(ctx, w, r, &telling{
		endpoint: q.endpoint, who: q.who, msg: kept(q.msg), pass: pass, listener: newListener(pass.Subscription, nil),
	})
}

// kept is what a stream needs of its request while it is open. The body, which can
// be large, is not kept.
func kept(msg *message.Message) *message.Message {
	return &message.Message{Revision: msg.Revision, ID: slices.Clone(msg.ID), Method: msg.Method}
}

// serveStream serves the GET of a session (MCP 2025-11-25, "Listening for Messages
// from the Server"). Nothing is replayed, so a Last-Event-ID means nothing.
func (e *endpoint) serveStream(ctx context.Context, w http.ResponseWriter, r *http.Request, who authz.Principal, p *peer, pass *Pass) {
	l := e.sessions.hold(p)
	defer e.sessions.letGo(l)
	e.tell(ctx, w, r, &telling{endpoint: e, who: who, pass: pass, listener: newListener(pass.Subscription, l)})
}

// streamBounded returns a context that ends when the token of who expires. A
// stream has no other end of its own.
func (e *endpoint) streamBounded(ctx context.Context, who authz.Principal) (context.Context, context.CancelFunc) {
	left := max(who.Expires.Sub(e.Now()), minimumLife)
	return context.WithTimeoutCause(ctx, left, InvalidToken("token_expired"))
}

// telling is a stream of changes while it is open.
type telling struct {
	*endpoint
	who      authz.Principal
	msg      *message.Message // nil for a GET
	pass     *Pass
	listener *listener
	stream   *stream
}

// tell tells the client of a stream of changes until it ends.
func (e *endpoint) tell(ctx context.Context, w http.ResponseWriter, r *http.Request, t *telling) {
	t.stream = e.newStream(w, r)
	defer t.stream.close()
	beat := e.pulse.wait() // before the first word: what happens from now on is noticed
	e.hub.join(t.listener)
	defer e.hub.leave(t.listener)
	t.acknowledge()
	if t.may(ctx) { // what happened between the decision and the first beat was not heard
		t.until(ctx, beat)
	}
}

// may asks whether the stream may stay, and ends it if not.
func (t *telling) may(ctx context.Context) bool {
	why := t.recheck()
	if why == nil {
		return true
	}
	t.Gate.Refused(ctx, &t.who, t.msg, why)
	t.end()
	return false
}

// until tells until the stream ends, and then ends it.
func (t *telling) until(ctx context.Context, beat <-chan struct{}) {
	alive := time.NewTicker(t.KeepAlive)
	defer alive.Stop()
	over := t.over()
	for !t.stream.failed {
		select {
		case <-t.listener.wake:
			// Whoever reads slowly may have lost the right in the meantime.
			if ctx.Err() != nil {
				continue
			}
			if !t.may(ctx) {
				return
			}
			t.flush()
		case <-alive.C:
			t.stream.comment()
		case <-beat:
			beat = t.pulse.wait()
			if !t.may(ctx) {
				return
			}
		case <-t.drain.heard:
			t.end()
			return
		case <-over:
			return
		case <-ctx.Done():
			t.end()
			return
		}
	}
}

// over is closed when the session of the stream has ended.
func (t *telling) over() <-chan struct{} {
	if t.listener.live == nil {
		return nil
	}
	return t.listener.live.over.heard
}

// recheck asks whether the stream may stay, and notes which lists look different
// since the rules changed.
func (t *telling) recheck() *Refusal {
	if t.pass.Recheck != nil {
		if why := t.pass.Recheck(); why != nil {
			return why
		}
	}
	if t.pass.Subscription == nil || t.pass.Subscription.Lists == nil {
		return nil
	}
	for _, c := range t.pass.Subscription.Lists() {
		if t.listener.wants(c) {
			t.listener.note(c)
		}
	}
	return nil
}

// acknowledge opens the stream: with what was granted, or with nothing to say.
func (t *telling) acknowledge() {
	if t.msg == nil {
		t.stream.comment()
		return
	}
	filter := t.listener.subscription.Filter
	granted := map[string]any{}
	for name, on := range map[string]bool{
		"toolsListChanged": filter.Tools, "promptsListChanged": filter.Prompts, "resourcesListChanged": filter.Resources,
	} {
		if on {
			granted[name] = true
		}
	}
	if len(filter.URIs) > 0 {
		granted["resourceSubscriptions"] = filter.URIs
	}
	t.notify(mcp.MethodNotificationSubscriptionsAcknowledged, map[string]any{"notifications": granted})
}

// flush writes what was noted. What the caller may not see any more by now is
// left out.
func (t *telling) flush() {
	for _, c := range t.listener.take() {
		if !t.listener.sees(c) {
			continue
		}
		switch c.Kind {
		case ToolsChanged:
			t.notify(mcp.MethodNotificationToolsListChanged, nil)
		case PromptsChanged:
			t.notify(mcp.MethodNotificationPromptsListChanged, nil)
		case ResourcesChanged:
			t.notify(mcp.MethodNotificationResourcesListChanged, nil)
		case ResourceUpdated:
			t.notify(mcp.MethodNotificationResourceUpdated, map[string]any{"uri": c.Names[0]})
		}
	}
}

// rpcNotification is a JSON-RPC notification of the server.
type rpcNotification struct {
	JSONRPC string         `json:"jsonrpc"`
	Method  string         `json:"method"`
	Params  map[string]any `json:"params,omitempty"`
}

// notify writes one notification. Those of subscriptions/listen carry the id of
// its request.
func (t *telling) notify(method string, params map[string]any) {
	if t.msg != nil {
		if params == nil {
			params = map[string]any{}
		}
		params["_meta"] = t.named()
	}
	body, err := encode(rpcNotification{JSONRPC: "2.0", Method: method, Params: params})
	if err != nil {
		t.Logger.Error("notification cannot be encoded", "error", err)
		return
	}
	t.stream.event(body)
}

// named is what says to which subscription a message belongs.
func (t *telling) named() map[string]json.RawMessage {
	return map[string]json.RawMessage{mcp.MetaKeySubscriptionID: t.msg.ID}
}

// end ends the stream from this side: subscriptions/listen with a notice and its
// result ("Graceful Closure"), a GET with its last byte.
func (t *telling) end() {
	if t.msg == nil || t.stream.failed {
		return
	}
	t.notify(string(mcp.MethodNotificationCancelled), map[string]any{"requestId": t.msg.ID, "reason": "the stream ends"})
	result := map[string]any{"resultType": mcp.ResultTypeComplete, "_meta": t.named()}
	body, err := encode(rpcResult{JSONRPC: "2.0", ID: t.msg.ID, Result: result})
	if err != nil {
		t.Logger.Error("result cannot be encoded", "error", err)
		return
	}
	t.stream.event(body)
}
