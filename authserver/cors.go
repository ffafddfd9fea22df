package authserver

import "net/http"

// exposedHeaders are the headers a page may read besides those that every page
// may, the same three as of the MCP endpoint on the same origin.
const exposedHeaders = "WWW-Authenticate, Mcp-Session-Id, Retry-After"

// crossOrigin lets pages of any origin read the answer. It is for what needs no
// cookie: metadata, keys, registration, tokens and revocation. The pages never
// get it.
func crossOrigin(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("Access-Control-Expose-Headers", exposedHeaders)
		next(w, r)
	}
}

// preflight answers the browser's question before a cross-origin request.
func preflight(method string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Access-Control-Allow-Methods", method)
		w.Header().Set("Access-Control-Allow-Headers", "Accept, Authorization, Content-Type, MCP-Protocol-Version")
		w.Header().Set("Access-Control-Max-Age", "600")
		w.WriteHeader(http.StatusNoContent)
	}
}
