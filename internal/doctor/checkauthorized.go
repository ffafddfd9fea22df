package doctor

import (
	"encoding/json"
	"net/http"
	"strings"
)

func authorizedChecks() []Check {
	return []Check{
		{
			ID: "auth.accepted", Title: "The token is accepted", Worst: Problem,
			Clause: "MCP 2026-07-28, Authorization, \"Access Token Usage\"",
			Why:    "Nothing behind the gate could be looked at.",
			Mend:   "Give a token of this server's issuer, for this resource, that has not expired.",
			look:   withToken(lookAccepted),
		},
		{
			ID: "auth.revisions", Title: "Both kinds of revision are served with it", Worst: Note,
			Clause: "MCP 2026-07-28, Streamable HTTP, \"Backward Compatibility\"",
			Why:    "Clients of the other kind cannot use this server.",
			Mend:   "Serve 2026-07-28 and 2025-11-25 on the same endpoint, if both kinds of client are to be served.",
			look:   withToken(lookRevisions),
		},
		{
			ID: "auth.cache_scope", Title: "Lists say that they are for this caller only", Worst: Warning,
			Clause: "MCP 2026-07-28, Caching, \"Cache Scope Field\"",
			Why:    "A list with cacheScope public may be kept and shown to other callers, also to some who may see less.",
			Mend:   "Set cacheScope to private in every list and discover result that depends on the caller.",
			look:   withModern(lookCacheScope),
		},
		{
			ID: "auth.unknown_tool", Title: "A tool that is not there is -32602", Worst: Warning,
			Clause: "MCP 2026-07-28, Tools, \"Error Handling\"",
			Why:    "Clients tell by the code whether to look at the list again, to step up, or to report a failure of the tool.",
			Mend:   "Answer tools/call of an unknown name with the JSON-RPC error -32602.",
			look:   withModern(lookUnknownTool),
		},
		{
			ID: "auth.step_up", Title: "A 403 says which scopes would help", Worst: Warning,
			Clause: "MCP 2026-07-28, Authorization, \"Runtime Insufficient Scope Errors\"; RFC 6750, section 3.1",
			Why:    "A client asks its user for more only if the challenge says insufficient_scope and for what.",
			Mend:   "Send WWW-Authenticate: Bearer error=\"insufficient_scope\", scope=\"...\", resource_metadata=\"...\" with it.",
			look:   withToken(lookStepUp),
		},
	}
}

func strictnessChecks() []Check {
	return []Check{
		{
			ID: "auth.mismatch", Title: "Headers that disagree with the body are refused", Worst: Warning,
			Clause: "MCP 2026-07-28, Streamable HTTP, \"Server Validation\"",
			Why:    "A gateway decides by the header, the server runs the body: who makes them differ gets past the gateway.",
			Mend:   "Compare Mcp-Method and Mcp-Name with the body, and answer 400 with -32020 if they differ.",
			look:   withModern(lookMismatch),
		},
		{
			ID: "auth.version", Title: "A revision that is not served is -32022", Worst: Warning,
			Clause: "MCP 2026-07-28, Streamable HTTP, \"Protocol Version Header\"",
			Why:    "From the list in that error a client learns which revision to speak instead.",
			Mend:   "Answer 400 with -32022 and data.supported.",
			look:   withModern(lookVersion),
		},
		{
			ID: "auth.duplicate", Title: "A message with two methods is refused", Worst: Problem,
			Clause: "RFC 8259, section 4; RFC 7493, section 2.3; MCP 2026-07-28, Streamable HTTP, \"Server Validation\"",
			Why:    "What decides may read the first, and what runs the last.",
			Mend:   "Parse the body once, refuse duplicate keys, and decide and run on that one reading.",
			look:   withToken(lookDuplicate),
		},
		{
			ID: "auth.session", Title: "An invented session is none", Worst: Warning,
			Clause: "MCP 2025-11-25, Transports, \"Session Management\"",
			Why:    "A session that anybody can name may be somebody else's.",
			Mend:   "Accept session ids that this server gave to this caller, and answer 404 to others.",
			look:   withToken(lookSession),
		},
		{
			ID: "auth.echo", Title: "The token comes back in no answer", Worst: Problem,
			Clause: "OAuth 2.1, section 7.1; CWE-532",
			Why:    "What is in an answer gets into logs, traces and the context of a model.",
			Mend:   "Keep the Authorization header out of everything that is written.",
			look:   withToken(lookEcho),
		},
	}
}

func lookAccepted(v *visit) verdict {
	modern := v.authorized(v.modern("tools/list", nil))
	begun, older := v.olderList()
	for _, x := range []*exchange{modern, older} {
		if x != nil && x.rpc().Result != nil {
			return ok("%s: %d", x.ask.name, x.status)
		}
	}
	if modern.status == http.StatusForbidden {
		return warning("%v; the token has not the scope or the role for a list", modern)
	}
	return problem("%v; %v", modern, begun)
}

