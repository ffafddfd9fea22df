package transport_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/transport"
	"github.com/sallyport-mcp/sallyport/transport/message"
)

// TestH21_HeadersOfEveryAnswer looks at one answer of each kind. Exactly one value of
// each header that protects, and none that tells what answers.
func TestH21_HeadersOfEveryAnswer(t *testing.T) {
	plain := start(t, withOlder(newKeys(t)), func(h *harness) {
		h.config.MaxBody = 4096
		h.tool("steps", progress(2))
	})
	limited := start(t, func(h *harness) { h.gate.admit = busy })
	session := first(plain.shake(t, "2025-11-25"))
	metadata := func(r *http.Request) { r.Method, r.URL.Path = "GET", "/.well-known/oauth-protected-resource" }
	method := func(m string) func(*http.Request) { return func(r *http.Request) { r.Method = m } }
	same := func(*http.Request) {}
	for _, row := range []struct {
		name   string
		h      *harness
		body   string
		change func(*http.Request)
		status int
		kind   string // Content-Type
		vary   bool   // looked at the origin
	}{
		{"result", plain, callBody("allowed"), same, 200, "application/json", true},
		{"stream", plain, withMeta(callBody("steps"), `"progressToken":"p"`), same, 200, "text/event-stream", true},
		{"notification", plain, `{"jsonrpc":"2.0","method":"notifications/x"}`, same, 202, "", true},
		{"preflight", plain, "", func(r *http.Request) { *r = *plain.preflight(); set("Origin", "http://"+plain.host)(r) }, 204, "", true},
		{"metadata", plain, "", metadata, 200, "application/json", false},
		{"metadata, HEAD", plain, "", func(r *http.Request) { metadata(r); r.Method = "HEAD" }, 200, "application/json", false},
		{"metadata, POST", plain, "", func(r *http.Request) { metadata(r); r.Method = "POST" }, 405, "application/json", false},
		{"malformed", plain, `{`, same, 400, "application/json", true},
		{"no token", plain, callBody("allowed"), set("Authorization"), 401, "application/json", true},
		{"bad token", plain, callBody("allowed"), set("Authorization", "Bearer bad"), 401, "application/json", true},
		{"step-up", plain, callBody("needs_scope"), same, 403, "application/json", true},
		{"denied", plain, callBody("forbidden"), same, 403, "application/json", true},
		{"origin", plain, callBody("allowed"), set("Origin", "https://evil.example"), 403, "application/json", true},
		{"host", plain, callBody("allowed"), func(r *http.Request) { r.Host = "evil.example" }, 403, "application/json", false},
		{"path", plain, callBody("allowed"), func(r *http.Request) { r.URL.Path = "/x" }, 404, "application/json", false},
		{"method of MCP", plain, rpc("nothing", ""), same, 404, "application/json", true},
		{"method of HTTP", plain, "", method("PUT"), 405, "application/json", true},
		{"accept", plain, callBody("allowed"), set("Accept", "text/html"), 406, "application/json", true},
		{"too large", plain, callBody(strings.Repeat("x", 5000)), same, 413, "application/json", true},
		{"media type", plain, callBody("allowed"), set("Content-Type", "text/plain"), 415, "application/json", true},
		{"too many", limited, callBody("allowed"), same, 429, "application/json", true},
		{"panic", plain, callBody("allowed"), set("Authorization", "Bearer panic"), 500, "application/json", true},
		{"keys out of reach", plain, callBody("allowed"), set("Authorization", "Bearer down"), 503, "application/json", true},
		{"end of a session", plain, "", func(r *http.Request) { *r = *plain.plainly("DELETE", "", in(session)) }, 200, "", true},
	} {
		r := row.h.request(row.body)
		row.change(r)
		a := send(t, r)
		if a.status != row.status {
			t.Errorf("%s: %d, want %d: %s", row.name, a.status, row.status, a.body)
		}
		for name, want := range map[string]string{
			"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Server": "", "X-Powered-By": "", "Set-Cookie": "", "Content-Type": row.kind,
		} {
			if got := a.header.Values(name); strings.Join(got, "|") != want {
				t.Errorf("%s: %s: %q, want %q", row.name, name, got, want)
			}
		}
		if got := strings.HasPrefix(a.header.Get("Vary"), "Origin"); got != row.vary {
			t.Errorf("%s: Vary %q", row.name, a.header.Values("Vary"))
		}
	}
}

// TestH21_HostileChallenges: whatever scopes, descriptions and locations hold, the
// answer has one challenge, one header line, and nothing that was smuggled in.
func TestH21_HostileChallenges(t *testing.T) {
	for name, hostile := range map[string]string{
		"quote": `a", error="x`, "comma": `a", Basic realm="x`, "backslash": `a\`, "line": "a\r\nSet-Cookie: x=y", "LF": "a\nX: y", "NUL": "a\x00b",
		"not ASCII": "\u00e9\u2028\U0001f511", "no UTF-8": "\xff\xfe", "delete": "a\x7f", "right to left": "\u202egnihton",
	} {
		t.Run(name, func(t *testing.T) {
			h := start(t, func(h *harness) {
				h.config.InitialScopes = []string{hostile, "notes:read"}
				h.gate.admit = func(_ context.Context, _ authz.Principal, _ *message.Message) (*transport.Pass, *transport.Refusal) {
					why := transport.InsufficientScope([]string{hostile, "notes:write"})
					why.Challenge.Description, why.Challenge.ResourceMetadata = hostile, "https://h/"+hostile
					why.RetryAfter = time.Second
					return nil, why
				}
			})
			a := h.refused(t, h.request(callBody("allowed")), 403, 403)
			if got := a.header.Values("WWW-Authenticate"); len(got) != 1 || !oneChallenge().MatchString(got[0]) || !strings.HasSuffix(got[0], `scope="notes:write"`) {
				t.Errorf("%q", got)
			}
			if a.header.Get("Set-Cookie") != "" || a.header.Get("X") != "" {
				t.Errorf("%v", a.header)
			}
			r := h.request(callBody("allowed"))
			set("Authorization")(r)
			a = h.refused(t, r, 401, 401)
			if got := a.header.Values("WWW-Authenticate"); len(got) != 1 || got[0] != h.challengeOf("") {
				t.Errorf("%q", got)
			}
		})
	}
}
