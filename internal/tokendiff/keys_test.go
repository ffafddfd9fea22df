package tokendiff

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"hash"

	"github.com/sallyport-mcp/sallyport/internal/issuertest"
)

// keyMutations sign with another key or another algorithm than the token's. What comes out of most of them nobody signed: it is
// not recorded.
func keyMutations() []mutation {
	return []mutation{
		{"key: a stranger's with the same id", func(g *generator) string {
			return g.signedBy(g.strangerOf(g.start.key), g.start.header)
		}},
		{"key: another published one", func(g *generator) string {
			return g.signedBy(g.otherKey(), g.start.header)
		}},
		{"key: another id", func(g *generator) string {
			return g.signedBy(g.start.key, g.start.header.with("kid", quote(g.otherKey().ID)))
		}},
		{"key: another id and algorithm", func(g *generator) string {
			k := g.otherKey()
			return g.signedBy(g.start.key, g.start.header.with("kid", quote(k.ID)).with("alg", quote(k.Algorithm)))
		}},
		{"key: no id", func(g *generator) string {
			d := g.start.draft
			d.header = d.header.without("kid")
			return g.sign(d)
		}},
		{"key: no id, a stranger's", func(g *generator) string {
			return g.signedBy(g.strangerOf(g.start.key), g.start.header.without("kid"))
		}},
		{"key: of two issuers", func(g *generator) string {
			g.start.claims = g.start.claims.with("iss", quote(otherURL))
			if g.IntN(2) == 0 {
				return g.signedBy(g.start.key, g.start.header)
			}
			return g.record(g.signedBy(g.strangerOf(g.start.key), g.start.header)) // a good one
		}},
		{"algorithm: another of the same key", (*generator).otherAlgorithm},
		{"algorithm: a MAC with the public key", (*generator).publicKeyAsSecret},
		{"algorithm: none", func(g *generator) string {
			header := g.start.header.with("alg", quote(g.pick("none", "None", "NONE", "nOnE")))
			if g.IntN(2) == 0 {
				header = header.without("kid")
			}
			return encode(header.String()) + "." + encode(g.start.claims.String()) + g.pick("", ".", ".AA", "."+encode("none"))
		}},
		{"algorithm: the header alone changed", func(g *generator) string {
			header := g.start.header.with("alg", quote(g.pick("none", "HS256", "RS256", "PS256", "ES256", "ES384", "EdDSA", "RS1", "ES256K")))
			return encode(header.String()) + g.start.raw[len(encode(g.start.header.String())):]
		}},
	}
}

// signedBy signs by any key without recording it.
func (g *generator) signedBy(k issuertest.Key, header object) string {
	return k.SignRaw([]byte(header.String()), []byte(g.start.claims.String()))
}

func (g *generator) strangerOf(k issuertest.Key) issuertest.Key {
	for _, s := range g.site.stranger {
		if s.ID == k.ID {
			return s
		}
	}
	panic("a key without its stranger")
}

func (g *generator) otherKey() issuertest.Key {
	for {
		if k := g.site.keys[g.IntN(len(g.site.keys))]; k.ID != g.start.key.ID {
			return k
		}
	}
}

// otherAlgorithm signs by the right key with an algorithm that is not the key's. Header and signature agree, or not.
func (g *generator) otherAlgorithm() string {
	k := g.start.key
	switch k.Signer.(type) {
	case *rsa.PrivateKey:
		k.Algorithm = g.pick("RS256", "PS256", "RS384", "RS512", "PS384", "PS512")
	case *ecdsa.PrivateKey:
		k.Algorithm = g.pick("ES256", "ES384", "ES512")
	}
	header := g.start.header
	if g.IntN(2) == 0 {
		header = header.with("alg", quote(k.Algorithm))
	}
	raw := k.SignRaw([]byte(header.String()), []byte(g.start.claims.String()))
	if k.Algorithm == g.start.key.Algorithm {
		g.record(raw)
	}
	return raw
}

// publicKeyAsSecret is the confusion of RFC 8725 section 2.1.
func (g *generator) publicKeyAsSecret() string {
	secrets := publicSpellings(g.start.key)
	secret := secrets[g.IntN(len(secrets))]
	macs := map[string]func() hash.Hash{"HS256": sha256.New, "HS384": sha512.New384, "HS512": sha512.New}
	alg := g.pick("HS256", "HS384", "HS512")
	header := g.start.header.with("alg", quote(alg))
	if g.IntN(3) == 0 { // a MAC that does not say so
		header = g.start.header
	}
	input := encode(header.String()) + "." + encode(g.start.claims.String())
	mac := hmac.New(macs[alg], secret)
	mac.Write([]byte(input))
	return input + "." + encode(string(mac.Sum(nil)))
}

// publicSpellings are the forms in which a public key is handed around.
func publicSpellings(k issuertest.Key) [][]byte {
	der, err := x509.MarshalPKIXPublicKey(k.Signer.Public())
	if err != nil {
		panic(err)
	}
	jwk, err := json.Marshal(k.JWK())
	if err != nil {
		panic(err)
	}
	armored := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	list := [][]byte{der, jwk, armored, armored[:len(armored)-1], {}}
	switch public := k.Signer.Public().(type) {
	case *rsa.PublicKey:
		list = append(list, public.N.Bytes(), x509.MarshalPKCS1PublicKey(public))
	case ed25519.PublicKey:
		list = append(list, public)
	}
	return list
}

// digest hashes as the key's algorithm does.
func digest(k issuertest.Key, input string) (crypto.Hash, []byte) {
	h := crypto.SHA256
	if k.Algorithm == "ES384" {
		h = crypto.SHA384
	}
	state := h.New()
	state.Write([]byte(input))
	return h, state.Sum(nil)
}
