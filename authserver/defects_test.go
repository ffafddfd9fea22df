package authserver

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The defects of the engine that doc.go lists, as clients would meet them. Each
// test fails if our part in front of the engine is taken away.

func TestEngineDefect01_LoopbackRedirectWithPort(t *testing.T) {
	s, _ := newServer(t)
	for _, redirect := range []string{"http://127.0.0.1:9999/cb", "http://[::1]:9999/cb", "http://localhost:9999/cb"} {
		id, _ := register(t, s, map[string]any{"redirect_uris": []string{redirect}, "application_type": "native", "token_endpoint_auth_method": "none"})
		back := newSurfer(t, s).decide(with(request(id), "redirect_uri", redirect), "alice", "allow")
		if !strings.HasPrefix(back.String(), redirect+"?") || back.Query().Get("code") == "" {
			t.Errorf("%s: %s", redirect, back)
		}
	}
}

func TestEngineDefect02_OneCodePerRequest(t *testing.T) {
	s, _ := newServer(t)
	b := newSurfer(t, s)
	at, page := b.consentPage(request(publicClient(t, s)), "alice")
	form := url.Values{"csrf": {csrfOf(t, page)}, "decision": {"allow"}}
	if won := parallel(32, func() bool {
		r := formRequest(at, form)
		r.AddCookie(b.cookies[s.browsers.cookie])
		return send(s, r).status == http.StatusSeeOther
	}); won != 1 {
		t.Errorf("%d codes for one consent", won)
	}
	if _, err := s.engine.Session(t.Context(), "any"); err == nil {
		t.Error("the engine finds a session")
	}
}

func TestEngineDefect03_Registration(t *testing.T) {
	s, _ := newServer(t)
	wantError(t, registerJSON(s, `{"redirect_uris":["http://127.evil.example/"]}`), http.StatusBadRequest, "invalid_redirect_uri")
	wantError(t, registerJSON(s, `{"redirect_uris":[]}`), http.StatusBadRequest, "invalid_redirect_uri")
	a := registerJSON(s, `{"redirect_uris":["http://127.0.0.1/"],"scope":"unknown notes:read"}`)
	if a.status != http.StatusCreated || a.text(t, "scope") != "notes:read" || a.json(t)["registration_client_uri"] != nil || a.json(t)["registration_access_token"] != nil {
		t.Errorf("%d %s", a.status, a.body)
	}
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete} {
		if got := send(s, httptest.NewRequest(method, testIssuer+"/register/"+a.text(t, "client_id"), nil)); got.status != http.StatusNotFound {
			t.Errorf("RFC 7592 %s: %d", method, got.status)
		}
	}
}

func TestEngineDefect04_ClientsWithoutScopeOrType(t *testing.T) {
	s, _ := newServer(t)
	a := registerJSON(s, `{"redirect_uris":["`+testRedirect+`"],"token_endpoint_auth_method":"none"}`)
	if a.text(t, "application_type") != "native" {
		t.Errorf("%s", a.body)
	}
	id := a.text(t, "client_id")
	back := newSurfer(t, s).decide(with(request(id), "scope", "notes:read notes:write"), "alice", "allow")
	k := mustTokens(t, s, post(s, "/token", codeForm(id, back.Query().Get("code"))))
	if k.claims["scope"] != "notes:read notes:write" {
		t.Errorf("scope %v", k.claims["scope"])
	}
}

func TestEngineDefect05_MoreThanAHundredRecords(t *testing.T) {
	s, _ := newServer(t)
	id := publicClient(t, s)
	k := newTokens(t, s, id)
	for range 120 {
		publicClient(t, s)
		newTokens(t, s, id)
	}
	mustTokens(t, s, post(s, "/token", refreshForm(id, k.refresh)))
}

