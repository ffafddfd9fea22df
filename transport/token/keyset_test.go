package token_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"math/big"
	"strings"
	"testing"

	"github.com/sallyport-mcp/sallyport/internal/issuertest"
	"github.com/sallyport-mcp/sallyport/transport/token"
)

// with returns the key as published with other members.
func with(k issuertest.Key, members map[string]any) issuertest.Key {
	k.Members = members
	return k
}

func named(k issuertest.Key, id, algorithm string) issuertest.Key {
	k.ID, k.Algorithm = id, algorithm
	return k
}

// spare is a key that keeps a set usable.
func spare() issuertest.Key { return edKey() }

func allRSA() change {
	return withProfile(token.Profile{Algorithms: []string{"RS256", "PS256", "ES256", "EdDSA", "PS384", "PS512"}})
}

func TestAlgorithms(t *testing.T) {
	all := withProfile(token.Profile{Algorithms: []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}})
	for _, alg := range []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"} {
		k := named(rsaKey(), "k", alg)
		if alg[0] == 'E' {
			k = issuertest.NewKey("k", alg)
		}
		s := newSite(t, []issuertest.Key{k}, all)
		good := s.sign(nil)
		s.accepts(alg, good)
		other := s.sign(map[string]any{"jti": "other"})
		s.refuses(alg+" with the signature of another", good[:strings.LastIndex(good, ".")]+other[strings.LastIndex(other, "."):], token.ReasonSignature)
	}
	s := newSite(t, []issuertest.Key{spare(), named(rsaKey(), "k", "RS384")})
	s.refuses("not in the profile", named(rsaKey(), "k", "RS384").Sign(s.claims(nil), nil), token.ReasonAlgorithm)
	s.refuses("alg null", s.signHeader(map[string]any{"alg": raw("null")}), token.ReasonAlgorithm)
}

func TestJ04_AlgorithmOfTheKey(t *testing.T) {
	s := newSite(t, []issuertest.Key{named(rsaKey(), "k", "PS256"), spare()}, allRSA())
	s.refuses("RS256 under a PS256 key", named(rsaKey(), "k", "RS256").Sign(s.claims(nil), nil), token.ReasonKeyMismatch)
	s.accepts("repaired", s.sign(nil))

	// A key that names no algorithm has one all the same: the profile's first.
	s = newSite(t, []issuertest.Key{with(named(rsaKey(), "k", "RS256"), map[string]any{"alg": nil}), spare()}, allRSA())
	s.refuses("PS256 under a key for RS256", named(rsaKey(), "k", "PS256").Sign(s.claims(nil), nil), token.ReasonKeyMismatch)
	s.accepts("repaired", s.sign(nil))

	ec := issuertest.NewKey("k", "ES256")
	for name, members := range map[string]map[string]any{
		"other curve": {"alg": "ES384"}, "other kind": {"alg": "RS256"}, "encryption": {"alg": "ECDH-ES"}, "symmetric": {"alg": "HS256"}, "unknown": {"alg": "none"},
		"empty": {"alg": ""}, "null": {"alg": raw("null")},
	} {
		s := newSite(t, []issuertest.Key{with(ec, members), spare()})
		s.refuses(name, ec.Sign(s.claims(nil), nil), token.ReasonKeyMismatch)
	}
	s = newSite(t, []issuertest.Key{with(ec, map[string]any{"alg": nil}), spare()})
	s.accepts("no algorithm", s.sign(nil))

	// The algorithm of an elliptic curve is that of its curve, whatever a key and a token agree on, and whatever comes first.
	curves := withProfile(token.Profile{Algorithms: []string{"ES256", "ES384", "ES512", "EdDSA"}})
	for _, alg := range []string{"ES256", "ES384", "ES512"} {
		for _, other := range []string{"ES256", "ES384", "ES512"} {
			k := issuertest.NewKey("k", alg)
			s := newSite(t, []issuertest.Key{with(named(k, "k", other), nil), spare()}, curves)
			if alg != other {
				s.refuses(alg+" as "+other, s.sign(nil), token.ReasonKeyMismatch)
			}
			s = newSite(t, []issuertest.Key{with(k, map[string]any{"alg": nil}), spare()}, curves)
			s.accepts("no algorithm, "+alg, s.sign(nil))
		}
	}
	s = newSite(t, []issuertest.Key{with(spare(), map[string]any{"alg": nil})})
	s.accepts("no algorithm, EdDSA", s.sign(nil))
}

