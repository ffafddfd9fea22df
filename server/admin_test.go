package server_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/server/servertest"
)

// callTo is a good call of echo to the path of another server.
func callTo(url, token string) *http.Request {
	body := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"text":"x"},"_meta":{` +
		`"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}`
	r := httptest.NewRequest(http.MethodPost, url, strings.NewReader(body))
	for name, value := range map[string]string{
		"Authorization": "Bearer " + token, "Content-Type": "application/json", "Accept": "application/json", "Mcp-Protocol-Version": "2026-07-28",
		"Mcp-Method": "tools/call", "Mcp-Name": "echo", "User-Agent": "kube-probe/1.30",
	} {
		r.Header.Set(name, value)
	}
	return r
}

// TestH08_ToolBodiesOnEveryPath sends a good call to every path that the two listeners
// have, and to those that others have. It runs at the endpoint and nowhere else; what is
// not documented is 404 on both.
func TestH08_ToolBodiesOnEveryPath(t *testing.T) {
	f := startAdministered(t)
	token := f.Token(t, servertest.User("alice"), "echo:use", "sallyport:administer")
	admin := f.Server.Server().AdminHandler()
	public, err := f.Server.Server().Handler(server.DefaultPath)
	if err != nil {
		t.Fatal(err)
	}
	paths := []string{
		"/mcp", "/", "/healthz", "/readyz", "/metrics", "/revocations", "/livez", "/health", "/status", "/debug/pprof/", "/debug/pprof/cmdline", "/debug/vars",
		"/debug/requests", "/jwks.json", "/.well-known/jwks.json", "/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp",
		"/.well-known/oauth-authorization-server", "/.well-known/openid-configuration", "/sse", "/message", "/messages", "/mcp/sse", "/rpc", "/admin", "/favicon.ico",
		"/robots.txt", "/authorize", "/token", "/register", "/revoke", "/login", "/consent", "/healthz/../mcp", "/metrics/mcp", "//mcp",
	}
	documented := map[string]map[string]bool{
		"admin": {"/healthz": true, "/readyz": true, "/metrics": true, "/revocations": true},
		"public": {
			"/mcp": true, "/.well-known/oauth-protected-resource": true, "/.well-known/oauth-protected-resource/mcp": true,
		},
	}
	for name, l := range map[string]struct {
		handler http.Handler
		origin  string
	}{"admin": {admin, "http://127.0.0.1:8081"}, "public": {public, f.Origin()}} {
		for _, path := range paths {
			for _, method := range []string{"POST", "GET", "PUT", "DELETE", "OPTIONS", "PROPFIND"} {
				r := callTo(l.origin+path, token)
				r.Method = method
				w := httptest.NewRecorder()
				n := f.ran(func() { l.handler.ServeHTTP(w, r) })
				endpoint := name == "public" && path == "/mcp" && method == "POST"
				if (n == 1) != endpoint || n > 1 {
					t.Errorf("%s %s on the %s listener: %d tools ran: %s", method, path, name, n, w.Body)
				}
				redirected := w.Code == http.StatusTemporaryRedirect || w.Code == http.StatusMovedPermanently
				if !documented[name][path] && w.Code != http.StatusNotFound && !redirected {
					t.Errorf("%s %s on the %s listener: %d", method, path, name, w.Code)
				}
			}
		}
	}
}

// TestH13_AdminListenerOnLoopback: a page whose name was resolved to this machine reads
// nothing of the admin listener. Names of this machine do, and on another address any.
func TestH13_AdminListenerOnLoopback(t *testing.T) {
	get := func(f *fixture, path, host string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1:8081"+path, nil)
		r.Host = host
		w := httptest.NewRecorder()
		f.Server.Server().AdminHandler().ServeHTTP(w, r)
		return w
	}
	names := []string{
		"evil.example", "evil.example:8081", "localhost.evil.example:8081", "127.0.0.1.nip.io:8081", "10.0.0.1:8081", "0.0.0.0:8081", "[::]:8081",
		"localhost.:8081", "127.0.0.1:8081:80", "2130706433:8081", "127.1:8081", "user@127.0.0.1:8081",
	}
	loopback := start(t, func(c *server.Config) { c.AdminAddr = "127.0.0.1:8081" })
	open := start(t, func(c *server.Config) { c.AdminAddr = "0.0.0.0:8081" })
	paths := []string{"/healthz", "/readyz", "/metrics", "/revocations", "/x"}
	own := []string{"127.0.0.1:8081", "127.0.0.1", "localhost:8081", "localhost", "[::1]:8081", "[::1]", "127.0.0.2:8081", "127.0.0.1:9999", ""}
	for _, path := range paths {
		for _, host := range names {
			if w := get(loopback, path, host); w.Code != http.StatusForbidden || strings.Contains(w.Body.String(), "sallyport_") {
				t.Errorf("%s of %s: %d", path, host, w.Code)
			}
			if w := get(open, path, host); w.Code == http.StatusForbidden {
				t.Errorf("%s of %s on all addresses: %d", path, host, w.Code)
			}
		}
		for _, host := range own {
			if w := get(loopback, path, host); w.Code == http.StatusForbidden {
				t.Errorf("%s of %q: %d", path, host, w.Code)
			}
		}
	}
	// Each refusal is recorded, and so is each of our own without a token at /revocations.
	if got, want := loopback.Server.Server().AuditStats().Decisions, uint64(len(paths)*len(names)+len(own)); got != want {
		t.Errorf("%d records, want %d", got, want)
	}
}

// TestH21_AnswersOfTheAdminListener: they are stored by nobody, are what they say, and
// do not say what gives them.
func TestH21_AnswersOfTheAdminListener(t *testing.T) {
	f := startAdministered(t)
	for _, row := range []struct {
		method, path string
		status       int
		kind         string
	}{
		{"GET", "/healthz", 200, "application/json"}, {"GET", "/readyz", 200, "application/json"}, {"GET", "/metrics", 200, "text/plain; version="},
		{"GET", "/revocations", 401, "application/json"}, {"GET", "/x", 404, "text/plain; charset=utf-8"}, {"POST", "/healthz", 405, "text/plain; charset=utf-8"},
		{"HEAD", "/healthz", 200, "application/json"}, {"GET", "//healthz", 307, "text/html; charset=utf-8"},
	} {
		w := httptest.NewRecorder()
		f.Server.Server().AdminHandler().ServeHTTP(w, httptest.NewRequest(row.method, "http://127.0.0.1:8081"+row.path, nil))
		h := w.Header()
		if w.Code != row.status || !strings.HasPrefix(h.Get("Content-Type"), row.kind) {
			t.Errorf("%s %s: %d %v", row.method, row.path, w.Code, h)
		}
		if h.Get("Cache-Control") != "no-store" || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Server") != "" {
			t.Errorf("%s %s: %v", row.method, row.path, h)
		}
	}
}

// TestH21_AfterTheEnd: what a closed server answers is stored by nobody either, or it
// would outlive the pause.
func TestH21_AfterTheEnd(t *testing.T) {
	f := start(t)
	handler, err := f.Server.Server().Handler(server.DefaultPath)
	if err != nil {
		t.Fatal(err)
	}
	f.Server.Server().Close()
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, callTo(f.URL(), "x"))
	if h := w.Header(); w.Code != 503 || h.Get("Cache-Control") != "no-store" || h.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%d %v", w.Code, h)
	}
}
