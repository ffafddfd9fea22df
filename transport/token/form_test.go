package token_test

import (
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"

	"github.com/sallyport-mcp/sallyport/internal/issuertest"
	"github.com/sallyport-mcp/sallyport/transport/token"
)

func encode(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

func asJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

const goodHeader = `{"typ":"at+jwt","alg":"ES256","kid":"es256"}`

func TestJ01_NoSignature(t *testing.T) {
	s := newSite(t, nil)
	payload := encode(asJSON(t, s.claims(nil)))
	for _, alg := range []string{"none", "None", "NONE", "nOnE"} {
		for _, header := range []string{`{"typ":"at+jwt","alg":"` + alg + `"}`, `{"typ":"at+jwt","alg":"` + alg + `","kid":"es256"}`} {
			input := encode(header) + "." + payload
			s.refuses(alg+" without dot", input, token.ReasonMalformed)
			s.refuses(alg+" with dot", input+".", token.ReasonMalformed)
			s.refuses(alg+" with signature", s.issuer.Key().SignParts(encode(header), payload), token.ReasonAlgorithm)
		}
	}
	s.refuses("ES256 with empty signature", encode(goodHeader)+"."+payload+".", token.ReasonMalformed)
	s.accepts("repaired", s.issuer.Key().SignParts(encode(goodHeader), payload))
}

func TestJ02_PublicKeyAsSecret(t *testing.T) {
	s := newSite(t, []issuertest.Key{rsaKey()})
	public := rsaKey().Signer.Public().(*rsa.PublicKey)
	pkix, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	pkcs1 := x509.MarshalPKCS1PublicKey(public)
	pemText := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: pkix})
	secrets := map[string][]byte{
		"pem": pemText, "pem without newline": []byte(strings.TrimSpace(string(pemText))),
		"pkcs1 pem": pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: pkcs1}),
		"der":       pkix, "pkcs1": pkcs1, "n": public.N.Bytes(), "jwk": []byte(asJSON(t, rsaKey().JWK())),
	}
	for name, secret := range secrets {
		input := encode(`{"typ":"at+jwt","alg":"HS256","kid":"rsa"}`) + "." + encode(asJSON(t, s.claims(nil)))
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(input))
		s.refuses(name, input+"."+base64.RawURLEncoding.EncodeToString(mac.Sum(nil)), token.ReasonAlgorithm)
	}
	s.accepts("repaired", s.sign(nil))
}

func TestJ10_KeysFromTheHeader(t *testing.T) {
	s := newSite(t, nil)
	for name, value := range map[string]any{
		"jku": "http://127.0.0.1:1/keys", "x5u": "http://127.0.0.1:1/cert", "jwk": s.issuer.Key().JWK(),
		"x5c": []string{"MIIB"}, "cty": "JWT",
	} {
		s.refuses(name, s.signHeader(map[string]any{name: value}), token.ReasonHeader)
	}
	for _, twin := range []string{"Jku", "JWK", "Kid", "\u212aid", "Typ"} {
		s.refuses(twin, s.signHeader(map[string]any{twin: "x", "kid": nil, "typ": nil}), token.ReasonHeader)
	}
	s.refuses("ALG", s.signHeader(map[string]any{"ALG": "ES256", "alg": nil}), token.ReasonAlgorithm)
	s.accepts("repaired", s.signHeader(map[string]any{"x5t": "something"}))
}

func TestJ12_CriticalExtensions(t *testing.T) {
	s := newSite(t, nil)
	for name, crit := range map[string]any{
		"unknown": []string{"x"}, "empty": []string{}, "no array": "alg", "absent": []string{"b64"}, "claim": []string{"exp"}, "known": []string{"alg"},
	} {
		s.refuses(name, s.signHeader(map[string]any{"crit": crit, "x": 1}), token.ReasonHeader)
	}
	s.refuses("null", s.issuer.Key().SignRaw([]byte(`{"typ":"at+jwt","alg":"ES256","kid":"es256","crit":null}`), []byte(asJSON(t, s.claims(nil)))), token.ReasonHeader)
	s.accepts("repaired", s.signHeader(map[string]any{"x": 1}))
}

