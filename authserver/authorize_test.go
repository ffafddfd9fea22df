package authserver

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// wantPage checks that an error is shown and that nothing is redirected.
func wantPage(t *testing.T, a answer, status int) {
	t.Helper()
	if a.status != status || a.header.Get("Location") != "" || !strings.Contains(a.body, `id="error"`) {
		t.Errorf("got %d %v, want the error page with %d", a.status, a.header, status)
	}
}

// wantBack checks that an error goes back to the client.
func wantBack(t *testing.T, a answer, code string) {
	t.Helper()
	u := a.location(t)
	q := u.Query()
	if a.status != http.StatusSeeOther || !strings.HasPrefix(u.String(), testRedirect+"?") || q.Get("error") != code ||
		q.Get("iss") != testIssuer || q.Has("code") {
		t.Errorf("got %d %s, want %s", a.status, u, code)
	}
}

func wantAsked(t *testing.T, a answer) {
	t.Helper()
	if a.status != http.StatusSeeOther || !strings.HasPrefix(a.header.Get("Location"), "/login?request=") {
		t.Errorf("got %d %v, want the login page", a.status, a.header)
	}
}

func TestAuthorizeRefusals(t *testing.T) {
	s, _ := newServer(t)
	id := publicClient(t, s)
	good := request(id)
	tests := []struct {
		name  string
		query url.Values
		code  string
	}{
		{"O-01 without challenge", without(good, "code_challenge", "code_challenge_method"), "invalid_request"},
		{"O-01 method missing, which means plain", without(good, "code_challenge_method"), "invalid_request"},
		{"O-01 method plain", with(good, "code_challenge_method", "plain"), "invalid_request"},
		{"O-01 challenge too short", with(good, "code_challenge", "abc"), "invalid_request"},
		{"O-01 challenge with padding", with(good, "code_challenge", challenge(testVerifier)+"="), "invalid_request"},
		{"O-15 response_type missing", without(good, "response_type"), "invalid_request"},
		{"O-15 token", with(good, "response_type", "token"), "unsupported_response_type"},
		{"O-15 id_token", with(good, "response_type", "id_token"), "unsupported_response_type"},
		{"O-15 code token", with(good, "response_type", "code token"), "unsupported_response_type"},
		{"O-15 none", with(good, "response_type", "none"), "unsupported_response_type"},
		{"O-15 fragment", with(good, "response_mode", "fragment"), "invalid_request"},
		{"O-15 query.jwt", with(good, "response_mode", "query.jwt"), "invalid_request"},
		{"O-15 web_message", with(good, "response_mode", "web_message"), "invalid_request"},
		{"O-15 form_post", with(good, "response_mode", "form_post"), "invalid_request"},
		{"O-36 other resource", with(good, "resource", testIssuer+"/other"), "invalid_target"},
		{"O-36 upper case", with(good, "resource", strings.ToUpper(testResource)), "invalid_target"},
		{"O-36 relative", with(good, "resource", "/mcp"), "invalid_target"},
		{"O-36 fragment", with(good, "resource", testResource+"#x"), "invalid_target"},
		{"O-37 only unknown scopes", with(good, "scope", "unknown * offline_access openid"), "invalid_scope"},
		{"request object", with(good, "request", "x.y.z"), "request_not_supported"},
		{"request_uri", with(good, "request_uri", "https://x.example/"), "request_uri_not_supported"},
		{"prompt none", with(good, "prompt", "none"), "interaction_required"},
		{"prompt none and more", with(good, "prompt", "login none"), "invalid_request"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			wantAsked(t, newSurfer(t, s).get("/authorize?"+good.Encode()))
			a := newSurfer(t, s).get("/authorize?" + tt.query.Encode())
			wantBack(t, a, tt.code)
			if a.location(t).Query().Get("state") != "a state" {
				t.Error("state lost")
			}
		})
	}
	t.Run("O-01 confidential clients too", func(t *testing.T) {
		id, _ := register(t, s, map[string]any{"redirect_uris": []string{testRedirect}})
		wantAsked(t, newSurfer(t, s).get("/authorize?"+request(id).Encode()))
		wantBack(t, newSurfer(t, s).get("/authorize?"+without(request(id), "code_challenge").Encode()), "invalid_request")
	})
	t.Run("O-36 two resources", func(t *testing.T) {
		wantBack(t, newSurfer(t, s).get("/authorize?"+good.Encode()+"&resource="+url.QueryEscape(testIssuer+"/other")), "invalid_target")
	})
}

