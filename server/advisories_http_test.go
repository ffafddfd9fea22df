package server_test

import (
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-mcp/sallyport/server/servertest"
)

// spelled is a request as it goes over the wire, so that it can say what no client says.
type spelled struct {
	line, host string
	header     []string
	body       string
}

func (f *fixture) spelled(t *testing.T) *spelled {
	t.Helper()
	return &spelled{
		line: "POST /mcp HTTP/1.1", host: strings.TrimPrefix(f.Origin(), "http://"),
		header: []string{
			"Authorization: Bearer " + f.Token(t, servertest.User("bob"), "echo:use", "secret:use"), "Content-Type: application/json",
			"Accept: application/json, text/event-stream", "MCP-Protocol-Version: 2026-07-28", "Mcp-Method: tools/call", "Mcp-Name: echo",
		},
		body: string(toolBody("2026-07-28", "echo", []byte(`"text":"hi"`))),
	}
}

func (s *spelled) add(lines ...string) { s.header = append(s.header, lines...) }

func (s *spelled) drop(name string) {
	s.header = slices.DeleteFunc(s.header, func(line string) bool { return strings.HasPrefix(line, name+":") })
}

// sendSpelled sends a request and returns all that came back, and how many
// operations ran.
func (f *fixture) sendSpelled(t *testing.T, s *spelled) (string, int64) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(f.Origin(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	before := f.runs.Load()
	lines := slices.Concat([]string{s.line, "Host: " + s.host, "Connection: close", fmt.Sprintf("Content-Length: %d", len(s.body))}, s.header, []string{"", s.body})
	_, _ = io.WriteString(conn, strings.Join(lines, "\r\n")) // a refusal may come before the end
	_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	all, _ := io.ReadAll(conn)
	return string(all), f.runs.Load() - before
}

// edit is a request that some server fell for: the good one with a change.
type edit struct {
	name   string
	change func(*spelled)
	status int
}

// replayEdits sends each, and before it the good request.
func replayEdits(t *testing.T, f *fixture, edits []edit) {
	t.Helper()
	for _, e := range edits {
		t.Run(e.name, func(t *testing.T) {
			if got, ran := f.sendSpelled(t, f.spelled(t)); !strings.HasPrefix(got, "HTTP/1.1 200 ") || ran != 1 {
				t.Fatalf("twin: %d ran: %s", ran, got)
			}
			s := f.spelled(t)
			e.change(s)
			got, ran := f.sendSpelled(t, s)
			if !strings.HasPrefix(got, fmt.Sprintf("HTTP/1.1 %d ", e.status)) || ran != 0 {
				t.Errorf("%d ran, want %d: %s", ran, e.status, got)
			}
			if strings.Contains(got, "Access-Control-Allow-Origin: *") || strings.Contains(got, "Allow-Credentials") || strings.Contains(got, "101 Switching") {
				t.Errorf("%s", got)
			}
		})
	}
}

// TestAdvisory_Browsers is what a page does to a server on the machine of who looks at it, here
// even with a good token: it comes under a name of its own that leads to loopback, or
// as itself.
func TestAdvisory_Browsers(t *testing.T) {
	f := start(t)
	_, port, _ := strings.Cut(strings.TrimPrefix(f.Origin(), "http://"), ":")
	const page = "Origin: https://evil.example"
	replayEdits(t, f, []edit{
		{"H-13 CVE-2025-66414 CVE-2025-66416 CVE-2026-34742 CVE-2026-35568 CVE-2026-42559 CVE-2026-63118 a name of its own", func(s *spelled) {
			s.host = "evil.example:" + port
			s.add("Origin: http://evil.example:" + port)
		}, 403},
		{"H-13 CVE-2026-11624 CVE-2025-64443 a name of its own, and no Origin", func(s *spelled) { s.host = "evil.example" }, 403},
		{"H-13 CVE-2026-9739 the older stream under a name of its own", func(s *spelled) {
			s.line, s.host, s.body = "GET /mcp HTTP/1.1", "evil.example:"+port, ""
		}, 403},
		{"H-12 CVE-2026-9739 the older stream", func(s *spelled) {
			s.line, s.body = "GET /mcp HTTP/1.1", ""
			s.add(page)
		}, 403},
		{"H-12 CVE-2026-34237 CVE-2026-33010 as itself", func(s *spelled) { s.add(page) }, 403},
		{"H-12 CVE-2026-34237 CVE-2026-33010 a preflight", func(s *spelled) {
			s.line, s.body = "OPTIONS /mcp HTTP/1.1", ""
			s.add(page, "Access-Control-Request-Method: POST", "Access-Control-Request-Headers: content-type")
		}, 403},
		{"H-14 CVE-2026-33252 what needs no preflight", func(s *spelled) {
			s.drop("Content-Type")
			s.add("Content-Type: text/plain", page)
		}, 403},
		{"H-14 CVE-2026-33252 what needs no preflight, and no Origin", func(s *spelled) {
			s.drop("Content-Type")
			s.add("Content-Type: text/plain")
		}, 415},
		{"H-14 CVE-2026-33252 no type at all", func(s *spelled) { s.drop("Content-Type") }, 415},
		{"H-12 CVE-2026-59950 a WebSocket", func(s *spelled) {
			s.line, s.body = "GET /mcp HTTP/1.1", ""
			s.add(page, "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")
		}, 403},
		{"H-13 CVE-2026-49468 a Host with more than a host", func(s *spelled) { s.host += "/#@evil.example" }, 400},
		{"H-13 CVE-2026-49468 a Host with a user", func(s *spelled) { s.host = "evil.example@" + s.host }, 400},
	})
}

// TestAdvisory_NoToken leaves the token out, and says by other means that none is needed.
func TestAdvisory_NoToken(t *testing.T) {
	f := start(t)
	without := func(lines ...string) func(*spelled) {
		return func(s *spelled) {
			s.drop("Authorization")
			s.add(lines...)
		}
	}
	at := func(path string) func(*spelled) {
		return func(s *spelled) {
			s.drop("Authorization")
			s.line = "POST " + path + " HTTP/1.1"
		}
	}
	replayEdits(t, f, []edit{
		{"M-33 CVE-2025-49596 CVE-2026-32211 CVE-2026-76092 no token", without(), 401},
		{"M-33 CVE-2026-59822 any token", without("Authorization: Bearer x"), 401},
		{"M-33 CVE-2026-59822 one like a key", without("Authorization: Bearer sk-1234"), 401},
		{"M-33 CVE-2026-59822 none of this kind", without("Authorization: Basic eDp4"), 401},
		{"M-33 GHSA-g53w-w6mj-hrpp a header between parts of a gateway", func(s *spelled) {
			without("mcp-init-host: 127.0.0.1", "router-key: secret", "X-Mcp-Router-Key: secret")(s)
			s.drop("Mcp-Method")
			s.add("Mcp-Method: server/discover")
			s.body = strings.Replace(s.body, "tools/call", "server/discover", 1)
		}, 401},
		{"H-08 CVE-2026-34457 the name of a probe", without("User-Agent: kube-probe/1.30"), 401},
		{"H-08 CVE-2026-34457 the name of another probe", without("User-Agent: GoogleHC/1.0"), 401},
		{"H-06 CVE-2025-64484 underscores", without("X_Forwarded_User: alice", "X_Forwarded_Access_Token: x", "Authorization_: Bearer x"), 401},
		{"H-06 CVE-2026-33495 another protocol", without("X-Forwarded-Proto: https", "X-Forwarded-Host: trusted.example"), 401},
		{"H-06 CVE-2026-40575 another path", without("X-Forwarded-Uri: /.well-known/oauth-protected-resource", "X-Original-Url: /healthz", "X-Rewrite-Url: /healthz"), 401},
		{"H-18 CVE-2026-32136 an upgrade to HTTP/2", without("Upgrade: h2c", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA", "Connection: Upgrade, HTTP2-Settings"), 401},
		{"H-09 CVE-2026-26205 two slashes", at("//mcp"), 404},
		{"H-09 CVE-2026-26205 an authority", at("//x/mcp"), 404},
		{"H-09 CVE-2026-33494 dots", at("/.well-known/oauth-protected-resource/../../mcp"), 404},
		{"H-09 CVE-2026-33494 escaped dots", at("/.well-known/%2e%2e/mcp"), 404},
		{"H-09 CVE-2026-41059 a fragment", at("/.well-known/oauth-protected-resource#/mcp"), 404},
		{"H-09 CVE-2026-41059 an escaped fragment", at("/mcp%23/.well-known/oauth-protected-resource"), 404},
		{"H-08 CVE-2023-29193 the command line", at("/debug/pprof/cmdline"), 404},
		{"H-09 GHSA-5j8j-256g-vvp5 the paths of an older transport", at("/sse"), 404},
		{"H-09 GHSA-5j8j-256g-vvp5 the messages of an older transport", at("/messages/?session_id=x"), 404},
	})
}

// TestAdvisory_Identity says in headers who is calling, beside the token of bob (H-06
// CVE-2025-64484 CVE-2026-33495). Alice may; bob may not.
func TestAdvisory_Identity(t *testing.T) {
	f := start(t)
	forbidden := func(s *spelled) {
		s.drop("Mcp-Name")
		s.add("Mcp-Name: secret")
		s.body = strings.Replace(s.body, `"echo"`, `"secret"`, 1)
	}
	var edits []edit
	for _, name := range []string{"X-Forwarded-User", "X_Forwarded_User", "X-Forwarded_User", "x-auth-request-user", "X-Remote-User", "Remote-User", "X-Forwarded-Access-Token"} {
		edits = append(edits, edit{"H-06 CVE-2025-64484 CVE-2026-33495 " + name, func(s *spelled) {
			forbidden(s)
			s.add(name + ": alice")
		}, 403})
	}
	replayEdits(t, f, edits)
}

// TestAdvisory_BrokenConnections leaves in the middle of a body, and while a stream is
// open (F-08 CVE-2025-53365). Everybody else is served.
func TestAdvisory_BrokenConnections(t *testing.T) {
	f := start(t)
	for _, cut := range []int{0, 1, 40} {
		s := f.spelled(t)
		lines := slices.Concat([]string{s.line, "Host: " + s.host, fmt.Sprintf("Content-Length: %d", len(s.body))}, s.header, []string{"", s.body[:cut]})
		conn, err := net.Dial("tcp", s.host)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, strings.Join(lines, "\r\n")); err != nil {
			t.Fatal(err)
		}
		if err := conn.Close(); err != nil {
			t.Fatal(err)
		}
		bob := f.as(t, "bob", "echo:use")
		stream, refused := bob.Older().Stream()
		if refused != nil {
			t.Fatal(refused)
		}
		stream.Close()
		f.accepted(t, "twin", func() *servertest.Answer { return bob.Call("echo", map[string]any{"text": "hi"}) })
	}
}
