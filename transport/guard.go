package transport

import "net/http"

// Aside is for handlers on another listener than that of the MCP endpoint. Every
// answer has the headers that protect it, a panic is an internal error, and a request
// whose Host is not one of hosts is refused and recorded as at the endpoint: behind such
// a Host may be a page of somebody who had its name resolved to this machine.
func (e *Endpoint) Aside(hosts func(host string) bool, next http.Handler) http.Handler {
	in := e.inner
	return in.identify(secureHeaders(in.recoverPanics(in.checkHost(hosts)(next))))
}

// Guard protects a handler behind [Endpoint.Aside] as the endpoint itself is: the
// origin is checked, the bearer token is verified, and what is refused is answered
// and recorded in the same words. The handler finds the caller in the context
// (authz.PrincipalFrom). It has to decide what that caller may.
func (e *Endpoint) Guard(next http.Handler) http.Handler {
	return e.inner.checkOrigin(e.inner.authenticate(next))
}

// Refuse answers a request that has passed Guard with a refusal that is recorded
// already.
func (e *Endpoint) Refuse(w http.ResponseWriter, why *Refusal) { e.inner.writeRefusal(w, nil, why) }
