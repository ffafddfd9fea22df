package issuertest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"strings"
)

// hashes are the hash functions of the algorithms that hash.
func hashes() map[string]crypto.Hash {
	return map[string]crypto.Hash{
		"RS256": crypto.SHA256, "RS384": crypto.SHA384, "RS512": crypto.SHA512,
		"PS256": crypto.SHA256, "PS384": crypto.SHA384, "PS512": crypto.SHA512,
		"ES256": crypto.SHA256, "ES384": crypto.SHA384, "ES512": crypto.SHA512,
	}
}

// Sign returns the claims as an access token of type at+jwt. header changes
// members of its header; nil values remove them.
func (k Key) Sign(claims, header map[string]any) string {
	h := map[string]any{"typ": "at+jwt", "alg": k.Algorithm}
	if k.ID != "" {
		h["kid"] = k.ID
	}
	for name, value := range header {
		h[name] = value
		if value == nil {
			delete(h, name)
		}
	}
	return k.SignRaw(must(json.Marshal(h)), must(json.Marshal(claims)))
}

// SignRaw signs a header and claims given as bytes, whatever they are.
func (k Key) SignRaw(header, claims []byte) string {
	return k.SignParts(encode(header), encode(claims))
}

// SignParts signs a header and claims that are already encoded.
func (k Key) SignParts(header, claims string) string {
	input := header + "." + claims
	return input + "." + encode(k.signature([]byte(input)))
}

func (k Key) signature(input []byte) []byte {
	if private, ok := k.Signer.(ed25519.PrivateKey); ok {
		return ed25519.Sign(private, input)
	}
	hash := hashes()[k.Algorithm]
	h := hash.New()
	h.Write(input)
	digest := h.Sum(nil)
	switch private := k.Signer.(type) {
	case *ecdsa.PrivateKey:
		r, s, err := ecdsa.Sign(rand.Reader, private, digest)
		size := (private.Curve.Params().BitSize + 7) / 8
		must(r, err)
		return append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...)
	case *rsa.PrivateKey:
		if strings.HasPrefix(k.Algorithm, "PS") {
			options := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}
			return must(rsa.SignPSS(rand.Reader, private, hash, digest, options))
		}
		return must(rsa.SignPKCS1v15(rand.Reader, private, hash, digest))
	}
	panic("issuertest: unknown kind of key")
}
