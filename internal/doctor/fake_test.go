package doctor_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-mcp/sallyport/internal/doctor"
)

const goodToken = "good-token"

// fake is an MCP server with its issuer, right in everything, until a test plants a defect.
type fake struct {
	host   string // what the server calls itself; empty for where it listens
	secure bool   // https
	change func(q *question, a *answer)
	config func(*tls.Config)
	adjust func(*doctor.Options)

	origin string
}

// question is a request, read.
type question struct {
	*http.Request
	fake   *fake
	path   string
	body   string
	method string // of JSON-RPC
}

// answer is a response before it is sent.
type answer struct {
	status int
	header http.Header
	body   string
}

// is tells whether a request is a POST of this method without a token.
func (q *question) is(method string) bool {
	return q.path == "/mcp" && q.Method == "POST" && q.method == method && q.Header.Get("Authorization") == "" && q.Header.Get("Origin") == ""
}

// bad returns the bad token of the request, and nothing for the good one.
func (q *question) bad() string {
	if value := q.Header.Get("Authorization"); value != "Bearer "+goodToken {
		return value
	}
	return ""
}

// open answers as if there had been a token.
func (q *question) open(a *answer) { *a = q.fake.dispatch(q) }

func (a *answer) say(status int, body string) { a.status, a.body = status, body }

// edit changes a member of a JSON object, or removes it.
func (a *answer) edit(member string, value any) {
	var object map[string]any
	if json.Unmarshal([]byte(a.body), &object) != nil {
		return
	}
	object[member] = value
	if value == nil {
		delete(object, member)
	}
	body, _ := json.Marshal(object)
	a.body = string(body)
}

// start runs the server and returns how to examine it.
func (f *fake) start(t testing.TB) doctor.Options {
	t.Helper()
	s := httptest.NewUnstartedServer(f)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	if f.config != nil {
		f.config(s.TLS)
	}
	scheme := "http://"
	if f.secure {
		s.StartTLS()
		scheme = "https://"
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	addr := s.Listener.Addr().String()
	if f.host == "" {
		f.host = addr
	}
	f.origin = scheme + f.host
	now := time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)
	options := doctor.Options{
		URL: f.origin + "/mcp", Token: goodToken, Now: func() time.Time { return now },
		Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, addr)
		},
	}
	if f.secure {
		options.Roots = x509.NewCertPool()
		options.Roots.AddCert(s.Certificate())
	}
	if f.adjust != nil {
		f.adjust(&options)
	}
	return options
}

// ServeHTTP answers, and has the defect its way.
func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	q := &question{Request: r, fake: f, path: r.URL.EscapedPath(), body: string(body)}
	var envelope struct {
		Method string `json:"method"`
	}
	if len(body) < 1<<20 { // nothing good is larger, and reading it takes time
		_ = json.Unmarshal(body, &envelope) // what is no message has no method
	}
	q.method = envelope.Method
	a := f.serve(q)
	a.header.Set("Cache-Control", "no-store")
	a.header.Set("X-Content-Type-Options", "nosniff")
	if f.secure {
		a.header.Set("Strict-Transport-Security", "max-age=31536000")
	}
	if f.change != nil {
		f.change(q, &a)
	}
	maps.Copy(w.Header(), a.header)
	w.WriteHeader(a.status)
	_, _ = w.Write([]byte(a.body))
}

func document(fields map[string]any) answer {
	body, _ := json.Marshal(fields)
	return answer{200, http.Header{"Content-Type": {"application/json"}, "Access-Control-Allow-Origin": {"*"}}, string(body)}
}

func plain(status int, body string) answer { return answer{status, http.Header{}, body} }

