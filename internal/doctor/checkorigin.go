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
			look: func(v *visit) verdict { return v.forbidden(from(evilOrigin)) },
		},
		{
			ID: "origin.null", Title: "A page of no origin (null) gets 403", Worst: Problem, Clause: clause,
			Why:  "Sandboxed frames and local files send Origin: null, and every attacker can make one.",
			Mend: mend,
			look: func(v *visit) verdict { return v.likeForeign(v.forbidden(from("null"))) },
		},
		{
			ID: "origin.lookalike", Title: "An origin that begins like the server's gets 403", Worst: Problem, Clause: clause,
			Why:  "A comparison of beginnings, ends or patterns lets an attacker choose a host name that fits.",
			Mend: "Compare whole origins, as texts: scheme, host and port.",
			look: func(v *visit) verdict { return v.likeForeign(v.forbidden(from(v.origin() + "." + evilHost))) },
		},
	}
}

// from makes of a request one that a page of that origin sends.
func from(origin string) func(ask) ask {
	return func(a ask) ask { return a.with("Origin", origin).called("Origin: " + origin) }
}

// spoofed makes of a request one that is sent to another host.
func spoofed(a ask) ask {
	a.host = evilHost
	return a.called("Host: " + evilHost)
}

// likeForeign leaves out what origin.foreign has said already.
func (v *visit) likeForeign(found verdict) verdict {
	if foreign := v.forbidden(from(evilOrigin)); found.severity > OK && found.severity == foreign.severity {
		return skipped("see origin.foreign")
	}
	return found
}

// forbidden judges the answer to a request that has to get 403 once it is changed, whoever sends it. Behind a 401 it cannot be told
// whether the server looks; with a token it can.
func (v *visit) forbidden(change func(ask) ask) verdict {
	x := v.send(change(v.served()))
	if x.status == http.StatusUnauthorized && v.mayUseToken() == nil {
		x = v.authorized(change(v.servedWithToken()))
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
		return warning("%s: 401, as without it: it cannot be seen whether it is looked at", x.ask.name)
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
	return v.forbidden(spoofed)
}

func lookReflectedHost(v *visit) verdict {
	asks := []ask{
		spoofed(v.modern("tools/list", nil)),
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
