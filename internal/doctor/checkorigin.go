package doctor

import (
	"net/http"
	"strings"
)

// evilOrigin is the origin of a page that has no business here.
const evilOrigin = "https://evil.invalid"

// evilHost is a name that DNS rebinding would make point here.
const evilHost = "evil.invalid"

func originChecks() []Check {
	const (
		clause = "MCP 2026-07-28, Streamable HTTP, \"Security & Endpoint\", 1"
		why    = "By DNS rebinding a page in a user's browser reaches servers that the page's author cannot, with the user's network."
		mend   = "Answer 403 to every Origin that is not on an exact list, before anything else; requests without Origin are fine."
	)
	return []Check{
		{
			ID: "origin.foreign", Title: "A page of another origin gets 403", Worst: Problem, Clause: clause, Why: why, Mend: mend,
			look: func(v *visit) verdict { return v.forbidden(v.fromOrigin(evilOrigin)) },
		},
		{
			ID: "origin.null", Title: "A page of no origin (null) gets 403", Worst: Problem, Clause: clause,
			Why:  "Sandboxed frames and local files send Origin: null, and every attacker can make one.",
			Mend: mend,
			look: func(v *visit) verdict { return v.likeForeign(v.forbidden(v.fromOrigin("null"))) },
		},
		{
			ID: "origin.lookalike", Title: "An origin that begins like the server's gets 403", Worst: Problem, Clause: clause,
			Why:  "A comparison of beginnings, ends or patterns lets an attacker choose a host name that fits.",
			Mend: "Compare whole origins, as texts: scheme, host and port.",
			look: func(v *visit) verdict { return v.likeForeign(v.forbidden(v.fromOrigin(v.origin() + "." + evilHost))) },
		},
	}
}

// fromOrigin is a request as a page of that origin would send it.
func (v *visit) fromOrigin(origin string) ask {
	return v.modern("tools/list", nil).with("Origin", origin).called("Origin: " + origin)
}

// likeForeign leaves out what origin.foreign has said already: that a 401 hides whether Origin is looked at.
func (v *visit) likeForeign(found verdict) verdict {
	foreign := v.forbidden(v.fromOrigin(evilOrigin))
	if found.severity == Warning && found.hidden && foreign.hidden {
		return skipped("see origin.foreign")
	}
	return found
}

// forbidden judges the answer to a request that has to get 403 whoever sends it. Behind a 401 it cannot be told whether the server
// looks; with a token it can.
func (v *visit) forbidden(a ask) verdict {
	x := v.send(a)
	if x.status == http.StatusUnauthorized && v.mayUseToken() == nil {
		a.token = true
		x = v.send(a.called(a.name + ", with the token"))
	}
	switch {
	case x.err != nil:
		return gone(x)
	case x.status == http.StatusForbidden || x.status == http.StatusMisdirectedRequest:
		return ok("%s: %d", x.ask.name, x.status)
	case x.status == http.StatusTooManyRequests:
		return unseen("%v", x)
	case x.status/100 == 2 || x.answered():
		return problem("%v", x)
	case x.status == http.StatusUnauthorized:
		hidden := warning("%s: 401, as without it: it cannot be seen whether it is looked at", x.ask.name)
		hidden.hidden = true
		return hidden
	}
	return warning("%v; not 403", x)
}

func hostChecks() []Check {
	return []Check{
		{
			ID: "host.spoofed", Title: "On loopback, another Host is refused", Worst: Problem,
			Clause: "RFC 9110, section 7.4; MCP 2026-07-28, Streamable HTTP, \"Security & Endpoint\"",
			Why:    "After DNS rebinding the page's own host name stands in Host, and the browser sends no Origin with some requests.",
			Mend:   "Accept the host names of the server's own URL, and answer 403 or 421 to others.",
			look:   lookSpoofedHost,
		},
		{
			ID: "host.reflected", Title: "Addresses come from configuration, not from the request", Worst: Problem,
			Clause: "RFC 9728, section 7.3; RFC 9110, section 7.4; CWE-644",
			Why:    "Whoever can set Host or X-Forwarded-Host, or poison a cache with it, sends clients to an issuer of their own.",
			Mend:   "Build resource and resource_metadata from the configured public URL; trust forwarding headers from your proxy only.",
			look:   lookReflectedHost,
		},
	}
}

func lookSpoofedHost(v *visit) verdict {
	if !v.onLoopback() {
		return skipped("the server is not on loopback")
	}
	return v.forbidden(v.spoofed())
}

func (v *visit) spoofed() ask {
	a := v.modern("tools/list", nil).called("Host: " + evilHost)
	a.host = evilHost
	return a
}

func lookReflectedHost(v *visit) verdict {
	asks := []ask{
		v.spoofed(),
		v.modern("tools/list", nil).with("X-Forwarded-Host", evilHost).with("X-Forwarded-Proto", "https").called("X-Forwarded-Host: " + evilHost),
	}
	if d := v.metadata(); d != nil {
		asks = append(asks, get("GET "+v.relative(d.url)+" with X-Forwarded-Host", d.url).with("X-Forwarded-Host", evilHost))
	}
	for _, a := range asks {
		x := v.send(a)
		if x.silent() {
			return unseen("%v", x)
		}
		for _, text := range append(x.header.Values("WWW-Authenticate"), x.header.Get("Location"), string(x.body)) {
			if strings.Contains(text, "://"+evilHost) {
				return problem("%s: %d %s", x.ask.name, x.status, text)
			}
		}
	}
	return ok("%d requests with another host, and it comes back in none", len(asks))
}