func (f *fake) serve(q *question) answer {
	switch q.path {
	case "/mcp":
		return f.endpoint(q)
	case "/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp", "/.well-known/oauth-authorization-server", "/keys":
		if q.Method != "GET" && q.Method != "HEAD" {
			a := plain(405, "")
			a.header.Set("Allow", "GET, HEAD")
			return a
		}
	}
	switch q.path {
	case "/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp":
		return document(map[string]any{
			"resource": f.origin + "/mcp", "authorization_servers": []string{f.origin}, "scopes_supported": []string{"read"},
			"bearer_methods_supported": []string{"header"},
		})
	case "/.well-known/oauth-authorization-server":
		return document(map[string]any{
			"issuer": f.origin, "authorization_endpoint": f.origin + "/authorize", "token_endpoint": f.origin + "/token",
			"jwks_uri": f.origin + "/keys", "response_types_supported": []string{"code"},
			"grant_types_supported":            []string{"authorization_code", "refresh_token"},
			"code_challenge_methods_supported": []string{"S256"}, "token_endpoint_auth_methods_supported": []string{"none"},
			"authorization_response_iss_parameter_supported": true, "client_id_metadata_document_supported": true,
		})
	case "/keys":
		return document(map[string]any{"keys": []any{map[string]any{"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "kid": "1"}}})
	}
	return plain(404, "not found")
}

// endpoint is the gate.
func (f *fake) endpoint(q *question) answer {
	origin := q.Header.Get("Origin")
	switch {
	case q.Host != f.host || origin != "" && origin != f.origin:
		return plain(403, "no")
	case q.Method == "OPTIONS":
		a := plain(204, "")
		a.header.Set("Access-Control-Allow-Origin", f.origin)
		a.header.Set("Access-Control-Allow-Headers", "authorization")
		return a
	case q.Header.Get("Authorization") == "":
		return f.challenge("")
	case q.bad() != "":
		return f.challenge(`error="invalid_token", `)
	case q.Method == "DELETE" && q.Header.Get("Mcp-Session-Id") == "session-1":
		return plain(200, "")
	case q.Method != "POST":
		a := plain(405, "")
		a.header.Set("Allow", "POST, OPTIONS")
		return a
	case q.Header.Get("Content-Type") != "application/json":
		return plain(415, "")
	case strings.HasPrefix(q.body, "[") || strings.Count(q.body, `"method":`) != 1:
		return rpcError(400, -32600)
	}
	return f.dispatch(q)
}

func (f *fake) challenge(more string) answer {
	a := plain(401, "a token is needed")
	a.header.Set("WWW-Authenticate", "Bearer "+more+`resource_metadata="`+f.origin+`/.well-known/oauth-protected-resource/mcp", scope="read"`)
	return a
}

func rpcError(status, code int) answer {
	body, _ := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "error": map[string]any{"code": code, "message": "no"}})
	return answer{status, http.Header{"Content-Type": {"application/json"}}, string(body)}
}

func rpcResult(result map[string]any) answer {
	body, _ := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "result": result})
	return answer{200, http.Header{"Content-Type": {"application/json"}}, string(body)}
}

// dispatch is what is behind the gate.
func (f *fake) dispatch(q *question) answer {
	lists := []string{"tools/list", "prompts/list", "resources/list", "resources/templates/list", "server/discover"}
	switch {
	case q.method == "initialize":
		a := rpcResult(map[string]any{"protocolVersion": "2025-11-25"})
		a.header.Set("Mcp-Session-Id", "session-1")
		return a
	case q.method == "notifications/initialized":
		return plain(202, "")
	case !strings.Contains(q.body, "protocolVersion"):
		if id := q.Header.Get("Mcp-Session-Id"); id != "session-1" {
			return rpcError(404, -32001)
		}
		return rpcResult(map[string]any{"tools": []any{}})
	case !strings.Contains(q.body, "2026-07-28"):
		return rpcError(400, -32022)
	case q.Header.Get("Mcp-Method") != q.method:
		return rpcError(400, -32020)
	case slices.Contains(lists, q.method):
		return rpcResult(map[string]any{"tools": []any{map[string]any{"name": "secret_tool"}}, "cacheScope": "private", "ttlMs": 0})
	case q.method == "tools/call":
		return rpcError(400, -32602)
	}
	return rpcError(404, -32601)
}

// examine runs the examination, and fails the test if there is no report.
func examine(t testing.TB, f *fake) *doctor.Report {
	t.Helper()
	options := f.start(t)
	report, err := doctor.Examine(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func finding(r *doctor.Report, id string) doctor.Finding {
	i := slices.IndexFunc(r.Findings, func(f doctor.Finding) bool { return f.ID == id })
	if i < 0 {
		return doctor.Finding{}
	}
	return r.Findings[i]
}

// text is the report as it is printed.
func text(t testing.TB, r *doctor.Report, verbose bool) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.WriteText(&b, bare{}, verbose); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// bare paints nothing.
type bare struct{}

func (bare) Good(text string) string   { return text }
func (bare) Odd(text string) string    { return text }
func (bare) Bad(text string) string    { return text }
func (bare) Strong(text string) string { return text }