func TestAuthorizeAccepts(t *testing.T) {
	s, _ := newServer(t)
	good := request(publicClient(t, s))
	for name, query := range map[string]url.Values{
		"no resource": without(good, "resource"), "no state": without(good, "state"), "query mode": with(good, "response_mode", "query"),
		"no scope": without(good, "scope"), "empty scope": with(good, "scope", ""), "prompt consent": with(good, "prompt", "consent"),
		"unknown parameter": with(good, "x", "y"), "parameters without a value": with(good, "resource", "", "response_mode", "", "request", "", "request_uri", "", "prompt", ""),
	} {
		t.Run(name, func(t *testing.T) { wantAsked(t, newSurfer(t, s).get("/authorize?"+query.Encode())) })
	}
}

// Errors before the client and its redirect URI are known never redirect.
func TestO13_NoRedirectBeforeValidation(t *testing.T) {
	s, _ := newServer(t)
	good := request(publicClient(t, s))
	other := request(publicClient(t, s))
	tests := map[string]string{
		"client missing":          without(good, "client_id").Encode(),
		"client unknown":          with(good, "client_id", "unknown").Encode(),
		"client twice":            good.Encode() + "&client_id=" + other.Get("client_id"),
		"O-10 redirect missing":   without(good, "redirect_uri").Encode(),
		"O-10 two redirect_uri":   good.Encode() + "&redirect_uri=" + url.QueryEscape("https://evil.example/"),
		"O-10 the same one twice": good.Encode() + "&redirect_uri=" + url.QueryEscape(testRedirect),
		"malformed query":         good.Encode() + "&x=%zz",
		"semicolon":               good.Encode() + ";x=y",
	}
	for row, uris := range badRedirects {
		for _, uri := range append(uris, "https://client.example/cb", "http://127.0.0.1:33333/callback/x", "http://127.0.0.1:33333/Callback",
			"http://127.0.0.1:33333/callback?x=1", "http://localhost:33333/callback", "http://127.0.0.1:33333/%63allback") {
			tests[row+" redirect "+uri] = with(good, "redirect_uri", uri, "response_type", "token").Encode()
		}
	}
	for name, query := range tests {
		t.Run(name, func(t *testing.T) {
			a := newSurfer(t, s).get("/authorize?" + query)
			wantPage(t, a, http.StatusBadRequest)
			if a.header.Get("Set-Cookie") != "" {
				t.Error("a refused request got a session")
			}
		})
	}
	wantAsked(t, newSurfer(t, s).get("/authorize?"+good.Encode()))
	wantPage(t, newSurfer(t, s).get("/authorize?"+with(good, "state", strings.Repeat("x", maxForm)).Encode()), http.StatusRequestURITooLong)
	if a := newSurfer(t, s).post("/authorize", good); a.status != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", a.status)
	}
}

func TestRepeatedParameters(t *testing.T) {
	s, _ := newServer(t)
	good := request(publicClient(t, s))
	for name := range without(good, "client_id", "redirect_uri", "resource") {
		a := newSurfer(t, s).get("/authorize?" + good.Encode() + "&" + name + "=" + url.QueryEscape(good.Get(name)))
		wantBack(t, a, "invalid_request")
		if want := name != "state"; a.location(t).Query().Has("state") != want {
			t.Errorf("%s: state in answer: %v", name, !want)
		}
	}
	wantBack(t, newSurfer(t, s).get("/authorize?"+good.Encode()+"&x=1&x=2"), "invalid_request")
	wantAsked(t, newSurfer(t, s).get("/authorize?"+good.Encode()+"&x=1&y=2"))
}

func TestO11_LoopbackPortMayVary(t *testing.T) {
	s, _ := newServer(t)
	for _, host := range []string{"127.0.0.1", "[::1]", "localhost"} {
		native, _ := register(t, s, map[string]any{"redirect_uris": []string{"http://" + host + ":1/cb"}, "token_endpoint_auth_method": "none"})
		web, _ := register(t, s, map[string]any{"redirect_uris": []string{"http://" + host + ":1/cb"}, "application_type": "web"})
		at := "http://" + host + ":54321/cb"
		back := newSurfer(t, s).decide(with(request(native), "redirect_uri", at), "alice", "allow")
		if !strings.HasPrefix(back.String(), at+"?") || back.Query().Get("code") == "" {
			t.Errorf("%s: %s", host, back)
		}
		form := with(codeForm(native, back.Query().Get("code")), "redirect_uri", at)
		mustTokens(t, s, post(s, "/token", form))
		wantPage(t, newSurfer(t, s).get("/authorize?"+with(request(web), "redirect_uri", at).Encode()), http.StatusBadRequest)
		wantAsked(t, newSurfer(t, s).get("/authorize?"+with(request(web), "redirect_uri", "http://"+host+":1/cb").Encode()))
	}
}

