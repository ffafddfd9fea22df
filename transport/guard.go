package transport

import "net/http"

// Aside is for handlers on another listener than that of the MCP endpoint. Every
// answer has the headers that protect it, a panic is an internal error, and a request
// whose Host is not one of hosts is refused and recorded as at the endpoint: behind such
// a Host may be a page of somebody who had its name resolved to this machine. A body
// has to be there within [DrainTimeout], unless it is for a handler behind Guard.
func (e *Endpoint) Aside(hosts func(host string) bool, next http.Handler) http.Handler {
	in := e.inner
	checked := in.identify(secureHeaders(in.recoverPanics(in.checkHost(hosts)(next))))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		allowBody(w, r, DrainTimeout)
		checked.ServeHTTP(w, r)
	})
}

// Guard protects a handler behind [Endpoint.Aside] as the endpoint itself is: the
// origin is checked, the bearer token is verified, and what is refused is answered
// and recorded in the same words. The handler finds the caller in the context
// (authz.PrincipalFrom), who has [BodyTimeout] to send a body. It has to decide what
// that caller may.
func (e *Endpoint) Guard(next http.Handler) http.Handler {
	return e.inner.checkOrigin(e.inner.authenticate(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		allowBody(w, r, BodyTimeout)
		next.ServeHTTP(w, r)
	})))
}

// Refuse answers a request that has passed Guard with a refusal that is recorded
// already.
func (e *Endpoint) Refuse(w http.ResponseWriter, why *Refusal) { e.inner.writeRefusal(w, nil, why) }
