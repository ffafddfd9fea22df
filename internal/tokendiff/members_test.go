package tokendiff

import (
	"slices"
	"strconv"
	"strings"
)

// memberMutations change members of header and claims, and have the right key sign the result.
func memberMutations() []mutation {
	claims := func(f func(*generator, object) object) func(*generator) string {
		return func(g *generator) string {
			d := g.start.draft
			d.claims = f(g, d.claims)
			return g.sign(d)
		}
	}
	header := func(f func(*generator, object) object) func(*generator) string {
		return func(g *generator) string {
			d := g.start.draft
			d.header = f(g, d.header)
			return g.sign(d)
		}
	}
	return []mutation{
		{"header member", header(func(g *generator, o object) object { return g.bend(o, headerNames(), g.headerValue) })},
		{"header member removed", header((*generator).drop)},
		{"header members, several", header(func(g *generator, o object) object {
			return g.bend(g.bend(o, headerNames(), g.headerValue), headerNames(), g.headerValue)
		})},
		{"claim", claims(func(g *generator, o object) object { return g.bend(o, claimNames(), g.claimValue) })},
		{"claim's value", claims(func(g *generator, o object) object {
			name := g.pick(claimNames()...)
			return o.with(name, g.claimValue(name))
		})},
		{"claim removed", claims((*generator).drop)},
		{"claims, several", claims(func(g *generator, o object) object {
			for range 2 + g.IntN(3) {
				o = g.bend(o, claimNames(), g.claimValue)
			}
			return o
		})},
		{"times", claims(func(g *generator, o object) object {
			for _, name := range []string{"exp", "iat", "nbf"} {
				if g.IntN(2) == 0 {
					o = o.with(name, g.seconds())
				}
			}
			return o
		})},
		{"names of people", claims(func(g *generator, o object) object {
			name := g.pick("sub", "client_id", "azp", "jti", "grant_id", "email")
			return o.with(name, g.name())
		})},
		{"lists of names", claims(func(g *generator, o object) object {
			items := make([]string, g.IntN(4))
			for i := range items {
				items[i] = g.name()
			}
			return o.with(g.pick("groups", "roles", "aud"), "["+strings.Join(items, ",")+"]")
		})},
		{"other order", claims(func(g *generator, o object) object {
			o = slices.Clone(o)
			g.Shuffle(len(o), func(i, j int) { o[i], o[j] = o[j], o[i] })
			return o
		})},
		{"unknown claims", claims(func(g *generator, o object) object {
			return o.with(g.pick("x", "https://corp.example/x", "Name", "ten\u00e4nt", ""), g.common())
		})},
	}
}

func headerNames() []string {
	return []string{"alg", "kid", "typ", "jku", "x5u", "jwk", "x5c", "crit", "b64", "cty", "x5t", "zip", "enc", "iss", "x"}
}

func claimNames() []string {
	return []string{
		"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "client_id", "azp", "scope", "groups", "roles", "cnf", "act", "may_act", "email",
		"email_verified", "grant_id", "nonce", "at_hash", "events", "htm", "ath", "typ", "token_use", "_claim_names", "entitlements", "auth_time",
	}
}

func (g *generator) drop(o object) object {
	i := g.IntN(len(o))
	return slices.Delete(slices.Clone(o), i, i+1)
}

// bend changes one member: its value, its name, or how often it is there.
func (g *generator) bend(o object, names []string, value func(string) string) object {
	name := g.pick(names...)
	if g.IntN(2) == 0 { // one that is there
		name = strings.Trim(o[g.IntN(len(o))].name, `"`)
	}
	own := o.get(name)
	if own == "" {
		own = value(name)
	}
	switch g.IntN(9) {
	case 0, 1, 2:
		return o.with(name, value(name))
	case 3:
		return o.without(name)
	case 4: // twice, the same or another
		return slices.Insert(slices.Clone(o), g.IntN(len(o)+1), field(name, g.pick(own, value(name))))
	case 5: // a twin beside
		return slices.Insert(slices.Clone(o), g.IntN(len(o)+1), field(g.twin(name), g.pick(own, value(name))))
	case 6: // a twin instead
		return o.without(name).with(g.twin(name), own)
	case 7: // the same name with escapes
		if i := o.at(name); i >= 0 {
			o = slices.Clone(o)
			o[i].name = escaped(name, g.IntN(len(name)))
		}
		return o
	}
	return o.with(name, g.wrap(own))
}

