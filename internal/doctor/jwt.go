package doctor

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"time"
)

// forger signs tokens with a key that nobody trusts.
type forger struct {
	key    *ecdsa.PrivateKey
	header map[string]any // the key as a JWK, for a token that brings its own
}

func newForger() (*forger, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	point, err := key.PublicKey.Bytes()
	if err != nil {
		return nil, err
	}
	return &forger{key, map[string]any{
		"kty": "EC", "crv": "P-256", "x": encode(point[1:33]), "y": encode(point[33:]), // 4, x, y
	}}, nil
}

// sign returns a token with an ES256 signature that is right for the forger's key.
func (f *forger) sign(header, claims map[string]any) (string, error) {
	text := unsigned(header, claims)
	digest := sha256.Sum256([]byte(text[:len(text)-1]))
	r, s, err := ecdsa.Sign(rand.Reader, f.key, digest[:])
	if err != nil {
		return "", err
	}
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return text + encode(signature), nil
}

// unsigned returns a token without a signature, with the point in front of it.
func unsigned(header, claims map[string]any) string {
	first, _ := json.Marshal(header) // texts, numbers and maps of them
	second, _ := json.Marshal(claims)
	return encode(first) + "." + encode(second) + "."
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// claims are those of a token that would be a good one for this server if somebody had signed it whom it trusts.
func (v *visit) claims() map[string]any {
	issuer := "https://issuer.invalid"
	if doc := v.metadata(); doc != nil && len(doc.AuthorizationServers) > 0 {
		issuer = doc.AuthorizationServers[0]
	}
	now := v.opts.Now()
	return map[string]any{
		"iss": issuer, "aud": v.resource(), "sub": "sallyport-doctor", "client_id": "sallyport-doctor",
		"iat": now.Add(-time.Minute).Unix(), "exp": now.Add(5 * time.Minute).Unix(), "jti": "sallyport-doctor",
	}
}