func TestJ13_UnencodedPayload(t *testing.T) {
	s := newSite(t, nil)
	s.refuses("b64 false", s.signHeader(map[string]any{"b64": false}), token.ReasonHeader)
	s.refuses("b64 false, critical", s.signHeader(map[string]any{"b64": false, "crit": []string{"b64"}}), token.ReasonHeader)
	s.refuses("b64 true", s.signHeader(map[string]any{"b64": true}), token.ReasonHeader)
	raw := s.issuer.Key().SignParts(encode(`{"typ":"at+jwt","alg":"ES256","kid":"es256","b64":false}`), asJSON(t, map[string]any{"iss": issuerURL}))
	s.refuses("raw payload", raw, token.ReasonMalformed)
	s.accepts("repaired", s.signHeader(nil))
}

func TestJ14_EncryptedToken(t *testing.T) {
	s := newSite(t, nil)
	for name, header := range map[string]string{
		"dir":        `{"alg":"dir","enc":"A128GCM"}`,
		"rsa-oaep":   `{"alg":"RSA-OAEP","enc":"A128GCM"}`,
		"pbes2":      `{"alg":"PBES2-HS256+A128KW","enc":"A128GCM","p2c":2147483648,"p2s":"AAAA"}`,
		"compressed": `{"alg":"dir","enc":"A128GCM","zip":"DEF"}`,
	} {
		for _, parts := range []string{".AAAA.AAAA.AAAA.AAAA", "..AAAA.AAAA.AAAA", "...."} {
			s.refuses(name, encode(header)+parts, token.ReasonMalformed)
		}
		s.refuses(name+" in three parts", s.issuer.Key().SignParts(encode(header), encode(asJSON(t, s.claims(nil)))), token.ReasonAlgorithm)
	}
	s.accepts("repaired", s.sign(nil))
}

func TestJ17_Type(t *testing.T) {
	s := newSite(t, nil)
	for _, typ := range []any{"JWT", "logout+jwt", "dpop+jwt", "secevent+jwt", "entity-statement+jwt", "at+jwt ", "at+jw", "", nil, 1, []string{"at+jwt"}} {
		s.refuses(asJSON(t, typ), s.signHeader(map[string]any{"typ": typ}), token.ReasonType)
	}
	for _, typ := range []string{"at+jwt", "AT+JWT", "application/at+jwt", "Application/At+Jwt"} {
		s.accepts(typ, s.signHeader(map[string]any{"typ": typ}))
	}
	legacy := newSite(t, nil, withProfile(token.Profile{Types: []string{"JWT", ""}}))
	legacy.accepts("JWT by profile", legacy.signHeader(map[string]any{"typ": "JWT"}))
	legacy.accepts("none by profile", legacy.signHeader(map[string]any{"typ": nil}))
	legacy.refuses("not in the profile", legacy.signHeader(map[string]any{"typ": "at+jwt"}), token.ReasonType)
	legacy.refuses("empty is not missing", legacy.signHeader(map[string]any{"typ": ""}), token.ReasonType)
}

// signText signs claims that cannot be written as a Go map.
func (s *site) signText(claims string) string {
	return s.issuer.Key().SignRaw([]byte(goodHeader), []byte(claims))
}

func TestJ19_DuplicateClaims(t *testing.T) {
	s := newSite(t, nil)
	good := strings.TrimSuffix(asJSON(t, s.claims(nil)), "}")
	for _, extra := range []string{
		`"exp":1900000000`, `"aud":"` + resource + `"`, `"sub":"alice"`, `"iss":"` + issuerURL + `"`, `"s\u0075b":"bob"`,
		`"x":{"a":1,"a":2}`, `"x":[{"a":1,"A":2}]`,
	} {
		s.refuses(extra, s.signText(good+","+extra+"}"), token.ReasonMalformed)
	}
	s.refuses("header", s.issuer.Key().SignRaw([]byte(`{"alg":"ES256","alg":"ES256","typ":"at+jwt","kid":"es256"}`), []byte(good+"}")), token.ReasonMalformed)
	s.accepts("repaired", s.signText(good+`,"x":{"a":1,"b":2}}`))
}

