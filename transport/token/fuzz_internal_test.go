package token

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/sallyport-mcp/sallyport/internal/issuertest"
	"github.com/sallyport-mcp/sallyport/internal/strictjson"
)

// FuzzForm checks that a token whose form is accepted has this one spelling, and that encoding/json reads the same in it.
func FuzzForm(f *testing.F) {
	good := issuertest.New("https://issuer.example").Sign(map[string]any{"iss": "https://issuer.example", "x": []any{1, nil, "\u00e4"}}, nil)
	for _, s := range []string{
		good, good + "=", good + "\n", " " + good, "e30.e30.AA", "e30.e30.AB", "e30.e30.", "e30.e30", "e30..AA", "....", "e30=.e30.AA", "e30.W10.AA",
		"eyJhIjoxLCJhIjoyfQ.e30.AA", "eyJhIjoxLCJBIjoyfQ.e30.AA", "ICB7fQ.e30.-_", "/+8.e30.AA", "", "\xff.\xff.\xff",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		got, err := parse(raw)
		if err != nil {
			if !isReason(err, ReasonMalformed) {
				t.Errorf("%q: %v", raw, err)
			}
			return
		}
		parts, ok := split(raw)
		if !ok {
			t.Fatalf("%q has a form and no parts", raw)
		}
		var again []string
		for _, part := range parts {
			again = append(again, base64.RawURLEncoding.EncodeToString(part))
		}
		if strings.Join(again, ".") != raw || got.raw != raw {
			t.Errorf("%q is a second spelling of %q", raw, strings.Join(again, "."))
		}
		for i, o := range []object{got.header, got.claims} {
			var want map[string]json.RawMessage
			if err := json.Unmarshal(parts[i], &want); err != nil || len(want) != len(o) {
				t.Fatalf("%q: encoding/json reads %d members, %v; we read %d", parts[i], len(want), err, len(o))
			}
			for name, value := range want {
				if string(o[name]) != string(value) {
					t.Errorf("%q: %q is %q, and %q for encoding/json", parts[i], name, o[name], value)
				}
			}
		}
	})
}

// FuzzHeader checks that an accepted header says what is promised of it also to a reader that is not ours and ignores case.
func FuzzHeader(f *testing.F) {
	for _, s := range []string{
		`{"typ":"at+jwt","alg":"ES256","kid":"k"}`, `{"typ":"application/AT+JWT","alg":"EdDSA"}`, `{"alg":"none","typ":"at+jwt"}`, `{"typ":"JWT","alg":"RS256"}`,
		`{"typ":"at+jwt","alg":"ES256","kid":""}`, `{"typ":"at+jwt","alg":"ES256","kid":null}`, `{"typ":null,"alg":"ES256"}`, `{"alg":"ES256"}`,
		`{"typ":"at+jwt","alg":"ES256","crit":[]}`, `{"typ":"at+jwt","alg":"ES256","b64":false}`, `{"typ":"at+jwt","alg":"ES256","\u0061lg":"none"}`,
		`{"typ":"at+jwt","alg":"ES256","\u212aid":"x"}`, `{"typ":"at+jwt","alg":"ES256","jwk":{}}`, `{"typ":"at+jwt","alg":["ES256"]}`, `{}`,
		`{"typ":"at+jwt","alg":"ES256","x5t":1,"x":{"a":[]}}`, `{"TYP":"at+jwt","Alg":"ES256"}`, `{"typ":"at+jwt","alg":"HS256"}`,
	} {
		f.Add([]byte(s))
	}
	config := Config{}.withDefaults()
	is := newIssuer(config, Issuer{URL: "https://issuer.example"})
	f.Fuzz(func(t *testing.T, text []byte) {
		header, err := strictjson.Object(text)
		if err != nil || is.checkHeader(header) != nil {
			return
		}
		var read struct {
			Alg, Typ                      string
			Kid                           *string
			JKU, X5U, JWK, X5C, Crit, Cty any
			B64                           any
		}
		if err := json.Unmarshal(text, &read); err != nil {
			t.Fatalf("%s: accepted, and %v", text, err)
		}
		if !slices.Contains([]string{"RS256", "ES256", "EdDSA"}, read.Alg) {
			t.Errorf("%s: alg %q", text, read.Alg)
		}
		if typ := strings.ToLower(read.Typ); typ != "at+jwt" && typ != "application/at+jwt" {
			t.Errorf("%s: typ %q", text, read.Typ)
		}
		if read.Kid != nil && *read.Kid == "" || read.Kid == nil && header["kid"] != nil {
			t.Errorf("%s: kid is there and empty", text)
		}
		for _, value := range []any{read.JKU, read.X5U, read.JWK, read.X5C, read.Crit, read.Cty, read.B64} {
			if value != nil {
				t.Errorf("%s: brings along %v", text, value)
			}
		}
	})
}