// TestJ04_AlgorithmOfNoUse publishes a key for an algorithm that the profile does not name. Its tokens are refused by their header
// alone, so it must not count as usable: the issuer would look ready, and never be.
func TestJ04_AlgorithmOfNoUse(t *testing.T) {
	k := named(rsaKey(), "k", "RS384")
	s := newSite(t, []issuertest.Key{k})
	if s.verifier.Ready() == nil || s.verifier.KeyStates()[0].Keys != 0 {
		t.Errorf("ready with %+v", s.verifier.KeyStates())
	}
	s = newSite(t, []issuertest.Key{k, spare()})
	if err := s.verifier.Ready(); err != nil || s.verifier.KeyStates()[0].Keys != 1 || !strings.Contains(s.logs.String(), "no allowed algorithm") {
		t.Errorf("%v, %+v: %s", err, s.verifier.KeyStates(), s.logs)
	}
	s = newSite(t, []issuertest.Key{k}, withProfile(token.Profile{Algorithms: []string{"RS384"}}))
	if err := s.verifier.Ready(); err != nil {
		t.Errorf("repaired: %v", err)
	}
	s.accepts("repaired", s.sign(nil))
}

func TestJ05_KeyForOtherUse(t *testing.T) {
	k := issuertest.NewKey("k", "ES256")
	for name, members := range map[string]map[string]any{
		"encryption": {"use": "enc"}, "empty use": {"use": ""}, "use number": {"use": 1}, "use null": {"use": raw("null")}, "sign only": {"key_ops": []string{"sign"}},
		"no operations": {"key_ops": []string{}}, "operations null": {"key_ops": raw("null")}, "operation text": {"key_ops": "verify"},
		"use but not operations": {"use": "sig", "key_ops": []string{"encrypt"}},
	} {
		s := newSite(t, []issuertest.Key{with(k, members), spare()})
		s.refuses(name, k.Sign(s.claims(nil), nil), token.ReasonKeyMismatch)
	}
	for name, members := range map[string]map[string]any{
		"signatures": {"use": "sig"}, "no use": {"use": nil}, "verify": {"key_ops": []string{"verify"}}, "both": {"key_ops": []string{"sign", "verify"}},
	} {
		s := newSite(t, []issuertest.Key{with(k, members), spare()})
		s.accepts(name, k.Sign(s.claims(nil), nil))
	}
}

func TestJ07_NoKeyID(t *testing.T) {
	one, two := issuertest.NewKey("one", "ES256"), issuertest.NewKey("two", "ES256")
	ed := spare()
	s := newSite(t, []issuertest.Key{one, two, ed})
	s.refuses("two of the algorithm", s.signHeader(map[string]any{"kid": nil}), token.ReasonKeyMismatch)
	s.accepts("one of the algorithm", ed.Sign(s.claims(nil), map[string]any{"kid": nil}))
	s = newSite(t, []issuertest.Key{one, spare()})
	s.accepts("repaired", s.signHeader(map[string]any{"kid": nil}))
	s.refuses("none of the algorithm", rsaKey().Sign(s.claims(nil), map[string]any{"kid": nil}), token.ReasonKeyMismatch)
	s.refuses("another key", two.Sign(s.claims(nil), map[string]any{"kid": nil}), token.ReasonSignature)
	for _, kid := range []any{"", 1, raw("null"), []string{"one"}} {
		s.refuses("kid of another type", s.signHeader(map[string]any{"kid": kid}), token.ReasonHeader)
	}
	unnamed := newSite(t, []issuertest.Key{named(one, "", "ES256"), named(two, "", "ES256"), spare()})
	unnamed.refuses("two without id", one.Sign(unnamed.claims(nil), map[string]any{"kid": nil}), token.ReasonKeyMismatch)
	unnamed = newSite(t, []issuertest.Key{named(one, "", "ES256")})
	unnamed.accepts("one without id", unnamed.sign(nil))
	unnamed.refuses("empty id", unnamed.signHeader(map[string]any{"kid": ""}), token.ReasonHeader)
}