func (g *generator) wrap(value string) string {
	return g.pick("["+value+"]", `{"a":`+value+`}`, quote(value), "[["+value+"]]", "["+value+","+value+"]", " "+value+"\t\n", value+"0", value+"e0")
}

func escaped(name string, at int) string {
	code := strconv.FormatInt(int64(name[at])+0x10000, 16)[1:]
	return `"` + name[:at] + `\u` + code + name[at+1:] + `"`
}

// twin is a name that a careless reader takes for the given one.
func (g *generator) twin(name string) string {
	if name == "" {
		return "\x00"
	}
	switch g.IntN(6) {
	case 0:
		return strings.ToUpper(name)
	case 1:
		return strings.ToUpper(name[:1]) + name[1:]
	case 2:
		return strings.NewReplacer("s", "\u017f", "k", "\u212a").Replace(name)
	case 3:
		return name + g.pick(" ", "\x00", "\u200b", "_")
	case 4:
		return strings.ReplaceAll(name, "_", "")
	}
	at := g.IntN(len(name))
	return name[:at] + strings.ToUpper(name[at:at+1]) + name[at+1:]
}

// common are values of every type, for any member.
func (g *generator) common() string {
	return g.pick("null", "true", "false", "0", "-1", "1", "1.5", `""`, `" "`, `"x"`, "[]", "{}", "[null]", `[""]`, `["x"]`, `{"sub":"x"}`, "1e999",
		"9223372036854775808", `"\u0000"`, `"\ud800"`, `"\ud83d\ude00"`, "nul", "", "01", "-0", `'x'`, "[1,]", `{"a":1,"a":2}`, `{"a":1,"A":2}`, "NaN")
}

func (g *generator) headerValue(name string) string {
	if g.IntN(4) == 0 {
		return g.common()
	}
	switch name {
	case "alg":
		return quote(g.pick(append(algorithms(), "none", "None", "HS256", "RS384", "es256", "ES512", "Ed25519", " ES256", "ES256K", "dir", "A128KW")...))
	case "kid":
		ids := []string{"", "unknown", "K-ES256", "k-ES256 ", "../k-ES256", "k-ES256\u0000"}
		for _, k := range g.site.keys {
			ids = append(ids, k.ID)
		}
		return quote(g.pick(ids...))
	case "typ":
		return quote(g.pick("at+jwt", "AT+JWT", "application/at+jwt", "Application/AT+JWT", "JWT", "jwt", "logout+jwt", "dpop+jwt", "at+jwt ", "at+jwt;x=1",
			"secevent+jwt", "application/application/at+jwt", "at+JWT\u0000", "\u0041t+jwt"))
	case "jwk":
		return g.jwk()
	case "crit":
		return g.pick("[]", `["exp"]`, `["b64"]`, `["x"]`, `["alg"]`, `"alg"`, `[1]`)
	case "b64":
		return g.pick("false", "true")
	case "jku", "x5u":
		return `"https://127.0.0.1:1/keys"`
	}
	return g.pick(`"x"`, `["MIIB"]`, `"DEF"`, `"A128GCM"`, `"JWT"`)
}

// jwk is a key that the token brings along.
func (g *generator) jwk() string {
	o := object{}
	for name, value := range g.site.stranger[2].JWK() { // the one for ES256
		o = append(o, field(name, quote(value.(string))))
	}
	slices.SortFunc(o, func(a, b member) int { return strings.Compare(a.name, b.name) })
	return o.String()
}
