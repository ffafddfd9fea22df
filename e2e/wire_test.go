package e2e

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// exchange is one request a client sent and what came back, without anything secret.
type exchange struct {
	Method, Path string
	RPC, Name    string // Mcp-Method and Mcp-Name
	Version      string // MCP-Protocol-Version
	Bearer       bool
	Form         url.Values // of a form request, for its names only
	Status       int
	Challenge    string // WWW-Authenticate
}

func (e exchange) String() string {
	line := fmt.Sprintf("%s %s", e.Method, e.Path)
	if e.RPC != "" {
		line += fmt.Sprintf(" [%s %s]", e.RPC, e.Name)
	}
	return fmt.Sprintf("%s -> %d %s", line, e.Status, e.Challenge)
}

// wire is a http.RoundTripper that remembers what passed.
type wire struct {
	inner http.RoundTripper
	mu    sync.Mutex
	seen  []exchange
}

func newWire(t *testing.T) *wire {
	inner := http.DefaultTransport.(*http.Transport).Clone()
	t.Cleanup(inner.CloseIdleConnections)
	w := &wire{inner: inner}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("what the client sent:\n%s", w)
		}
	})
	return w
}

func (w *wire) client() *http.Client { return &http.Client{Transport: w} }

// RoundTrip implements http.RoundTripper.
func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	seen := exchange{
		Method:  req.Method,
		Path:    req.URL.Path,
		RPC:     req.Header.Get("Mcp-Method"),
		Name:    req.Header.Get("Mcp-Name"),
		Version: req.Header.Get("Mcp-Protocol-Version"),
		Bearer:  strings.HasPrefix(req.Header.Get("Authorization"), "Bearer "),
	}
	if req.Body != nil && req.Header.Get("Content-Type") == "application/x-www-form-urlencoded" {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		req = req.Clone(req.Context())
		req.Body = io.NopCloser(bytes.NewReader(body))
		if seen.Form, err = url.ParseQuery(string(body)); err != nil {
			return nil, err
		}
	}
	resp, err := w.inner.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	seen.Status = resp.StatusCode
	seen.Challenge = resp.Header.Get("Www-Authenticate")
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = append(w.seen, seen)
	return resp, nil
}

// all returns what passed so far.
func (w *wire) all() []exchange {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]exchange(nil), w.seen...)
}

func (w *wire) String() string {
	var b strings.Builder
	for _, e := range w.all() {
		fmt.Fprintln(&b, " ", e)
	}
	return b.String()
}

// count says how many exchanges fit.
func (w *wire) count(fits func(exchange) bool) int {
	n := 0
	for _, e := range w.all() {
		if fits(e) {
			n++
		}
	}
	return n
}

// last returns the latest exchange that fits.
func (w *wire) last(t *testing.T, what string, fits func(exchange) bool) exchange {
	t.Helper()
	seen := w.all()
	for i := len(seen) - 1; i >= 0; i-- {
		if fits(seen[i]) {
			return seen[i]
		}
	}
	t.Fatalf("the client never sent %s", what)
	return exchange{}
}

func isCall(tool string) func(exchange) bool {
	return func(e exchange) bool { return e.RPC == "tools/call" && e.Name == tool }
}

func isPath(path string) func(exchange) bool {
	return func(e exchange) bool { return e.Path == path }
}

// parameter reads one quoted parameter of a Bearer challenge (RFC 6750 section 3).
func parameter(challenge, name string) string {
	_, rest, found := strings.Cut(challenge, name+`="`)
	if !found {
		return ""
	}
	value, _, _ := strings.Cut(rest, `"`)
	return value
}

// expectDiscovery checks what every client must have gone through before its first token.
func (w *wire) expectDiscovery(t *testing.T, n notes) {
	t.Helper()
	first := w.last(t, "a request without a token", func(e exchange) bool { return e.Path == "/mcp" && !e.Bearer })
	if first.Status != http.StatusUnauthorized || first.Challenge == "" || strings.Contains(first.Challenge, "error=") {
		t.Errorf("without a token: %v, want 401 with a challenge and no error", first)
	}
	if got, want := parameter(first.Challenge, "resource_metadata"), n.origin+"/.well-known/oauth-protected-resource/mcp"; got != want {
		t.Errorf("resource_metadata = %q, want %q", got, want)
	}
	if got, want := parameter(first.Challenge, "scope"), "notes:read"; got != want {
		t.Errorf("initial scope = %q, want %q", got, want)
	}
	for path, status := range map[string]int{
		"/.well-known/oauth-protected-resource/mcp": http.StatusOK,
		"/.well-known/oauth-authorization-server":   http.StatusOK,
		"/register": http.StatusCreated,
		"/token":    http.StatusOK,
	} {
		if e := w.last(t, path, isPath(path)); e.Status != status {
			t.Errorf("%s, want %d", e, status)
		}
	}
	form := w.last(t, "/token", isPath("/token")).Form
	for _, name := range []string{"code", "code_verifier", "resource"} {
		if !form.Has(name) {
			t.Errorf("the token request has no %s", name)
		}
	}
}

// expectRevision checks that every MCP request named the one revision that is served.
func (w *wire) expectRevision(t *testing.T) {
	t.Helper()
	for _, e := range w.all() {
		if e.Path == "/mcp" && e.Bearer && e.Version != "2026-07-28" {
			t.Errorf("%s was sent as revision %q, want 2026-07-28", e, e.Version)
		}
	}
}