func TestJ08_DuplicateKeyID(t *testing.T) {
	good, twin := issuertest.NewKey("k", "ES256"), issuertest.NewKey("k", "ES256")
	weak := publicOnly(smallModulus(), 65537)
	for name, second := range map[string]issuertest.Key{"same kind": twin, "weak": weak, "the same key": good} {
		for _, keys := range [][]issuertest.Key{{good, second, spare()}, {second, good, spare()}} {
			s := newSite(t, keys)
			s.refuses(name, good.Sign(s.claims(nil), nil), token.ReasonKeyMismatch)
			s.refuses(name, second.Sign(s.claims(nil), nil), token.ReasonKeyMismatch)
			if log := s.logs.String(); !strings.Contains(log, `"level":"ERROR"`) || !strings.Contains(log, "several keys") {
				t.Errorf("%s: no alarm: %s", name, log)
			}
		}
	}
	s := newSite(t, []issuertest.Key{good, named(twin, "other", "ES256"), spare()})
	s.accepts("repaired", s.sign(nil))
	if log := s.logs.String(); log != "" {
		t.Errorf("good keys logged: %s", log)
	}
}

func smallModulus() *big.Int { return new(big.Int).SetBit(big.NewInt(1), 1023, 1) }

// publicOnly is an RSA key that is published with another modulus or exponent.
func publicOnly(n *big.Int, e int64) issuertest.Key {
	return with(named(rsaKey(), "k", "RS256"), map[string]any{
		"n": base64.RawURLEncoding.EncodeToString(n.Bytes()), "e": base64.RawURLEncoding.EncodeToString(big.NewInt(e).Bytes()),
	})
}

// rocaModulus has the shape of a modulus by the generator of CVE-2017-15361: a
// power of 65537 modulo the product of the first 126 primes.
func rocaModulus() *big.Int {
	m := big.NewInt(1)
	for p := int64(2); p <= 701; p++ {
		if big.NewInt(p).ProbablyPrime(0) {
			m.Mul(m, big.NewInt(p))
		}
	}
	power := new(big.Int).Exp(big.NewInt(65537), big.NewInt(123456789), m)
	k := new(big.Int).Lsh(big.NewInt(1), uint(2048-m.BitLen()))
	return power.Add(power, k.Mul(k, m))
}

func TestJ46_WeakKeys(t *testing.T) {
	n := rsaKey().Signer.Public().(*rsa.PublicKey).N
	for name, k := range map[string]issuertest.Key{
		"1024 bits": publicOnly(smallModulus(), 65537), "2047 bits": publicOnly(new(big.Int).SetBit(new(big.Int).Rsh(n, 1), 0, 1), 65537),
		"exponent 1": publicOnly(n, 1), "exponent 2": publicOnly(n, 2), "even exponent": publicOnly(n, 65536),
		"even modulus": publicOnly(new(big.Int).SetBit(n, 0, 0), 65537), "ROCA": publicOnly(rocaModulus(), 65537),
	} {
		s := newSite(t, []issuertest.Key{k, spare()})
		s.refuses(name, rsaKey().Sign(s.claims(nil), map[string]any{"kid": "k"}), token.ReasonKeyMismatch)
		if name != "exponent 1" && (!strings.Contains(s.logs.String(), "weak RSA key") || !strings.Contains(s.logs.String(), `"level":"ERROR"`)) {
			t.Errorf("%s: no alarm: %s", name, s.logs)
		}
	}
	s := newSite(t, []issuertest.Key{publicOnly(n, 65537), spare()})
	s.accepts("repaired", rsaKey().Sign(s.claims(nil), map[string]any{"kid": "k"}))
	cubic := newSite(t, []issuertest.Key{publicOnly(n, 3), spare()})
	cubic.refuses("exponent 3 and forged padding", forgedPadding(cubic, n), token.ReasonSignature)
}

