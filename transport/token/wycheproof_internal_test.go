package token

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport-mcp/sallyport/internal/strictjson"
)

// vectors is one of the files that testdata/wycheproof keeps of project Wycheproof.
type vectors struct {
	NumberOfTests int
	TestGroups    []vectorGroup
}

// vectorGroup is the vectors for one key or key set. A symmetric one is in Private only.
type vectorGroup struct {
	Comment         string
	Private, Public json.RawMessage
	Tests           []vector
}

// vector is one token, signed or encrypted. A valid one says what was meant by the key.
type vector struct {
	TcID            int
	Comment, Result string
	JWS, JWE        json.RawMessage // a string, or an object if it is no compact serialization
}

// vectorText is the token as a client would send it.
func vectorText(t *testing.T, raw json.RawMessage) string {
	t.Helper()
	if raw[0] != '"' {
		return string(raw)
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// jwks is what the issuer would publish: the group's key set, or a set of its one key.
func (g vectorGroup) jwks() []byte {
	published := g.Public
	if published == nil {
		published = g.Private
	}
	if bytes.Contains(published, []byte(`"keys"`)) {
		return published
	}
	return slices.Concat([]byte(`{"keys":[`), published, []byte(`]}`))
}

func readVectors(t *testing.T, name string) vectors {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata/wycheproof", "json_web_"+name+"_test.json"))
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, g := range v.TestGroups {
		n += len(g.Tests)
	}
	if n != v.NumberOfTests || n == 0 {
		t.Fatalf("%s: %d vectors, the file says %d", name, n, v.NumberOfTests)
	}
	return v
}

// vectorIssuer takes every algorithm that a profile can name, and tokens without typ, which the vectors are.
func vectorIssuer() *issuer {
	is := Issuer{URL: "https://issuer.example", Profile: Profile{Types: []string{""}, Algorithms: signatureAlgorithms()}}
	return newIssuer(Config{Issuers: []Issuer{is}}.withDefaults(), is)
}

// judge sends a token the way of every other one, up to its claims, which vectors do not have.
func judge(is *issuer, jwks []byte, raw string) error {
	set, err := parseKeySet(jwks, is.profile.Algorithms)
	if err != nil {
		return err
	}
	header, err := vectorHeader(raw)
	if err != nil {
		return err
	}
	if err := is.checkHeader(header); err != nil {
		return err
	}
	kid, _ := header.text("kid")
	alg, _ := header.text("alg")
	return verifyBy(set, kid, alg, raw)
}

func vectorHeader(raw string) (object, error) {
	parts, ok := split(raw)
	if !ok {
		return nil, refuse(ReasonMalformed)
	}
	return strictjson.Object(parts[0])
}

func verifyBy(set *keySet, kid, alg, raw string) error {
	k, err := set.find(kid, alg)
	if err != nil {
		return err
	}
	return k.verify(context.Background(), raw)
}

// judgeUnnamed is judge as if neither the token nor the set named keys, so that a changed kid is no reason to refuse a vector.
func judgeUnnamed(is *issuer, jwks []byte, raw string) error {
	header, err := vectorHeader(raw)
	if err != nil {
		return err
	}
	set, err := parseKeySet(jwks, is.profile.Algorithms)
	if err != nil {
		return err
	}
	alg, _ := header.text("alg")
	return verifyBy(set, "", alg, raw)
}

const (
	symmetric = "an algorithm that no profile can name: whoever verifies could sign"
	mismatch  = "the key is for PS256 and the token says PS384 (RFC 8725 section 3.1); invalid vectors want the same refused"
	misnamed  = "the key is for ES521, which is no algorithm of RFC 7518"
)

// stricter are the valid vectors that are refused all the same, by file and number, with the reason. There is no such table of
// invalid ones that are accepted: there are none.
func stricter() map[string]map[int]string {
	return map[string]map[int]string{
		"signature": {
			1: symmetric, 348: symmetric, 352: symmetric, 357: symmetric, 358: symmetric, 359: symmetric, 372: symmetric, 373: symmetric,
			376: symmetric, 377: symmetric, 346: mismatch, 350: mismatch, 347: misnamed, 351: misnamed,
		},
		"key":    {2: symmetric, 13: symmetric, 14: symmetric, 15: symmetric},
		"crypto": {1: symmetric, 48: symmetric},
	}
}

// TestWycheproofSignatures gives every signed vector to the key set reader, the compact form reader, the header check and the
// signature check.
func TestWycheproofSignatures(t *testing.T) {
	is, ran, accepted := vectorIssuer(), 0, 0
	for file, refused := range stricter() {
		for _, g := range readVectors(t, file).TestGroups {
			for _, v := range g.Tests {
				if v.JWS == nil {
					continue // an encrypted one
				}
				ran++
				raw := vectorText(t, v.JWS)
				err := judge(is, g.jwks(), raw)
				if err == nil {
					accepted++
				}
				if want := v.Result == "valid" && refused[v.TcID] == ""; (err == nil) != want {
					t.Errorf("%s, %s, %d %s: %v, want accepted: %t", file, g.Comment, v.TcID, v.Comment, err, want)
				}
				if v.Result == "invalid" && judgeUnnamed(is, g.jwks(), raw) == nil {
					t.Errorf("%s, %s, %d %s: accepted without its key id", file, g.Comment, v.TcID, v.Comment)
				}
				if v.Result == "invalid" && refused[v.TcID] != "" {
					t.Errorf("%s, %d: an invalid vector needs no reason to be refused", file, v.TcID)
				}
			}
		}
	}
	t.Logf("%d signed vectors, %d of them accepted", ran, accepted)
	if ran < 476 || accepted < 35 {
		t.Errorf("%d vectors, %d of them accepted; want at least 476 and 35", ran, accepted)
	}
}

// otherForm are the vectors with a MAC that the compact form reader judges otherwise, with the reason.
func otherForm() map[int]string {
	const (
		lost = "the file has lost the padding that the name speaks of: this is vector 357 byte for byte, which is valid"
		char = "valid only for readers that skip what is no base64url (RFC 7515 section 2): the token would have many spellings"
	)
	return map[int]string{367: lost, 370: lost, 372: char, 373: char}
}

// TestWycheproofForm checks MACs by hand behind the compact form reader alone. No symmetric key gets that far in a
// verifier, but most vectors about how base64 is written come with one.
func TestWycheproofForm(t *testing.T) {
	ran, tokens := 0, map[int]string{}
	for _, g := range readVectors(t, "signature").TestGroups {
		var k struct{ Kty, K string }
		if err := json.Unmarshal(g.Private, &k); err != nil {
			t.Fatal(err)
		}
		if k.Kty != "oct" {
			continue
		}
		for _, v := range g.Tests {
			ran++
			tokens[v.TcID] = vectorText(t, v.JWS)
			want := (v.Result == "valid") != (otherForm()[v.TcID] != "")
			if got := macHolds(t, tokens[v.TcID], k.K); got != want {
				t.Errorf("%s, %d %s: accepted: %t, want %t", g.Comment, v.TcID, v.Comment, got, want)
			}
		}
	}
	if tokens[367] != tokens[357] || tokens[370] != tokens[357] {
		t.Error("the vectors about padding are others now: judge them anew")
	}
	t.Logf("%d vectors with a MAC", ran)
	if ran < 40 {
		t.Errorf("%d vectors, want at least 40", ran)
	}
}

func macHolds(t *testing.T, raw, secret string) bool {
	t.Helper()
	key, err := decode(secret)
	if err != nil {
		t.Fatal(err)
	}
	parts, ok := split(raw)
	if !ok {
		return false
	}
	mac := hmac.New(sha256.New, key) // all of them are HS256
	mac.Write([]byte(raw[:strings.LastIndexByte(raw, '.')]))
	return hmac.Equal(mac.Sum(nil), parts[2])
}

// TestWycheproofPrivateKeys publishes what the vectors sign and decrypt with: usable is only what is no secret.
func TestWycheproofPrivateKeys(t *testing.T) {
	ran := 0
	for _, file := range []string{"signature", "key", "crypto", "encryption"} {
		for _, g := range readVectors(t, file).TestGroups {
			jwks := vectorGroup{Private: g.Private}.jwks()
			var published struct{ Keys []object }
			if err := json.Unmarshal(jwks, &published); err != nil {
				t.Fatal(err)
			}
			public := 0
			for _, k := range published.Keys {
				ran++
				if !k.has("d") && !k.has("k") {
					public++
				}
			}
			set, err := parseKeySet(jwks, signatureAlgorithms())
			if err == nil && len(set.all) > public || err != nil && public > 0 {
				t.Errorf("%s, %s: %v, want %d usable keys", file, g.Comment, err, public)
			}
		}
	}
	t.Logf("%d keys", ran)
	if ran < 92 {
		t.Errorf("%d keys, want at least 92", ran)
	}
}

// TestJ14_WycheproofEncryption sends every encrypted vector, valid ones too. What is not decoded is not decrypted either.
func TestJ14_WycheproofEncryption(t *testing.T) {
	ran := 0
	for _, file := range []string{"encryption", "crypto"} {
		for _, g := range readVectors(t, file).TestGroups {
			for _, v := range g.Tests {
				if v.JWE == nil {
					continue
				}
				ran++
				raw := vectorText(t, v.JWE)
				if _, err := parse(raw); !isReason(err, ReasonMalformed) {
					t.Errorf("%s, %s, %d %s: %v, want it malformed", file, g.Comment, v.TcID, v.Comment, err)
				}
				if n := testing.AllocsPerRun(1, func() { _, _ = parse(raw) }); n > 1 && strings.Count(raw, ".") != 2 {
					t.Errorf("%s, %s, %d %s: %v allocations", file, g.Comment, v.TcID, v.Comment, n)
				}
			}
		}
	}
	t.Logf("%d encrypted vectors", ran)
	if ran < 173 {
		t.Errorf("%d vectors, want at least 173", ran)
	}
}

// TestJ14_LargeEncryptedToken sends as much as is looked at at all. The numbers of allocations say that no part was decoded.
func TestJ14_LargeEncryptedToken(t *testing.T) {
	header := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"PBES2-HS512+A256KW","enc":"A256GCM","zip":"DEF","p2c":2147483647,"p2s":"AAAA"}`))
	raw := header + ".AAAA.AAAA." + strings.Repeat("A", maxSize-len(header)-16) + ".AAAA"
	if len(raw) != maxSize {
		t.Fatalf("%d bytes, want %d", len(raw), maxSize)
	}
	for _, raw := range []string{raw, strings.Repeat(".", maxSize), strings.Replace(raw, ".", "\n", 1)} {
		if n := testing.AllocsPerRun(10, func() { _, _ = parse(raw) }); n > 1 {
			t.Errorf("%v allocations for a token of %d parts", n, strings.Count(raw, ".")+1)
		}
	}
	three := header + "." + strings.Repeat("A", maxSize/2) + ".AAAA"
	if n := testing.AllocsPerRun(10, func() { _, _ = parse(three) }); n < 2 {
		t.Errorf("%v allocations for a token that has to be decoded: they tell nothing", n)
	}
}
