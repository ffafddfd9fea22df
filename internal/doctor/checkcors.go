package doctor

import (
	"net/http"
	"strings"
)

func corsChecks() []Check {
	return []Check{
		{
			ID: "cors.reflect", Title: "No answer lets every page in with credentials", Worst: Problem,
			Clause: "Fetch Standard, \"CORS protocol and credentials\"",
			Why:    "A page of anybody could use and read this server with whatever the browser holds for it.",
			Mend:   "Name the allowed origins exactly, and leave out Access-Control-Allow-Credentials: bearer tokens need none.",
			look:   lookReflectedOrigin,
		},
		{
			ID: "cors.preflight", Title: "A preflight of another origin allows nothing", Worst: Warning,
			Clause: "Fetch Standard, \"CORS-preflight request\"; MCP 2026-07-28, Streamable HTTP, \"Security & Endpoint\", 1",
			Why:    "A browser takes it as leave to send requests with Authorization and MCP's headers from there.",
			Mend:   "Allow the origins on your list only; if every origin is meant to call, say so with * and keep credentials out.",
			look:   lookPreflight,
		},
		{
			ID: "cors.own", Title: "A preflight needs no token", Worst: Note,
			Clause: "Fetch Standard, \"CORS-preflight request\"",
			Why:    "Browsers send preflights without credentials; with a 401 to them no client in a browser can connect.",
			Mend:   "Answer OPTIONS before the token is asked for, if clients in browsers are to be served.",
			look:   lookOwnPreflight,
		},
	}
}

func (v *visit) preflight(origin string) ask {
	return ask{
		name: "a preflight of " + origin, method: http.MethodOptions, url: v.target.String(),
		header: map[string]string{
			"Origin": origin, "Access-Control-Request-Method": http.MethodPost,
			"Access-Control-Request-Headers": "authorization,content-type,mcp-method,mcp-protocol-version",
		},
	}
}

// lookReflectedOrigin looks at every answer that a foreign page got.
func lookReflectedOrigin(v *visit) verdict {
	all := []*exchange{v.send(from(evilOrigin)(v.served())), v.send(v.preflight(evilOrigin)), v.send(from("null")(v.served()))}
	if d := v.metadata(); d != nil {
		all = append(all, v.send(get("GET "+v.relative(d.url), d.url).with("Origin", evilOrigin)))
	}
	for _, x := range all {
		allowed := x.header.Get("Access-Control-Allow-Origin")
		if (allowed == evilOrigin || allowed == "null") && strings.EqualFold(x.header.Get("Access-Control-Allow-Credentials"), "true") {
			return problem("%s: Access-Control-Allow-Origin: %s with credentials", x.ask.name, allowed)
		}
		if x.silent() {
			return unseen("%v", x)
		}
	}
	return ok("%d answers to pages of other origins", len(all))
}

func lookPreflight(v *visit) verdict {
	x := v.send(v.preflight(evilOrigin))
	switch allowed := x.header.Get("Access-Control-Allow-Origin"); {
	case x.err != nil:
		return gone(x)
	case x.status/100 == 5:
		return warning("%v", x)
	case allowed == evilOrigin:
		return warning("%s: %d, Access-Control-Allow-Origin: %s", x.ask.name, x.status, allowed)
	case allowed == "*":
		return note("%s: %d, Access-Control-Allow-Origin: *", x.ask.name, x.status)
	}
	return ok("%s: %d", x.ask.name, x.status)
}

func lookOwnPreflight(v *visit) verdict {
	x := v.send(v.preflight(v.origin()))
	switch {
	case x.err != nil:
		return gone(x)
	case x.status == http.StatusUnauthorized:
		return note("%s: 401", x.ask.name)
	}
	return ok("%s: %d", x.ask.name, x.status)
}
