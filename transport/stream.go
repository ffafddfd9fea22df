package transport

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
)

// stream writes the events of one answer. Until the first event nothing has
// been written, and the answer may still become plain JSON.
type stream struct {
	w        http.ResponseWriter
	body     io.Writer // w, for events: JSON, declared as such and never sniffed
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
func (c *call) answer(w http.ResponseWriter, r *http.Request) {
	s := c.newStream(w, r)
	defer s.close()
	defer c.leave()
	defer c.depart()
	done := make(chan outcome, 1)
	beat, halt := c.pulse.wait(), c.halt.heard
	c.started()
	go c.run(done)
	defer c.session.close()
	ctx := c.ctx
	c.recheck() // what happened between the decision and the first beat was not heard
	for !s.failed {
		select {
		case <-beat:
			beat = c.pulse.wait()
			c.recheck()
		case <-halt:
			halt = nil
			c.cutOff()
		case request := <-c.session.asks:
			c.drain(ctx, s)
			request.sent <- s.ask(request.body)
		case n := <-c.session.events:
			c.forward(ctx, s, n)
		case o := <-done:
			c.drain(ctx, s)
			c.depart()
			c.finished()
			c.finish(ctx, s, r, o)
			return
		case <-ctx.Done():
			c.depart()
			c.finished()
			c.finish(ctx, s, r, outcome{})
			return
		case <-r.Context().Done():
			c.depart()
			c.unattended(beat, done)
			return
		}
	}
	c.unattended(beat, done)
}

// unattended goes on asking whether a call may run whose client is gone, for
// that does not end one of an older revision. The stop of the server does.
func (c *call) unattended(beat <-chan struct{}, done <-chan outcome) {
	if !c.msg.Older() {
		return
	}
	go func() {
		for {
			select {
			case <-beat:
				beat = c.pulse.wait()
				c.recheck()
			case <-c.halt.heard:
				c.stop(stopping())
				return
			case <-c.ctx.Done():
				return
			case <-done:
				return
			}
		}
	}()
}

// newStream makes the stream that an answer may become.
func (e *endpoint) newStream(w http.ResponseWriter, r *http.Request) *stream {
	return &stream{w: w, body: w, control: http.NewResponseController(w), allowed: accepts(r.Header, "text", "event-stream"), endpoint: e}
}

// recheck ends the call if what admitted it does no more.
func (c *call) recheck() {
	if c.pass.Recheck == nil || c.ctx.Err() != nil {
		return
	}
	if why := c.pass.Recheck(); why != nil {
		c.Gate.Refused(c.ctx, &c.who, c.msg, why)
		c.stop(why)
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

// ask writes a request of the server, and is false if nobody can answer it.
func (s *stream) ask(body []byte) bool {
	if !s.allowed {
		return false
	}
	s.event(body)
	return !s.failed
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
		running := c.running.stats()
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
		if o.session != "" {
			s.w.Header().Set(headerSession, o.session)
		}
		c.writeJSON(s.w, o.status, o.body)
	}
}

// event writes one server-sent event. The body is JSON without line breaks, as
// encoding/json writes it, so that it cannot end the event or start another.
func (s *stream) event(body []byte) {
	event := make([]byte, 0, len(body)+32)
	event = append(event, "event: message\ndata: "...)
	s.write(append(append(event, body...), "\n\n"...))
}

// comment writes what no reader takes for an event: it keeps the connection open.
func (s *stream) comment() { s.write([]byte(": \n\n")) }

// write writes a whole block of the stream, and begins it if need be.
func (s *stream) write(event []byte) {
	if !s.started {
		s.started = true
		s.endpoint.streams(1)
		h := s.w.Header()
		h.Set("Content-Type", "text/event-stream")
		h.Set("X-Accel-Buffering", "no")
		s.endpoint.parting(h)
		s.w.WriteHeader(http.StatusOK)
	}
	_ = s.control.SetWriteDeadline(time.Now().Add(WriteTimeout))
	_, err := s.body.Write(event)
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
