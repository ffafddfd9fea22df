package transport

import (
	"context"
	"crypto/rand"
	"maps"
	"sync"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/sallyport-mcp/sallyport/transport/message"
)

// session is what mcp-go sees of one request: it serves what the Pass holds
// and carries notifications to the stream of the request. It lives as long as
// its request and is known to nobody else.
//
// mcp-go sends a notification without waiting and drops it when the channel is
// full. It asks for the channel just before each send, though, so a place in
// the buffer is reserved there: the send then always finds room, and it is the
// handler that waits for a slow client.
type session struct {
	ctx    context.Context
	pass   *Pass
	live   *live // nil in revision 2026-07-28, and for initialize
	meta   message.Meta
	id     string
	events chan mcp.JSONRPCNotification
	places chan struct{} // one element for each reserved place in events
	closed chan struct{}
	asks   chan ask // requests of the server; only older revisions have any

	mu       sync.Mutex
	reported *HandlerError
}

// Compile-time proof that mcp-go asks this session before its own registry.
var (
	_ mcpserver.SessionWithTools             = (*session)(nil)
	_ mcpserver.SessionWithResources         = (*session)(nil)
	_ mcpserver.SessionWithResourceTemplates = (*session)(nil)
)

// maxPending is how many notifications may wait to be written.
const maxPending = 4

func newSession(ctx context.Context, pass *Pass, msg *message.Message) *session {
	// The request has a unique name already; outside of one there is none.
	info, ok := InfoFrom(ctx)
	if !ok {
		info.RequestID = rand.Text()
	}
	return &session{
		ctx:    ctx,
		pass:   pass,
		meta:   msg.Meta,
		id:     info.RequestID,
		events: make(chan mcp.JSONRPCNotification, maxPending),
		places: make(chan struct{}, maxPending),
		closed: make(chan struct{}),
		asks:   make(chan ask),
	}
}

// NotificationChannel reserves a place for one notification and waits until
// there is one. It is nil, on which a send is never ready, once the answer has
// been written or the request has ended.
func (s *session) NotificationChannel() chan<- mcp.JSONRPCNotification {
	select {
	case <-s.closed:
		return nil
	case <-s.ctx.Done():
		return nil
	default:
	}
	select {
	case s.places <- struct{}{}:
		return s.events
	case <-s.closed:
		return nil
	case <-s.ctx.Done():
		return nil
	}
}

// taken gives the place of a notification back that was received from events.
func (s *session) taken() { <-s.places }

// close ends the reservations. What is in events by then stays there.
func (s *session) close() { close(s.closed) }

// outgoing returns a notification as it goes to the client, and false for one
// that must not go there. Only progress and log messages belong to a request;
// progress needs the token of this request, exactly as it was sent, and a log
// message at least the level this request asked for (MCP 2026-07-28,
// "Progress", "Logging").
func (s *session) outgoing(n mcp.JSONRPCNotification) (mcp.JSONRPCNotification, bool) {
	fields := n.Params.AdditionalFields
	switch n.Method {
	case string(mcp.MethodNotificationProgress):
		if s.meta.ProgressToken == nil {
			return n, false
		}
		fields = maps.Clone(fields)
		if fields == nil {
			fields = map[string]any{}
		}
		fields["progressToken"] = s.meta.ProgressToken
		n.Params.AdditionalFields = fields
		return n, true
	case string(mcp.MethodNotificationMessage):
		return n, logLevel(fields["level"]).ShouldSendTo(s.wanted())
	}
	return n, false
}

// wanted is the level of log messages that the client wants: of this request, or
// of its session.
func (s *session) wanted() mcp.LoggingLevel {
	if s.live != nil {
		return s.live.logLevel()
	}
	return mcp.LoggingLevel(s.meta.LogLevel)
}

// logLevel reads the level of a log message, which handlers give as a string
// or as mcp-go's own type.
func logLevel(v any) mcp.LoggingLevel {
	switch level := v.(type) {
	case mcp.LoggingLevel:
		return level
	case string:
		return mcp.LoggingLevel(level)
	}
	return ""
}

// Initialize does nothing: revision 2026-07-28 has no handshake.
func (s *session) Initialize() {}

// Initialized is always true, for the same reason.
func (s *session) Initialized() bool { return true }

// SessionID is random and unique, so that nothing of one request can be reached
// from another, such as its cancellation.
func (s *session) SessionID() string { return s.id }

// GetSessionTools returns the tools that exist for this request.
func (s *session) GetSessionTools() map[string]mcpserver.ServerTool { return s.pass.Tools }

// GetSessionResources returns the resources that exist for this request.
func (s *session) GetSessionResources() map[string]mcpserver.ServerResource { return s.pass.Resources }

// GetSessionResourceTemplates returns the templates that exist for this request.
func (s *session) GetSessionResourceTemplates() map[string]mcpserver.ServerResourceTemplate {
	return s.pass.Templates
}

// SetSessionTools does nothing: what exists for a request was decided before it.
func (s *session) SetSessionTools(map[string]mcpserver.ServerTool) {}

// SetSessionResources does nothing, for the same reason.
func (s *session) SetSessionResources(map[string]mcpserver.ServerResource) {}

// SetSessionResourceTemplates does nothing, for the same reason.
func (s *session) SetSessionResourceTemplates(map[string]mcpserver.ServerResourceTemplate) {}
