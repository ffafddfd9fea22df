package authserver

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

const (
	testIssuer   = "http://127.0.0.1:8080"
	testResource = testIssuer + "/mcp"
	testVerifier = "verifier-verifier-verifier-verifier-verifier"
	testRedirect = "http://127.0.0.1:33333/callback"
)

// clock is a clock that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2030, 5, 6, 7, 8, 9, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func testConfig(c *clock) Config {
	return Config{
		Issuer: testIssuer, Resource: testResource, Now: c.Now,
		Users: []User{{Name: "alice", DisplayName: "Alice Liddell", Note: "admin"}, {Name: "bob", Note: "editor"}, {Name: "carol"}},
		Scopes: []Scope{
			{Name: "notes:read", Description: "Read the notes"},
			{Name: "notes:write", Description: "Create and change notes"},
			{Name: "table/{table}:read", Description: "Read the table {table}"},
			{Name: "bare"},
		},
	}
}

func newServer(t *testing.T) (*Server, *clock) {
	t.Helper()
	c := newClock()
	s, err := New(testConfig(c))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s, c
}

// answer is a response that was read.
type answer struct {
	status int
	header http.Header
	body   string
}

func (a answer) location(t *testing.T) *url.URL {
	t.Helper()
	u, err := url.Parse(a.header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func (a answer) json(t *testing.T) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(a.body), &v); err != nil {
		t.Fatalf("not JSON: %v: %s", err, a.body)
	}
	return v
}

func (a answer) text(t *testing.T, member string) string {
	t.Helper()
	s, _ := a.json(t)[member].(string)
	return s
}

func send(s *Server, r *http.Request) answer {
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	return answer{w.Code, w.Result().Header, w.Body.String()}
}

func post(s *Server, path string, form url.Values) answer {
	return send(s, formRequest(path, form))
}

func formRequest(path string, form url.Values) *http.Request {
	r := httptest.NewRequest(http.MethodPost, testIssuer+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", formType)
	return r
}

// surfer is a browser: it keeps cookies and sends what Chromium sends.
type surfer struct {
	t       *testing.T
	s       *Server
	cookies map[string]*http.Cookie
	adjust  func(*http.Request) // last change before a request is sent
}

func newSurfer(t *testing.T, s *Server) *surfer {
	t.Helper()
	return &surfer{t: t, s: s, cookies: map[string]*http.Cookie{}}
}

func (b *surfer) send(r *http.Request) answer {
	for _, c := range b.cookies {
		r.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
	}
	if b.adjust != nil {
		b.adjust(r)
	}
	w := httptest.NewRecorder()
	b.s.Handler().ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		b.cookies[c.Name] = c
	}
	return answer{w.Code, w.Result().Header, w.Body.String()}
}

func (b *surfer) get(target string) answer {
	return b.send(httptest.NewRequest(http.MethodGet, testIssuer+strings.TrimPrefix(target, testIssuer), nil))
}

func (b *surfer) post(target string, form url.Values) answer {
	r := formRequest(target, form)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Origin", testIssuer)
	return b.send(r)
}

var csrfField = regexp.MustCompile(`name="csrf" value="([^"]+)"`)

func csrfOf(t *testing.T, page answer) string {
	t.Helper()
	m := csrfField.FindStringSubmatch(page.body)
	if m == nil {
		t.Fatalf("no form in %d %s", page.status, page.body)
	}
	return html.UnescapeString(m[1])
}

// consentPage signs in if needed and returns the consent page and its address.
func (b *surfer) consentPage(query url.Values, user string) (string, answer) {
	b.t.Helper()
	a := b.get("/authorize?" + query.Encode())
	if a.status != http.StatusSeeOther {
		b.t.Fatalf("authorize: %d %s", a.status, a.body)
	}
	at := a.header.Get("Location")
	if strings.HasPrefix(at, "/login?") {
		a = b.post(at, url.Values{"csrf": {csrfOf(b.t, b.get(at))}, "user": {user}})
		if a.status != http.StatusSeeOther {
			b.t.Fatalf("login: %d %s", a.status, a.body)
		}
		at = a.header.Get("Location")
	}
	page := b.get(at)
	if page.status != http.StatusOK {
		b.t.Fatalf("consent page: %d %s", page.status, page.body)
	}
	return at, page
}

