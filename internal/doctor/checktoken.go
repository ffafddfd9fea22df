package doctor

import (
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

func tokenChecks() []Check {
	const handling = "MCP 2026-07-28, Authorization, \"Token Handling\"; "
	return []Check{
		{
			ID: "token.garbage", Title: "A token that is none is refused with 401", Worst: Problem,
			Clause: handling + "RFC 6750, section 3.1", gated: true,
			Why:  "Whatever is not a token of the issuer has to be refused, and 401 is what makes a client get a new one.",
			Mend: "Verify the token before anything else, and answer every failure with 401 and error=\"invalid_token\".",
			look: judged("garbage"),
		},
		{
			ID: "token.scheme", Title: "Another scheme than Bearer is refused", Worst: Problem,
			Clause: "RFC 6750, section 2.1; RFC 9110, section 11.6.2", gated: true,
			Why:  "A server that reads only the second word of Authorization takes what was never meant as a bearer token.",
			Mend: "Accept exactly the scheme Bearer, one space and one token.",
			look: judged("scheme"),
		},
		{
			ID: "token.unsigned", Title: "An unsigned token (alg none) is refused", Worst: Problem,
			Clause: handling + "RFC 8725, sections 3.1 and 3.2", gated: true,
			Why:  "Anybody can write one for any user.",
			Mend: "Verify with a fixed list of algorithms that does not have none in it.",
			look: judged("unsigned"),
		},
		{
			ID: "token.forged", Title: "A token that brings its own key is refused", Worst: Problem,
			Clause: handling + "RFC 8725, section 3.10", gated: true,
			Why:  "A signature says something only if the key is the issuer's. This one came in the token's own header.",
			Mend: "Take keys from the issuer's jwks_uri only; ignore or refuse jwk, jku, x5u and x5c in tokens.",
			look: judged("forged"),
		},
		{
			ID: "token.foreign", Title: "A token for another resource is refused", Worst: Problem,
			Clause: "MCP 2026-07-28, Authorization, \"Access Token Privilege Restriction\"; RFC 8725, section 3.9", gated: true,
			Why:  "Otherwise every server that a user logs in to can use that user's tokens here.",
			Mend: "Compare aud with this server's own resource identifier, and verify the signature.",
			look: judged("foreign"),
		},
		{
			ID: "token.expired", Title: "A token of the past is refused", Worst: Problem,
			Clause: handling + "RFC 9068, section 4", gated: true,
			Why:  "A token that was stolen once would work for ever.",
			Mend: "Check exp, with half a minute of tolerance at most, and verify the signature.",
			look: judged("expired"),
		},
	}
}

func tokenAnswerChecks() []Check {
	return []Check{
		{
			ID: "token.error", Title: "A bad token is called invalid_token", Worst: Warning,
			Clause: "RFC 6750, section 3.1; RFC 9728, section 5.1", gated: true,
			Why:  "By error=\"invalid_token\" a client knows that a new token helps, and by resource_metadata where to get one.",
			Mend: "Send the challenge of the plain 401 with error=\"invalid_token\" added.",
			look: lookTokenError,
		},
		{
			ID: "token.oracle", Title: "All bad tokens get the same answer", Worst: Note,
			Clause: "RFC 6750, section 3.1; CWE-204", gated: true,
			Why:  "Different answers tell an attacker how far a forged token came.",
			Mend: "Use one fixed description for every reason; keep the reason in the log.",
			look: lookOracle,
		},
		{
			ID: "token.query", Title: "A token in the URL is not taken", Worst: Problem,
			Clause: "MCP 2026-07-28, Authorization, \"Token Requirements\"; RFC 9700, section 4.3.2", gated: true,
			Why:  "URLs end up in logs, histories and Referer headers, and the token with them.",
			Mend: "Read tokens from the Authorization header only; refuse requests that have access_token in the query.",
			look: lookTokenInQuery,
		},
	}
}

// badTokens are values of Authorization that nobody may accept, by what is wrong with them.
func (v *visit) badTokens() (map[string]string, error) {
	if v.key == nil {
		key, err := newForger()
		if err != nil {
			return nil, err
		}
		v.key = key
		v.bad, err = v.forge()
		if err != nil {
			return nil, err
		}
	}
	return v.bad, nil
}

func (v *visit) forge() (map[string]string, error) {
	claims, foreign, expired := v.claims(), v.claims(), v.claims()
	foreign["aud"] = "https://other.invalid/mcp"
	expired["iat"], expired["exp"] = v.opts.Now().Unix()-7200, v.opts.Now().Unix()-3600
	plain := map[string]any{"alg": "ES256", "typ": "at+jwt", "kid": "sallyport-doctor"}
	own := maps.Clone(plain)
	own["jwk"] = v.key.header
	bad := map[string]string{
		"garbage":  "Bearer " + canary,
		"scheme":   "Basic " + canary,
		"unsigned": "Bearer " + unsigned(map[string]any{"alg": "none", "typ": "at+jwt"}, claims),
	}
	for kind, t := range map[string]struct{ header, claims map[string]any }{
		"forged": {own, claims}, "foreign": {plain, foreign}, "expired": {plain, expired},
	} {
		token, err := v.key.sign(t.header, t.claims)
		if err != nil {
			return nil, err
		}
		bad[kind] = "Bearer " + token
	}
	return bad, nil
}

// withBadToken sends a request that is guarded, with a bad token of this kind.
func (v *visit) withBadToken(kind string) (*exchange, error) {
	bad, err := v.badTokens()
	if err != nil {
		return nil, err
	}
	return v.send(v.guarded().ask.with("Authorization", bad[kind]).called("a token that is " + kind)), nil
}

// judged returns the check of one kind of bad token.
func judged(kind string) func(*visit) verdict {
	return func(v *visit) verdict {
		return with401(v, func(*exchange) verdict {
			x, err := v.withBadToken(kind)
			if err != nil {
				return unseen("no token could be made: %v", err)
			}
			if kind == "scheme" {
				x.ask.name = "Authorization: Basic"
				if x.status == http.StatusBadRequest {
					return ok("%s: 400", x.ask.name)
				}
			}
			return v.notWorse(kind, rejected(x), x)
		})
	}
}

// notWorse leaves out what token.garbage has said already, since who takes every word for a token takes these as well.
func (v *visit) notWorse(kind string, found verdict, x *exchange) verdict {
	if kind == "garbage" || found.severity <= OK {
		return found
	}
	if garbage, err := v.withBadToken("garbage"); err != nil || garbage.status != x.status {
		return found
	}
	return skipped("%d like every bad token, see token.garbage", x.status)
}

// rejected judges the answer to a request with a token that is no good.
func rejected(x *exchange) verdict {
	switch {
	case x.err != nil:
		return gone(x)
	case x.status == http.StatusUnauthorized:
		return ok("%s: 401", x.ask.name)
	case x.status == http.StatusTooManyRequests:
		return unseen("%v", x)
	case x.status/100 == 2 || x.answered() || x.status == http.StatusForbidden || x.status/100 == 5:
		return problem("%v", x)
	}
	return warning("%v; not 401", x)
}

// tokenKinds are the bad tokens that look like tokens.
func tokenKinds() []string { return []string{"garbage", "unsigned", "forged", "foreign", "expired"} }

// rejections are the 401s that bad tokens got.
func (v *visit) rejections() []*exchange {
	var all []*exchange
	for _, kind := range tokenKinds() {
		if x, err := v.withBadToken(kind); err == nil && x.status == http.StatusUnauthorized {
			all = append(all, x)
		}
	}
	return all
}

func lookTokenError(v *visit) verdict {
	return with401(v, func(plain *exchange) verdict {
		var all []verdict
		for _, x := range v.rejections() {
			all = append(all, namesInvalidToken(x, plain))
		}
		if len(all) == 0 {
			return skipped("no bad token got a 401")
		}
		return worst(all...)
	})
}

func namesInvalidToken(x, plain *exchange) verdict {
	switch {
	case x.param("error") != "invalid_token":
		return warning("%s: WWW-Authenticate: %s", x.ask.name, orNone(x.header.Get("WWW-Authenticate")))
	case x.param("resource_metadata") == "" && plain.param("resource_metadata") != "":
		return warning("%s: no resource_metadata any more: %s", x.ask.name, x.header.Get("WWW-Authenticate"))
	}
	return ok("error=\"invalid_token\"")
}

// lookOracle compares answers without what differs between any two: ids and times.
func lookOracle(v *visit) verdict {
	return with401(v, func(*exchange) verdict {
		all := v.rejections()
		if len(all) < 2 {
			return skipped("fewer than two bad tokens got a 401")
		}
		changing := regexp.MustCompile(`[0-9a-fA-F-]{8,}|\d+`)
		text := func(x *exchange) string {
			return changing.ReplaceAllString(x.header.Get("WWW-Authenticate")+"\n"+string(x.body), "#")
		}
		for _, x := range all[1:] {
			if text(x) != text(all[0]) {
				return note("%s: %s; %s: %s", all[0].ask.name, short(all[0]), x.ask.name, short(x))
			}
		}
		return ok("%d kinds, one answer", len(all))
	})
}

// short is the part of a refusal in which reasons are given.
func short(x *exchange) string {
	if description := x.param("error_description"); description != "" {
		return printable(description, 70)
	}
	return printable(string(x.body), 70)
}

func lookTokenInQuery(v *visit) verdict {
	return with401(v, func(plain *exchange) verdict {
		a := plain.ask
		u, err := url.Parse(a.url)
		if err != nil {
			return unseen("%v", err)
		}
		query := u.Query()
		query.Set("access_token", canary)
		u.RawQuery = query.Encode()
		a.url = u.String()
		x := v.send(a.called("?access_token=..."))
		if strings.Contains(string(x.body)+x.header.Get("WWW-Authenticate")+x.header.Get("Location"), canary) {
			return problem("the value comes back: %v", x)
		}
		if x.status == http.StatusBadRequest {
			return ok("%s: 400", x.ask.name)
		}
		return rejected(x)
	})
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}
