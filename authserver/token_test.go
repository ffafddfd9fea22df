package authserver

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestO04_Verifier(t *testing.T) {
	s, _ := newServer(t)
	id := publicClient(t, s)
	long := strings.Repeat("v", 129)
	for name, verifier := range map[string]string{
		"empty": "", "wrong": strings.Repeat("w", 43), "the challenge itself": challenge(testVerifier), "42 characters": testVerifier[:42],
		"129 characters": long, "upper case": strings.ToUpper(testVerifier),
	} {
		t.Run(name, func(t *testing.T) {
			code := newCode(t, s, id)
			wantError(t, post(s, "/token", with(codeForm(id, code), "code_verifier", verifier)), http.StatusBadRequest, "invalid_grant")
			wantError(t, post(s, "/token", without(codeForm(id, code), "code_verifier")), http.StatusBadRequest, "invalid_grant")
			mustTokens(t, s, post(s, "/token", codeForm(id, code)))
		})
	}
	t.Run("lengths at the limits", func(t *testing.T) {
		for _, verifier := range []string{strings.Repeat("a", 43), strings.Repeat("a", 128)} {
			back := newSurfer(t, s).decide(with(request(id), "code_challenge", challenge(verifier)), "alice", "allow")
			mustTokens(t, s, post(s, "/token", with(codeForm(id, back.Query().Get("code")), "code_verifier", verifier)))
		}
		back := newSurfer(t, s).decide(with(request(id), "code_challenge", challenge(long)), "alice", "allow")
		wantError(t, post(s, "/token", with(codeForm(id, back.Query().Get("code")), "code_verifier", long)), http.StatusBadRequest, "invalid_grant")
	})
	t.Run("burnt after tries", func(t *testing.T) {
		for tries, ok := range map[int]bool{codeAttempts - 1: true, codeAttempts: false} {
			code := newCode(t, s, id)
			for range tries {
				post(s, "/token", with(codeForm(id, code), "code_verifier", strings.Repeat("w", 43)))
			}
			a := post(s, "/token", codeForm(id, code))
			if got := a.status == http.StatusOK; got != ok {
				t.Errorf("after %d tries: %d", tries, a.status)
			}
		}
	})
}

// No code exists without a challenge, so that a verifier is never optional.
func TestO05_Downgrade(t *testing.T) {
	s, _ := newServer(t)
	id := publicClient(t, s)
	b := newSurfer(t, s)
	wantBack(t, b.get("/authorize?"+without(request(id), "code_challenge", "code_challenge_method").Encode()), "invalid_request")
	code := newCode(t, s, id)
	wantError(t, post(s, "/token", without(codeForm(id, code), "code_verifier")), http.StatusBadRequest, "invalid_grant")
	mustTokens(t, s, post(s, "/token", codeForm(id, code)))
}

func TestO06_CodeReplay(t *testing.T) {
	s, _ := newServer(t)
	id := publicClient(t, s)
	code := newCode(t, s, id)
	k := mustTokens(t, s, post(s, "/token", codeForm(id, code)))
	if s.Revoked(k.grant()) {
		t.Fatal("revoked before the replay")
	}
	wantError(t, post(s, "/token", codeForm(id, code)), http.StatusBadRequest, "invalid_grant")
	if !s.Revoked(k.grant()) {
		t.Error("the replay did not revoke the tokens")
	}
	wantError(t, post(s, "/token", refreshForm(id, k.refresh)), http.StatusBadRequest, "invalid_grant")
}

// parallel runs f n times at once and returns how often it was true.
func parallel(n int, f func() bool) int {
	var wg sync.WaitGroup
	var mu sync.Mutex
	start, count := make(chan struct{}), 0
	for range n {
		wg.Go(func() {
			<-start
			if f() {
				mu.Lock()
				count++
				mu.Unlock()
			}
		})
	}
	close(start)
	wg.Wait()
	return count
}

func TestO06_CodeReplayInParallel(t *testing.T) {
	s, _ := newServer(t)
	id := publicClient(t, s)
	b := newSurfer(t, s)
	for range 20 {
		form := codeForm(id, b.decide(request(id), "alice", "allow").Query().Get("code"))
		if won := parallel(64, func() bool { return post(s, "/token", form).status == http.StatusOK }); won != 1 {
			t.Fatalf("%d of 64 got tokens", won)
		}
	}
}

