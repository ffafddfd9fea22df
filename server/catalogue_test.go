package server_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/server/servertest"
	"github.com/sallyport-mcp/sallyport/tools"
)

// TestM01_ListsHoldNothingForbidden compares every list, and what discovery
// says, with those of a server that lacks what is forbidden.
func TestM01_ListsHoldNothingForbidden(t *testing.T) {
	full := start(t)
	lacking := start(t, func(c *server.Config) {
		c.Tools = withoutTool(c.Tools, "secret")
		c.Resources = append(c.Resources[:1:1], c.Resources[2])
		c.Prompts = c.Prompts[:1]
	})
	for _, method := range []string{"tools/list", "resources/list", "resources/templates/list", "prompts/list", "server/discover"} {
		t.Run(method, func(t *testing.T) {
			seen := full.as(t, "bob").Send(method, nil)
			want := lacking.as(t, "bob").Send(method, nil)
			if !seen.OK() || !want.OK() {
				t.Fatalf("%v, %v", seen, want)
			}
			if diff := cmp.Diff(string(want.Body), string(seen.Body)); diff != "" {
				t.Errorf("not what a server without the forbidden operations answers (-lacking +full):\n%s", diff)
			}
			if !strings.Contains(string(seen.Body), `"cacheScope":"private"`) {
				t.Errorf("%s is not marked private", seen.Body)
			}
			twin := full.as(t, "alice").Send(method, nil)
			if method != "server/discover" && string(twin.Body) == string(seen.Body) {
				t.Errorf("alice, who may do everything, sees no more than bob: %s", twin.Body)
			}
		})
	}
	t.Run("a caller without any right", func(t *testing.T) {
		nobody := full.as(t, "nobody")
		if got := nobody.Tools(); len(got) != 1 || got[0] != "whoami" {
			t.Errorf("tools %v, want whoami alone", got)
		}
		for _, list := range [][]string{nobody.Resources(), nobody.Templates(), nobody.Prompts()} {
			if len(list) != 0 {
				t.Errorf("%v is listed for a caller without any right", list)
			}
		}
	})
}

func withoutTool(list []tools.Tool, name string) []tools.Tool {
	var kept []tools.Tool
	for _, tool := range list {
		if tool.Name != name {
			kept = append(kept, tool)
		}
	}
	return kept
}

func TestVisibility(t *testing.T) {
	attainable := start(t)
	granted := start(t, func(c *server.Config) { c.Visibility = server.VisibilityGranted })
	want := []string{"echo", "fails", "panics", "progress", "query", "whoami"}
	if diff := cmp.Diff(want, attainable.as(t, "bob").Tools()); diff != "" {
		t.Errorf("attainable (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"query", "whoami"}, granted.as(t, "bob", "tables:read").Tools()); diff != "" {
		t.Errorf("granted (-want +got):\n%s", diff)
	}
}

// TestM05_ScopeMissing and M-06 go through every way an operation is named.
func TestM05_ScopeMissing(t *testing.T) {
	f := start(t)
	rows := []struct {
		name  string
		scope string
		send  func(*servertest.Client) *servertest.Answer
	}{
		{"tool", "echo:use", func(c *servertest.Client) *servertest.Answer { return c.Call("echo", map[string]any{"text": "x"}) }},
		{"tool with placeholder", "tables:read", func(c *servertest.Client) *servertest.Answer {
			return c.Call("query", map[string]any{"table": "public"})
		}},
		{"resource", "config:read", func(c *servertest.Client) *servertest.Answer { return c.Read("app://config") }},
		{"template", "users:read", func(c *servertest.Client) *servertest.Answer { return c.Read("user://bob") }},
		{"prompt", "greeting:use", func(c *servertest.Client) *servertest.Answer {
			return c.Prompt("greeting", map[string]string{"tone": "dry"})
		}},
		{"completion of a prompt", "greeting:use", func(c *servertest.Client) *servertest.Answer {
			return c.CompletePrompt("greeting", "tone", "")
		}},
		{"completion of a variable that a permission names", "users:read", func(c *servertest.Client) *servertest.Answer {
			return c.CompleteResource("user://{id}", "id", "")
		}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			answer := f.refused(t, "other scope", func() *servertest.Answer { return row.send(f.as(t, "bob", "other:scope")) })
			if !answer.StepUp(row.scope) || !strings.Contains(answer.Challenge(), `resource_metadata="`+f.Origin()+"/.well-known/oauth-protected-resource/mcp") {
				t.Errorf("%v, want a step-up to %s with the metadata", answer, row.scope)
			}
			f.accepted(t, "its scope", func() *servertest.Answer { return row.send(f.as(t, "bob", row.scope)) })
		})
	}
}

