package token

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"
)

// key is one public key with the one algorithm it is used with (RFC 8725 section 3.1).
type key struct {
	id, algorithm string
	// published is the digest of the key as it stood in the key set, to the byte: a
	// key that is published in any other way counts as another one.
	published [sha256.Size]byte
	set       oidc.KeySet    // holds this key alone, so that no other one is tried
	pss       *rsa.PublicKey // the same key, if the algorithm is one of RSASSA-PSS
}

func newKey(id, declared string, public crypto.PublicKey, allowed []string) (*key, error) {
	if k, ok := public.(*rsa.PublicKey); ok {
		if err := checkRSA(k); err != nil {
			return nil, err
		}
	}
	algorithm, err := algorithmFor(public, declared, allowed)
	if err != nil {
		return nil, err
	}
	set := &oidc.StaticKeySet{PublicKeys: []crypto.PublicKey{public}}
	k := &key{id: id, algorithm: algorithm, set: set}
	if rsaKey, ok := public.(*rsa.PublicKey); ok && strings.HasPrefix(algorithm, "PS") {
		k.pss = rsaKey
	}
	return k, nil
}

// algorithmFor returns the declared algorithm if the key and the issuer's profile
// permit it, or the first of the profile that fits if none is declared.
func algorithmFor(public crypto.PublicKey, declared string, allowed []string) (string, error) {
	candidates := allowed
	if declared != "" {
		candidates = []string{declared}
	}
	for _, alg := range candidates {
		if slices.Contains(allowed, alg) && fits(public, alg) {
			return alg, nil
		}
	}
	return "", errors.New("no allowed algorithm fits the key")
}

func fits(public crypto.PublicKey, alg string) bool {
	switch k := public.(type) {
	case *rsa.PublicKey:
		return strings.HasPrefix(alg, "RS") || strings.HasPrefix(alg, "PS")
	case *ecdsa.PublicKey:
		curves := map[string]string{"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}
		return curves[k.Curve.Params().Name] == alg
	}
	_, isEd25519 := public.(ed25519.PublicKey)
	return isEd25519 && alg == "EdDSA"
}

// errWeak is in the error about a key that must not be used at all.
var errWeak = errors.New("weak RSA key")

// checkRSA refuses keys that a signature by them proves nothing of.
func checkRSA(k *rsa.PublicKey) error {
	switch {
	case k.N.BitLen() < 2048:
		return fmt.Errorf("%w of %d bits; at least 2048 are needed (RFC 7518 section 3.3)", errWeak, k.N.BitLen())
	case k.E < 3 || k.E%2 == 0 || k.N.Bit(0) == 0:
		return fmt.Errorf("%w: its exponent is below 3, or it or the modulus is even", errWeak)
	case looksLikeROCA(k.N):
		return fmt.Errorf("%w: its modulus has the fingerprint of CVE-2017-15361", errWeak)
	}
	return nil
}

// looksLikeROCA reports whether n is a power of 65537 modulo every small prime,
// as moduli of the generator of CVE-2017-15361 (ROCA) are and others are only by
// a negligible chance (Nemec et al., CCS 2017).
func looksLikeROCA(n *big.Int) bool {
	for p := int64(3); p <= 701; p += 2 {
		if !big.NewInt(p).ProbablyPrime(0) {
			continue
		}
		rest := new(big.Int).Mod(n, big.NewInt(p)).Int64()
		isPower := false
		for power, i := int64(1), int64(0); i < p && !isPower; i++ {
			isPower = power == rest
			power = power * 65537 % p
		}
		if !isPower {
			return false
		}
	}
	return true
}

// verify checks the signature of a token whose alg is the key's.
func (k *key) verify(ctx context.Context, raw string) error {
	if _, err := k.set.VerifySignature(ctx, raw); err != nil {
		return refuse(ReasonSignature)
	}
	if k.pss != nil {
		return k.verifySalt(raw)
	}
	return nil
}

// verifySalt requires a PSS salt as long as the hash (RFC 7518 section 3.5); the
// library accepts every length.
func (k *key) verifySalt(raw string) error {
	hashes := map[string]crypto.Hash{"PS256": crypto.SHA256, "PS384": crypto.SHA384, "PS512": crypto.SHA512}
	dot := strings.LastIndexByte(raw, '.')
	signature, err := decode(raw[dot+1:])
	h := hashes[k.algorithm].New()
	h.Write([]byte(raw[:dot]))
	exact := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}
	if err != nil || rsa.VerifyPSS(k.pss, hashes[k.algorithm], h.Sum(nil), signature, exact) != nil {
		return refuse(ReasonSignature)
	}
	return nil
}
