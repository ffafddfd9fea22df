package transport

import (
	"net/http"
	"strings"
)

const (
	// metadataHeaders are the request headers that clients send to the metadata
	// locations. None is needed there, but a page that sends one asks first.
	metadataHeaders = "Authorization, Content-Type, Accept, Mcp-Protocol-Version"
	// endpointHeaders are the request headers of all revisions that the MCP
	// endpoint reads. The wildcard would not cover Authorization (Fetch, "CORS
	// protocol"), nor say what is meant.
	endpointHeaders = metadataHeaders + ", Last-Event-ID, Mcp-Method, Mcp-Name, Mcp-Session-Id"
	// paramPrefix begins the headers that repeat arguments of a tool.
	paramPrefix = "Mcp-Param-"
	// preflightAge is for how many seconds a browser may remember the answer. What
	// it allows is checked again with every request, so a withdrawn origin is out
	// at once all the same.
	preflightAge = "600"
)

// answerPreflight answers the question a browser asks before a page's request
// (Fetch, "CORS-preflight fetch"). It comes after checkOrigin, which has refused
// other pages, and before the token, which a browser does not send along. The
// answer is what this endpoint takes, whether the page asked for that or more:
// the browser compares. An OPTIONS that is no such question goes on like any
// other method.
//
// Access-Control-Allow-Private-Network is never sent. A browser that asks for it
// has a page of the public Internet that wants to reach into a network that is
// not, and only the person at the browser can allow that.
func (e *endpoint) answerPreflight(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isPreflight(r) {
			next.ServeHTTP(w, r)
			return
		}
		allowed := append([]string{endpointHeaders}, e.paramsIn(r.Header.Values("Access-Control-Request-Headers"))...)
		w.Header().Add("Vary", "Access-Control-Request-Headers")
		allowRequests(w, e.methods(), strings.Join(allowed, ", "))
	})
}

// isPreflight reports whether a browser asks for a page.
func isPreflight(r *http.Request) bool {
	return r.Method == http.MethodOptions && r.Header.Get("Origin") != "" && r.Header.Get("Access-Control-Request-Method") != ""
}

// allowRequests writes the answer to a preflight.
func allowRequests(w http.ResponseWriter, methods, headers string) {
	h := w.Header()
	h.Set("Access-Control-Allow-Methods", methods)
	h.Set("Access-Control-Allow-Headers", headers)
	h.Set("Access-Control-Max-Age", preflightAge)
	w.WriteHeader(http.StatusNoContent)
}

// paramsIn returns which of the headers that were asked for repeat an argument
// of some tool, each once. Only these are named: a preflight has no token, and
// the arguments of tools are not for everybody to list.
func (e *endpoint) paramsIn(asked []string) []string {
	var names []string
	seen := map[string]bool{}
	for name := range strings.SplitSeq(strings.Join(asked, ","), ",") {
		name = http.CanonicalHeaderKey(strings.Trim(name, " \t"))
		if e.params[name] && !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	return names
}
