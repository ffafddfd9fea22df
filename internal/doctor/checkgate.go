package doctor

import "net/http"

func gateChecks() []Check {
	const authorization = "MCP 2026-07-28, Authorization, \"Token Requirements\""
	return []Check{
		{
			ID: "gate.authorization", Title: "The server asks for a token at all", Worst: Problem,
			Clause: "MCP 2026-07-28, Streamable HTTP, \"Security & Endpoint\", 3",
			Why:    "Whoever reaches this address, a page in a browser included, can list what the server offers and use it.",
			Mend:   "Require an OAuth access token for every request, or keep the server off the network.",
			look:   lookAuthorization,
		},
		{
			ID: "gate.list", Title: "tools/list without a token is refused", Worst: Problem,
			Clause: authorization, gated: true,
			Why:  "A list of tools with their schemas is a plan of the house.",
			Mend: "Ask for the token in front of everything that reads a message, not in single handlers.",
			look: func(v *visit) verdict { return refused(v.send(v.modern("tools/list", nil))) },
		},
		{
			ID: "gate.call", Title: "tools/call without a token is refused", Worst: Problem,
			Clause: authorization, gated: true,
			Why:  "The answer shows that a call comes through to the tools: this tool does not exist, and another may.",
			Mend: "Ask for the token in front of everything that reads a message, not in single handlers.",
			look: func(v *visit) verdict { return refused(v.send(v.callUnknown())) },
		},
		{
			ID: "gate.discover", Title: "server/discover without a token is refused", Worst: Warning,
			Clause: authorization, gated: true,
			Why:  "It tells anybody what the server is, which version, and what it can do.",
			Mend: "Treat server/discover like every other request.",
			look: func(v *visit) verdict { return atMost(Warning, refused(v.send(v.modern("server/discover", nil)))) },
		},
		{
			ID: "gate.initialize", Title: "initialize without a token is refused", Worst: Warning,
			Clause: "MCP 2025-11-25, Authorization, \"Token Requirements\"", gated: true,
			Why:  "It opens a session for anybody and says what the server is; and clients begin to authorize at the 401 that they do not get.",
			Mend: "Treat initialize like every other request.",
			look: func(v *visit) verdict { return atMost(Warning, refused(v.send(v.initialize()))) },
		},
		{
			ID: "gate.downgrade", Title: "An older revision with an invented session is no way around", Worst: Problem,
			Clause: "MCP 2026-07-28, Streamable HTTP, \"Backward Compatibility\"", gated: true,
			Why:  "A check that looks at one revision only is passed by speaking another.",
			Mend: "Ask for the token whatever the headers say about revision and session.",
			look: func(v *visit) verdict { return refused(v.send(v.downgraded())) },
		},
	}
}

// downgraded is a list by the older revision, in a session that nobody began.
func (v *visit) downgraded() ask {
	return v.older("tools/list", nil, "mcp-session-5b6f3a52-3f0e-4a0c-9a53-d6f0c4b1a7de").called("tools/list of " + olderRevision + " in an invented session")
}

// gateProbes are the requests that say whether there is a gate.
func (v *visit) gateProbes() []*exchange {
	if v.probes == nil {
		v.probes = []*exchange{
			v.send(v.modern("tools/list", nil)), v.send(v.callUnknown()), v.send(v.modern("server/discover", nil)),
			v.send(v.initialize()), v.send(v.downgraded()),
		}
	}
	return v.probes
}

// served is a request that reads and that the server answers without a token; if there is none, one that it could answer.
func (v *visit) served() ask {
	for _, a := range []ask{v.modern("tools/list", nil), v.initialize()} {
		if v.send(a).answered() {
			return a
		}
	}
	return v.modern("tools/list", nil)
}

// posture says what happens to requests without a token.
func (v *visit) posture() Posture {
	refusals, answers := 0, 0
	for _, x := range v.gateProbes() {
		switch {
		case x.status == http.StatusUnauthorized || x.status == http.StatusForbidden:
			refusals++
		case x.answered():
			answers++
		}
	}
	switch {
	case refusals > 0 && answers > 0:
		return PostureHoles
	case refusals > 0:
		return PostureClosed
	case answers > 0:
		return PostureOpen
	}
	return PostureUnclear
}

// guarded returns a refusal for want of a token, and the request that it answers; nil if there is none.
func (v *visit) guarded() *exchange {
	for _, x := range v.gateProbes() {
		if x.status == http.StatusUnauthorized {
			return x
		}
	}
	return nil
}

func lookAuthorization(v *visit) verdict {
	probes := v.gateProbes()
	switch v.posture() {
	case PostureOpen:
		for _, x := range probes {
			if x.answered() {
				return problem("none of %d kinds of request is refused without a token; %v", len(probes), x)
			}
		}
	case PostureUnclear:
		return problem("this is no MCP endpoint, or one that says nothing: %v", probes[0])
	}
	return ok("a token is asked for")
}

// refused judges the answer to a request without any credentials.
func refused(x *exchange) verdict {
	switch {
	case x.err != nil:
		return gone(x)
	case x.status == http.StatusUnauthorized:
		return ok("%s: 401", x.ask.name)
	case x.status == http.StatusTooManyRequests:
		return unseen("%v", x)
	case x.answered() || x.status/100 == 2:
		return problem("%v", x)
	case x.status == http.StatusForbidden:
		return warning("%v; clients begin to authorize at a 401 only", x)
	case x.status/100 == 5 || x.status/100 == 3:
		return warning("%v", x)
	}
	return note("%v; it was answered before a token was asked for", x)
}

// gone judges a request that got no answer: a server that hangs up refuses, one that hangs says nothing.
func gone(x *exchange) verdict {
	if x.silent() {
		return unseen("%v", x)
	}
	return ok("%s: the connection was closed", x.ask.name)
}

// atMost makes a finding no worse than it is.
func atMost(limit Severity, v verdict) verdict {
	v.severity = min(v.severity, limit)
	return v
}
