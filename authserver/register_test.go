package authserver

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRegister(t *testing.T) {
	s, c := newServer(t)
	a := registerJSON(s, `{"redirect_uris":["http://127.0.0.1:1/cb","https://x.example/cb"],"client_name":" A\u202e client ",
		"grant_types":["authorization_code","refresh_token","client_credentials"],"response_types":["code","token"],
		"token_endpoint_auth_method":"none","scope":"notes:read unknown * notes:read","logo_uri":"https://x/l.png","client_id":"mine",
		"client_secret":"mine","software_statement":"x.y.z","policy_uri":"javascript:alert(1)"}`)
	if a.status != http.StatusCreated || a.header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %v %s", a.status, a.header, a.body)
	}
	got := a.json(t)
	want := map[string]any{
		"client_id": got["client_id"], "client_id_issued_at": float64(c.Now().Unix()), "client_name": "A client",
		"redirect_uris": []any{"http://127.0.0.1:1/cb", "https://x.example/cb"}, "application_type": "native",
		"token_endpoint_auth_method": "none", "grant_types": []any{"authorization_code", "refresh_token"},
		"response_types": []any{"code"}, "scope": "notes:read",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got["client_id"] == "mine" || len(fmt.Sprint(got["client_id"])) < 20 {
		t.Errorf("client id %v", got["client_id"])
	}
}

func TestRegisterDefaults(t *testing.T) {
	s, _ := newServer(t)
	for redirect, kind := range map[string]string{
		"https://x.example/cb": "web", "http://localhost:1/cb": "native", "http://[::1]/": "native", "cursor://x/cb": "native",
	} {
		a := registerJSON(s, `{"redirect_uris":["`+redirect+`"]}`)
		got := a.json(t)
		if a.status != http.StatusCreated || got["application_type"] != kind {
			t.Errorf("%s: %d %s", redirect, a.status, a.body)
		}
		// RFC 7591, section 2, and RFC 8252, section 8.5: who cannot keep a secret gets none.
		if kind == "native" && (got["token_endpoint_auth_method"] != "none" || got["client_secret"] != nil) {
			t.Errorf("defaults of a native client: %s", a.body)
		}
		if kind == "web" && (got["token_endpoint_auth_method"] != "client_secret_basic" || got["client_secret_expires_at"] != 0.0 ||
			len(a.text(t, "client_secret")) < 40) {
			t.Errorf("defaults of a web client: %s", a.body)
		}
		if diff := cmp.Diff([]any{"authorization_code", "refresh_token"}, got["grant_types"]); diff != "" {
			t.Error(diff)
		}
	}
}

// Each refusal is the good registration with one member changed.
func TestRegisterRefuses(t *testing.T) {
	s, _ := newServer(t)
	good := map[string]any{"redirect_uris": []string{testRedirect}, "client_name": "x"}
	tests := []struct {
		name, member string
		value        any
		code         string
	}{
		{"no redirects", "redirect_uris", []string{}, "invalid_redirect_uri"},
		{"redirects missing", "redirect_uris", nil, "invalid_redirect_uri"},
		{"O-26 too many redirects", "redirect_uris", strings.Split(strings.Repeat("https://x.example/cb ", 11), " ")[:11], "invalid_redirect_uri"},
		{"redirects of another type", "redirect_uris", "https://x.example/cb", "invalid_client_metadata"},
		{"name of another type", "client_name", 7, "invalid_client_metadata"},
		{"application_type", "application_type", "browser", "invalid_client_metadata"},
		{"method", "token_endpoint_auth_method", "private_key_jwt", "invalid_client_metadata"},
		{"grant types", "grant_types", []string{"client_credentials"}, "invalid_client_metadata"},
		{"response types", "response_types", []string{"token"}, "invalid_client_metadata"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			register(t, s, good)
			bad := map[string]any{"redirect_uris": good["redirect_uris"], "client_name": "x", tt.member: tt.value}
			body, err := json.Marshal(bad)
			if err != nil {
				t.Fatal(err)
			}
			wantError(t, registerJSON(s, string(body)), http.StatusBadRequest, tt.code)
		})
	}
	for row, uris := range badRedirects {
		for _, uri := range uris {
			t.Run(fmt.Sprintf("%s registration of %q", row, uri), func(t *testing.T) {
				body, err := json.Marshal(map[string]any{"redirect_uris": []string{testRedirect, uri}})
				if err != nil {
					t.Fatal(err)
				}
				wantError(t, registerJSON(s, string(body)), http.StatusBadRequest, "invalid_redirect_uri")
			})
		}
	}
}

func TestRegisterBody(t *testing.T) {
	s, _ := newServer(t)
	good := `{"redirect_uris":["` + testRedirect + `"]}`
	if a := registerJSON(s, good); a.status != http.StatusCreated {
		t.Fatalf("good: %d", a.status)
	}
	for _, body := range []string{"", "null", "[]", good + "x", `{"Redirect_URIs":["` + testRedirect + `"]}`} {
		if a := registerJSON(s, body); a.status != http.StatusBadRequest {
			t.Errorf("%q: %d %s", body, a.status, a.body)
		}
	}
	big := `{"redirect_uris":["` + testRedirect + `"],"x":"` + strings.Repeat("x", maxJSON) + `"}`
	wantError(t, registerJSON(s, big), http.StatusRequestEntityTooLarge, "invalid_client_metadata")
	r := httptest.NewRequest(http.MethodPost, testIssuer+"/register", strings.NewReader(good))
	r.Header.Set("Content-Type", "text/plain")
	wantError(t, send(s, r), http.StatusBadRequest, "invalid_client_metadata")
}

func TestO27_SecretsAreKeptAsHashes(t *testing.T) {
	s, _ := newServer(t)
	id, secret := register(t, s, map[string]any{
		"redirect_uris": []string{testRedirect}, "token_endpoint_auth_method": "client_secret_basic",
	})
	c, ok := s.clients.get(id)
	if !ok || !c.secretFits(secret) || c.secretFits(secret+"x") || c.secretFits("") {
		t.Fatal("the secret does not work")
	}
	if strings.Contains(fmt.Sprintf("%+v", *c), secret) {
		t.Error("the secret is kept")
	}
}

func TestO26_RegistryIsBounded(t *testing.T) {
	c := newClock()
	r := newClients(c.Now, 3)
	add := func(id string) { r.add(&client{id: id}) }
	has := func(want string) {
		t.Helper()
		var got []string
		for _, id := range strings.Split("a b c d e f g", " ") {
			if _, ok := r.get(id); ok {
				got = append(got, id)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("kept %v, want %s", got, want)
		}
	}
	add("a")
	add("b")
	add("c")
	r.touch("a")
	r.touch("nobody")
	add("d") // b was never used and is older than c
	has("a c d")
	r.touch("c")
	r.touch("d")
	r.touch("a")
	add("e") // all are used: c longest ago
	has("a d e")
	c.Add(unusedClients)
	add("f") // e was never used for too long
	has("a d f")
	r.clear()
	has("")
}
