package server_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/sallyport-mcp/sallyport/internal/browsertest"
	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/tools"
)

// journal is a writer for everything a server tells its operators.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// development is a server with its embedded authorization server.
type development struct {
	origin  string
	server  *server.Server
	journal *journal
	runs    *atomic.Int64
	// secrets are all values that must not be told to anybody.
	secrets []string
}

func startDevelopment(t *testing.T) *development {
	t.Helper()
	d := &development{journal: &journal{}, runs: new(atomic.Int64)}
	listener := httptest.NewUnstartedServer(nil)
	d.origin = "http://" + listener.Listener.Addr().String()
	cfg := fixtureConfig(d.runs)
	cfg.Addr = listener.Listener.Addr().String()
	cfg.Policy = filepath.Join(t.TempDir(), "policy.csv")
	writeFile(t, cfg.Policy, fixturePolicy)
	cfg.Stderr = d.journal
	cfg.Logger = slog.New(slog.NewTextHandler(d.journal, &slog.HandlerOptions{Level: slog.LevelDebug}))
	cfg.Resources = append(cfg.Resources, tools.Resource{
		URI: "open://{key}", Name: "open", Description: "Open.", AnyPrincipal: true, Read: cfg.Resources[0].Read,
	})
	s, err := server.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	d.server = s
	if listener.Config.Handler, err = s.Handler("/mcp"); err != nil {
		t.Fatal(err)
	}
	listener.Start()
	t.Cleanup(func() { listener.Close(); s.Close() })
	return d
}

func (d *development) secret(values ...string) {
	for _, value := range values {
		if value != "" {
			d.secrets = append(d.secrets, value)
		}
	}
}

// call posts a tools/call and returns status and body.
func (d *development) call(t *testing.T, token, tool, text string) (int, string) {
	t.Helper()
	arguments, err := json.Marshal(map[string]string{"text": text})
	if err != nil {
		t.Fatal(err)
	}
	return d.post(t, token, "tools/call", tool, `"name":"`+tool+`","arguments":`+string(arguments))
}

func (d *development) post(t *testing.T, token, method, name, params string) (int, string) {
	t.Helper()
	body := `{"jsonrpc":"2.0","id":1,"method":"` + method + `","params":{` + params +
		`,"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}`
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, d.origin+"/mcp", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"Content-Type": "application/json", "Accept": "application/json, text/event-stream", "Mcp-Protocol-Version": "2026-07-28",
		"Mcp-Method": method, "Mcp-Name": name, "Authorization": "Bearer " + token,
	} {
		request.Header.Set(name, value)
	}
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	return read(t, must(t)(transport.RoundTrip(request)))
}

func must(t *testing.T) func(*http.Response, error) *http.Response {
	t.Helper()
	return func(response *http.Response, err error) *http.Response {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return response
	}
}

