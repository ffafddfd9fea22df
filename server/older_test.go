package server_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport-mcp/sallyport/server/servertest"
)

// eras returns clients of one token in every revision.
func eras(c *servertest.Client) map[string]*servertest.Client {
	return map[string]*servertest.Client{"2026-07-28": c, "2025-11-25": c.Older(), "2025-06-18": oldest(c)}
}

// oldest returns a client in a session of the oldest revision that is served.
func oldest(c *servertest.Client) *servertest.Client {
	const revision = "2025-06-18"
	a := c.InSession("").Send("initialize", map[string]any{"protocolVersion": revision, "capabilities": map[string]any{}})
	return c.InSession(a.Header.Get("Mcp-Session-Id")).With("Mcp-Protocol-Version", revision)
}

// TestM07_M10_OneGateOnEveryPath asks for what is not permitted, and for what is, in
// every revision and by every method that names an operation.
func TestM07_M10_OneGateOnEveryPath(t *testing.T) {
	f := start(t)
	scopes := []string{"echo:use", "secret:use", "greeting:use", "config:read", "users:read", "tables:read"}
	bob, weak := f.as(t, "bob", scopes...), f.as(t, "bob", "other:use")
	cases := map[string]struct {
		permission string // that bob lacks
		scope      string // that weak lacks for the twin
		no, yes    func(*servertest.Client) *servertest.Answer
	}{
		"tools/call": {
			"secret:use", "echo:use",
			func(c *servertest.Client) *servertest.Answer { return c.Call("secret", map[string]any{"text": "hi"}) },
			func(c *servertest.Client) *servertest.Answer { return c.Call("echo", map[string]any{"text": "hi"}) },
		},
		"tools/call with a placeholder": {
			"table/private:read", "tables:read",
			func(c *servertest.Client) *servertest.Answer {
				return c.Call("query", map[string]any{"table": "private"})
			},
			func(c *servertest.Client) *servertest.Answer {
				return c.Call("query", map[string]any{"table": "public"})
			},
		},
		"tools/call as a task": {
			"secret:use", "echo:use",
			func(c *servertest.Client) *servertest.Answer {
				return c.Send("tools/call", map[string]any{"name": "secret", "arguments": map[string]any{"text": "hi"}, "task": map[string]any{}})
			},
			func(c *servertest.Client) *servertest.Answer {
				return c.Send("tools/call", map[string]any{"name": "echo", "arguments": map[string]any{"text": "hi"}, "task": map[string]any{}})
			},
		},
		"resources/read": {
			"secret:use", "config:read",
			func(c *servertest.Client) *servertest.Answer { return c.Read("app://plans") },
			func(c *servertest.Client) *servertest.Answer { return c.Read("app://config") },
		},
		"resources/read of a template": {
			"user/alice:read", "users:read",
			func(c *servertest.Client) *servertest.Answer { return c.Read("user://alice") },
			func(c *servertest.Client) *servertest.Answer { return c.Read("user://bob") },
		},
		"prompts/get": {
			"secret:use", "greeting:use",
			func(c *servertest.Client) *servertest.Answer { return c.Prompt("plotting", nil) },
			func(c *servertest.Client) *servertest.Answer {
				return c.Prompt("greeting", map[string]string{"tone": "x"})
			},
		},
		"completion/complete of a prompt": {
			"secret:use", "greeting:use",
			func(c *servertest.Client) *servertest.Answer { return c.CompletePrompt("plotting", "tone", "") },
			func(c *servertest.Client) *servertest.Answer { return c.CompletePrompt("greeting", "tone", "") },
		},
		"completion/complete of a resource": {
			"secret:use", "users:read",
			func(c *servertest.Client) *servertest.Answer { return c.CompleteResource("plan://{id}", "id", "") },
			func(c *servertest.Client) *servertest.Answer { return c.CompleteResource("user://{id}", "id", "b") },
		},
	}
	strong, feeble := eras(bob), eras(weak)
	for name, c := range cases {
		for era := range strong {
			t.Run(name+" "+era, func(t *testing.T) {
				if a := f.refused(t, "denied", func() *servertest.Answer { return c.no(strong[era]) }); !a.Denied(c.permission) {
					t.Errorf("%v, want a denial of %s", a, c.permission)
				}
				if a := f.refused(t, "not delegated", func() *servertest.Answer { return c.yes(feeble[era]) }); !a.StepUp(c.scope) {
					t.Errorf("%v, want a step-up to %s", a, c.scope)
				}
				f.accepted(t, "twin", func() *servertest.Answer { return c.yes(strong[era]) })
			})
		}
	}
}

