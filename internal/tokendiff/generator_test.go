package tokendiff

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport-mcp/sallyport/internal/issuertest"
)

// draft is a token before it is signed.
type draft struct {
	header, claims object
	key            issuertest.Key
}

// good is a signed token that everybody accepts.
type good struct {
	draft
	raw string
}

// generator bends good tokens. All of its choices come from its random source.
type generator struct {
	*rand.Rand
	site      *site
	mutations []mutation
	goods     []good
	inputs    map[string]bool // signing inputs of the good tokens
	start     good            // the one to bend now
	signed    []string        // inputs that a key signed for its issuer and with its algorithm, for the token that is made now
}

// sample is a bent token.
type sample struct {
	n        int
	mutation string
	from     good
	raw      string
	signed   []string
}

func newGenerator(r *rand.Rand, s *site) *generator {
	g := &generator{Rand: r, site: s, mutations: mutations(), inputs: map[string]bool{}}
	for _, key := range s.keys {
		for _, claims := range shapes() {
			d := draft{key: key, claims: claims, header: object{
				field("typ", `"at+jwt"`), field("alg", quote(key.Algorithm)), field("kid", quote(key.ID)),
			}}
			raw := g.sign(d)
			g.goods = append(g.goods, good{draft: d, raw: raw})
			g.inputs[inputOf(raw)] = true
		}
	}
	return g
}

// sample makes the next bent token.
func (g *generator) sample(n int) sample {
	m := g.mutations[g.IntN(len(g.mutations))]
	g.start = g.goods[g.IntN(len(g.goods))]
	// What is slow to sign or to verify comes half as often.
	if alg := g.start.key.Algorithm; alg != "ES256" && alg != "EdDSA" && g.IntN(2) == 0 {
		g.start = g.another()
	}
	g.signed = nil
	from := g.start
	return sample{n: n, mutation: m.name, from: from, raw: m.make(g), signed: g.signed}
}

func inputOf(raw string) string { return raw[:max(strings.LastIndexByte(raw, '.'), 0)] }

// sign signs a draft by its key, which has to be a published one.
func (g *generator) sign(d draft) string {
	return g.signText(d, d.header.String(), d.claims.String())
}

func (g *generator) signText(d draft, header, claims string) string {
	return g.record(d.key.SignRaw([]byte(header), []byte(claims)))
}

func (g *generator) record(raw string) string {
	g.signed = append(g.signed, inputOf(raw))
	return raw
}

func (g *generator) pick(from ...string) string { return from[g.IntN(len(from))] }

// another returns another good token.
func (g *generator) another() good {
	for {
		if other := g.goods[g.IntN(len(g.goods))]; other.raw != g.start.raw {
			return other
		}
	}
}

// shapes are the claims of good tokens.
func shapes() []object {
	seconds := func(after int64) string { return strconv.FormatInt(now().Unix()+after, 10) }
	plain := object{
		field("iss", quote(issuerURL)), field("aud", quote(resource)), field("sub", `"alice"`), field("client_id", `"client-1"`),
		field("iat", seconds(-10)), field("exp", seconds(290)), field("jti", `"id-1"`), field("scope", `"notes:read notes:write"`),
	}
	return []object{
		plain,
		plain.with("aud", `["https://other.example/mcp",`+quote(resource)+`]`),
		plain.with("groups", `["staff","interns"]`).with("roles", `["editor"]`),
		plain.with("act", `{"sub":"agent-7","act":{"sub":"inner"}}`).with("grant_id", `"g-1"`),
		plain.with("nbf", seconds(-10)).with("x", `{"a":[1,2,{"b":null}],"c":true}`),
		plain.with("sub", `"Ålice Müller 李四"`).with("groups", `["\u00fc","日本"]`).with("name", `"\ud83d\ude00"`),
		plain.without("client_id").with("azp", `"client-2"`).without("jti"),
		plain.with("sub", `"client-1"`).without("scope").with("roles", `[]`),
		plain.with("iat", seconds(-10)+".25").with("exp", seconds(290)+".75"),
		plain.with("sub", `"a@b.example"`).with("email", `"a@b.example"`).with("email_verified", "true"),
		slices.Insert(slices.Clone(plain), 0, field("filler", quote(strings.Repeat("x", 2000)))),
	}
}