// FuzzKeySet reads key sets of any kind. See checkKeySet.
func FuzzKeySet(f *testing.F) {
	for _, s := range keySetSeeds(f) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body []byte) { checkKeySet(t, body) })
}

// FuzzKey gives a good key in a set of several two members of any kind, instead of its own or beside them. See checkKeySet.
func FuzzKey(f *testing.F) {
	for _, s := range [][4]string{
		{`"use"`, `"enc"`, `"x"`, `1`}, {`"key_ops"`, `["sign"]`, `"use"`, `"sig"`}, {`"kty"`, `"oct"`, `"k"`, `"AAAA"`}, {`"d"`, `"AQAB"`, `"x5t"`, `""`},
		{`"p"`, `"AQAB"`, `"q"`, `null`}, {`"e"`, `"AQ"`, `"alg"`, `"PS256"`}, {`"n"`, `"AQAB"`, `"x5c"`, `["MIIB"]`}, {`"kid"`, `"k0"`, `"kid"`, `"k0"`},
		{`"kid"`, `null`, `"alg"`, `null`}, {`"kid"`, `1`, `"crv"`, `"P-384"`}, {`"alg"`, `"HS256"`, `"x"`, `"AA"`}, {`"alg"`, `""`, `"use"`, `""`},
		{`"\u0064"`, `"AQAB"`, `"Use"`, `"enc"`}, {`"y"`, `"AA"`, `"kty"`, `"OKP"`}, {`"e"`, `"AAAAAAAB"`, `"priv"`, `"AA"`}, {`"crv"`, `"Ed448"`, `"kty"`, `"AKP"`},
	} {
		for which := range 6 {
			f.Add(uint8(which), s[0], s[1], s[2], s[3])
		}
	}
	keys := []issuertest.Key{
		issuertest.NewKey("k0", "EdDSA"), issuertest.NewKey("k1", "ES256"), issuertest.NewKey("k2", "RS256"), issuertest.NewKey("", "ES384"),
		issuertest.NewKey("k4", "ES512"), issuertest.NewKey("k5", "PS384"),
	}
	f.Fuzz(func(t *testing.T, which uint8, name, value, name2, value2 string) {
		list := make([]string, 0, len(keys))
		for i, k := range keys {
			if i != int(which)%len(keys) {
				list = append(list, published(t, k.JWK()))
				continue
			}
			own := k.JWK()
			for _, n := range []string{name, name2} {
				var plain string
				_ = json.Unmarshal([]byte(n), &plain) // what is no name is in nobody's place
				delete(own, plain)
			}
			list = append(list, strings.TrimSuffix(published(t, own), "}")+","+name+":"+value+","+name2+":"+value2+"}")
		}
		checkKeySet(t, []byte(`{"keys":[`+strings.Join(list, ",")+`]}`))
	})
}