func TestO07_CodeExpires(t *testing.T) {
	s, c := newServer(t)
	id := publicClient(t, s)
	for after, ok := range map[time.Duration]bool{codeLifetime - time.Second: true, codeLifetime: false, time.Hour: false} {
		code := newCode(t, s, id)
		c.Add(after)
		if a := post(s, "/token", codeForm(id, code)); (a.status == http.StatusOK) != ok {
			t.Errorf("after %s: %d", after, a.status)
		}
	}
}

func TestO08_CodeOfAnotherClient(t *testing.T) {
	s, _ := newServer(t)
	id := publicClient(t, s)
	public := publicClient(t, s)
	confidential, secret := register(t, s, map[string]any{"redirect_uris": []string{testRedirect}, "token_endpoint_auth_method": "client_secret_post"})
	code := newCode(t, s, id)
	wantError(t, post(s, "/token", codeForm(public, code)), http.StatusBadRequest, "invalid_grant")
	wantError(t, post(s, "/token", with(codeForm(confidential, code), "client_secret", secret)), http.StatusBadRequest, "invalid_grant")
	wantError(t, post(s, "/token", without(codeForm(id, code), "client_id")), http.StatusUnauthorized, "invalid_client")
	wantError(t, post(s, "/token", codeForm("unknown", code)), http.StatusUnauthorized, "invalid_client")
	mustTokens(t, s, post(s, "/token", codeForm(id, code))) // nobody broke it
}

// OAuth 2.1 dropped redirect_uri here: it may be missing, and must fit if sent.
func TestO09_RedirectAtTheTokenEndpoint(t *testing.T) {
	s, _ := newServer(t)
	id := publicClient(t, s)
	code := newCode(t, s, id)
	for _, wrong := range []string{"https://evil.example/", "http://127.0.0.1:44444/callback"} {
		wantError(t, post(s, "/token", with(codeForm(id, code), "redirect_uri", wrong)), http.StatusBadRequest, "invalid_grant")
	}
	mustTokens(t, s, post(s, "/token", without(codeForm(id, code), "redirect_uri")))
	mustTokens(t, s, post(s, "/token", codeForm(id, newCode(t, s, id))))
}

func TestO36_ResourceAtTheTokenEndpoint(t *testing.T) {
	s, _ := newServer(t)
	id := publicClient(t, s)
	code := newCode(t, s, id)
	for _, wrong := range []string{"/mcp", testResource + "/", testResource + "#x", "https://evil.example/mcp", strings.ToUpper(testResource)} {
		wantError(t, post(s, "/token", with(codeForm(id, code), "resource", wrong)), http.StatusBadRequest, "invalid_target")
	}
	two := codeForm(id, code)
	two["resource"] = []string{testResource, "https://evil.example/mcp"}
	wantError(t, post(s, "/token", two), http.StatusBadRequest, "invalid_target")
	k := mustTokens(t, s, post(s, "/token", with(codeForm(id, code), "resource", testResource)))
	if k.claims["aud"] != testResource {
		t.Errorf("aud %v", k.claims["aud"])
	}
	// None at either step still binds the token.
	back := newSurfer(t, s).decide(without(request(id), "resource"), "alice", "allow")
	if k := mustTokens(t, s, post(s, "/token", codeForm(id, back.Query().Get("code")))); k.claims["aud"] != testResource {
		t.Errorf("aud %v", k.claims["aud"])
	}
}

