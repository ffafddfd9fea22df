package server

import (
	"context"
	"net/http"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/transport"
	"github.com/sallyport-mcp/sallyport/transport/message"
)

// permissionAdminister is the scope and the permission behind everything on the
// admin listener that changes or reveals something.
const permissionAdminister = "sallyport:administer"

// administered protects a handler of the admin listener: a token for this resource
// with the scope, and a policy that permits it to the caller.
func (s *Server) administered(next http.Handler) http.Handler {
	// A requirement that could not be read would be one that nobody meets.
	need, _ := authz.NewRequirement([]string{permissionAdminister}, nil, false)
	return s.untilClosed(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		at := s.mountedAt()
		at.endpoint.Guard(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if why := at.gate.administer(r.Context(), need, r.Method+" "+r.URL.Path); why != nil {
				at.endpoint.Refuse(w, why)
				return
			}
			next.ServeHTTP(w, r)
		})).ServeHTTP(w, r)
	}))
}

// mountedAt returns the endpoint with all that belongs to it, as it is now.
func (s *Server) mountedAt() *mounted {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at
}

// administer decides about a request of the admin listener and records it like
// every other. The result is nil if it may pass.
func (g *gate) administer(ctx context.Context, need authz.Requirement, what string) *transport.Refusal {
	started := g.now()
	who, _ := authz.PrincipalFrom(ctx) // without one, the policy refuses
	q := &question{ctx: ctx, who: who, msg: &message.Message{Method: what}, policy: g.policy()}
	d := q.policy.Decide(who, need, nil)
	r := newRecord(ctx, started)
	r.who, r.method = who, what
	r.allow, r.door, r.reason, r.rule = d.Allowed(), int(d.Door()), string(d.Reason()), d.Rule()
	r.because = d.Because()
	r.revision, r.duration = q.policy.Revision(), g.now().Sub(started)
	why := g.settle(r)
	switch {
	case d.Allowed():
		return why
	case d.Door() == authz.DoorOne:
		return g.stepUp(q, d.Scopes())
	}
	return transport.Denied(d.Permission())
}