func published(t *testing.T, jwk map[string]any) string {
	t.Helper()
	body, err := json.Marshal(jwk)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// checkKeySet fails if a usable key of a set is weak, secret, not meant for signatures, published twice under its id, or used with
// an algorithm that is not its own.
func checkKeySet(t *testing.T, body []byte) {
	t.Helper()
	set, err := parseKeySet(body, signatureAlgorithms())
	if err != nil {
		return
	}
	var read struct{ Keys []json.RawMessage }
	if err := json.Unmarshal(body, &read); err != nil {
		t.Fatalf("%s: accepted, and %v", body, err)
	}
	if len(set.all)+len(set.refused) != len(read.Keys) || len(set.all) == 0 {
		t.Errorf("%s: %d keys, %d of them usable and %d refused", body, len(read.Keys), len(set.all), len(set.refused))
	}
	byDigest := map[[sha256.Size]byte]map[string]any{}
	count := map[string]int{}
	for _, raw := range read.Keys {
		var members map[string]any
		_ = json.Unmarshal(raw, &members) // what is no object is none of the usable keys
		byDigest[sha256.Sum256(raw)] = members
		id, _ := members["kid"].(string)
		count[id]++
	}
	for _, k := range set.all {
		checkUsable(t, k, byDigest[k.published])
		if k.id != "" && (count[k.id] != 1 || set.byID[k.id] != k) {
			t.Errorf("%s: %q is there %d times", body, k.id, count[k.id])
		}
		if found, err := set.find(k.id, k.algorithm); k.id != "" && (err != nil || found != k) {
			t.Errorf("%s: %q is not found: %v", body, k.id, err)
		}
	}
	for _, alg := range signatureAlgorithms() {
		if found, err := set.find("", alg); err == nil && found.algorithm != alg {
			t.Errorf("%s: %s leads to a key for %s", body, alg, found.algorithm)
		}
	}
}

// checkUsable looks at a key and at how it was published, with as little as possible of what chose it.
func checkUsable(t *testing.T, k *key, published map[string]any) {
	t.Helper()
	if published == nil {
		t.Fatal("a usable key that was not published")
	}
	for _, name := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"} {
		if _, ok := published[name]; ok {
			t.Errorf("usable with the secret member %s", name)
		}
	}
	if use, ok := published["use"]; ok && use != "sig" {
		t.Errorf("usable with use %v", use)
	}
	if ops, ok := published["key_ops"].([]any); (ok || published["key_ops"] != nil) && !slices.Contains(ops, any("verify")) {
		t.Errorf("usable with key_ops %v", published["key_ops"])
	}
	if alg, ok := published["alg"]; ok && alg != k.algorithm {
		t.Errorf("used with %s, and is for %v", k.algorithm, alg)
	}
	keys := k.set.(*oidc.StaticKeySet).PublicKeys
	if len(keys) != 1 {
		t.Fatalf("%d keys in one", len(keys))
	}
	checkStrong(t, keys[0], k)
}

func checkStrong(t *testing.T, public crypto.PublicKey, k *key) {
	t.Helper()
	switch public := public.(type) {
	case *rsa.PublicKey:
		if public.N.BitLen() < 2048 || public.N.BitLen() > 4096 || public.N.Bit(0) == 0 || public.E < 3 || public.E%2 == 0 || k.algorithm[1] != 'S' || k.algorithm[0] == 'E' {
			t.Errorf("%s: a modulus of %d bits, exponent %d", k.algorithm, public.N.BitLen(), public.E)
		}
		if (k.pss != nil) != (k.algorithm[0] == 'P') {
			t.Errorf("%s: checks the salt: %t", k.algorithm, k.pss != nil)
		}
	case *ecdsa.PublicKey:
		bits := map[string]int{"ES256": 256, "ES384": 384, "ES512": 521}
		if _, err := public.ECDH(); err != nil || public.Params().BitSize != bits[k.algorithm] {
			t.Errorf("%s: a point on a curve of %d bits: %v", k.algorithm, public.Params().BitSize, err)
		}
	case ed25519.PublicKey:
		if len(public) != ed25519.PublicKeySize || k.algorithm != "EdDSA" {
			t.Errorf("%s: %d bytes", k.algorithm, len(public))
		}
	default:
		t.Errorf("%s: a key of type %v", k.algorithm, reflect.TypeOf(public))
	}
}

func keySetSeeds(f *testing.F) [][]byte {
	f.Helper()
	ec, ed, rs := issuertest.NewKey("ec", "ES256"), issuertest.NewKey("ed", "EdDSA"), issuertest.NewKey("rsa", "RS256")
	jwks := func(keys ...issuertest.Key) []byte {
		is := issuertest.New("https://issuer.example")
		is.SetKeys(keys...)
		body, err := is.JWKS(context.Background())
		if err != nil {
			f.Fatal(err)
		}
		return body
	}
	with := func(k issuertest.Key, name string, value any) issuertest.Key {
		k.Members = map[string]any{name: value}
		return k
	}
	return [][]byte{
		jwks(ec), jwks(ec, ed, rs, issuertest.NewKey("p384", "ES384"), issuertest.NewKey("p521", "ES512"), with(rs, "alg", "PS256")),
		jwks(ec, ec, ed), jwks(ed, with(ec, "use", "enc")), jwks(ed, with(ec, "key_ops", []string{"sign"})), jwks(ed, with(rs, "e", "AQ")),
		jwks(ed, with(rs, "e", "AQAA")), jwks(ed, with(rs, "n", "AQAB")), jwks(ed, with(rs, "p", "AQAB")), jwks(ed, with(ec, "d", "AQAB")),
		jwks(ed, with(ec, "kty", "oct")), jwks(ed, with(ec, "crv", "P-384")), jwks(ed, with(ec, "alg", "HS256")), jwks(ed, with(ec, "alg", nil)),
		jwks(ed, with(ec, "kid", nil)), jwks(ed, with(ec, "kid", 1)), jwks(ed, with(ec, "kid", "")), jwks(ed, with(ec, "x5c", []string{"MIIB"})),
		[]byte(`{"keys":[{"kty":"oct","k":"AAAA","alg":"HS256","kid":"a"}]}`), []byte(`{"keys":[]}`), []byte(`{"keys":[null,1,"x",[]]}`), []byte(`{}`),
		[]byte(`{"keys":{}}`), []byte(`[]`), []byte(`{"keys":[],"keys":[]}`), []byte(`{"Keys":[]}`), []byte(strings.Repeat("[", 100)), nil,
	}
}