// TestHugeKeys holds the library to its limit. Go looks at the length of a signature so late that a single one of any length would
// take seconds under a key of a hundred kilobytes, and whoever knows its id could send some.
func TestHugeKeys(t *testing.T) {
	odd := func(bits int) *big.Int { return new(big.Int).SetBit(big.NewInt(1), bits-1, 1) }
	for _, bits := range []int{4097, 8192, 4 << 20} {
		s := newSite(t, []issuertest.Key{publicOnly(odd(bits), 65537), spare()})
		s.refuses("huge", rsaKey().Sign(s.claims(nil), map[string]any{"kid": "k"}), token.ReasonKeyMismatch)
	}
	s := newSite(t, []issuertest.Key{publicOnly(odd(4096), 65537), spare()})
	s.refuses("repaired, so the signature counts", rsaKey().Sign(s.claims(nil), map[string]any{"kid": "k"}), token.ReasonSignature)
}

// forgedPadding signs with exponent 3 and without a key: a cube root whose cube
// begins like correct padding and ends in garbage (CVE-2006-4339).
func forgedPadding(s *site, n *big.Int) string {
	input := encode(`{"typ":"at+jwt","alg":"RS256","kid":"k"}`) + "." + encode(asJSON(s.t, s.claims(nil)))
	digest := sha256.Sum256([]byte(input))
	prefix := "\x00\x01\xff\xff\xff\xff\xff\xff\xff\xff\x00\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20" + string(digest[:])
	size := (n.BitLen() + 7) / 8
	target := new(big.Int).SetBytes([]byte(prefix + strings.Repeat("\xff", size-len(prefix))))
	low, high := big.NewInt(0), new(big.Int).Lsh(big.NewInt(1), 700)
	for low.Cmp(high) < 0 { // the largest root whose cube is at most target
		middle := new(big.Int).Add(low, high)
		middle.Add(middle, big.NewInt(1)).Rsh(middle, 1)
		if new(big.Int).Exp(middle, big.NewInt(3), nil).Cmp(target) > 0 {
			high = middle.Sub(middle, big.NewInt(1))
		} else {
			low = middle
		}
	}
	return input + "." + base64.RawURLEncoding.EncodeToString(low.FillBytes(make([]byte, size)))
}

func TestJ46_SaltLength(t *testing.T) {
	for alg, hash := range map[string]crypto.Hash{"PS256": crypto.SHA256, "PS384": crypto.SHA384, "PS512": crypto.SHA512} {
		k := named(rsaKey(), "k", alg)
		s := newSite(t, []issuertest.Key{k}, allRSA())
		good := s.sign(nil)
		input := good[:strings.LastIndex(good, ".")]
		h := hash.New()
		h.Write([]byte(input))
		sign := func(salt int) string {
			signature, err := rsa.SignPSS(rand.Reader, k.Signer.(*rsa.PrivateKey), hash, h.Sum(nil), &rsa.PSSOptions{SaltLength: salt})
			if err != nil {
				t.Fatal(err)
			}
			return input + "." + base64.RawURLEncoding.EncodeToString(signature)
		}
		for _, salt := range []int{rsa.PSSSaltLengthAuto, 1, 20, hash.Size() - 1, hash.Size() + 1} {
			s.refuses(alg, sign(salt), token.ReasonSignature)
		}
		s.accepts("repaired", sign(hash.Size()))
	}
}

