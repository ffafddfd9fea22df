package transport

import (
	"net/http"

	"github.com/sallyport-mcp/sallyport/authz"
)

// endpointMethods are the methods of the MCP endpoint, as headers list them.
const endpointMethods = http.MethodPost

// checkMethod lets POST through and nothing else: this revision has no GET
// stream and no DELETE of sessions (MCP 2026-07-28, "Streamable HTTP", "Earlier
// Streamable HTTP Revisions"). It comes after the token: without one, nothing
// of this endpoint is told.
func (e *endpoint) checkMethod(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			who, _ := authz.PrincipalFrom(r.Context())
			e.refuse(w, r, nil, e.Limits.message(who, nil, methodNotAllowed(endpointMethods)))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// methodNotAllowed names the methods that are (RFC 9110, section 15.5.6).
func methodNotAllowed(allow string) *Refusal {
	r := plain(http.StatusMethodNotAllowed, CodeInvalidRequest, "method not allowed", "http_method")
	r.Allow = allow
	return r
}