func TestO12_CustomScheme(t *testing.T) {
	s, _ := newServer(t)
	id, _ := register(t, s, map[string]any{"redirect_uris": []string{"vscode://vendor.ext/cb?x=1"}, "token_endpoint_auth_method": "none"})
	back := newSurfer(t, s).decide(with(request(id), "redirect_uri", "vscode://vendor.ext/cb?x=1"), "alice", "allow")
	if !strings.HasPrefix(back.String(), "vscode://vendor.ext/cb?x=1&") || back.Query().Get("code") == "" {
		t.Errorf("%s", back)
	}
	// At use too: a scheme that is no longer allowed is refused.
	s.cfg.CustomSchemes = nil
	wantPage(t, newSurfer(t, s).get("/authorize?"+with(request(id), "redirect_uri", "vscode://vendor.ext/cb?x=1").Encode()), http.StatusBadRequest)
}

func TestO18_StateIsEchoedExactly(t *testing.T) {
	s, _ := newServer(t)
	id := publicClient(t, s)
	for name, state := range map[string]string{
		"long": strings.Repeat("s", 4096), "unicode": "ключ 🦀\u202e", "markup": `"><script>alert(1)</script>`, "header": "a\r\nSet-Cookie: x=y",
		"query": "a&code=evil&iss=evil#f", "not UTF-8": "\xff\xfe", "space": " a+b%20", "empty": "",
	} {
		t.Run(name, func(t *testing.T) {
			query := with(request(id), "state", state)
			for _, decision := range []string{"allow", "deny"} {
				b := newSurfer(t, s)
				back := b.decide(query, "alice", decision)
				got := back.Query()
				if !got.Has("state") || got.Get("state") != state || len(got["code"]) > 1 || len(got["iss"]) != 1 {
					t.Errorf("%s: %s", decision, back)
				}
			}
			_, page := newSurfer(t, s).consentPage(query, "alice")
			if state != "" && strings.Contains(page.body, state) {
				t.Error("state is on the page")
			}
		})
	}
	if back := newSurfer(t, s).decide(without(request(id), "state"), "alice", "allow"); back.Query().Has("state") {
		t.Errorf("invented state: %s", back)
	}
}

func TestO37_ScopesAreNarrowed(t *testing.T) {
	s, _ := newServer(t)
	id := publicClient(t, s)
	withScope, _ := register(t, s, map[string]any{
		"redirect_uris": []string{testRedirect}, "token_endpoint_auth_method": "none", "scope": "notes:write unknown",
	})
	tests := []struct {
		name, client string
		query        url.Values
		want         string
	}{
		{"unknown dropped", id, with(request(id), "scope", "unknown notes:read * offline_access notes:read"), "notes:read"},
		{"placeholder", id, with(request(id), "scope", "table/a.b:read table/*:read table/{table}:read"), "table/a.b:read"},
		{"none asked", id, without(request(id), "scope"), ""},
		{"none asked, registered", withScope, without(request(withScope), "scope"), "notes:write"},
		{"wider than registered: consent decides", withScope, with(request(withScope), "scope", "notes:read notes:write"), "notes:read notes:write"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			back := newSurfer(t, s).decide(tt.query, "carol", "allow")
			a := post(s, "/token", codeForm(tt.client, back.Query().Get("code")))
			k := mustTokens(t, s, a)
			if k.claims["scope"] != tt.want || a.text(t, "scope") != tt.want {
				t.Errorf("token %v, answer %q, want %q", k.claims["scope"], a.text(t, "scope"), tt.want)
			}
		})
	}
}

func TestPromptLoginAsksAgain(t *testing.T) {
	s, _ := newServer(t)
	id := publicClient(t, s)
	b := newSurfer(t, s)
	b.decide(request(id), "alice", "allow")
	if at := b.get("/authorize?" + request(id).Encode()).header.Get("Location"); !strings.HasPrefix(at, "/consent?") {
		t.Errorf("signed in, but sent to %s", at)
	}
	for _, prompt := range []string{"login", "select_account"} {
		wantAsked(t, b.get("/authorize?"+with(request(id), "prompt", prompt).Encode()))
	}
}

func TestHostOfThePages(t *testing.T) {
	s, _ := newServer(t)
	query := "/authorize?" + request(publicClient(t, s)).Encode()
	for _, host := range []string{"evil.example:8080", "127.0.0.1", "127.0.0.1:8081", "localhost:8080"} {
		r := httptest.NewRequest(http.MethodGet, query, nil)
		r.Host = host
		wantPage(t, send(s, r), http.StatusForbidden)
	}
	r := httptest.NewRequest(http.MethodGet, query, nil)
	r.Host = "127.0.0.1:8080"
	wantAsked(t, send(s, r))
}