// TestM01_ListsAreTheSameInBothRevisions compares what bob is shown.
func TestM01_ListsAreTheSameInBothRevisions(t *testing.T) {
	f := start(t)
	bob := f.as(t, "bob", "echo:use")
	old := bob.Older()
	for name, lists := range map[string][2][]string{
		"tools": {bob.Tools(), old.Tools()}, "resources": {bob.Resources(), old.Resources()},
		"templates": {bob.Templates(), old.Templates()}, "prompts": {bob.Prompts(), old.Prompts()},
	} {
		if diff := cmp.Diff(lists[0], lists[1]); diff != "" || len(lists[0]) == 0 {
			t.Errorf("%s: %v (-new +old)\n%s", name, lists[0], diff)
		}
		if slices.Contains(lists[1], "secret") || slices.Contains(lists[1], "app://plans") || slices.Contains(lists[1], "plotting") {
			t.Errorf("%s show what bob may not: %v", name, lists[1])
		}
	}
	for what, params := range map[string]map[string]any{"a cursor": {"cursor": "x"}, "none": {}} {
		a := old.Send("tools/list", params)
		if a.Status != 200 || a.OK() == (what == "a cursor") {
			t.Errorf("M-02 %s: %v", what, a)
		}
	}
}

// TestM15_M16_SessionsAreTheirCallers uses a session with tokens that are not its
// caller's, and ids that are no session, in every way there is.
func TestM15_M16_SessionsAreTheirCallers(t *testing.T) {
	f := start(t)
	token := f.Token(t, servertest.User("bob"), "echo:use")
	bob := f.Client(t, token).Older()
	stream, refused := bob.Stream()
	if refused != nil {
		t.Fatal(refused)
	}
	over := f.Client(t, token).Older()
	if a := over.End(); a.Status != 200 {
		t.Fatal(a)
	}
	cases := map[string]*servertest.Client{
		"M-15 another user":   f.as(t, "alice", "echo:use").InSession(bob.Session()),
		"M-15 another client": f.Client(t, f.Token(t, servertest.Caller{Subject: "bob", Client: "desk"}, "echo:use")).InSession(bob.Session()),
		"M-15 the client itself": f.Client(t, f.Token(t, servertest.Machine("test-client"), "echo:use")).
			InSession(bob.Session()),
		"M-16 invented":   f.Client(t, token).InSession("mcp-session-00000000-0000-4000-8000-000000000000"),
		"M-16 too long":   f.Client(t, token).InSession(strings.Repeat("A", 8000)),
		"M-16 terminated": over,
		"M-16 cut short":  f.Client(t, token).InSession(bob.Session()[:len(bob.Session())-1]),
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if a := f.refused(t, name, func() *servertest.Answer { return c.Call("echo", map[string]any{"text": "hi"}) }); a.Status != 404 {
				t.Errorf("POST: %v", a)
			}
			if _, a := c.Stream(); a == nil || a.Status != 404 {
				t.Errorf("GET: %v", a)
			}
			if a := c.End(); a.Status != 404 {
				t.Errorf("DELETE: %v", a)
			}
			if a := c.Notify("notifications/cancelled", map[string]any{"requestId": 1}); a.Status != 404 {
				t.Errorf("notification: %v", a)
			}
			if a := c.Respond(json.RawMessage(`"x"`), map[string]any{}); a.Status != 404 {
				t.Errorf("response: %v", a)
			}
		})
	}
	f.accepted(t, "twin", func() *servertest.Answer { return bob.Call("echo", map[string]any{"text": "hi"}) })
	f.Server.Server().NotifyToolsChanged("echo") // the stream was neither replaced nor closed
	if e, ok := stream.Next(); !ok || e.Method != "notifications/tools/list_changed" {
		t.Errorf("%+v %v", e, ok)
	}
	if a := bob.End(); a.Status != 200 {
		t.Error(a)
	}
	if e, ok := stream.Next(); ok {
		t.Errorf("after the end of the session: %+v", e)
	}
}