func TestM06_BothDoorsOrNothing(t *testing.T) {
	f := start(t)
	call := func(user string, scopes ...string) func() *servertest.Answer {
		return func() *servertest.Answer { return f.as(t, user, scopes...).Call("secret", map[string]any{"text": "x"}) }
	}
	if a := f.refused(t, "scope without role", call("bob", "secret:use")); !a.Denied("secret:use") {
		t.Errorf("scope without role: %v", a)
	}
	if a := f.refused(t, "role without scope", call("alice", "echo:use")); !a.StepUp("secret:use") {
		t.Errorf("role without scope: %v", a)
	}
	if a := f.refused(t, "neither", call("bob")); !a.Denied("secret:use") {
		t.Errorf("neither: %v; a step-up could not help", a)
	}
	f.accepted(t, "both", call("alice", "secret:use"))
	f.accepted(t, "a scope that implies it", func() *servertest.Answer { return f.as(t, "bob", "all").Call("echo", map[string]any{"text": "x"}) })

	evil := f.Client(t, f.Token(t, servertest.Caller{Subject: "alice", Client: "evil"}, "secret:use"))
	if a := f.refused(t, "a denied client", func() *servertest.Answer { return evil.Call("secret", map[string]any{"text": "x"}) }); !a.Denied("secret:use") {
		t.Errorf("a denied client: %v", a)
	}
}

// TestM07_OneGateOnAllPaths sends the same call on the paths that exist.
func TestM07_OneGateOnAllPaths(t *testing.T) {
	f := start(t)
	paths := []struct {
		name   string
		change func(*wire)
		served bool // the twin is accepted
	}{
		{"plain", func(*wire) {}, true},
		{"task", func(w *wire) { w.params()["task"] = map[string]any{"ttl": 1000} }, true},
		{"retry with input responses", func(w *wire) {
			w.params()["inputResponses"] = map[string]any{"never": map[string]any{"action": "accept"}}
		}, true},
		{"retry with a forged request state", func(w *wire) {
			w.params()["requestState"] = "forged"
			w.params()["inputResponses"] = map[string]any{}
		}, false},
		{"invented session", func(w *wire) { w.header.Set("Mcp-Session-Id", "mcp-session-00000000-0000-4000-8000-000000000000") }, true},
		{"older revision", func(w *wire) {
			w.header.Set("Mcp-Session-Id", "mcp-session-00000000-0000-4000-8000-000000000000")
			w.header.Set("Mcp-Protocol-Version", "2025-11-25")
			delete(w.params(), "_meta")
		}, false},
		{"lying headers", func(w *wire) { w.header.Set("Mcp-Name", "whoami") }, false},
	}
	for _, path := range paths {
		t.Run(path.name, func(t *testing.T) {
			request := func(user, scope string) func() *servertest.Answer {
				return func() *servertest.Answer {
					w := f.echoRequest(t)
					w.call("tools/call", "secret")
					w.token = f.Token(t, servertest.User(user), scope)
					path.change(w)
					return f.send(t, w)
				}
			}
			f.refused(t, "bob", request("bob", "secret:use"))
			f.refused(t, "alice without the scope", request("alice", "echo:use"))
			if path.served {
				f.accepted(t, "alice", request("alice", "secret:use"))
			} else {
				f.refused(t, "alice", request("alice", "secret:use"))
			}
		})
	}
}