func TestJ20_CaseTwins(t *testing.T) {
	s := newSite(t, nil)
	for name, instead := range map[string]string{
		"EXP": "exp", "Aud": "aud", "Sub": "sub", "Scope": "scope", "Client_ID": "client_id", "Groups": "groups", "CNF": "cnf", "Nbf": "nbf",
	} {
		claims := s.claims(nil)
		value, ok := claims[instead]
		if !ok {
			value = "x"
		}
		s.refuses(name+" beside", s.sign(map[string]any{name: value, instead: value}), token.ReasonMalformed)
		s.refuses(name+" instead", s.sign(map[string]any{name: value, instead: nil}), token.ReasonClaims)
	}
	s.refuses("Iss instead", s.sign(map[string]any{"Iss": issuerURL, "iss": nil}), token.ReasonIssuer)
	s.accepts("repaired", s.sign(map[string]any{"Other": 1}))

	named := newSite(t, nil, withProfile(token.Profile{RolesClaim: "Roles", ClientClaim: "appid", MachineClaim: "idtyp", MachineValue: "app"}))
	named.accepts("a profile's own spelling", named.sign(map[string]any{"Roles": []string{"a"}, "appid": "x"}))
	named.refuses("twin of a profile's claim", named.sign(map[string]any{"ROLES": []string{"a"}, "appid": "x"}), token.ReasonClaims)
	named.refuses("twin of the machine claim", named.sign(map[string]any{"IdTyp": "app", "appid": "x"}), token.ReasonClaims)
}

func TestJ21_UnicodeTwins(t *testing.T) {
	s := newSite(t, nil)
	s.refuses("long s beside", s.sign(map[string]any{"ſub": "admin"}), token.ReasonMalformed)
	s.refuses("long s instead", s.sign(map[string]any{"ſub": "admin", "sub": nil}), token.ReasonClaims)
	s.refuses("issuer", s.sign(map[string]any{"iſſ": issuerURL, "iss": nil}), token.ReasonIssuer)
	s.refuses("Kelvin sign", s.sign(map[string]any{"to\u212aen_use": "access"}), token.ReasonClaims)
	s.accepts("repaired", s.sign(map[string]any{"śub": "admin"}))
}

func TestJ38_WhiteSpace(t *testing.T) {
	s := newSite(t, nil)
	good := s.sign(nil)
	for _, space := range []string{" ", "\n", "\r", "\r\n", "\t", "\u00a0", "\x00", "\u200b"} {
		for name, raw := range map[string]string{
			"before": space + good, "after": good + space, "inside": good[:30] + space + good[30:],
			"at a dot": strings.Replace(good, ".", space+".", 1), "before the end": good[:len(good)-1] + space + good[len(good)-1:],
		} {
			s.refuses(asJSON(t, space)+" "+name, raw, token.ReasonMalformed)
		}
	}
	s.accepts("repaired", good)
}

func TestJ39_Base64Spellings(t *testing.T) {
	s := newSite(t, nil)
	// Claims of every length modulo 3, so that every kind of ending occurs.
	for _, jti := range []string{"a", "ab", "abc"} {
		good := s.sign(map[string]any{"jti": jti})
		s.accepts("repaired", good)
		for part := range 3 {
			parts := strings.Split(good, ".")
			replace := func(with string) string {
				changed := append([]string(nil), parts...)
				changed[part] = with
				return strings.Join(changed, ".")
			}
			text := parts[part]
			for name, with := range map[string]string{
				"padding": text + "=", "two paddings": text + "==", "plus": "+" + text[1:], "slash": text[:8] + "/" + text[9:],
				"percent": text[:8] + "%" + text[9:], "one character more": text + "A", "empty": "",
			} {
				if name == "one character more" && len(text)%4 != 0 {
					continue // changes the value, not the spelling
				}
				s.refuses(name, replace(with), token.ReasonMalformed)
			}
			if len(text)%4 == 0 {
				continue
			}
			const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
			last := strings.IndexByte(alphabet, text[len(text)-1])
			s.refuses("unused bits", replace(text[:len(text)-1]+string(alphabet[last|1])), token.ReasonMalformed)
		}
	}
}