// FuzzMetadata checks that keys are fetched only from where metadata of this issuer say in strict JSON, over https, and that nothing
// else is asked but the two places of metadata.
func FuzzMetadata(f *testing.F) {
	const issuer = "https://a.example/x"
	for _, s := range []string{
		`{"issuer":"https://a.example/x","jwks_uri":"https://a.example/jwks.json"}`, `{"issuer":"https://a.example/x","jwks_uri":"https://b.example/k?x=1"}`,
		`{"issuer":"https://a.example","jwks_uri":"https://a.example/jwks.json"}`, `{"jwks_uri":"https://a.example/jwks.json"}`,
		`{"issuer":"https://a.example/x","jwks_uri":"http://127.0.0.1/k"}`, `{"issuer":"https://a.example/x","jwks_uri":"file:///etc/passwd"}`,
		`{"issuer":"https://a.example/x","jwks_uri":"https://a.example/k","JWKS_URI":"https://b.example/k"}`, `{"issuer":"https://a.example/x","JWKS_URI":"https://b.example/k"}`,
		`{"issuer":"https://a.example/x","jwks_uri":"https:///k"}`, `{"issuer":"https://a.example/x","jwks_uri":"https://u:p@a.example/k#f"}`,
		`{"issuer":"https://a.example/x","jwks_uri":["https://a.example/k"]}`, `{"issuer":"https://a.example/x","jwks_uri":null}`, `{}`, `[]`, `<html>`, ``,
		`{"issuer":"https://a.example/x","jwks_uri":"https://a.example/k","id_token_signing_alg_values_supported":1}`,
		`{"issuer":"https://a.example/x","jwks_uri":"//a.example/k"}`, `{"issuer":"https://a.example/x","jwks_uri":"HTTPS://A.example/k"}`,
	} {
		f.Add(s, true)
		f.Add(s, false)
	}
	f.Fuzz(func(t *testing.T, document string, openID bool) {
		var asked []*url.URL
		server := roundTripper(func(r *http.Request) *http.Response {
			asked = append(asked, r.URL)
			recorder := httptest.NewRecorder()
			switch {
			case r.URL.String() == "https://a.example/x/.well-known/openid-configuration" && len(asked) == 1:
				if !openID {
					recorder.WriteHeader(http.StatusNotFound)
				}
			case r.URL.String() == "https://a.example/.well-known/oauth-authorization-server/x" && len(asked) == 2:
			default:
				_, _ = recorder.WriteString(`{"keys":[]}`)
				return recorder.Result()
			}
			_, _ = recorder.WriteString(document)
			return recorder.Result()
		})
		body, err := newRemote(issuer, &http.Client{Transport: server}).fetch(context.Background())
		if err != nil {
			if len(asked) > 2 {
				t.Errorf("%q: asked %v, then %v", document, asked, err)
			}
			return
		}
		found, err := strictjson.Object([]byte(document))
		if err != nil {
			t.Fatalf("%q: led to keys, and is %v", document, err)
		}
		from := asked[len(asked)-1]
		uri, _ := object(found).text("jwks_uri")
		want, err := url.Parse(uri)
		if name, _ := object(found).text("issuer"); err != nil || name != issuer || from.String() != want.String() || from.Scheme != "https" || from.Host == "" {
			t.Errorf("%q: led to %s", document, from)
		}
		if string(body) != `{"keys":[]}` {
			t.Errorf("%q: %s", document, body)
		}
	})
}