// TestR18_R20_NotificationsRunNothing sends requests without an id, and
// notifications of every kind, with and without a token.
func TestR18_R20_NotificationsRunNothing(t *testing.T) {
	f := start(t)
	scopes := []string{"echo:use", "config:read"}
	for era, bob := range eras(f.as(t, "bob", scopes...)) {
		for method, params := range map[string]map[string]any{
			"tools/call":                       {"name": "echo", "arguments": map[string]any{"text": "hi"}},
			"resources/read":                   {"uri": "app://config"},
			"tasks/cancel":                     {"taskId": "1"},
			"initialize":                       {"protocolVersion": "2025-11-25", "capabilities": map[string]any{}},
			"subscriptions/listen":             {"notifications": map[string]any{}},
			"notifications/initialized":        {},
			"notifications/roots/list_changed": {},
			"notifications/progress":           {"progressToken": 1, "progress": 1},
			"notifications/message":            {"level": "info", "data": "x"},
			"notifications/cancelled":          {"requestId": 1},
			"notifications/nobody/knows":       {},
		} {
			for who, c := range map[string]*servertest.Client{"bob": bob, "nobody": f.Client(t, "").InSession(bob.Session())} {
				var a *servertest.Answer
				ran := f.ran(func() { a = c.Notify(method, params) })
				want := map[string]int{"bob": 202, "nobody": 401}[who]
				if ran != 0 || a.Status != want || (want == 202 && len(a.Body) > 0) {
					t.Errorf("%s %s by %s: %d ran, %v", era, method, who, ran, a)
				}
			}
		}
		f.accepted(t, "twin "+era, func() *servertest.Answer { return bob.Call("echo", map[string]any{"text": "hi"}) })
	}
}

// TestR21_ResponsesToNothing answers what nobody asked.
func TestR21_ResponsesToNothing(t *testing.T) {
	f := start(t)
	for era, bob := range eras(f.as(t, "bob", "echo:use")) {
		for _, body := range []string{
			`{"jsonrpc":"2.0","id":1,"result":{}}`, `{"jsonrpc":"2.0","id":"x","error":{"code":1,"message":"x"}}`,
			`{"jsonrpc":"2.0","id":1,"result":{},"method":"tools/call","params":{"name":"echo"}}`,
			`{"jsonrpc":"2.0","id":1,"result":{},"error":{}}`, `{"jsonrpc":"2.0","result":{}}`,
		} {
			a := f.refused(t, era, func() *servertest.Answer { return bob.SendRaw(nil, []byte(body)) })
			if a.Status != 400 || a.Code != -32600 {
				t.Errorf("%s %s: %v", era, body, a)
			}
		}
		f.accepted(t, "twin "+era, func() *servertest.Answer { return bob.Call("echo", map[string]any{"text": "hi"}) })
	}
}

