package doctor

import (
	"net/http"
	"strings"
)

func methodChecks() []Check {
	var all []Check
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete, http.MethodTrace} {
		all = append(all, Check{
			ID: "method." + strings.ToLower(method), Title: method + " without a token gets 401 or 405", Worst: Problem, gated: true,
			Clause: "MCP 2026-07-28, Authorization, \"Token Requirements\"; RFC 9110, section 15.5.6",
			Why:    methodWhy(method),
			Mend:   "Ask for the token for every method; answer methods that are not served with 405 and Allow.",
			look:   func(v *visit) verdict { return v.methodRefused(method) },
		})
	}
	return all
}

func methodWhy(method string) string {
	switch method {
	case http.MethodGet:
		return "In the older revisions GET opens a stream of the server's messages, also those that are meant for somebody else."
	case http.MethodDelete:
		return "In the older revisions DELETE ends a session, and it need not be the caller's own."
	case http.MethodTrace:
		return "TRACE sends a request back with all its headers, those that a proxy added included."
	}
	return "A method that nobody thought of is a way around a check that was made for POST."
}

func (v *visit) methodRefused(method string) verdict {
	x := v.send(ask{
		name: method, method: method, url: v.target.String(),
		header: map[string]string{"Accept": "text/event-stream", "Mcp-Protocol-Version": olderRevision},
	})
	switch {
	case x.err != nil:
		return gone(x)
	case x.status == http.StatusUnauthorized || x.status == http.StatusForbidden || x.status == http.StatusNotFound || x.status == http.StatusNotImplemented:
		return ok("%s: %d", x.ask.name, x.status)
	case x.status == http.StatusMethodNotAllowed && x.header.Get("Allow") == "":
		return note("%s: 405 without Allow", x.ask.name)
	case x.status == http.StatusMethodNotAllowed:
		return ok("%s: 405, Allow: %s", x.ask.name, x.header.Get("Allow"))
	case x.status == http.StatusTooManyRequests:
		return unseen("%v", x)
	case x.status/100 == 2:
		return problem("%v", x)
	case x.status/100 == 5:
		return warning("%v", x)
	}
	return note("%v; it was answered before a token was asked for", x)
}