func TestEngineDefect06_FailedExchangeKeepsTheCode(t *testing.T) {
	s, _ := newServer(t)
	id, other := publicClient(t, s), publicClient(t, s)
	code := newCode(t, s, id)
	for _, bad := range []url.Values{
		with(codeForm(id, code), "code_verifier", strings.Repeat("x", 43)), codeForm(other, code), with(codeForm(id, code), "redirect_uri", "https://x/"),
	} {
		wantError(t, post(s, "/token", bad), http.StatusBadRequest, "invalid_grant")
	}
	mustTokens(t, s, post(s, "/token", without(codeForm(id, code), "redirect_uri")))
	wantError(t, post(s, "/token", codeForm(id, code)), http.StatusBadRequest, "invalid_grant") // never expired_token
}

func TestEngineDefect07_AudienceIsAlwaysTheResource(t *testing.T) {
	s, _ := newServer(t)
	id := publicClient(t, s)
	back := newSurfer(t, s).decide(without(request(id), "resource", "scope"), "alice", "allow")
	k := mustTokens(t, s, post(s, "/token", codeForm(id, back.Query().Get("code"))))
	if k.claims["aud"] != testResource {
		t.Errorf("aud %v", k.claims["aud"])
	}
	if k = mustTokens(t, s, post(s, "/token", refreshForm(id, k.refresh))); k.claims["aud"] != testResource {
		t.Errorf("aud after refresh %v", k.claims["aud"])
	}
}

func TestEngineDefect08_BothMetadataDocuments(t *testing.T) {
	s, _ := newServer(t)
	oauth := send(s, httptest.NewRequest(http.MethodGet, metadataPath, nil))
	openID := send(s, httptest.NewRequest(http.MethodGet, openIDPath, nil))
	if diff := cmp.Diff(oauth.json(t), openID.json(t)); diff != "" || oauth.status != http.StatusOK {
		t.Errorf("%d %s", oauth.status, diff)
	}
	if _, err := New(Config{Issuer: testIssuer + "/as", Resource: testResource, Users: []User{{Name: "a"}}}); err == nil {
		t.Error("an issuer with a path breaks the engine's routes and was accepted")
	}
}

// Asked without one of our calls, the engine knows nobody.
func TestEngineDefect09And11And13_NothingWithoutUs(t *testing.T) {
	s, _ := newServer(t)
	id := publicClient(t, s)
	k := newTokens(t, s, id)
	for _, r := range []*http.Request{
		httptest.NewRequest(http.MethodGet, "/authorize?"+request(id).Encode(), nil),
		httptest.NewRequest(http.MethodGet, "/authorize/some-session", nil),
		formRequest("/token", codeForm(id, newCode(t, s, id))),
		formRequest("/token", refreshForm(id, k.refresh)),
		formRequest("/token", url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:token-exchange"}, "subject_token": {k.access}}),
		formRequest("/token", url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {k.access}}),
		formRequest("/register", nil),
		formRequest("/introspect", url.Values{"token": {k.access}, "client_id": {id}}),
	} {
		w := httptest.NewRecorder()
		s.engine.handler.ServeHTTP(w, r)
		if w.Code < 400 {
			t.Errorf("%s: %d %s", r.URL.Path, w.Code, w.Body)
		}
	}
	e := s.engine
	if _, err := e.Grant(t.Context(), k.grant()); err == nil {
		t.Error("a grant by id")
	}
	if _, err := e.GrantByAuthCode(t.Context(), "x"); err == nil {
		t.Error("a grant by code")
	}
	if e.SaveGrant(t.Context(), nil) == nil || e.SaveClient(t.Context(), nil) == nil || e.DeleteClient(t.Context(), id) == nil {
		t.Error("something was saved")
	}
	if nextRefreshToken(t.Context()) != "" {
		t.Error("a refresh token for nobody")
	}
}

func TestEngineDefect10_KeyIsForSigning(t *testing.T) {
	s, _ := newServer(t)
	if s.key.jwk.Use != "sig" || s.key.jwk.Algorithm != "ES256" || s.key.jwk.KeyID == "" {
		t.Errorf("%s %s %s", s.key.jwk.Use, s.key.jwk.Algorithm, s.key.jwk.KeyID)
	}
}

