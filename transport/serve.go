package transport

import (
	"context"
	"net/http"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/transport/message"
)

// serveMCP answers one request of a verified caller.
func (e *endpoint) serveMCP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		// authenticate has put the principal there; without it nobody is admitted.
		who, _ := authz.PrincipalFrom(r.Context())
		e.serveSession(w, r, who)
		return
	}
	q, r := e.receive(w, r)
	switch {
	case q == nil:
	case q.msg.IsResponse():
		q.deliver(w, r)
	case q.msg.IsNotification():
		q.noted(w)
	case q.msg.Method == methodListen && !q.msg.Older():
		q.listen(w, r)
	default:
		q.decide(w, r)
	}
}

// receive reads the message of a request and returns it with the request as it
// goes on, or refuses it and returns nil.
func (e *endpoint) receive(w http.ResponseWriter, r *http.Request) (*request, *http.Request) {
	who, _ := authz.PrincipalFrom(r.Context()) // as above
	body, why := e.readBody(w, r)
	if why != nil {
		e.refuse(w, r, nil, e.Limits.message(who, nil, why))
		return nil, r
	}
	msg, err := e.read(r.Context(), body)
	var bad *Refusal
	if err != nil {
		bad = malformed(err)
	} else if ctx, ok := traced(r.Context(), msg.Meta); ok {
		r = r.WithContext(ctx)
	}
	if why := e.Limits.message(who, msg, bad); why != nil {
		e.refuse(w, r, msg, why)
		return nil, r
	}
	session, why := e.validate(r.Header, who, msg)
	if why != nil {
		e.refuse(w, r, msg, why)
		return nil, r
	}
	return &request{endpoint: e, who: who, msg: msg, mirror: newMirror(r.Header, msg), peer: session}, r
}

// validate checks what a message must be before a decision about it is asked
// for, and returns the session it is in, if its revision has sessions.
func (e *endpoint) validate(h http.Header, who authz.Principal, msg *message.Message) (*peer, *Refusal) {
	session, why := e.revision(h, who, msg)
	if why != nil {
		return nil, why
	}
	if msg.IsNotification() || msg.IsResponse() {
		return session, nil
	}
	if why := mirrored(h, msg); why != nil {
		return nil, why
	}
	if msg.Cursor != "" {
		return nil, foreignCursor()
	}
	return session, nil
}

// foreignCursor answers a list request with a cursor. Lists are whole, so none
// was ever handed out (MCP 2026-07-28, "Pagination").
func foreignCursor() *Refusal {
	r := InvalidParams("lists are whole here: there is no cursor")
	r.Reason = "foreign_cursor"
	return r
}

// request is one message of a verified caller.
type request struct {
	*endpoint
	who    authz.Principal
	msg    *message.Message
	mirror Mirror
	peer   *peer // nil in revision 2026-07-28, and for initialize
}

// noted takes a notification. It has no answer, and of those that a client can
// send one has an effect: the cancellation of a request of the same session (MCP
// 2025-11-25, "Cancellation").
func (q *request) noted(w http.ResponseWriter) {
	if q.peer != nil && q.msg.Cancels != nil {
		l := q.sessions.hold(q.peer)
		l.cancel(string(q.msg.Cancels))
		q.sessions.letGo(l)
	}
	w.WriteHeader(http.StatusAccepted)
}

// deliver takes the answer to a request of the server, which is one that the same
// session was asked (MCP 2025-11-25, "Sending Messages to the Server", 4).
func (q *request) deliver(w http.ResponseWriter, r *http.Request) {
	l := q.sessions.hold(q.peer)
	expected := l.answered(string(q.msg.ID), q.msg.Response)
	q.sessions.letGo(l)
	if !expected {
		q.refuse(w, r, q.msg, notARequest())
		return
	}
	w.WriteHeader(http.StatusAccepted)
}

// decide asks the gate and dispatches what it admits.
func (q *request) decide(w http.ResponseWriter, r *http.Request) {
	if q.halt.isSet.Load() {
		q.refuse(w, r, q.msg, stopping())
		return
	}
	taken, why := q.Limits.enter(q.who)
	if why != nil {
		q.refuse(w, r, q.msg, why)
		return
	}
	c, why := q.newCall(r, taken)
	if why != nil {
		taken.leave()
		q.refuse(w, r, q.msg, why)
		return
	}
	began := q.began()
	pass, why := q.Gate.Admit(c.ctx, q.who, q.msg, q.mirror)
	q.took(c.ctx, StageDecision, began)
	switch {
	case why != nil:
		c.abandon()
		q.writeRefusal(w, q.msg, why)
	case pass == nil:
		c.abandon()
		q.refuse(w, r, q.msg, Internal("gate_silent"))
	default:
		c.admit(pass)
		c.answer(w, r)
	}
}

// lifetime is the context of the work on a request. A client of an older revision
// that is gone has not cancelled what it asked for; that of 2026-07-28 has (MCP
// 2025-11-25, "Sending Messages to the Server", 6; 2026-07-28, "Cancellation").
func (q *request) lifetime(r *http.Request) context.Context {
	if q.msg.Older() {
		return context.WithoutCancel(r.Context())
	}
	return r.Context()
}
