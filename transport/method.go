package transport

import (
	"net/http"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/sallyport-mcp/sallyport/authz"
)

// methods are the methods of the MCP endpoint, as headers list them.
func (e *endpoint) methods() string {
	if e.Legacy {
		return "POST, GET, DELETE"
	}
	return http.MethodPost
}

// checkMethod lets POST through, and for the older revisions the GET of a stream
// and the DELETE of a session: 2026-07-28 has neither (MCP 2026-07-28, "Streamable
// HTTP", "Earlier Streamable HTTP Revisions"). It comes after the token: without
// one, nothing of this endpoint is told.
func (e *endpoint) checkMethod(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		older := e.Legacy && (r.Method == http.MethodGet || r.Method == http.MethodDelete) &&
			r.Header.Get(mcp.HeaderProtocolVersion) != stateless
		if r.Method != http.MethodPost && !older {
			who, _ := authz.PrincipalFrom(r.Context())
			e.refuse(w, r, nil, e.Limits.message(who, nil, methodNotAllowed(e.methods())))
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
