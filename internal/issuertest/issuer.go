// Package issuertest is an authorization server for tests: it signs whatever it
// is told to, correct or not, and serves its metadata and keys with faults that
// can be switched on.
package issuertest

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"sync"
	"time"
)

// Key is a signing key with what is published about it.
type Key struct {
	// ID is the kid, in tokens and in the key set; none if empty.
	ID string
	// Algorithm is the alg, in tokens and in the key set.
	Algorithm string
	// Signer makes the signatures.
	Signer crypto.Signer
	// Members replace or add members of the published JWK; nil values remove.
	Members map[string]any
}

// NewKey makes a key for ES256, ES384, ES512, EdDSA, or any RSA algorithm. It
// panics for others.
func NewKey(id, algorithm string) Key {
	return Key{ID: id, Algorithm: algorithm, Signer: newSigner(algorithm)}
}

func newSigner(algorithm string) crypto.Signer {
	curves := map[string]elliptic.Curve{"ES256": elliptic.P256(), "ES384": elliptic.P384(), "ES512": elliptic.P521()}
	if curve, ok := curves[algorithm]; ok {
		return must(ecdsa.GenerateKey(curve, rand.Reader))
	}
	if algorithm == "EdDSA" {
		_, private, err := ed25519.GenerateKey(rand.Reader)
		return must(private, err)
	}
	if _, ok := hashes()[algorithm]; !ok {
		panic("issuertest: no such algorithm: " + algorithm)
	}
	return must(rsa.GenerateKey(rand.Reader, 2048))
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(fmt.Sprintf("issuertest: %v", err))
	}
	return v
}

// JWK returns the public key as a JWK (RFC 7517), with Members applied.
func (k Key) JWK() map[string]any {
	jwk := map[string]any{"use": "sig", "alg": k.Algorithm}
	if k.ID != "" {
		jwk["kid"] = k.ID
	}
	switch public := k.Signer.Public().(type) {
	case *rsa.PublicKey:
		jwk["kty"], jwk["n"], jwk["e"] = "RSA", encode(public.N.Bytes()), encode(big.NewInt(int64(public.E)).Bytes())
	case *ecdsa.PublicKey:
		point := must(public.Bytes())[1:] // after the byte that says uncompressed
		jwk["kty"], jwk["crv"] = "EC", public.Curve.Params().Name
		jwk["x"], jwk["y"] = encode(point[:len(point)/2]), encode(point[len(point)/2:])
	case ed25519.PublicKey:
		jwk["kty"], jwk["crv"], jwk["x"] = "OKP", "Ed25519", encode(public)
	}
	for name, value := range k.Members {
		jwk[name] = value
		if value == nil {
			delete(jwk, name)
		}
	}
	return jwk
}

func encode(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }

// Issuer is an authorization server. It is safe for concurrent use.
type Issuer struct {
	mu          sync.Mutex
	url         string
	keys        []Key
	fault       Fault
	target      string // of redirects
	discoveries int
	fetches     int
}

// New returns an issuer with one ES256 key, whose id is "es256". The url is its
// identifier; nothing listens there unless the caller mounts [Issuer.Handler].
func New(url string) *Issuer {
	return &Issuer{url: url, keys: []Key{NewKey("es256", "ES256")}}
}

// URL returns the issuer identifier.
func (i *Issuer) URL() string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.url
}

// SetURL changes the issuer identifier, for an issuer that learns its address late.
func (i *Issuer) SetURL(url string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.url = url
}

// SetKeys replaces the keys. The first one signs.
func (i *Issuer) SetKeys(keys ...Key) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys = keys
}

// Key returns the key that signs.
func (i *Issuer) Key() Key {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.keys[0]
}

// JWKS returns the public keys as a JWK set. It has the shape of token.Issuer.Keys
// and never returns an error.
func (i *Issuer) JWKS(context.Context) ([]byte, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	keys := make([]map[string]any, 0, len(i.keys))
	for _, k := range i.keys {
		keys = append(keys, k.JWK())
	}
	return json.Marshal(map[string]any{"keys": keys})
}

// Claims returns the claims of an access token (RFC 9068) that is valid for five
// minutes from now, for callers to change before they sign them.
func (i *Issuer) Claims(audience, subject, client, scope string, now time.Time) map[string]any {
	return map[string]any{
		"iss": i.URL(), "aud": audience, "sub": subject, "client_id": client, "scope": scope,
		"iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(), "jti": rand.Text(),
	}
}

// Sign returns the claims as an access token, signed by the first key. header
// changes members of its header; nil values remove them.
func (i *Issuer) Sign(claims, header map[string]any) string {
	return i.Key().Sign(claims, header)
}