func TestEngineDefect12_NoDPoP(t *testing.T) {
	s, _ := newServer(t)
	id := publicClient(t, s)
	r := formRequest("/token", codeForm(id, newCode(t, s, id)))
	r.Header.Set("DPoP", "x.y.z")
	if a := send(s, r); a.text(t, "token_type") != "Bearer" || mustTokens(t, s, a).claims["cnf"] != nil {
		t.Errorf("%s", a.body)
	}
}

func TestEngineDefect13_RepeatedParametersAndExtraMembers(t *testing.T) {
	s, _ := newServer(t)
	id := publicClient(t, s)
	wantBack(t, newSurfer(t, s).get("/authorize?"+request(id).Encode()+"&scope=notes:write"), "invalid_request")
	form := codeForm(id, newCode(t, s, id))
	wantError(t, post(s, "/token", url.Values{
		"grant_type": form["grant_type"], "client_id": form["client_id"], "code": form["code"], "code_verifier": {testVerifier, testVerifier},
	}), http.StatusBadRequest, "invalid_request")
	a := post(s, "/token", form)
	mustTokens(t, s, a)
	if _, ok := a.json(t)["resources"]; ok {
		t.Error("resources is in the answer")
	}
}

func TestEngineDefect14_TokensNameTheirGrant(t *testing.T) {
	s, _ := newServer(t)
	id := publicClient(t, s)
	k := newTokens(t, s, id)
	next := mustTokens(t, s, post(s, "/token", refreshForm(id, k.refresh)))
	if k.grant() == "" || next.grant() != k.grant() {
		t.Fatalf("grants %q and %q", k.grant(), next.grant())
	}
	post(s, "/revoke", url.Values{"client_id": {id}, "token": {next.access}})
	if !s.Revoked(k.grant()) {
		t.Error("the older token lives on")
	}
}

// If the engine ever refuses what we decided, nobody gets anything.
func TestEngineRefusal(t *testing.T) {
	s, _ := newServer(t)
	id := publicClient(t, s)
	b := newSurfer(t, s)
	at, page := b.consentPage(request(id), "alice")
	code, k := newCode(t, s, id), newTokens(t, s, id)
	working := s.engine.handler
	for name, broken := range map[string]http.HandlerFunc{
		"refuses": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadRequest) },
		"garbage": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("{}")) },
	} {
		s.engine.handler = broken
		wantError(t, post(s, "/token", refreshForm(id, k.refresh)), http.StatusInternalServerError, "server_error")
		if name == "refuses" {
			wantError(t, post(s, "/token", codeForm(id, code)), http.StatusInternalServerError, "server_error")
			wantBack(t, b.post(at, url.Values{"csrf": {csrfOf(t, page)}, "decision": {"allow"}}), "server_error")
		}
	}
	s.engine.handler = working
	mustTokens(t, s, post(s, "/token", refreshForm(id, k.refresh)))
}

// The engine checks again what it is handed.
func TestEngineChecksAgain(t *testing.T) {
	s, _ := newServer(t)
	c, ok := s.clients.get(publicClient(t, s))
	if !ok {
		t.Fatal("client lost")
	}
	good := authorization{redirect: testRedirect, scopes: []string{"notes:read"}, resource: testResource, challenge: challenge(testVerifier)}
	unknown, foreign, bare := good, good, good
	unknown.scopes = []string{"unknown"}
	foreign.resource = "https://evil.example/mcp"
	bare.challenge = ""
	tests := map[string]struct {
		request authorization
		user    string
	}{
		"unknown scope": {unknown, "alice"}, "other resource": {foreign, "alice"}, "no challenge": {bare, "alice"}, "nobody": {good, ""},
	}
	for name, tt := range tests {
		if code, err := s.engine.issueCode(t.Context(), c, tt.request, tt.user); err == nil || code != "" || len(s.grants.byID) != 0 {
			t.Errorf("%s: code %q, %v", name, code, err)
		}
	}
	if code, err := s.engine.issueCode(t.Context(), c, good, "alice"); err != nil || code == "" {
		t.Errorf("repaired: %v", err)
	}
}