func TestM09_TemplateVariablesAreDecided(t *testing.T) {
	f := start(t)
	bob := f.as(t, "bob", "users:read", "tables:read")
	f.accepted(t, "bob reads bob", func() *servertest.Answer { return bob.Read("user://bob") })
	for _, uri := range []string{"user://alice", "user://bobby", "user://b%6Fb2", "user://bob%2F..%2Falice", "user://*", "user://bob,alice"} {
		a := f.refused(t, uri, func() *servertest.Answer { return bob.Read(uri) })
		if a.Status != http.StatusForbidden && a.Code != -32602 {
			t.Errorf("%s: %v", uri, a)
		}
	}
	if a := bob.Read("user://alice"); !a.Denied("user/alice:read") {
		t.Errorf("bob reads alice: %v", a)
	}
	f.accepted(t, "alice reads bob", func() *servertest.Answer { return f.as(t, "alice", "users:read").Read("user://bob") })

	if a := f.refused(t, "private table", func() *servertest.Answer { return bob.Call("query", map[string]any{"table": "private"}) }); !a.Denied("table/private:read") {
		t.Errorf("bob queries a private table: %v", a)
	}
	for what, value := range map[string]any{"a slash": "public/../private", "a list": []string{"public"}, "nothing": nil, "a star": "*"} {
		a := f.refused(t, what, func() *servertest.Answer { return bob.Call("query", map[string]any{"table": value}) })
		if !a.Denied("table/{table}:read") {
			t.Errorf("%s for a table: %v", what, a)
		}
	}
	f.accepted(t, "public table", func() *servertest.Answer { return bob.Call("query", map[string]any{"table": "public"}) })
}

func TestM10_PromptsAndCompletionAreGated(t *testing.T) {
	f := start(t)
	bob, alice := f.as(t, "bob", "secret:use", "users:read"), f.as(t, "alice", "secret:use", "users:read")
	rows := []struct {
		name string
		send func(*servertest.Client) *servertest.Answer
	}{
		{"prompt", func(c *servertest.Client) *servertest.Answer {
			return c.Prompt("plotting", map[string]string{"tone": "x"})
		}},
		{"completion for a prompt", func(c *servertest.Client) *servertest.Answer { return c.CompletePrompt("plotting", "tone", "") }},
		{"completion for a template", func(c *servertest.Client) *servertest.Answer { return c.CompleteResource("plan://{id}", "id", "") }},
		{"resource", func(c *servertest.Client) *servertest.Answer { return c.Read("app://plans") }},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if a := f.refused(t, "bob", func() *servertest.Answer { return row.send(bob) }); !a.Denied("secret:use") {
				t.Errorf("bob: %v", a)
			}
			f.accepted(t, "alice", func() *servertest.Answer { return row.send(alice) })
		})
	}
	t.Run("candidates are decided one by one", func(t *testing.T) {
		if diff := cmp.Diff([]string{"bob"}, bob.CompleteResource("user://{id}", "id", "").Values()); diff != "" {
			t.Errorf("bob (-want +got):\n%s", diff)
		}
		if body := string(bob.CompleteResource("user://{id}", "id", "").Result); strings.Contains(body, "alice") || !strings.Contains(body, `"total":1`) {
			t.Errorf("%s tells of hidden candidates", body)
		}
		if diff := cmp.Diff([]string{"alice", "bob", "bobby"}, alice.CompleteResource("user://{id}", "id", "").Values()); diff != "" {
			t.Errorf("alice (-want +got):\n%s", diff)
		}
		if a := f.refused(t, "nobody", func() *servertest.Answer {
			return f.as(t, "nobody", "users:read").CompleteResource("user://{id}", "id", "")
		}); !a.Denied("user/{id}:read") {
			t.Errorf("nobody: %v", a)
		}
	})
}

func TestM11_CompletionWithMissingParts(t *testing.T) {
	f := start(t)
	bob := f.as(t, "bob", "greeting:use")
	ref := map[string]any{"type": "ref/prompt", "name": "greeting"}
	argument := map[string]any{"name": "tone", "value": "f"}
	for name, params := range map[string]map[string]any{
		"no ref":              {"argument": argument},
		"null ref":            {"ref": nil, "argument": argument},
		"empty ref":           {"ref": map[string]any{}, "argument": argument},
		"unknown ref type":    {"ref": map[string]any{"type": "ref/tool", "name": "greeting"}, "argument": argument},
		"no argument":         {"ref": ref},
		"null argument":       {"ref": ref, "argument": nil},
		"argument of nothing": {"ref": ref, "argument": map[string]any{"name": "mood", "value": ""}},
		"null context":        {"ref": ref, "argument": argument, "context": nil},
		"unknown prompt":      {"ref": map[string]any{"type": "ref/prompt", "name": "nothing"}, "argument": argument},
		"unknown template":    {"ref": map[string]any{"type": "ref/resource", "uri": "nothing://{id}"}, "argument": argument},
	} {
		t.Run(name, func(t *testing.T) {
			a := f.refused(t, name, func() *servertest.Answer { return bob.Send("completion/complete", params) })
			if a.Code != -32602 || a.Status != http.StatusBadRequest {
				t.Errorf("%v, want 400 and -32602", a)
			}
		})
	}
	f.accepted(t, "whole", func() *servertest.Answer {
		return bob.Send("completion/complete", map[string]any{"ref": ref, "argument": argument})
	})
}

