package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func claims(more map[string]any) map[string]any {
	all := map[string]any{
		"iss": "http://127.0.0.1:4711/realms/notes", "aud": []string{"http://127.0.0.1:4712/mcp", "account"}, "iat": 1795783298, "exp": 1795783598,
		"auth_time": 1795783290, "jti": "onrtac:3483c89c-a68b-ae3c-c4fc-3abab85a69b0", "sid": "Et5ERHrvuW-yQe9t_0c4rpa0",
		"scope": "openid notes:read", "sub": "a11ce000-0000-4000-8000-000000000001", "realm_access": map[string]any{"roles": []string{"b", "a"}},
	}
	for name, value := range more {
		all[name] = value
	}
	return all
}

func shapeOf(t *testing.T, header, claims map[string]any) string {
	t.Helper()
	said, err := decode(encode(header, claims))
	if err != nil {
		t.Fatal(err)
	}
	same := said.shape(strings.NewReplacer("http://127.0.0.1:4711", "http://issuer", "http://127.0.0.1:4712", "http://resource"))
	text, err := json.Marshal(same)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestShapeKeepsWhatAProfileIsAbout(t *testing.T) {
	got := shapeOf(t, map[string]any{"alg": "RS256", "typ": "JWT", "kid": "vJtPtM1QZJ73gzwcMKk5chSIXGfNmzMemVEdMzyEaPk"}, claims(nil))
	want := `{"header":{"alg":"RS256","kid":"0000000000000000000000000000000000000000000","typ":"JWT"},` +
		`"claims":{"aud":["account","http://resource/mcp"],"auth_time":1767225600,"exp":1767225900,"iat":1767225600,` +
		`"iss":"http://issuer/realms/notes","jti":"onrtac:00000000-0000-4000-8000-000000000000","realm_access":{"roles":["a","b"]},` +
		`"scope":"notes:read openid","sid":"000000000000000000000000","sub":"a11ce000-0000-4000-8000-000000000001"}}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestShapeIsTheSameFromRunToRunAndNotForAnotherToken(t *testing.T) {
	header := map[string]any{"alg": "RS256", "kid": "vJtPtM1QZJ73gzwcMKk5chSIXGfNmzMemVEdMzyEaPk"}
	first := shapeOf(t, header, claims(nil))
	again := shapeOf(t, map[string]any{"alg": "RS256", "kid": "0itNmq9yFiyXlrX6B0IkOpIdScKEwKA7D82J0YgaP9M"}, claims(map[string]any{
		"iat": 1795790000, "exp": 1795790299, "auth_time": 1795789999, "jti": "onrtac:0b309471-e878-5c14-6289-bb84773e8d1c",
		"sid": "ed486-cgPR6EoG3wMPIrAk7T", "scope": "notes:read openid", "aud": []string{"account", "http://127.0.0.1:4712/mcp"},
	}))
	if first != again {
		t.Errorf("two runs differ:\n%s\n%s", first, again)
	}
	for name, value := range map[string]any{"exp": 1795783898, "scope": "openid", "aud": "account", "jti": "trrtcc:3483c89c-a68b-ae3c-c4fc-3abab85a69b0",
		"iat": "a text", "client_id": "new", "sub": "b"} {
		if shapeOf(t, header, claims(map[string]any{name: value})) == first {
			t.Errorf("another %s makes no difference", name)
		}
	}
	if shapeOf(t, map[string]any{"alg": "RS256", "kid": "first"}, claims(nil)) == first {
		t.Error("a key id that is a name makes no difference")
	}
}

func TestDecodeRefusesWhatIsNoJWT(t *testing.T) {
	if _, err := decode(encode(map[string]any{}, map[string]any{})); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{"", "a.b", "e30.e30", "e30.!.x", "e30.W10.x", "e30.e30.x.y"} {
		if got, err := decode(bad); err == nil {
			t.Errorf("%q was read as %+v", bad, got)
		}
	}
}

func TestFixturesAreComparedOrWritten(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "profiles")
	one := jwt{Header: map[string]any{"alg": "RS256"}, Claims: map[string]any{"sub": "a"}}
	other := jwt{Header: map[string]any{"alg": "RS256"}, Claims: map[string]any{"sub": "b"}}
	if err := (fixtures{dir: dir}).compare("x", one); err == nil {
		t.Error("a token without a fixture passed")
	}
	if err := (fixtures{dir: dir, update: true}).compare("x", one); err != nil {
		t.Fatal(err)
	}
	if err := (fixtures{dir: dir}).compare("x", one); err != nil {
		t.Error(err)
	}
	if err := (fixtures{dir: dir}).compare("x", other); err == nil || !strings.Contains(err.Error(), "-update") {
		t.Errorf("another token: %v, want an error that says how to accept it", err)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "x.json")); err != nil || !strings.Contains(string(text), `"sub": "a"`) {
		t.Errorf("a comparison changed the fixture: %s, %v", text, err)
	}
}
