package tokendiff

import (
	"encoding/base64"
	"strings"
)

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

func encode(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// textMutations change how header and claims are written, as JSON and as base64, and have the right key sign the result.
func textMutations() []mutation {
	text := func(f func(*generator, string) string) func(*generator) string {
		return func(g *generator) string {
			header, claims := g.start.header.String(), g.start.claims.String()
			if g.IntN(3) == 0 {
				header = f(g, header)
			} else {
				claims = f(g, claims)
			}
			return g.signText(g.start.draft, header, claims)
		}
	}
	spelling := func(f func(*generator, string) string) func(*generator) string {
		return func(g *generator) string {
			header, claims := encode(g.start.header.String()), encode(g.start.claims.String())
			if g.IntN(2) == 0 {
				header = f(g, header)
			} else {
				claims = f(g, claims)
			}
			return g.record(g.start.key.SignParts(header, claims))
		}
	}
	return []mutation{
		{"JSON: a byte changed", text((*generator).bentText)},
		{"JSON: white space", text((*generator).spaced)},
		{"JSON: something around it", text(func(g *generator, s string) string {
			return g.pick("\ufeff"+s, s+" ", s+"x", s+"{}", "["+s+"]", s+"\x00", " \n"+s+"\r\n", s+",", s+"//", "/**/"+s, quote(s), s+"\u00a0")
		})},
		{"JSON: cut", text(func(g *generator, s string) string { return s[:g.IntN(len(s))] })},
		{"JSON: not UTF-8", text(func(g *generator, s string) string {
			at := strings.IndexByte(s, '}')
			return s[:at] + `,"x":"` + g.pick("\xff", "\xc0\xaf", "\xed\xa0\x80", "\xe9", "\xf8\x88\x80\x80\x80") + `"` + s[at:]
		})},
		{"JSON: deep", text(func(g *generator, s string) string {
			depth := []int{1, 30, 62, 63, 64, 65, 500}[g.IntN(7)]
			return s[:len(s)-1] + `,"x":` + strings.Repeat("[", depth) + strings.Repeat("]", depth) + "}"
		})},
		{"JSON: many members", text(func(g *generator, s string) string {
			var b strings.Builder
			for i := range 17 + g.IntN(100) {
				b.WriteString(`,"c` + strings.Repeat("x", i) + `":0`)
			}
			if g.IntN(3) == 0 {
				b.WriteString(`,"Cx":0`)
			}
			return s[:len(s)-1] + b.String() + "}"
		})},
		{"base64: another spelling, signed", spelling((*generator).respelled)},
		{"base64: a character changed, signed", spelling(func(g *generator, s string) string {
			at := g.IntN(len(s))
			return s[:at] + alphabet[g.IntN(64):][:1] + s[at+1:]
		})},
		{"token: as long as may be", func(g *generator) string {
			d := g.start.draft
			d.claims = d.claims.with("filler", quote(strings.Repeat("x", 11500+g.IntN(800))))
			return g.sign(d)
		}},
	}
}

// bentText replaces, removes or adds one byte.
func (g *generator) bentText(s string) string {
	at := g.IntN(len(s))
	with := g.pick(`"`, ",", ":", "{", "}", "[", "]", "0", "a", "A", `\`, " ", "\n", "\x00", "\xff", "\t", "-", ".", "e")
	switch g.IntN(3) {
	case 0:
		return s[:at] + s[at+1:]
	case 1:
		return s[:at] + with + s[at:]
	}
	return s[:at] + with + s[at+1:]
}

// spaced adds white space, and what is none, around the marks of JSON.
func (g *generator) spaced(s string) string {
	mark := g.pick(",", ":", "{", "}")
	return strings.ReplaceAll(s, mark, g.pick(" ", "\n", "\t", "\r\n ", "", "", "\f", "\v", "\u00a0")+mark+g.pick(" ", "\n", "", "\r"))
}

// respelled writes the same bytes otherwise, as lenient decoders would read them, or adds what such decoders skip.
func (g *generator) respelled(s string) string {
	at := g.IntN(len(s) + 1)
	switch g.IntN(6) {
	case 0:
		return s + g.pick("=", "==", "===", ".", "A", "AA", "%3D")
	case 1:
		return strings.NewReplacer("-", "+", "_", "/").Replace(s)
	case 2:
		return s[:at] + g.pick("\n", "\r", "\r\n", " ", "\t", "\x00", "=", "?", "*", "\u200b", "%", "+", "/", "-", "_") + s[at:]
	case 3: // a bit that is not used, if there is one
		if len(s) > 0 && len(s)%4 != 0 {
			last := strings.IndexByte(alphabet, s[len(s)-1])
			return s[:len(s)-1] + alphabet[last^1:][:1]
		}
		return s + "="
	case 4:
		return base64.StdEncoding.EncodeToString([]byte(g.start.claims.String()))
	}
	return g.pick("", s+s, " "+s, s+" ", s+"\n", "\n"+s)
}
