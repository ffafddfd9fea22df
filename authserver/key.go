package authserver

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/luikyv/go-oidc/pkg/goidc"
)

// signingKey signs access tokens. It is made at start and lives in memory: a
// restart makes every token worthless.
type signingKey struct {
	jwk    goidc.JSONWebKey
	public []byte // the JWK set, as served
}

func newSigningKey() (signingKey, error) {
	secret, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return signingKey{}, fmt.Errorf("authserver: signing key: %w", err)
	}
	jwk := goidc.JSONWebKey{Key: secret, Algorithm: string(goidc.ES256), Use: "sig"}
	thumbprint, err := jwk.Thumbprint(crypto.SHA256)
	if err != nil {
		return signingKey{}, fmt.Errorf("authserver: signing key: %w", err)
	}
	jwk.KeyID = base64.RawURLEncoding.EncodeToString(thumbprint)
	public, err := json.Marshal(goidc.JSONWebKeySet{Keys: []goidc.JSONWebKey{jwk.Public()}})
	if err != nil {
		return signingKey{}, fmt.Errorf("authserver: signing key: %w", err)
	}
	return signingKey{jwk: jwk, public: public}, nil
}

// private hands the key to the engine.
func (k signingKey) private(context.Context) (goidc.JSONWebKeySet, error) {
	return goidc.JSONWebKeySet{Keys: []goidc.JSONWebKey{k.jwk}}, nil
}
