package authserver

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestO19_SeeOtherAfterConsent(t *testing.T) {
	s, _ := newServer(t)
	id := publicClient(t, s)
	for _, decision := range []string{"allow", "deny"} {
		b := newSurfer(t, s)
		at, page := b.consentPage(request(id), "alice")
		if a := b.post(at, url.Values{"csrf": {csrfOf(t, page)}, "decision": {decision}}); a.status != http.StatusSeeOther {
			t.Errorf("%s: %d", decision, a.status)
		}
	}
	wantBack(t, answer{http.StatusSeeOther, http.Header{"Location": {newSurfer(t, s).decide(request(id), "alice", "deny").String()}}, ""}, "access_denied")
}

func TestO20_ForgedForms(t *testing.T) {
	s, _ := newServer(t)
	id := publicClient(t, s)
	type attempt struct {
		b    *surfer
		at   string
		form url.Values
	}
	other := newSurfer(t, s)
	_, otherPage := other.consentPage(request(id), "alice")
	tests := map[string]func(*attempt){
		"no token":              func(a *attempt) { a.form.Del("csrf") },
		"empty token":           func(a *attempt) { a.form.Set("csrf", "") },
		"other session's token": func(a *attempt) { a.form.Set("csrf", csrfOf(t, otherPage)) },
		"token of the other page": func(a *attempt) {
			purpose := map[bool]string{true: purposeLogin, false: purposeConsent}[strings.HasPrefix(a.at, "/consent")]
			u, _ := url.Parse(a.at)
			r := httptest.NewRequest(http.MethodGet, a.at, nil)
			for _, c := range a.b.cookies {
				r.AddCookie(c)
			}
			v, _ := s.browsers.visit(r, u.Query().Get("request"))
			a.form.Set("csrf", s.browsers.formToken(v, u.Query().Get("request"), purpose))
		},
		"cross-site": func(a *attempt) { a.b.adjust = func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") } },
		"same-site":  func(a *attempt) { a.b.adjust = func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-site") } },
		"old, null origin": func(a *attempt) {
			a.b.adjust = func(r *http.Request) { r.Header.Del("Sec-Fetch-Site"); r.Header.Set("Origin", "null") }
		},
		"old, other origin": func(a *attempt) {
			a.b.adjust = func(r *http.Request) { r.Header.Del("Sec-Fetch-Site"); r.Header.Set("Origin", "https://evil.example") }
		},
		"no cookie": func(a *attempt) { a.b.adjust = func(r *http.Request) { r.Header.Del("Cookie") } },
		"two cookies": func(a *attempt) {
			a.b.adjust = func(r *http.Request) { r.AddCookie(&http.Cookie{Name: s.browsers.cookie, Value: "x"}) }
		},
		"other cookie": func(a *attempt) { a.b.cookies = other.cookies },
		"unknown request": func(a *attempt) {
			a.at = strings.SplitAfter(a.at, "request=")[0] + "x"
		},
	}
	for name, spoil := range tests {
		for _, page := range []string{"login", "consent"} {
			t.Run(name+" on "+page, func(t *testing.T) {
				b := newSurfer(t, s)
				var a attempt
				if page == "login" {
					at := b.get("/authorize?" + request(id).Encode()).header.Get("Location")
					a = attempt{b: b, at: at, form: url.Values{"csrf": {csrfOf(t, b.get(at))}, "user": {"alice"}}}
				} else {
					at, shown := b.consentPage(request(id), "alice")
					a = attempt{b: b, at: at, form: url.Values{"csrf": {csrfOf(t, shown)}, "decision": {"allow"}}}
				}
				good, goodAt, cookies := with(a.form), a.at, b.cookies
				before := len(s.grants.byID)
				spoil(&a)
				wantPage(t, a.b.post(a.at, a.form), http.StatusForbidden)
				if len(s.grants.byID) != before {
					t.Error("something was granted")
				}
				b.adjust, b.cookies = nil, cookies
				if got := b.post(goodAt, good); got.status != http.StatusSeeOther {
					t.Errorf("repaired: %d %s", got.status, got.body)
				}
			})
		}
	}
}

// A browser without fetch metadata is known by its Origin alone.
func TestO20_BrowserWithoutFetchMetadata(t *testing.T) {
	s, _ := newServer(t)
	b := newSurfer(t, s)
	b.adjust = func(r *http.Request) { r.Header.Del("Sec-Fetch-Site") }
	if back := b.decide(request(publicClient(t, s)), "alice", "allow"); back.Query().Get("code") == "" {
		t.Errorf("no code in %s", back)
	}
}

func TestO20_ReplayAndGet(t *testing.T) {
	s, _ := newServer(t)
	id := publicClient(t, s)
	b := newSurfer(t, s)
	at, page := b.consentPage(request(id), "alice")
	form := url.Values{"csrf": {csrfOf(t, page)}, "decision": {"allow"}}
	if a := b.get(at + "&" + form.Encode()); a.status != http.StatusOK || len(s.grants.byID) != 0 {
		t.Errorf("GET: %d, %d grants", a.status, len(s.grants.byID))
	}
	if a := b.post(at, with(form, "decision", "maybe")); a.status != http.StatusBadRequest {
		t.Errorf("no decision: %d", a.status)
	}
	if a := b.post(at, form); a.status != http.StatusSeeOther {
		t.Fatalf("first: %d", a.status)
	}
	wantPage(t, b.post(at, form), http.StatusForbidden)
	wantPage(t, b.get(at), http.StatusForbidden)
	if len(s.grants.byID) != 1 {
		t.Errorf("%d grants", len(s.grants.byID))
	}
}

func TestFormsThatCannotBeRead(t *testing.T) {
	s, _ := newServer(t)
	b := newSurfer(t, s)
	at := b.get("/authorize?" + request(publicClient(t, s)).Encode()).header.Get("Location")
	form := url.Values{"csrf": {csrfOf(t, b.get(at))}, "user": {"alice"}}
	r := formRequest(at, form)
	r.Header.Set("Content-Type", "text/plain")
	wantPage(t, b.send(r), http.StatusBadRequest)
	wantPage(t, b.post(at, with(form, "user", "mallory")), http.StatusBadRequest)
	wantPage(t, b.send(formRequest(at, url.Values{"csrf": form["csrf"], "user": {"alice", "bob"}})), http.StatusBadRequest)
	if a := b.post(at, form); a.status != http.StatusSeeOther {
		t.Errorf("repaired: %d", a.status)
	}
}

var stylesheet = regexp.MustCompile(`(?s)<style>(.*?)</style>`)

func TestO21_PageHeaders(t *testing.T) {
	s, _ := newServer(t)
	id := publicClient(t, s)
	b := newSurfer(t, s)
	authorize := b.get("/authorize?" + request(id).Encode())
	login := b.get(authorize.header.Get("Location"))
	_, consent := b.consentPage(request(id), "alice")
	answers := map[string]answer{
		"login": login, "consent": consent, "error": b.get("/authorize"), "other host": func() answer {
			r := httptest.NewRequest(http.MethodGet, "http://evil.example/login", nil)
			return send(s, r)
		}(),
		"redirect": authorize,
	}
	for name, a := range answers {
		csp := a.header.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"} {
			if !strings.Contains(csp, want) {
				t.Errorf("%s: CSP %q lacks %s", name, csp, want)
			}
		}
		for header, want := range map[string]string{
			"X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cache-Control": "no-store",
			"Access-Control-Allow-Origin": "",
		} {
			if got := a.header.Get(header); got != want {
				t.Errorf("%s: %s is %q", name, header, got)
			}
		}
		if name == "redirect" {
			continue
		}
		sum := sha256.Sum256([]byte(stylesheet.FindStringSubmatch(a.body)[1]))
		if !strings.Contains(csp, "style-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'") {
			t.Errorf("%s: the stylesheet is not the one that CSP allows", name)
		}
		if strings.Contains(a.body, "<script") || strings.Contains(a.body, "style=") || strings.Contains(a.body, "http-equiv") {
			t.Errorf("%s: script or inline style", name)
		}
	}
	// A client's callback may go on to anywhere, and Chromium holds form-action
	// against every redirect that follows the post.
	for name, want := range map[string]string{
		"login": "form-action 'self'", "consent": "", "error": "form-action 'none'", "other host": "form-action 'none'", "redirect": "form-action 'none'",
	} {
		csp := answers[name].header.Get("Content-Security-Policy")
		if _, got, _ := strings.Cut(csp, "base-uri 'none'"); got != strings.TrimSuffix("; "+want, "; ") {
			t.Errorf("%s: CSP %q, want %q at its end", name, csp, want)
		}
	}
}

func TestO22_ConsentTellsWhoAsks(t *testing.T) {
	s, _ := newServer(t)
	id, _ := register(t, s, map[string]any{
		"redirect_uris": []string{"https://client.example/cb"}, "token_endpoint_auth_method": "none",
		"client_name": "<img src=x onerror=alert(1)>\u202eevil\u202c \"&amp;", "logo_uri": "https://evil.example/logo.png", "policy_uri": "javascript:alert(1)",
	})
	query := with(request(id), "redirect_uri", "https://client.example/cb", "scope", "notes:read bare table/a:read")
	b := newSurfer(t, s)
	loginPage := b.get(b.get("/authorize?" + query.Encode()).header.Get("Location"))
	_, page := b.consentPage(query, "alice")
	for _, want := range []string{
		"&lt;img src=x onerror=alert(1)&gt;evil &#34;&amp;amp;", id, "<code>client.example</code>", "Alice Liddell", "(admin)",
		"Read the notes", "notes:read", "Read the table a", ">bare<", testResource, `id="switch"`, `id="allow"`, `id="deny"`,
	} {
		if !strings.Contains(page.body, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	for _, a := range []answer{loginPage, page} {
		for _, bad := range []string{"<img", "\u202e", "evil.example", "javascript:"} {
			if strings.Contains(a.body, bad) {
				t.Errorf("the page has %q", bad)
			}
		}
	}
	if strings.Contains(page.body, "any program on this computer") {
		t.Error("warns of this computer for a client elsewhere")
	}
	for _, redirect := range []string{"http://localhost:33333/callback", "cursor://x/cb"} {
		id, _ := register(t, s, map[string]any{"redirect_uris": []string{redirect}, "token_endpoint_auth_method": "none"})
		_, page := newSurfer(t, s).consentPage(with(without(request(id), "scope"), "redirect_uri", redirect), "bob")
		for _, want := range []string{"any program on this computer", "An application without a name", "It asks for no permission in particular"} {
			if !strings.Contains(page.body, want) {
				t.Errorf("%s: the page lacks %s", redirect, want)
			}
		}
	}
}

func TestO23_ConsentIsAskedEveryTime(t *testing.T) {
	s, _ := newServer(t)
	id := publicClient(t, s)
	b := newSurfer(t, s)
	code := b.decide(request(id), "alice", "allow").Query().Get("code")
	mustTokens(t, s, post(s, "/token", codeForm(id, code)))
	for _, query := range []url.Values{request(id), with(request(id), "redirect_uri", "http://127.0.0.1:1/callback"), with(request(id), "scope", "notes:write")} {
		a := b.get("/authorize?" + query.Encode())
		if !strings.HasPrefix(a.header.Get("Location"), "/consent?") {
			t.Errorf("sent to %s", a.header.Get("Location"))
		}
	}
	// A request for more says what is new; one for the same says so too.
	_, more := b.consentPage(with(request(id), "scope", "notes:read notes:write"), "")
	if !strings.Contains(more.body, "It asks for more than you allowed before") || strings.Count(more.body, `class="new"`) != 1 ||
		strings.Count(more.body, "<small>allowed before</small>") != 1 {
		t.Error("the page does not say what is new")
	}
	_, same := b.consentPage(request(id), "")
	if !strings.Contains(same.body, "It asks again for what you allowed before") || strings.Contains(same.body, `class="new"`) {
		t.Error("the page does not say that nothing is new")
	}
	// Bob has allowed nothing.
	_, first := newSurfer(t, s).consentPage(request(id), "bob")
	if strings.Contains(first.body, "allowed before") {
		t.Error("bob is told of what alice allowed")
	}
}

func TestO24_ConsentStaysInItsBrowser(t *testing.T) {
	s, _ := newServer(t)
	id := publicClient(t, s)
	one, two := newSurfer(t, s), newSurfer(t, s)
	at, page := one.consentPage(request(id), "alice")
	form := url.Values{"csrf": {csrfOf(t, page)}, "decision": {"allow"}}
	login := strings.Replace(at, "/consent", "/login", 1)
	for range 2 { // without a session, then signed in
		wantPage(t, two.get(at), http.StatusForbidden)
		wantPage(t, two.get(login), http.StatusForbidden)
		wantPage(t, two.post(at, form), http.StatusForbidden)
		two.consentPage(request(id), "alice")
	}
	if a := one.post(at, form); a.status != http.StatusSeeOther {
		t.Errorf("own browser: %d", a.status)
	}
}

func TestO46_Sessions(t *testing.T) {
	s, c := newServer(t)
	id := publicClient(t, s)
	b := newSurfer(t, s)
	a := b.get("/authorize?" + request(id).Encode())
	cookie := b.cookies[s.browsers.cookie]
	if cookie == nil || !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode || cookie.Path != "/" || cookie.Secure || cookie.Domain != "" || cookie.MaxAge != 0 {
		t.Fatalf("cookie %+v", cookie)
	}
	if cookie.Name != "sallyport_session_8080" {
		t.Errorf("cookie name %s", cookie.Name)
	}
	at := a.header.Get("Location")
	b.post(at, url.Values{"csrf": {csrfOf(t, b.get(at))}, "user": {"alice"}})
	if fresh := b.cookies[s.browsers.cookie]; fresh.Value == cookie.Value {
		t.Error("the cookie did not change at sign-in: session fixation")
	}
	planted := newSurfer(t, s)
	planted.cookies[cookie.Name] = cookie
	wantPage(t, planted.get(strings.Replace(at, "/login", "/consent", 1)), http.StatusForbidden)
	if got := b.get(strings.Replace(at, "/login", "/consent", 1)); got.status != http.StatusOK {
		t.Errorf("signed in: %d", got.status)
	}
	c.Add(pendingLifetime)
	wantPage(t, b.get(at), http.StatusForbidden)
	c.Add(sessionLifetime - pendingLifetime - time.Second)
	if got := b.get("/authorize?" + request(id).Encode()).header.Get("Location"); !strings.HasPrefix(got, "/consent") {
		t.Errorf("still signed in, sent to %s", got)
	}
	c.Add(time.Second)
	wantAsked(t, b.get("/authorize?"+request(id).Encode()))
}

func TestO46_SecureCookieOverHTTPS(t *testing.T) {
	cfg := testConfig(newClock())
	cfg.Issuer, cfg.Resource = "https://as.example.com", "https://as.example.com/mcp"
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	query := with(request(publicClient(t, s)), "resource", cfg.Resource)
	r := httptest.NewRequest(http.MethodGet, "https://as.example.com/authorize?"+query.Encode(), nil)
	got := send(s, r).header.Get("Set-Cookie")
	for _, want := range []string{"__Host-sallyport_session=", "; Path=/", "; HttpOnly", "; Secure", "; SameSite=Lax"} {
		if !strings.Contains(got, want) {
			t.Errorf("cookie %q lacks %s", got, want)
		}
	}
}

func TestSwitchUser(t *testing.T) {
	s, _ := newServer(t)
	id := publicClient(t, s)
	b := newSurfer(t, s)
	at, old := b.consentPage(request(id), "alice")
	login := strings.Replace(at, "/consent", "/login", 1)
	page := b.get(login)
	if !strings.Contains(page.body, "(signed in now)") {
		t.Error("the page does not say who is signed in")
	}
	b.post(login, url.Values{"csrf": {csrfOf(t, page)}, "user": {"bob"}})
	// The form that was made for alice grants nothing for bob.
	wantPage(t, b.post(at, url.Values{"csrf": {csrfOf(t, old)}, "decision": {"allow"}}), http.StatusForbidden)
	a := b.post(at, url.Values{"csrf": {csrfOf(t, b.get(at))}, "decision": {"allow"}})
	k := mustTokens(t, s, post(s, "/token", codeForm(id, a.location(t).Query().Get("code"))))
	if k.claims["sub"] != "bob" {
		t.Errorf("token for %v", k.claims["sub"])
	}
}

func TestConsentBeforeSignIn(t *testing.T) {
	s, _ := newServer(t)
	b := newSurfer(t, s)
	login := b.get("/authorize?" + request(publicClient(t, s)).Encode()).header.Get("Location")
	at := strings.Replace(login, "/login", "/consent", 1)
	if a := b.get(at); a.header.Get("Location") != login {
		t.Errorf("sent to %s", a.header.Get("Location"))
	}
	// Even with a form token of the right kind nobody consents.
	r := httptest.NewRequest(http.MethodGet, at, nil)
	r.AddCookie(b.cookies[s.browsers.cookie])
	pending := strings.TrimPrefix(at, "/consent?request=")
	v, _ := s.browsers.visit(r, pending)
	form := url.Values{"csrf": {s.browsers.formToken(v, pending, purposeConsent)}, "decision": {"allow"}}
	wantPage(t, b.post(at, form), http.StatusForbidden)
}
