package transport

import (
	"net/http"

	"github.com/sallyport-mcp/sallyport/authz"
)

// serveSession answers what is no message: the GET that opens the stream of a
// session and the DELETE that ends a session (MCP 2025-11-25, "Listening for
// Messages from the Server", "Session Management").
func (e *endpoint) serveSession(w http.ResponseWriter, r *http.Request, who authz.Principal) {
	p, why := e.verb(r.Header, who)
	if why == nil && r.Method == http.MethodGet && !accepts(r.Header, "text", "event-stream") {
		why = plain(http.StatusNotAcceptable, CodeInvalidRequest, "the answer is text/event-stream", "accept")
	}
	if why == nil && r.Method == http.MethodGet && e.drain.isSet.Load() {
		why = stopping()
	}
	if why = e.Limits.message(who, nil, why); why != nil {
		e.refuse(w, r, nil, why)
		return
	}
	if r.Method == http.MethodGet {
		leave, why := e.Limits.enterStream(who)
		if why != nil {
			e.refuse(w, r, nil, why)
			return
		}
		defer leave()
	}
	ctx, cancel := e.streamBounded(r.Context(), who)
	defer cancel()
	pass, why := e.Gate.AdmitSession(ctx, who, r.Method)
	switch {
	case why != nil:
		e.writeRefusal(w, nil, why)
	case pass == nil:
		e.refuse(w, r, nil, Internal("gate_silent"))
	case r.Method == http.MethodGet:
		e.serveStream(ctx, w, r, who, p, pass)
	default:
		e.endSession(w, p)
	}
}

// verb returns the session of a request that is no message.
func (e *endpoint) verb(h http.Header, who authz.Principal) (*peer, *Refusal) {
	version, why := versionHeader(h)
	if why != nil {
		return nil, why
	}
	return e.session(h, who, version)
}

// endSession ends a session for good: what runs in it is cancelled, its streams
// end, and its id is not known any more.
func (e *endpoint) endSession(w http.ResponseWriter, p *peer) {
	l := e.sessions.hold(p)
	l.end()
	e.sessions.letGo(l)
	w.WriteHeader(http.StatusOK)
}