func TestJ46_SignatureLength(t *testing.T) {
	for _, k := range []issuertest.Key{rsaKey(), issuertest.NewKey("k", "ES256"), edKey()} {
		s := newSite(t, []issuertest.Key{k})
		good := s.sign(nil)
		dot := strings.LastIndex(good, ".")
		signature, err := base64.RawURLEncoding.DecodeString(good[dot+1:])
		if err != nil {
			t.Fatal(err)
		}
		for name, changed := range map[string][]byte{
			"zero before": append([]byte{0}, signature...), "zero after": append(signature[:len(signature):len(signature)], 0),
			"shorter": signature[:len(signature)-1], "one byte": {0}, "zeros": make([]byte, len(signature)),
		} {
			s.refuses(k.Algorithm+" "+name, good[:dot+1]+base64.RawURLEncoding.EncodeToString(changed), token.ReasonSignature)
		}
		s.accepts("repaired", good)
	}
}

func TestKeysThatAreNotUsed(t *testing.T) {
	k := issuertest.NewKey("k", "ES256")
	other := issuertest.NewKey("k", "ES256")
	for name, members := range map[string]map[string]any{
		"symmetric":        {"kty": "oct", "k": "c2VjcmV0", "alg": "HS256"},
		"unknown kind":     {"kty": "XYZ"},
		"no kind":          {"kty": nil},
		"unknown curve":    {"crv": "secp256k1"},
		"not on the curve": {"x": other.JWK()["x"]},
		"Ed448":            {"kty": "OKP", "crv": "Ed448"},
		"post-quantum":     {"kty": "AKP", "alg": "ML-DSA-44"},
	} {
		s := newSite(t, []issuertest.Key{with(k, members), spare()})
		s.refuses(name, k.Sign(s.claims(nil), nil), token.ReasonKeyMismatch)
	}
	s := newSite(t, []issuertest.Key{k})
	s.accepts("repaired", s.sign(nil))
}

func TestPublishedPrivateKeyIsAnAlarm(t *testing.T) {
	const secret = "c2VjcmV0"
	ec, rsaPublic := issuertest.NewKey("k", "ES256"), named(rsaKey(), "k", "RS256")
	for name, k := range map[string]issuertest.Key{
		"symmetric":           with(ec, map[string]any{"kty": "oct", "k": secret, "alg": nil}),
		"EC with d":           with(ec, map[string]any{"d": secret}),
		"EC with k":           with(ec, map[string]any{"k": secret}),
		"EC with null":        with(ec, map[string]any{"d": raw("null")}),
		"EC with priv":        with(ec, map[string]any{"priv": secret}),
		"RSA with one factor": with(rsaPublic, map[string]any{"p": secret}),
		"RSA with the other":  with(rsaPublic, map[string]any{"q": secret}),
		"RSA with dp":         with(rsaPublic, map[string]any{"dp": secret}),
		"RSA with dq":         with(rsaPublic, map[string]any{"dq": secret}),
		"RSA with qi":         with(rsaPublic, map[string]any{"qi": secret}),
		"RSA of many factors": with(rsaPublic, map[string]any{"oth": []map[string]any{{"r": secret}}}),
	} {
		s := newSite(t, []issuertest.Key{k, spare()})
		s.refuses(name, k.Sign(s.claims(nil), nil), token.ReasonKeyMismatch)
		log := s.logs.String()
		if !strings.Contains(log, `"level":"ERROR"`) || !strings.Contains(log, "private or symmetric") || strings.Contains(log, secret) {
			t.Errorf("%s: log: %s", name, log)
		}
	}
	for _, k := range []issuertest.Key{ec, rsaPublic, with(ec, map[string]any{"D": "x", "x5t": nil})} {
		s := newSite(t, []issuertest.Key{k, spare()})
		s.accepts("repaired", k.Sign(s.claims(nil), nil))
	}
}