func TestM29_IdentityComesFromTheTokenOnly(t *testing.T) {
	f := start(t)
	w := f.echoRequest(t)
	w.call("tools/call", "whoami")
	w.params()["arguments"] = map[string]any{}
	meta := w.params()["_meta"].(map[string]any)
	meta["io.modelcontextprotocol/clientInfo"] = map[string]any{"name": "alice", "version": "1", "sub": "alice"}
	meta["sub"], meta["principal"] = "alice", map[string]any{"subject": "alice"}
	meta["baggage"] = "user=alice"
	w.header.Set("Baggage", "user=alice")
	w.header.Set("X-Forwarded-User", "alice")
	w.header.Set("Traceparent", strings.Repeat("a", 4096))
	if a := f.accepted(t, "whoami", func() *servertest.Answer { return f.send(t, w) }); a.Text() != "user bob via client test-client" {
		t.Errorf("whoami says %q", a.Text())
	}
	w.call("tools/call", "secret")
	w.params()["arguments"] = map[string]any{"text": "x", "sub": "alice"}
	if a := f.refused(t, "secret", func() *servertest.Answer { return f.send(t, w) }); !a.Denied("secret:use") {
		t.Errorf("secret: %v", a)
	}
}

func TestM30_ErrorsTellNothing(t *testing.T) {
	f := start(t)
	bob := f.as(t, "bob", "echo:use")
	for _, tool := range []string{"fails", "panics"} {
		a := bob.Call(tool, map[string]any{})
		if a.Status != http.StatusOK || a.OK() || !strings.HasPrefix(a.Text(), "internal error (ref ") {
			t.Errorf("%s: %v, want a tool result with a reference", tool, a)
		}
		for _, leak := range []string{"shadow", "SELECT", "goroutine", ".go", "policy"} {
			if strings.Contains(string(a.Body), leak) {
				t.Errorf("%s: %s holds %q", tool, a.Body, leak)
			}
		}
	}
	if a := bob.Call("echo", map[string]any{"text": "still alive"}); a.Text() != "still alive" {
		t.Errorf("after the failures: %v", a)
	}
}

func TestM33_NothingWithoutAToken(t *testing.T) {
	f := start(t)
	anonymous, bob := f.Client(t, ""), f.as(t, "bob")
	for _, method := range []string{"server/discover", "tools/list", "resources/list", "resources/templates/list", "prompts/list"} {
		if a := anonymous.Send(method, nil); a.Status != http.StatusUnauthorized || !strings.HasPrefix(a.Challenge(), "Bearer resource_metadata=") {
			t.Errorf("%s without a token: %v", method, a)
		}
		if a := bob.Send(method, nil); !a.OK() {
			t.Errorf("%s with a token: %v", method, a)
		}
	}
}

func TestProgressReachesItsOwnRequest(t *testing.T) {
	f := start(t)
	a := f.as(t, "bob", "echo:use").Send("tools/call", map[string]any{"name": "progress", "_meta": map[string]any{
		"io.modelcontextprotocol/protocolVersion":    "2026-07-28",
		"io.modelcontextprotocol/clientCapabilities": map[string]any{},
		"progressToken": "p1",
	}})
	if !a.OK() || len(a.Events) != 1 {
		t.Fatalf("%v with %d notifications, want a result after one", a, len(a.Events))
	}
	var note struct {
		Method string         `json:"method"`
		Params map[string]any `json:"params"`
	}
	if err := json.Unmarshal(a.Events[0], &note); err != nil || note.Method != "notifications/progress" || note.Params["progressToken"] != "p1" {
		t.Errorf("the notification is %s", a.Events[0])
	}
}

func TestHandlersErrorsKeepTheirCodes(t *testing.T) {
	f := start(t)
	alice := f.as(t, "alice", "users:read", "greeting:use")
	if a := alice.Read("user://nobody"); a.Code != -32602 || a.Message != "there is no such user" {
		t.Errorf("a resource that does not exist: %v", a)
	}
	if a := alice.Prompt("greeting", nil); a.Code != -32602 || !strings.Contains(a.Message, "tone") {
		t.Errorf("a prompt without its argument: %v", a)
	}
}
