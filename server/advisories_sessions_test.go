package server_test

import (
	"net/http"
	"testing"

	"github.com/sallyport-mcp/sallyport/server/servertest"
)

// TestAdvisory_Sessions uses the session of bob with the token of alice, and with none,
// by every verb. Its twin is bob himself.
func TestAdvisory_Sessions(t *testing.T) {
	f := start(t)
	bob := f.as(t, "bob", "echo:use").Older()
	for name, c := range map[string]struct {
		with   *servertest.Client
		status int
	}{
		"M-15 CVE-2026-33946 CVE-2026-52869 CVE-2026-67431 another caller": {f.as(t, "alice", "echo:use"), http.StatusNotFound},
		"M-15 CVE-2026-33946 CVE-2026-52869 CVE-2026-67431 no token":       {f.Client(t, ""), http.StatusUnauthorized},
	} {
		t.Run(name, func(t *testing.T) {
			thief := c.with.InSession(bob.Session())
			if a := f.refused(t, name, func() *servertest.Answer { return thief.Call("echo", map[string]any{"text": "hi"}) }); a.Status != c.status {
				t.Errorf("a call: %v", a)
			}
			if _, a := thief.Stream(); a == nil || a.Status != c.status {
				t.Errorf("the stream: %v", a)
			}
			if a := thief.End(); a.Status != c.status {
				t.Errorf("the end: %v", a)
			}
			f.accepted(t, "twin", func() *servertest.Answer { return bob.Call("echo", map[string]any{"text": "hi"}) })
		})
	}
}

// TestAdvisory_SessionsCannotBeGuessed begins two and looks for neighbours of their ids
// (M-16 CVE-2025-6515), with the token of who has them.
func TestAdvisory_SessionsCannotBeGuessed(t *testing.T) {
	f := start(t)
	token := f.Token(t, servertest.User("bob"), "echo:use")
	bob := f.Client(t, token)
	first, second := bob.Older(), bob.Older()
	if first.Session() == second.Session() {
		t.Fatal("two sessions of one id")
	}
	for i, letter := range []byte(first.Session()) {
		near := []byte(first.Session())
		if near[i] = 'A'; letter == 'A' {
			near[i] = 'B'
		}
		a := f.refused(t, "a neighbour", func() *servertest.Answer {
			return bob.InSession(string(near)).Call("echo", map[string]any{"text": "hi"})
		})
		if a.Status != http.StatusNotFound {
			t.Fatalf("%d: %v", i, a)
		}
	}
	f.accepted(t, "twin", func() *servertest.Answer { return second.Call("echo", map[string]any{"text": "hi"}) })
}

// TestAdvisory_NothingBeginsWithoutAToken floods the server with sessions that are to be begun
// (M-16 CVE-2026-67430), and with such that end before they began (M-16
// CVE-2026-63128). What is begun with a token is in its id and takes no place; see
// transport.
func TestAdvisory_NothingBeginsWithoutAToken(t *testing.T) {
	f := start(t)
	const good = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"c","version":"1"}}}`
	anybody, bob := f.Client(t, "").InSession(""), f.as(t, "bob", "echo:use").InSession("")
	for range 100 {
		if a := anybody.SendRaw(nil, []byte(good)); a.Status != http.StatusUnauthorized && a.Status != http.StatusTooManyRequests || a.Header.Get("Mcp-Session-Id") != "" {
			t.Fatalf("without a token: %v", a)
		}
	}
	for _, body := range []string{`{`, `[` + good + `]`, `{"jsonrpc":"2.0","id":1,"method":"initialize","params":[]}`, `{"jsonrpc":"2.0","method":"initialize","params":{}}`} {
		if a := bob.SendRaw(nil, []byte(body)); a.OK() || a.Header.Get("Mcp-Session-Id") != "" {
			t.Errorf("%s: %v", body, a)
		}
	}
	if a := bob.SendRaw(nil, []byte(good)); !a.OK() || a.Header.Get("Mcp-Session-Id") == "" {
		t.Errorf("twin: %v", a)
	}
}

// TestAdvisory_Tasks asks for the tasks of others (M-12 CVE-2026-52870). There are none,
// of anybody: a call that asks to become one runs as a call.
func TestAdvisory_Tasks(t *testing.T) {
	f := start(t)
	for era, bob := range eras(f.as(t, "bob", "echo:use")) {
		a := f.accepted(t, "a call as a task", func() *servertest.Answer {
			return bob.Send("tools/call", map[string]any{"name": "echo", "arguments": map[string]any{"text": "hi"}, "task": map[string]any{"ttl": 60_000}})
		})
		if a.Text() != "hi" {
			t.Errorf("%s: %v, want the result of the call", era, a)
		}
		for _, method := range []string{"tasks/list", "tasks/get", "tasks/result", "tasks/cancel", "tasks/update"} {
			a := f.refused(t, method, func() *servertest.Answer {
				return f.as(t, "alice", "echo:use").Send(method, map[string]any{"taskId": "1"})
			})
			if a.Code != -32601 {
				t.Errorf("%s: %v", method, a)
			}
		}
	}
}