func TestJ40_JSONSerialization(t *testing.T) {
	s := newSite(t, nil)
	good := s.sign(nil)
	p := strings.Split(good, ".")
	for name, raw := range map[string]string{
		"flattened":   `{"protected":"` + p[0] + `","payload":"` + p[1] + `","signature":"` + p[2] + `"}`,
		"general":     `{"payload":"` + p[1] + `","signatures":[{"protected":"` + p[0] + `","signature":"` + p[2] + `"}]}`,
		"unprotected": `{"protected":"` + p[0] + `","header":{"kid":"es256"},"payload":"` + p[1] + `","signature":"` + p[2] + `"}`,
	} {
		s.refuses(name, raw, token.ReasonMalformed)
	}
	for _, raw := range []string{"", ".", "..", "...", p[0], p[0] + "." + p[1], good + ".", "." + good, good + "." + p[2], "Bearer " + good} {
		s.refuses(raw, raw, token.ReasonMalformed)
	}
	s.accepts("repaired", good)
}

func TestJ42_Size(t *testing.T) {
	s := newSite(t, nil)
	fill := func(size int) string {
		// Every three bytes of claims make four of the token.
		raw := s.sign(map[string]any{"x": ""})
		raw = s.sign(map[string]any{"x": strings.Repeat("x", (size-len(raw))*3/4)})
		return raw
	}
	within := fill(16<<10 - 4)
	if len(within) > 16<<10 || len(within) < 16<<10-16 {
		t.Fatalf("length %d is not just within the limit", len(within))
	}
	s.accepts("repaired", within)
	for _, size := range []int{16<<10 + 8, 64 << 10, 1 << 20, 5 << 20} {
		raw := fill(size)
		s.refuses("large", raw, token.ReasonTooLarge)
		if n := testing.AllocsPerRun(10, func() { _, _ = s.verifier.Verify(t.Context(), raw) }); n > 2 {
			t.Errorf("%v allocations for a token of %d bytes", n, size)
		}
	}
}

func TestJ43_Depth(t *testing.T) {
	s := newSite(t, nil)
	good := strings.TrimSuffix(asJSON(t, s.claims(nil)), "}")
	nested := func(depth int) string {
		return s.signText(good + `,"x":` + strings.Repeat("[", depth) + strings.Repeat("]", depth) + "}")
	}
	s.refuses("too deep", nested(64), token.ReasonMalformed)
	s.refuses("far too deep", nested(5000), token.ReasonMalformed)
	s.refuses("200,000 deep", nested(200_000), token.ReasonTooLarge)
	s.accepts("repaired", nested(63))
	var many strings.Builder
	for i := range 900 {
		fmt.Fprintf(&many, `,"c%d":0`, i)
	}
	s.accepts("many claims", s.signText(good+many.String()+"}"))
	s.refuses("many claims, one twice", s.signText(good+many.String()+`,"C899":0}`), token.ReasonMalformed)
}

func TestJ44_BrokenJSON(t *testing.T) {
	s := newSite(t, nil)
	good := asJSON(t, s.claims(nil))
	open := strings.TrimSuffix(good, "}")
	for name, claims := range map[string]string{
		"invalid UTF-8": open + ",\"x\":\"\xff\"}", "byte order mark": "\ufeff" + good, "trailing": good + "{}", "trailing text": good + "x",
		"array": "[" + good + "]", "string": `"x"`, "null": "null", "lone surrogate": open + `,"x":"\ud800"}`, "no JSON": "x", "cut": open,
	} {
		s.refuses(name, s.signText(claims), token.ReasonMalformed)
		s.refuses(name+" header", s.issuer.Key().SignRaw([]byte(strings.Replace(claims, `"aud"`, `"alg"`, 1)), []byte(good)), token.ReasonMalformed)
	}
	s.accepts("repaired", s.signText(open+`,"x":"\ud83d\ude00"} `))
}