func lookRevisions(v *visit) verdict {
	modern := v.authorized(v.modern("tools/list", nil))
	begun, older := v.olderList()
	switch {
	case modern.rpc().Result == nil && older == nil:
		return skipped("neither is")
	case modern.rpc().Result == nil:
		return note("%s only; %v", olderRevision, modern)
	case older == nil || older.rpc().Result == nil:
		return note("%s only; %v", modernRevision, begun)
	}
	return ok("%s and %s", modernRevision, olderRevision)
}

func lookCacheScope(v *visit) verdict {
	var all []verdict
	for _, x := range v.lists() {
		var result struct {
			CacheScope string `json:"cacheScope"`
		}
		answer := x.rpc().Result
		switch {
		case answer == nil:
		case json.Unmarshal(answer, &result) != nil || result.CacheScope == "":
			all = append(all, warning("%s: no cacheScope", x.ask.name))
		case result.CacheScope != "private":
			all = append(all, note("%s: cacheScope %q", x.ask.name, result.CacheScope))
		default:
			all = append(all, ok("private"))
		}
	}
	return worst(all...)
}

func lookUnknownTool(v *visit) verdict {
	x := v.authorized(v.callUnknown())
	switch answer := x.rpc(); {
	case x.err != nil:
		return gone(x)
	case answer.Error != nil && answer.Error.Code == codeInvalidParams:
		return ok("%s: %d, %d", x.ask.name, x.status, answer.Error.Code)
	case x.status == http.StatusForbidden || x.status == http.StatusTooManyRequests:
		return skipped("%v", x)
	}
	return warning("%v", x)
}

// lookStepUp looks at what the harmless requests got: a tool that exists is never called.
func lookStepUp(v *visit) verdict {
	var all []verdict
	for _, x := range append(v.lists(), v.authorized(v.callUnknown()), v.authorized(v.initialize())) {
		if x.status == http.StatusForbidden {
			all = append(all, stepUp(x))
		}
	}
	if len(all) == 0 {
		return skipped("nothing that was read needs more than this token has")
	}
	return worst(all...)
}

func stepUp(x *exchange) verdict {
	var missing []string
	if x.param("error") != "insufficient_scope" {
		missing = append(missing, "error=\"insufficient_scope\"")
	}
	for _, name := range []string{"scope", "resource_metadata"} {
		if x.param(name) == "" {
			missing = append(missing, name)
		}
	}
	if len(missing) == 0 {
		return ok("%s: scope=%q", x.ask.name, x.param("scope"))
	}
	return warning("%s: 403 without %s; WWW-Authenticate: %s", x.ask.name, strings.Join(missing, ", "), orNone(x.header.Get("WWW-Authenticate")))
}

func lookMismatch(v *visit) verdict {
	return v.refusedWith(v.modern("tools/list", nil).with("Mcp-Method", "server/discover").called("tools/list that says server/discover"), codeHeaderMismatch)
}

func lookVersion(v *visit) verdict {
	a := v.modern("tools/list", nil)
	a.body = []byte(strings.ReplaceAll(string(a.body), modernRevision, "2099-01-01"))
	return v.refusedWith(a.with("Mcp-Protocol-Version", "2099-01-01").called("tools/list of revision 2099-01-01"), codeUnsupportedVersion)
}

// refusedWith judges whether a request with the token is refused with 400 and this code.
func (v *visit) refusedWith(a ask, code int) verdict {
	x := v.authorized(a)
	answer := x.rpc()
	switch {
	case x.err != nil:
		return gone(x)
	case x.status == http.StatusTooManyRequests:
		return unseen("%v", x)
	case answer.Error != nil && answer.Error.Code == code && x.status == http.StatusBadRequest:
		return ok("%s: 400, %d", x.ask.name, code)
	case answer.Result == nil && x.status/100 == 4:
		return note("%v; it is refused, and not with 400 and %d", x, code)
	}
	return warning("%v", x)
}

func lookDuplicate(v *visit) verdict {
	a := v.servedWithToken()
	a.body = []byte(strings.Replace(string(a.body), `"method":`, `"method":"ping","method":`, 1))
	x := v.authorized(a.called("a message with two methods"))
	switch {
	case x.err != nil:
		return gone(x)
	case x.rpc().Result != nil:
		return problem("%v", x)
	case x.status/100 == 5:
		return warning("%v", x)
	}
	return ok("%s: %d", x.ask.name, x.status)
}

func lookSession(v *visit) verdict {
	if _, older := v.olderList(); older == nil || v.session == "" {
		return skipped("no session begins with initialize")
	}
	x := v.authorized(v.downgraded())
	switch {
	case x.err != nil:
		return gone(x)
	case x.rpc().Result != nil:
		return warning("%v", x)
	}
	return ok("%s: %d", x.ask.name, x.status)
}

// lookEcho looks at everything that came back so far.
func lookEcho(v *visit) verdict {
	for _, x := range v.answers {
		if strings.Contains(string(x.body), v.opts.Token) {
			return problem("in the body of an answer to %s", x.ask.name)
		}
		for name, values := range x.header {
			if strings.Contains(strings.Join(values, "\n"), v.opts.Token) {
				return problem("in %s of an answer to %s", name, x.ask.name)
			}
		}
	}
	return ok("%d answers", len(v.answers))
}
