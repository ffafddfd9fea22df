package doctor

import (
	"regexp"
	"strings"
)

func headerChecks() []Check {
	return []Check{
		{
			ID: "headers.no_store", Title: "Refusals are not stored", Worst: Note,
			Clause: "RFC 9111, section 5.2.2.5; RFC 6750, section 5.3", gated: true,
			Why:  "A cache in between may keep a 401 and give it to somebody who has a token, or the other way round.",
			Mend: "Send Cache-Control: no-store with every answer of the endpoint.",
			look: lookNoStore,
		},
		{
			ID: "headers.nosniff", Title: "Browsers do not guess what answers are", Worst: Note,
			Clause: "Fetch Standard, \"X-Content-Type-Options\"",
			Why:    "A browser that guesses may run as a page what a caller has put into an answer.",
			Mend:   "Send X-Content-Type-Options: nosniff with every answer.",
			look:   lookNosniff,
		},
		{
			ID: "headers.version", Title: "No header says which software in which version", Worst: Note,
			Clause: "RFC 9110, section 10.2.4; CWE-497",
			Why:    "It tells an attacker which published holes to try first.",
			Mend:   "Turn off X-Powered-By, and versions in Server.",
			look:   lookVersionHeaders,
		},
		{
			ID: "headers.cookie", Title: "No cookie is set", Worst: Note,
			Clause: "MCP 2025-11-25, Security Best Practices, \"Session Hijacking\"",
			Why:    "What a browser sends by itself can be used by any page; the token is the only thing that should count.",
			Mend:   "Keep cookies away from the MCP endpoint.",
			look:   lookCookie,
		},
	}
}

func lookNoStore(v *visit) verdict {
	return everyRefusal(v, func(x *exchange) verdict {
		value := x.header.Get("Cache-Control")
		if !strings.Contains(strings.ToLower(value), "no-store") {
			return note("%s: Cache-Control: %s", x.ask.name, orNone(value))
		}
		return ok("Cache-Control: %s", value)
	})
}

func lookNosniff(v *visit) verdict {
	x := v.first()
	if value := x.header.Get("X-Content-Type-Options"); !strings.EqualFold(value, "nosniff") {
		return note("%s: X-Content-Type-Options: %s", x.ask.name, orNone(value))
	}
	return ok("X-Content-Type-Options: nosniff")
}

func lookVersionHeaders(v *visit) verdict {
	x := v.first()
	if by := x.header.Get("X-Powered-By"); by != "" {
		return note("X-Powered-By: %s", by)
	}
	for _, name := range []string{"Server", "X-AspNet-Version", "X-Runtime"} {
		if value := x.header.Get(name); regexp.MustCompile(`\d+\.\d`).MatchString(value) {
			return note("%s: %s", name, value)
		}
	}
	return ok("none of them")
}

func lookCookie(v *visit) verdict {
	for _, x := range v.gateProbes() {
		if cookie := x.header.Get("Set-Cookie"); cookie != "" {
			name, _, _ := strings.Cut(cookie, "=")
			return note("%s: Set-Cookie: %s=...", x.ask.name, name)
		}
	}
	return ok("none")
}
