package transport

import (
	"context"
	"net/http"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
)

// stream writes the events of one answer. Until the first event nothing has
// been written, and the answer may still become plain JSON.
type stream struct {
	w        http.ResponseWriter
	control  *http.ResponseController
	started  bool
	allowed  bool // the client can read an event stream
	failed   bool // the client is gone
	endpoint *endpoint
}

// answer runs the call in a goroutine of its own and is the only writer of the
// answer: notifications in the order they were sent, then the response. When
// the client goes away, or the context ends, it returns at once, even if the
// handler does not.
func (c *call) answer(ctx context.Context, w http.ResponseWriter, r *http.Request) {
	s := &stream{w: w, control: http.NewResponseController(w), allowed: accepts(r.Header, "text", "event-stream"), endpoint: c.endpoint}
	defer s.close()
	done := make(chan outcome, 1)
	go c.run(ctx, done)
	defer c.session.close()
	for !s.failed {
		select {
		case n := <-c.session.events:
			c.forward(ctx, s, n)
		case o := <-done:
			c.drain(ctx, s)
			c.place.leave()
			c.finish(ctx, s, r, o)
			return
		case <-ctx.Done():
			c.place.leave()
			c.finish(ctx, s, r, outcome{})
			return
		}
	}
}

// drain writes what the handler has sent before it returned.
func (c *call) drain(ctx context.Context, s *stream) {
	for !s.failed {
		select {
		case n := <-c.session.events:
			c.forward(ctx, s, n)
		default:
			return
		}
	}
}

// forward writes one notification, if it is one that goes to this client.
func (c *call) forward(ctx context.Context, s *stream, n mcp.JSONRPCNotification) {
	defer c.session.taken()
	n, ok := c.session.outgoing(n)
	if !ok || !s.allowed {
		return
	}
	body, err := encode(n)
	if err != nil {
		c.logger().ErrorContext(ctx, "notification cannot be encoded", "error", err)
		return
	}
	s.event(body)
}

// finish writes the end of the answer. A context that has ended counts more
// than an outcome that came with it: the right to the outcome is gone.
func (c *call) finish(ctx context.Context, s *stream, r *http.Request, o outcome) {
	if s.failed || r.Context().Err() != nil {
		return
	}
	var why *Refusal
	if ctx.Err() != nil {
		why = ending(ctx)
		running := c.Limits.Calls()
		c.logger().WarnContext(ctx, "request ended before its answer",
			"reason", why.Reason, "running", running.Running, "abandoned", running.Abandoned)
		o.body = errorBody(c.msg.ID, why.Code, why.Message, why.Data)
	}
	switch {
	case s.started:
		s.event(o.body)
	case why != nil:
		c.writeRefusal(s.w, c.msg, why)
	default:
		c.writeJSON(s.w, o.status, o.body)
	}
}

// event writes one server-sent event. The body is JSON without line breaks, as
// encoding/json writes it, so that it cannot end the event or start another.
func (s *stream) event(body []byte) {
	if !s.started {
		s.started = true
		s.endpoint.streams(1)
		h := s.w.Header()
		h.Set("Content-Type", "text/event-stream")
		h.Set("X-Accel-Buffering", "no")
		s.w.WriteHeader(http.StatusOK)
	}
	event := make([]byte, 0, len(body)+32)
	event = append(event, "event: message\ndata: "...)
	event = append(append(event, body...), "\n\n"...)
	_ = s.control.SetWriteDeadline(time.Now().Add(WriteTimeout))
	_, err := s.w.Write(event)
	if err == nil {
		err = s.control.Flush()
	}
	s.failed = err != nil
	_ = s.control.SetWriteDeadline(time.Time{})
}

// close says that the stream is over, if there ever was one.
func (s *stream) close() {
	if s.started {
		s.endpoint.streams(-1)
	}
}