func read(t *testing.T, response *http.Response) (int, string) {
	t.Helper()
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// person has logged in and consented, as a browser without scripts does it.
type person struct {
	*development
	t        *testing.T
	client   *browsertest.Client
	consent  string // the consent page that was shown
	accessed string
	refresh  string
}

func (d *development) logIn(t *testing.T, name, scope string) *person {
	t.Helper()
	client, err := browsertest.Register(t.Context(), d.origin)
	if err != nil {
		t.Fatal(err)
	}
	browser := browsertest.New(name)
	issued, err := client.Authorize(t.Context(), browser, scope)
	if err != nil {
		t.Fatal(err)
	}
	d.secret(issued.Code, browsertest.Verifier, issued.Access, issued.Refresh, strings.Split(issued.Access, ".")[2])
	origin, err := url.Parse(d.origin)
	if err != nil {
		t.Fatal(err)
	}
	for _, cookie := range browser.Cookies(origin) {
		d.secret(cookie.Value)
	}
	return &person{development: d, t: t, client: client, consent: browser.Pages[len(browser.Pages)-1], accessed: issued.Access, refresh: issued.Refresh}
}

func (p *person) revoke(token string) {
	p.t.Helper()
	if err := p.client.Form(p.t.Context(), "/revoke", url.Values{"token": {token}, "client_id": {p.client.ID}}, nil); err != nil {
		p.t.Fatal(err)
	}
}

// TestJ47_ARevokedGrantIsRefusedAtOnce revokes through the authorization
// server and calls again.
func TestJ47_ARevokedGrantIsRefusedAtOnce(t *testing.T) {
	d := startDevelopment(t)
	for _, what := range []string{"access token", "refresh token"} {
		t.Run(what, func(t *testing.T) {
			bob, other := d.logIn(t, "bob", "echo:use"), d.logIn(t, "bob", "echo:use")
			if status, body := d.call(t, bob.accessed, "echo", "hi"); status != 200 || !strings.Contains(body, "hi") {
				t.Fatalf("before: %d %s", status, body)
			}
			revoked := bob.accessed
			if what == "refresh token" {
				revoked = bob.refresh
			}
			bob.revoke(revoked)
			runs := d.runs.Load()
			if status, body := d.call(t, bob.accessed, "echo", "hi"); status != 401 || d.runs.Load() != runs {
				t.Errorf("after: %d %s", status, body)
			}
			if status, body := d.call(t, other.accessed, "echo", "hi"); status != 200 {
				t.Errorf("another grant of the same user: %d %s", status, body)
			}
		})
	}
}

func TestEmbeddedAuthorizationServer(t *testing.T) {
	d := startDevelopment(t)
	alice := d.logIn(t, "alice", "secret:use echo:use")
	if status, body := d.call(t, alice.accessed, "secret", "hi"); status != 200 || !strings.Contains(body, "hi") {
		t.Errorf("alice: %d %s", status, body)
	}
	if !strings.Contains(alice.consent, "Admins only") || strings.Contains(alice.consent, "Query a table") {
		t.Errorf("the consent page does not say what the scopes are good for:\n%s", alice.consent)
	}
	carol := d.logIn(t, "carol", "secret:use")
	if status, body := d.call(t, carol.accessed, "secret", "hi"); status != 403 || !strings.Contains(body, `"door":2`) {
		t.Errorf("carol: %d %s", status, body)
	}
	handler, err := d.server.Handler("/mcp")
	if err != nil {
		t.Fatal(err)
	}
	for remote, status := range map[string]int{"127.0.0.1:1": 200, "[::1]:1": 200, "192.0.2.1:1": 403, "nowhere": 403} {
		request := httptest.NewRequest(http.MethodGet, d.origin+"/jwks.json", nil)
		request.RemoteAddr = remote
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, request)
		if recorder.Code != status {
			t.Errorf("the embedded server answers %s with %d, want %d", remote, recorder.Code, status)
		}
	}
}

// TestL01_NoSecretIsTold goes through every kind of answer with values that
// must not appear in audit, log or any body that is not meant to carry them.
func TestL01_NoSecretIsTold(t *testing.T) {
	d := startDevelopment(t)
	bob := d.logIn(t, "bob", "echo:use users:read tables:read")
	const argument = "canary-argument-0123456789"
	d.secret(argument)
	var bodies strings.Builder
	note := func(_ int, body string) { bodies.WriteString(body) }

	for _, tool := range []string{"secret", "fails", "panics", argument + "-name"} {
		if tool == argument+"-name" {
			note(d.post(t, bob.accessed, "resources/read", "app://x?token="+argument, `"uri":"app://x?token=`+argument+`"`))
			continue
		}
		note(d.call(t, bob.accessed, tool, argument))
	}
	if _, body := d.call(t, bob.accessed, "echo", argument); !strings.Contains(body, argument) {
		t.Fatalf("the call that may echo its argument: %s", body)
	}
	note(d.post(t, bob.accessed, "tools/call", "echo", `"name":"echo","arguments":{"text":{"`+argument+`":1}}`))
	note(d.post(t, bob.accessed, "tools/call", "query", `"name":"query","arguments":{"table":"`+argument+`/"}`))
	if status, _ := d.post(t, bob.accessed, "resources/read", "open://"+argument, `"uri":"open://`+argument+`"`); status != 200 {
		t.Errorf("reading a template: %d", status)
	}
	note(d.call(t, bob.accessed+"x", "echo", argument))
	note(d.call(t, reissue(t, bob.accessed, "https://evil.example"), "echo", argument))
	note(d.call(t, "canary-opaque-token-0123456789", "echo", argument))
	d.secret("canary-opaque-token-0123456789")
	note(d.post(t, bob.accessed, "tools/call", "echo", `"name":"echo","arguments":{"text":"a","text":"`+argument+`"}`))
	bob.revoke(bob.refresh)
	note(d.call(t, bob.accessed, "echo", argument))

	d.server.Close()
	told := d.journal.String()
	if lines := strings.Count(told, `"decision":`); lines < 10 {
		t.Fatalf("only %d records were written; nothing can be said:\n%s", lines, told)
	}
	for _, secret := range d.secrets {
		if strings.Contains(told, secret) {
			t.Errorf("audit or log tell %q:\n%s", secret, told)
		}
		if strings.Contains(bodies.String(), secret) {
			t.Errorf("an error's body tells %q:\n%s", secret, bodies.String())
		}
	}
}
