package doctor

import (
	"net/url"
	"slices"
	"strings"
)

func challengeChecks() []Check {
	return []Check{
		{
			ID: "challenge.bearer", Title: "The 401 carries a Bearer challenge", Worst: Problem,
			Clause: "RFC 9110, section 15.5.2; RFC 6750, section 3", gated: true,
			Why:  "A client learns from WWW-Authenticate that it may authorize, and how. Without it most give up.",
			Mend: "Send WWW-Authenticate: Bearer resource_metadata=\"...\" with every 401.",
			look: lookBearer,
		},
		{
			ID: "challenge.resource_metadata", Title: "The challenge says where the metadata is", Worst: Problem,
			Clause: "RFC 9728, section 5.1; MCP 2026-07-28, Authorization Server Discovery", gated: true,
			Why:  "From there a client finds the authorization server. Without it a client has to guess at well-known addresses.",
			Mend: "Put resource_metadata=\"https://HOST/.well-known/oauth-protected-resource/PATH\" into the challenge, from configuration.",
			look: lookResourceMetadata,
		},
		{
			ID: "challenge.scope", Title: "The challenge says which scopes to ask for", Worst: Note,
			Clause: "MCP 2026-07-28, Authorization, \"Scope Selection Strategy\"; RFC 6750, section 3", gated: true,
			Why:  "Without scope in the challenge a client asks for all of scopes_supported, or for whatever it is given by default.",
			Mend: "Name in scope=\"...\" the few scopes that a first use needs; ask for more with a 403 when it is needed.",
			look: lookScope,
		},
		{
			ID: "challenge.no_error", Title: "No error is named when no token was sent", Worst: Warning,
			Clause: "RFC 6750, section 3.1", gated: true,
			Why:  "A client that reads invalid_token may throw away good tokens, or believe that its login failed.",
			Mend: "Leave out error and error_description if the request had no Authorization header.",
			look: lookNoError,
		},
		{
			ID: "challenge.body", Title: "The 401 says nothing about what is behind it", Worst: Warning,
			Clause: "CWE-209; RFC 6750, section 3.1", gated: true,
			Why:  "Stack traces, paths, versions and names of tools help whoever has no business there, and nobody else.",
			Mend: "Answer a short fixed text; keep the reason in the log.",
			look: lookChallengeBody,
		},
	}
}

// with401 skips what is said about a 401 if there is none.
func with401(v *visit, look func(*exchange) verdict) verdict {
	if x := v.guarded(); x != nil {
		return look(x)
	}
	return skipped("no request was answered with 401")
}

// everyRefusal judges the 401s of all kinds of request.
func everyRefusal(v *visit, look func(*exchange) verdict) verdict {
	return with401(v, func(*exchange) verdict {
		var all []verdict
		for _, x := range v.gateProbes() {
			if x.status == 401 {
				all = append(all, look(x))
			}
		}
		return worst(all...)
	})
}

func lookBearer(v *visit) verdict {
	return everyRefusal(v, func(x *exchange) verdict {
		c, err := x.bearerChallenge()
		values := strings.Join(x.header.Values("WWW-Authenticate"), ", ")
		switch {
		case err != nil:
			return problem("%s: a WWW-Authenticate that cannot be read, %v: %s", x.ask.name, err, values)
		case values == "":
			return problem("%s: 401 without WWW-Authenticate", x.ask.name)
		case c == nil:
			return problem("%s: no Bearer challenge among %s", x.ask.name, values)
		}
		return ok("%s", values)
	})
}

// lookResourceMetadata is lenient about a server whose metadata is where it belongs: then clients find it.
func lookResourceMetadata(v *visit) verdict {
	return everyRefusal(v, func(x *exchange) verdict {
		where := x.param("resource_metadata")
		if where == "" {
			if v.metadata() != nil {
				return warning("%s: no resource_metadata; the document is at its well-known address", x.ask.name)
			}
			return problem("%s: no resource_metadata, and no document at its well-known addresses", x.ask.name)
		}
		u, err := url.Parse(where)
		switch {
		case err != nil || u.Host == "":
			return problem("%s: resource_metadata is no URL: %s", x.ask.name, where)
		case u.Scheme != v.target.Scheme:
			return problem("%s: resource_metadata is not %s: %s", x.ask.name, v.target.Scheme, where)
		case !strings.EqualFold(u.Host, v.target.Host):
			return warning("%s: resource_metadata is on another host: %s", x.ask.name, where)
		}
		return ok("%s", where)
	})
}

func lookScope(v *visit) verdict {
	return with401(v, func(x *exchange) verdict {
		if scope := x.param("scope"); scope != "" {
			return ok("scope=%q", scope)
		}
		return note("%s: no scope", x.ask.name)
	})
}

func lookNoError(v *visit) verdict {
	return everyRefusal(v, func(x *exchange) verdict {
		if code := x.param("error"); code != "" {
			return warning("%s: error=%q", x.ask.name, code)
		}
		return ok("no error in it")
	})
}

func lookChallengeBody(v *visit) verdict {
	return everyRefusal(v, func(x *exchange) verdict {
		what := v.leak(string(x.body))
		if what != "" {
			return warning("%s: %d with %s", x.ask.name, x.status, what)
		}
		if names := v.toolNames(); slices.ContainsFunc(names, func(name string) bool { return strings.Contains(string(x.body), name) }) {
			return warning("%s: %d with the name of a tool", x.ask.name, x.status)
		}
		return ok("%d bytes, nothing in them", len(x.body))
	})
}
