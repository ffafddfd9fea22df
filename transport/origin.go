package transport

import (
	"net/http"
	"slices"
)

// checkOrigin refuses requests of web pages of other origins (MCP 2026-07-28,
// "Streamable HTTP", "Security & Endpoint", 1). An Origin has one serialization
// (RFC 6454, section 6.2), so the comparison is exact.
func (e *endpoint) checkOrigin(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origins := r.Header.Values("Origin")
		if len(origins) > 1 || len(origins) == 1 && !slices.Contains(e.Origins, origins[0]) {
			e.refuse(w, r, nil, plain(http.StatusForbidden, http.StatusForbidden, "origin not allowed", "origin"))
			return
		}
		next.ServeHTTP(w, r)
	})
}
