package transport

import "net/http"

// secureHeaders sets what every answer carries: answers depend on the caller
// and are stored by nobody (RFC 9111, section 5.2.2.5), and are what their
// Content-Type says.
func secureHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(w, r)
	})
}
