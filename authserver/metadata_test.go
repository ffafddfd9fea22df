package authserver

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestO48_Metadata(t *testing.T) {
	s, _ := newServer(t)
	methods := []any{"none", "client_secret_basic", "client_secret_post"}
	want := map[string]any{
		"issuer":                                         testIssuer,
		"authorization_endpoint":                         testIssuer + "/authorize",
		"token_endpoint":                                 testIssuer + "/token",
		"jwks_uri":                                       testIssuer + "/jwks.json",
		"registration_endpoint":                          testIssuer + "/register",
		"revocation_endpoint":                            testIssuer + "/revoke",
		"scopes_supported":                               []any{"notes:read", "notes:write", "bare"},
		"response_types_supported":                       []any{"code"},
		"response_modes_supported":                       []any{"query"},
		"grant_types_supported":                          []any{"authorization_code", "refresh_token"},
		"token_endpoint_auth_methods_supported":          methods,
		"revocation_endpoint_auth_methods_supported":     methods,
		"code_challenge_methods_supported":               []any{"S256"},
		"authorization_response_iss_parameter_supported": true,
		"subject_types_supported":                        []any{"public"},
		"id_token_signing_alg_values_supported":          []any{"ES256"},
		"prompt_values_supported":                        []any{"none", "login", "consent", "select_account"},
	}
	for _, path := range []string{metadataPath, openIDPath} {
		for _, host := range []string{"127.0.0.1:8080", "evil.example"} {
			r := httptest.NewRequest(http.MethodGet, path, nil)
			r.Host = host
			r.Header.Set("X-Forwarded-Host", "evil.example")
			r.Header.Set("X-Forwarded-Proto", "https")
			a := send(s, r)
			if diff := cmp.Diff(want, a.json(t)); diff != "" {
				t.Errorf("%s at %s:\n%s", path, host, diff)
			}
			if a.header.Get("Content-Type") != "application/json" {
				t.Errorf("%v", a.header)
			}
		}
	}
}

func TestKeySet(t *testing.T) {
	s, _ := newServer(t)
	a := send(s, httptest.NewRequest(http.MethodGet, "/jwks.json", nil))
	own, err := s.JWKS(t.Context())
	if err != nil || string(own) != a.body {
		t.Errorf("JWKS %s, served %s", own, a.body)
	}
	own[0] = 'x'
	if again, _ := s.JWKS(t.Context()); again[0] != '{' {
		t.Error("the caller can change the key set")
	}
	keys, _ := a.json(t)["keys"].([]any)
	if len(keys) != 1 {
		t.Fatalf("%s", a.body)
	}
	key, _ := keys[0].(map[string]any)
	if key["use"] != "sig" || key["alg"] != "ES256" || key["kty"] != "EC" || key["crv"] != "P-256" || key["kid"] == "" || key["d"] != nil {
		t.Errorf("key %v", key)
	}
	other, _ := newServer(t)
	if theirs, _ := other.JWKS(t.Context()); string(theirs) == a.body {
		t.Error("two servers share a key")
	}
}

func TestHead(t *testing.T) {
	s, _ := newServer(t)
	for _, path := range s.Paths() {
		get := send(s, httptest.NewRequest(http.MethodGet, testIssuer+path, nil))
		head := send(s, httptest.NewRequest(http.MethodHead, testIssuer+path, nil))
		if head.status != get.status || head.header.Get("Content-Type") != get.header.Get("Content-Type") ||
			head.header.Get("Content-Security-Policy") != get.header.Get("Content-Security-Policy") {
			t.Errorf("%s: HEAD %d %v, GET %d %v", path, head.status, head.header, get.status, get.header)
		}
	}
}

// What is not named in Paths does not exist, the engine's other routes included.
func TestRoutes(t *testing.T) {
	s, _ := newServer(t)
	for _, path := range s.Paths() {
		if a := send(s, httptest.NewRequest(http.MethodPatch, testIssuer+path, nil)); a.status != http.StatusMethodNotAllowed {
			t.Errorf("%s: %d", path, a.status)
		}
	}
	for _, path := range []string{
		"/", "/userinfo", "/introspect", "/par", "/bc-authorize", "/jwks", "/logout", "/device_authorization", "/authorize/x", "/authorize/x/y",
		"/register/x", "/token/", "/token/introspect", "/.well-known/oauth-authorization-server/mcp",
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete} {
			if a := send(s, httptest.NewRequest(method, testIssuer+path, nil)); a.status != http.StatusNotFound {
				t.Errorf("%s %s: %d", method, path, a.status)
			}
		}
	}
}

func TestCrossOrigin(t *testing.T) {
	s, _ := newServer(t)
	pages := []string{authorizePath, loginPath, consentPath}
	for _, path := range s.Paths() {
		asked := httptest.NewRequest(http.MethodOptions, testIssuer+path, nil)
		asked.Header.Set("Origin", "https://app.example")
		asked.Header.Set("Access-Control-Request-Method", http.MethodPost)
		a := send(s, asked)
		if slices.Contains(pages, path) {
			if a.status == http.StatusNoContent || a.header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s: pages are for people: %d %v", path, a.status, a.header)
			}
			continue
		}
		if a.status != http.StatusNoContent || a.header.Get("Access-Control-Allow-Origin") != "*" || a.header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s: %d %v", path, a.status, a.header)
		}
		for _, header := range []string{"Authorization", "Content-Type", "MCP-Protocol-Version"} {
			if !strings.Contains(a.header.Get("Access-Control-Allow-Headers"), header) {
				t.Errorf("%s does not allow %s", path, header)
			}
		}
		method := a.header.Get("Access-Control-Allow-Methods")
		if got := send(s, httptest.NewRequest(method, testIssuer+path, nil)); got.header.Get("Access-Control-Allow-Origin") != "*" ||
			got.header.Get("Access-Control-Expose-Headers") != "WWW-Authenticate, Mcp-Session-Id, Retry-After" {
			t.Errorf("%s %s: errors cannot be read: %v", method, path, got.header)
		}
	}
}
