package transport

import "net/http"

// Guard protects a handler beside the MCP endpoint as the endpoint itself is: the
// origin is checked, the bearer token is verified, and what is refused is answered
// and recorded in the same words. The handler finds the caller in the context
// (authz.PrincipalFrom). It has to decide what that caller may. The Host is not checked:
// Guard is for listeners that have names of their own, and a page that had its name
// resolved to one has no token.
func (e *Endpoint) Guard(next http.Handler) http.Handler {
	in := e.inner
	return in.identify(secureHeaders(in.recoverPanics(in.checkOrigin(in.authenticate(next)))))
}

// Refuse answers a request that has passed Guard with a refusal that is recorded
// already.
func (e *Endpoint) Refuse(w http.ResponseWriter, why *Refusal) { e.inner.writeRefusal(w, nil, why) }