// decide goes all the way and returns the address the client is called back at.
func (b *surfer) decide(query url.Values, user, decision string) *url.URL {
	b.t.Helper()
	at, page := b.consentPage(query, user)
	a := b.post(at, url.Values{"csrf": {csrfOf(b.t, page)}, "decision": {decision}})
	if a.status != http.StatusSeeOther {
		b.t.Fatalf("consent: %d %s", a.status, a.body)
	}
	return a.location(b.t)
}

func challenge(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// request is a good authorization request.
func request(clientID string) url.Values {
	return url.Values{
		"response_type": {"code"}, "client_id": {clientID}, "redirect_uri": {testRedirect}, "state": {"a state"},
		"scope": {"notes:read"}, "resource": {testResource},
		"code_challenge": {challenge(testVerifier)}, "code_challenge_method": {"S256"},
	}
}

func with(v url.Values, changes ...string) url.Values {
	out := url.Values{}
	for name, values := range v {
		out[name] = values
	}
	for i := 0; i < len(changes); i += 2 {
		out.Set(changes[i], changes[i+1])
	}
	return out
}

func without(v url.Values, names ...string) url.Values {
	out := with(v)
	for _, name := range names {
		out.Del(name)
	}
	return out
}

func registerJSON(s *Server, body string) answer {
	r := httptest.NewRequest(http.MethodPost, testIssuer+"/register", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	return send(s, r)
}

// register registers a client and returns its id and its secret.
func register(t *testing.T, s *Server, metadata map[string]any) (string, string) {
	t.Helper()
	body, err := json.Marshal(metadata)
	if err != nil {
		t.Fatal(err)
	}
	a := registerJSON(s, string(body))
	if a.status != http.StatusCreated {
		t.Fatalf("register: %d %s", a.status, a.body)
	}
	return a.text(t, "client_id"), a.text(t, "client_secret")
}

func publicClient(t *testing.T, s *Server) string {
	t.Helper()
	id, _ := register(t, s, map[string]any{
		"redirect_uris": []string{testRedirect}, "token_endpoint_auth_method": "none", "client_name": "Test client",
		"grant_types": []string{"authorization_code", "refresh_token"},
	})
	return id
}

// newCode gets a code for alice.
func newCode(t *testing.T, s *Server, clientID string) string {
	t.Helper()
	back := newSurfer(t, s).decide(request(clientID), "alice", "allow")
	code := back.Query().Get("code")
	if code == "" {
		t.Fatalf("no code in %s", back)
	}
	return code
}

func codeForm(clientID, code string) url.Values {
	return url.Values{
		"grant_type": {"authorization_code"}, "client_id": {clientID}, "code": {code},
		"code_verifier": {testVerifier}, "redirect_uri": {testRedirect},
	}
}

func refreshForm(clientID, token string) url.Values {
	return url.Values{"grant_type": {"refresh_token"}, "client_id": {clientID}, "refresh_token": {token}}
}

// tokens are what a client gets.
type tokens struct {
	access, refresh string
	claims          map[string]any
}

func (k tokens) grant() string { id, _ := k.claims["grant_id"].(string); return id }

// mustTokens reads a token answer and verifies the access token with the served
// key set.
func mustTokens(t *testing.T, s *Server, a answer) tokens {
	t.Helper()
	if a.status != http.StatusOK {
		t.Fatalf("token: %d %s", a.status, a.body)
	}
	k := tokens{access: a.text(t, "access_token"), refresh: a.text(t, "refresh_token")}
	served := send(s, httptest.NewRequest(http.MethodGet, testIssuer+"/jwks.json", nil))
	var set jose.JSONWebKeySet
	if err := json.Unmarshal([]byte(served.body), &set); err != nil {
		t.Fatal(err)
	}
	parsed, err := jwt.ParseSigned(k.access, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		t.Fatal(err)
	}
	if err := parsed.Claims(set.Key(parsed.Headers[0].KeyID)[0].Key, &k.claims); err != nil {
		t.Fatal(err)
	}
	return k
}

func newTokens(t *testing.T, s *Server, clientID string) tokens {
	t.Helper()
	return mustTokens(t, s, post(s, "/token", codeForm(clientID, newCode(t, s, clientID))))
}

func wantError(t *testing.T, a answer, status int, code string) {
	t.Helper()
	if a.status != status || a.text(t, "error") != code {
		t.Errorf("got %d %s, want %d %s", a.status, a.body, status, code)
	}
	if a.header.Get("Cache-Control") != "no-store" || !strings.HasPrefix(a.header.Get("Content-Type"), "application/json") {
		t.Errorf("error headers: %v", a.header)
	}
}
