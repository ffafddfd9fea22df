package transport

import (
	"net/http"
	"slices"
)

// exposedHeaders are the headers a page may read besides those that every page
// may: why it was refused, its session, and when to try again.
const exposedHeaders = "WWW-Authenticate, Mcp-Session-Id, Retry-After"

// checkOrigin refuses requests of web pages of other origins (MCP 2026-07-28,
// "Streamable HTTP", "Security & Endpoint", 1). An Origin has one serialization
// (RFC 6454, section 6.2), so the comparison is exact. What a page of an allowed
// origin gets, it can read, whatever the answer turns out to be (Fetch, "CORS
// protocol"). Credentials are never allowed: a page sends its token itself.
func (e *endpoint) checkOrigin(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Vary", "Origin")
		origins := r.Header.Values("Origin")
		if len(origins) > 1 || len(origins) == 1 && !slices.Contains(e.Origins, origins[0]) {
			e.refuse(w, r, nil, plain(http.StatusForbidden, http.StatusForbidden, "origin not allowed", "origin"))
			return
		}
		if len(origins) == 1 {
			readableBy(w.Header(), origins[0])
		}
		next.ServeHTTP(w, r)
	})
}

// readableBy lets pages of origin read the answer, "*" those of any.
func readableBy(h http.Header, origin string) {
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Expose-Headers", exposedHeaders)
}