func TestO41_TokenResponse(t *testing.T) {
	s, _ := newServer(t)
	id := publicClient(t, s)
	a := post(s, "/token", codeForm(id, newCode(t, s, id)))
	for header, want := range map[string]string{
		"Cache-Control": "no-store", "Pragma": "no-cache", "Content-Type": "application/json", "X-Content-Type-Options": "nosniff", "Location": "",
	} {
		if got := a.header.Get(header); got != want {
			t.Errorf("%s: %q", header, got)
		}
	}
	got := a.json(t)
	for _, member := range []string{"access_token", "token_type", "expires_in", "refresh_token", "scope"} {
		if got[member] == nil {
			t.Errorf("%s is missing", member)
		}
		delete(got, member)
	}
	if len(got) != 0 {
		t.Errorf("more than the standard has: %v", got)
	}
	if a.text(t, "token_type") != "Bearer" || a.json(t)["expires_in"] != 300.0 {
		t.Errorf("%s", a.body)
	}
	t.Run("no refresh token for who did not register for it", func(t *testing.T) {
		id, _ := register(t, s, map[string]any{
			"redirect_uris": []string{testRedirect}, "token_endpoint_auth_method": "none", "grant_types": []string{"authorization_code"},
		})
		if k := newTokens(t, s, id); k.refresh != "" {
			t.Error("got one")
		}
	})
}

func TestTokenRequestsThatCannotBeRead(t *testing.T) {
	s, _ := newServer(t)
	id := publicClient(t, s)
	code := newCode(t, s, id)
	good := codeForm(id, code)
	for _, missing := range []url.Values{
		without(good, "grant_type"), with(good, "grant_type", ""), without(good, "code"), with(good, "code", ""),
		{"grant_type": {"refresh_token"}, "client_id": {id}}, {"grant_type": {"refresh_token"}, "client_id": {id}, "refresh_token": {""}},
	} {
		wantError(t, post(s, "/token", missing), http.StatusBadRequest, "invalid_request")
	}
	for _, kind := range []string{"password", "client_credentials", "implicit", "urn:ietf:params:oauth:grant-type:token-exchange", "urn:ietf:params:oauth:grant-type:jwt-bearer"} {
		wantError(t, post(s, "/token", with(good, "grant_type", kind)), http.StatusBadRequest, "unsupported_grant_type")
	}
	for name := range good {
		twice := with(good)
		twice[name] = []string{good.Get(name), good.Get(name)}
		wantError(t, post(s, "/token", twice), http.StatusBadRequest, "invalid_request")
	}
	wantError(t, post(s, "/token?"+good.Encode(), good), http.StatusBadRequest, "invalid_request")
	wantError(t, post(s, "/token", with(good, "x", strings.Repeat("x", maxForm))), http.StatusBadRequest, "invalid_request")
	r := formRequest("/token", good)
	r.Header.Set("Content-Type", "application/json")
	wantError(t, send(s, r), http.StatusBadRequest, "invalid_request")
	r = formRequest("/token", good)
	r.Body = http.NoBody
	wantError(t, send(s, r), http.StatusUnauthorized, "invalid_client")
	r = formRequest("/token", url.Values{"x%": nil})
	r.Body = httpBody("a=%zz")
	wantError(t, send(s, r), http.StatusBadRequest, "invalid_request")
	mustTokens(t, s, post(s, "/token", good))
}

// Parameters without a value count as omitted (RFC 6749, sections 3.1 and 3.2).
func TestParametersWithoutAValue(t *testing.T) {
	s, _ := newServer(t)
	id, _ := register(t, s, map[string]any{
		"redirect_uris": []string{testRedirect}, "token_endpoint_auth_method": "none", "scope": "notes:write",
	})
	for _, query := range []url.Values{without(request(id), "scope"), with(request(id), "scope", "", "resource", "")} {
		code := newSurfer(t, s).decide(query, "alice", "allow").Query().Get("code")
		k := mustTokens(t, s, post(s, "/token", with(codeForm(id, code), "redirect_uri", "", "resource", "", "client_secret", "")))
		if k.claims["scope"] != "notes:write" || k.claims["aud"] != testResource {
			t.Errorf("%v: scope %v, aud %v", query, k.claims["scope"], k.claims["aud"])
		}
		k = mustTokens(t, s, post(s, "/token", with(refreshForm(id, k.refresh), "scope", "", "resource", "")))
		if k.claims["scope"] != "notes:write" || k.claims["aud"] != testResource {
			t.Errorf("refreshed: scope %v, aud %v", k.claims["scope"], k.claims["aud"])
		}
	}
}
