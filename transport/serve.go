package transport

import (
	"context"
	"net/http"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/transport/message"
)

// serveMCP answers one POST of a verified caller.
func (e *endpoint) serveMCP(w http.ResponseWriter, r *http.Request) {
	// authenticate has put the principal there; without it nobody is admitted.
	who, _ := authz.PrincipalFrom(r.Context())
	body, why := e.readBody(w, r)
	if why != nil {
		e.refuse(w, r, nil, e.Limits.message(who, nil, why))
		return
	}
	msg, err := e.read(body)
	var bad *Refusal
	if err != nil {
		bad = malformed(err)
	}
	if why := e.Limits.message(who, msg, bad); why != nil {
		e.refuse(w, r, msg, why)
		return
	}
	if msg.IsNotification() {
		// This revision has no notification a client could send over HTTP:
		// accepted, and nothing comes of it.
		w.WriteHeader(http.StatusAccepted)
		return
	}
	if ctx, ok := traced(r.Context(), msg.Traceparent); ok {
		r = r.WithContext(ctx)
	}
	if why := e.validate(r.Header, who, msg); why != nil {
		e.refuse(w, r, msg, why)
		return
	}
	e.decide(w, r, who, msg)
}

// validate checks what a message must be before a decision about it is asked
// for.
func (e *endpoint) validate(h http.Header, who authz.Principal, msg *message.Message) *Refusal {
	if why := revision(h, msg); why != nil {
		return why
	}
	if why := e.mirrored(h, who, msg); why != nil {
		return why
	}
	if msg.Cursor != "" {
		return foreignCursor()
	}
	return nil
}

// foreignCursor answers a list request with a cursor. Lists are whole, so none
// was ever handed out (MCP 2026-07-28, "Pagination").
func foreignCursor() *Refusal {
	r := InvalidParams("lists are whole here: there is no cursor")
	r.Reason = "foreign_cursor"
	return r
}

// decide asks the gate and dispatches what it admits.
func (e *endpoint) decide(w http.ResponseWriter, r *http.Request, who authz.Principal, msg *message.Message) {
	taken, why := e.Limits.enter(who)
	if why != nil {
		e.refuse(w, r, msg, why)
		return
	}
	defer taken.leave()
	ctx, cancel := e.bounded(r.Context(), who)
	defer cancel()
	began := e.began()
	pass, why := e.Gate.Admit(ctx, who, msg)
	e.took(StageDecision, began)
	if why != nil {
		taken.leave()
		e.writeRefusal(w, msg, why)
		return
	}
	if pass == nil {
		taken.leave()
		e.refuse(w, r, msg, Internal("gate_silent"))
		return
	}
	if pass.Context != nil {
		ctx = pass.Context
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	c := &call{endpoint: e, msg: msg, place: taken, session: newSession(ctx, pass, msg)}
	taken.share()
	c.answer(ctx, w, r)
}
