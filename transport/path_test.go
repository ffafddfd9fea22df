package transport_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"

	"github.com/sallyport-mcp/sallyport/transport"
)

// nearTargets are request targets that resemble the endpoint at /mcp, or that other
// servers have, and are not served.
func nearTargets(host string) []string {
	return []string{
		"//mcp", "///mcp", "/mcp/", "/mcp//", "/MCP", "/Mcp", "/mcp/.", "/./mcp", "/mcp/..", "/mcp/../mcp", "/x/../mcp", "/../mcp", "/mcp/x",
		"/%6dcp", "/%6D%63%70", "/%256dcp", "/%2fmcp", "/%2Fmcp", "/%252fmcp", "/mcp%2f", "/mcp%2f..", "/mcp%252f", "/x%2f..%2fmcp", "/%2e%2e/mcp",
		"/mcp;x", "/mcp;jsessionid=1", "/mcp%3bx", "/mcp#", "/mcp#x", "/mcp%23", "/mcp%3f", "/mcp%3fx=1", "/mcp.json", "/mcp,",
		"/mcp%00", "/mcp%20", "/mcp%09", "/mcp%0a", "/mcp%0d%0aX:%20y", "/mcp%ff", "/m%c3%a7p",
		`/mcp\`, `/\mcp`, `/x\..\mcp`, "/x%5c..%5cmcp", "/mcp%5c",
		"/", "*", "/*", "localhost:80", "/healthz", "/readyz", "/metrics", "/debug/pprof/", "/debug/vars", "/revocations", "/jwks.json", "/token",
		"/.well-known/", "/.well-known/jwks.json", "/.well-known/oauth-protected-resource/", "/.well-known/oauth-protected-resource/mcp/",
		"/.well-known/oauth-protected-resource/MCP", "/.well-known/oauth-protected-resource//mcp",
		"http://" + host, "http://" + host + "/", "http://" + host + "/MCP", "http://" + host + "//mcp", "http://" + host + "/%6dcp",
	}
}

// noTargets are what net/http takes for no request target at all.
func noTargets(host string) []string {
	return []string{
		"mcp", "./mcp", "?", "#", `\mcp`, host, host + "/mcp", "/mcp%", "/mcp%zz", "/mcp%2", "/mcp\x00", "/mcp\x7f", "/mcp x", "/mcp\t",
		"http://" + host + ":x/mcp", "http://" + host + "./mcp", "http://[/mcp", "http://%zz/mcp",
	}
}

func TestH08_H09_OnlyOnePathReachesTheTools(t *testing.T) {
	h := start(t)
	body := callBody("allowed")
	host := "Host: " + h.host + "\r\n"
	answered := func(target, status string, records int, more ...string) {
		t.Helper()
		ran, before := h.ran.Load(), h.gate.count()
		got := h.raw(t, h.rawPost("POST "+target+" HTTP/1.1", host, body, more...))
		if !strings.HasPrefix(got, "HTTP/1.1 "+status+" ") || strings.Count(got, "HTTP/1.1 ") != 1 {
			t.Errorf("%q: %.200s", target, got)
		}
		if n := h.ran.Load() - ran; (n == 1) != (status == "200") || h.gate.count() != before+records {
			t.Errorf("%q: %d ran, %d records", target, n, h.gate.count()-before)
		}
	}
	for _, target := range nearTargets(h.host) {
		answered(target, "404", 1)
	}
	for _, target := range noTargets(h.host) {
		answered(target, "400", 0)
	}
	for _, target := range []string{"http://evil.example/mcp", "https://evil.example/mcp", "http://127.0.0.1/mcp", "http://user@" + h.host + "/mcp", "http://user:x@" + h.host + "/mcp"} {
		answered(target, "403", 1)
	}
	for _, target := range []string{"/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp"} {
		answered(target, "405", 1, "User-Agent: kube-probe/1.30")
	}
	for _, target := range []string{"/mcp", "/mcp?", "/mcp?x=1", "/mcp?/../x", "/mcp?x=%00", "http://" + h.host + "/mcp", "http://" + h.host + "/mcp?"} {
		answered(target, "200", 1)
	}
}

// behind are routers that others mount the handler in.
func behind(handler http.Handler) map[string]http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/mcp", handler)
	mux.Handle("/.well-known/", handler)
	all := http.NewServeMux()
	all.Handle("/", handler)
	strip := http.NewServeMux()
	strip.Handle("/app/", http.StripPrefix("/app", handler))
	sloppy := http.StripPrefix("/app", handler)
	mounted := chi.NewRouter()
	mounted.Mount("/app", handler)
	mounted.Handle("/*", handler)
	exact := chi.NewRouter()
	exact.Handle("/mcp", handler)
	nested := chi.NewRouter()
	nested.Route("/app", func(r chi.Router) { r.Handle("/*", http.StripPrefix("/app", handler)) })
	return map[string]http.Handler{
		"bare": handler, "ServeMux": mux, "ServeMux for all": all, "StripPrefix": strip, "StripPrefix alone": sloppy,
		"chi Mount": mounted, "chi": exact, "chi with StripPrefix": nested,
	}
}

// TestH09_BehindAnotherRouter asks for every target through routers that clean, cut
// or decode paths. Whatever they make of it, nothing runs that was not decided
// about, and nothing at all without a token.
func TestH09_BehindAnotherRouter(t *testing.T) {
	h := start(t)
	handler, err := transport.New(h.config)
	if err != nil {
		t.Fatal(err)
	}
	body := callBody("allowed")
	targets := append(nearTargets(h.host), "/app/mcp", "/app//mcp", "/appmcp", "/app/app/mcp", "/app%2fmcp", "/app/%6dcp", "/app/../mcp", "/app/mcp/")
	const noToken = "Authorization: Bearer good\r\n"
	for name, router := range behind(handler) {
		server := httptest.NewServer(router)
		address := server.Listener.Addr().String()
		served := map[string]bool{}
		for _, target := range append(targets, "/mcp") {
			good := h.rawPost("POST "+target+" HTTP/1.1", "Host: "+h.host+"\r\n", body)
			ran, allowed := h.ran.Load(), h.gate.allowed()
			got := rawTo(t, address, good)
			n := h.ran.Load() - ran
			if n > 1 || n != h.gate.allowed()-allowed || (n == 1) != strings.HasPrefix(got, "HTTP/1.1 200 ") {
				t.Errorf("%s: %s: %d ran, %d allowed: %.100s", name, target, n, h.gate.allowed()-allowed, got)
			}
			if n == 1 {
				served[target] = true
			}
			if got := rawTo(t, address, strings.Replace(good, noToken, "", 1)); strings.Contains(got, " 200 ") || h.ran.Load() != ran+n {
				t.Errorf("%s: %s without a token: %.100s", name, target, got)
			}
		}
		server.Close()
		want := map[string]string{"StripPrefix": "/app/mcp", "StripPrefix alone": "/app/mcp", "chi with StripPrefix": "/app/mcp"}[name]
		if want == "" {
			want = "/mcp"
		}
		if !served[want] || len(served) != 1 {
			t.Errorf("%s: serves %v, want %s", name, served, want)
		}
	}
}

// A path that somebody in front has rewritten by halves is refused, or means the
// endpoint to everybody who looks at it.
func TestH09_RewrittenByHalves(t *testing.T) {
	h := start(t)
	handler, err := transport.New(h.config)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		path, raw string
		status    int
	}{
		{"/mcp", "", 200}, {"/mcp", "/%6dcp", 404}, {"/mcp", "/x", 404}, {"/x", "/%6dcp", 404}, {"", "", 404}, {"mcp", "", 404}, {"/app/mcp", "", 404},
	} {
		r := h.request(callBody("allowed"))
		r.URL.Path, r.URL.RawPath, r.Host = row.path, row.raw, h.host
		w := httptest.NewRecorder()
		ran := h.ran.Load()
		handler.ServeHTTP(w, r)
		if w.Code != row.status || (h.ran.Load() == ran+1) != (row.status == 200) {
			t.Errorf("%q, %q: %d, want %d", row.path, row.raw, w.Code, row.status)
		}
	}
}

// allowed returns how many decisions let something run.
func (g *fakeGate) allowed() int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	var n int64
	for _, r := range g.records {
		if r.kind == "allow" {
			n++
		}
	}
	return n
}

// TestH09_TheRootAsEndpoint: a server whose endpoint is its root takes for it what
// means the root, and nothing else.
func TestH09_TheRootAsEndpoint(t *testing.T) {
	h := start(t, func(h *harness) { h.config.Resource = "http://" + h.host })
	body := callBody("allowed")
	for target, status := range map[string]string{
		"/": "200", "/?": "200", "http://" + h.host + "/": "200", "http://" + h.host: "200", "//": "404", "/.": "404", "/mcp": "404", "/x/..": "404", "/%2f": "404",
		"*": "404", "/;": "404",
	} {
		ran := h.ran.Load()
		got := h.raw(t, h.rawPost(fmt.Sprintf("POST %s HTTP/1.1", target), "Host: "+h.host+"\r\n", body))
		if !strings.HasPrefix(got, "HTTP/1.1 "+status+" ") || (h.ran.Load() == ran+1) != (status == "200") {
			t.Errorf("%s: want %s: %.100s", target, status, got)
		}
	}
}
