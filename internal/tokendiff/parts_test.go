package tokendiff

import "strings"

// byteMutations change bytes of a signed token.
func byteMutations() []mutation {
	raw := func(f func(*generator, string) string) func(*generator) string {
		return func(g *generator) string { return f(g, g.start.raw) }
	}
	return []mutation{
		{"token: a character replaced", raw(func(g *generator, s string) string {
			at := g.IntN(len(s))
			return s[:at] + alphabet[g.IntN(64):][:1] + s[at+1:]
		})},
		{"token: a byte replaced", raw(func(g *generator, s string) string {
			at := g.IntN(len(s))
			return s[:at] + string([]byte{byte(g.IntN(256))}) + s[at+1:]
		})},
		{"token: a byte removed", raw(func(g *generator, s string) string {
			at := g.IntN(len(s))
			return s[:at] + s[at+1:]
		})},
		{"token: a byte added", raw(func(g *generator, s string) string {
			at := g.IntN(len(s) + 1)
			return s[:at] + g.pick("A", "=", " ", "\n", "\r", "\t", "\x00", ".", ",", "\u00a0", "-", "_") + s[at:]
		})},
		{"token: two bytes swapped", raw(func(g *generator, s string) string {
			b := []byte(s)
			i, j := g.IntN(len(b)), g.IntN(len(b))
			b[i], b[j] = b[j], b[i]
			return string(b)
		})},
		{"token: cut", raw(func(g *generator, s string) string {
			at := g.IntN(len(s))
			return g.pick(s[:at], s[at:])
		})},
		{"token: other case", raw(func(g *generator, s string) string {
			at := g.IntN(len(s))
			return s[:at] + g.pick(strings.ToUpper(s[at:]), strings.ToLower(s[at:]))
		})},
		{"token: around it", raw(func(g *generator, s string) string {
			return g.pick("Bearer "+s, s+" ", " "+s, s+"\n", "\n"+s, s+"\r\n", s+",", s+"="+s, quote(s), s+"\x00", "\ufeff"+s, s+" "+s, s+","+s)
		})},
	}
}

// partMutations take tokens apart and put the parts together otherwise.
func partMutations() []mutation {
	parts := func(f func(g *generator, own, other []string) string) func(*generator) string {
		return func(g *generator) string {
			return f(g, strings.Split(g.start.raw, "."), strings.Split(g.another().raw, "."))
		}
	}
	return []mutation{
		{"parts: of two tokens", parts(func(g *generator, own, other []string) string {
			at := g.IntN(3)
			own[at] = other[at]
			return strings.Join(own, ".")
		})},
		{"parts: fewer or more", parts(func(g *generator, own, other []string) string {
			switch g.IntN(3) {
			case 0:
				return strings.Join(own[:g.IntN(3)], ".")
			case 1:
				return strings.Join(append(own, other...)[g.IntN(3):], ".")
			}
			return strings.Join(own, ".") + g.pick(".", "..", ".AAAA", ".AAAA.AAAA", "."+own[2])
		})},
		{"parts: other order", parts(func(g *generator, own, _ []string) string {
			g.Shuffle(3, func(i, j int) { own[i], own[j] = own[j], own[i] })
			return strings.Join(own, ".")
		})},
		{"parts: one empty", parts(func(g *generator, own, _ []string) string {
			own[g.IntN(3)] = ""
			return strings.Join(own, ".")
		})},
		{"parts: claims not signed", parts(func(g *generator, own, _ []string) string {
			own[1] = encode(g.bend(g.start.claims, claimNames(), g.claimValue).String())
			return strings.Join(own, ".")
		})},
		{"parts: header not signed", parts(func(g *generator, own, _ []string) string {
			own[0] = encode(g.bend(g.start.header, headerNames(), g.headerValue).String())
			return strings.Join(own, ".")
		})},
		{"parts: JSON serialization", parts(func(g *generator, own, other []string) string {
			flat := `"protected":"` + own[0] + `","signature":"` + own[2] + `"`
			return g.pick(`{"payload":"`+own[1]+`",`+flat+`}`, `{"payload":"`+own[1]+`","signatures":[{`+flat+`}]}`,
				`{"payload":"`+own[1]+`","header":{"kid":"k-ES256"},`+flat+`}`, `{"payload":"`+other[1]+`",`+flat+`}`)
		})},
		{"parts: encrypted", parts(func(g *generator, own, other []string) string {
			header := encode(g.pick(`{"alg":"dir","enc":"A128GCM"}`, `{"alg":"PBES2-HS256+A128KW","enc":"A128GCM","p2c":2147483647,"p2s":"AAAA"}`,
				`{"alg":"RSA-OAEP","enc":"A128GCM","zip":"DEF"}`))
			return header + "." + own[0] + "." + own[1] + "." + own[2] + "." + g.pick(other...)
		})},
		{"parts: too large", parts(func(g *generator, own, _ []string) string {
			return own[0] + "." + own[1] + strings.Repeat(g.pick("A", ".", "{"), 17000) + "." + own[2]
		})},
	}
}