// TestR28_NoWayAroundTheGateByRevision leaves out or changes whatever says which
// revision a request is in.
func TestR28_NoWayAroundTheGateByRevision(t *testing.T) {
	f := start(t)
	bob := f.as(t, "bob", "echo:use", "secret:use")
	session := bob.Older().Session()
	call := func(tool string) []byte {
		return []byte(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"` + tool + `","arguments":{"text":"hi"}}}`)
	}
	cases := map[string]struct {
		header http.Header
		status int
	}{
		"no version, no session":      {http.Header{"Mcp-Protocol-Version": nil}, 400},
		"an older version":            {http.Header{"Mcp-Protocol-Version": {"2025-06-18"}}, 400},
		"an older version, invented":  {http.Header{"Mcp-Protocol-Version": {"2025-06-18"}, "Mcp-Session-Id": {"x"}}, 404},
		"no version, invented":        {http.Header{"Mcp-Protocol-Version": nil, "Mcp-Session-Id": {"x"}}, 404},
		"a lying Mcp-Name":            {http.Header{"Mcp-Protocol-Version": nil, "Mcp-Session-Id": {session}, "Mcp-Method": {"tools/call"}, "Mcp-Name": {"echo"}}, 400},
		"a real session":              {http.Header{"Mcp-Protocol-Version": nil, "Mcp-Session-Id": {session}}, 403},
		"a real session, by version":  {http.Header{"Mcp-Protocol-Version": {"2025-11-25"}, "Mcp-Session-Id": {session}}, 403},
		"a real session, not its own": {http.Header{"Mcp-Protocol-Version": {"2025-06-18"}, "Mcp-Session-Id": {session}}, 400},
		"2026-07-28 without _meta":    {http.Header{"Mcp-Session-Id": {session}}, 400},
		"no revision that there is":   {http.Header{"Mcp-Protocol-Version": {"2024-11-05"}, "Mcp-Session-Id": {session}}, 400},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			a := f.refused(t, name, func() *servertest.Answer { return bob.SendRaw(c.header, call("secret")) })
			if a.Status != c.status {
				t.Errorf("%v, want %d", a, c.status)
			}
		})
	}
	f.accepted(t, "twin", func() *servertest.Answer {
		return bob.SendRaw(http.Header{"Mcp-Protocol-Version": nil, "Mcp-Session-Id": {session}}, call("echo"))
	})
	a := bob.SendRaw(http.Header{"Mcp-Protocol-Version": {"2024-11-05"}}, call("echo"))
	want := map[string]any{"supported": []any{"2026-07-28", "2025-11-25", "2025-06-18"}, "requested": "2024-11-05"}
	if diff := cmp.Diff(want, a.Data); a.Code != -32022 || diff != "" {
		t.Errorf("%v (-want +got)\n%s", a, diff)
	}
}

// TestOlderStatuses is what section 5 of the contract says of older revisions: an
// error is an answer, a shut door a 403, and 404 a session that is gone.
func TestOlderStatuses(t *testing.T) {
	f := start(t)
	bob := f.as(t, "bob", "echo:use", "secret:use").Older()
	for name, c := range map[string]struct {
		method       string
		params       map[string]any
		status, code int
	}{
		"an unknown tool":     {"tools/call", map[string]any{"name": "nobody"}, 200, -32602},
		"an unknown prompt":   {"prompts/get", map[string]any{"name": "nobody"}, 200, -32602},
		"an unknown resource": {"resources/read", map[string]any{"uri": "no://x"}, 200, -32602},
		"an unknown method":   {"nobody/knows", nil, 200, -32601},
		"a task":              {"tasks/get", map[string]any{"taskId": "1"}, 200, -32601},
		"a newer method":      {"server/discover", nil, 200, -32601},
		"a method of clients": {"sampling/createMessage", nil, 200, -32601},
		"door two":            {"tools/call", map[string]any{"name": "secret"}, 403, 403},
		"door one":            {"resources/read", map[string]any{"uri": "app://config"}, 403, 403},
		"a stranger's state":  {"tools/call", map[string]any{"name": "echo", "arguments": map[string]any{"text": "x"}, "requestState": "x"}, 200, -32602},
	} {
		a := f.refused(t, name, func() *servertest.Answer { return bob.Send(c.method, c.params) })
		if a.Status != c.status || a.Code != c.code {
			t.Errorf("%s: %v, want %d and %d", name, a, c.status, c.code)
		}
	}
	for _, method := range []string{"ping", "tools/list"} {
		if a := bob.Send(method, nil); !a.OK() {
			t.Errorf("%s: %v", method, a)
		}
	}
	if a := f.as(t, "bob").Send("ping", nil); a.Status != 404 || a.Code != -32601 {
		t.Errorf("ping in 2026-07-28: %v", a)
	}
}

// TestR19_OnlyTheOwnSessionCancels has others name a call that runs.
func TestR19_OnlyTheOwnSessionCancels(t *testing.T) {
	w := newWaiting()
	f := start(t, w.add)
	bob := f.as(t, "bob", "echo:use").Older()
	answers := make(chan *servertest.Answer, 1)
	call := func(id string) []byte {
		return []byte(`{"jsonrpc":"2.0","id":` + id + `,"method":"tools/call","params":{"name":"waits"}}`)
	}
	go func() { answers <- bob.SendRaw(nil, call(`"a"`)) }()
	<-w.started
	cancel := map[string]any{"requestId": "a"}
	modern := f.as(t, "bob", "echo:use")
	modern.Notify("notifications/cancelled", cancel)
	modern.Older().Notify("notifications/cancelled", cancel)
	f.as(t, "alice", "echo:use").Older().Notify("notifications/cancelled", cancel)
	if a := f.as(t, "alice", "echo:use").InSession(bob.Session()).Notify("notifications/cancelled", cancel); a.Status != 404 {
		t.Error(a)
	}
	if a := bob.SendRaw(nil, call(`"a"`)); a.Status != 400 {
		t.Errorf("R-17 the same id: %v", a)
	}
	w.release <- struct{}{} // only a call that still runs takes it
	if a := <-answers; !a.OK() || a.Text() != "waited" {
		t.Errorf("alice's call: %v", a)
	}
	go func() { answers <- bob.SendRaw(nil, call(`"b"`)) }()
	<-w.started
	if a := bob.Notify("notifications/cancelled", map[string]any{"requestId": "b"}); a.Status != 202 {
		t.Error(a)
	}
	select {
	case <-w.cancelled:
	case <-time.After(5 * time.Second):
		t.Fatal("its own session cancelled nothing")
	}
	if a := <-answers; a.OK() {
		t.Errorf("cancelled: %v", a)
	}
}
