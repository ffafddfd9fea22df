package main

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport-mcp/sallyport/server/servertest"
)

// asks are the tools that ask the client, what it answers, and what comes of it.
func asks() []struct{ tool, arguments, method, reply, want string } {
	return []struct{ tool, arguments, method, reply, want string }{
		{
			"test_sampling", `{"prompt":"Say hello"}`, "sampling/createMessage",
			`{"role":"assistant","model":"m","content":{"type":"text","text":"hello"}}`, "LLM response: hello",
		},
		{
			"test_elicitation", `{"message":"Who are you?"}`, "elicitation/create",
			`{"action":"accept","content":{"username":"u","email":"e"}}`, `User response: action=accept, content={"email":"e","username":"u"}`,
		},
		{
			"test_elicitation_sep1034_defaults", `{}`, "elicitation/create",
			`{"action":"decline"}`, "Elicitation completed: action=decline, content=null",
		},
		{
			"test_elicitation_sep1330_enums", `{}`, "elicitation/create",
			`{"action":"accept","content":{"untitledMulti":["option1"]}}`, `Elicitation completed: action=accept, content={"untitledMulti":["option1"]}`,
		},
	}
}

// TestAsking has each tool ask in both ways: a client of 2025-11-25 is sent a
// request on the stream of its call, one of 2026-07-28 gets a result that asks,
// with the same question.
func TestAsking(t *testing.T) {
	srv := start(t)
	for _, row := range asks() {
		t.Run(row.tool, func(t *testing.T) {
			scopes := []string{call, "mcp:conformance:tools:" + row.tool}
			asked, text := begin(t, srv, scopes...).answered(row.tool, row.arguments, row.reply)
			if asked.Method != row.method || text != row.want {
				t.Errorf("2025-11-25: asked by %s, answered %q, want %s and %q", asked.Method, text, row.method, row.want)
			}
			params := map[string]any{"name": row.tool, "arguments": json.RawMessage(row.arguments), "_meta": capable()}
			client := srv.Client(t, srv.Token(t, servertest.User("alice"), scopes...))
			key, wanted, state := question(t, client.Send("tools/call", params))
			if diff := cmp.Diff(decoded(t, asked.Params), decoded(t, wanted)); diff != "" {
				t.Errorf("the question in 2025-11-25 (-) and 2026-07-28 (+):\n%s", diff)
			}
			params["requestState"], params["inputResponses"] = state, map[string]any{key: json.RawMessage(row.reply)}
			if answer := client.Send("tools/call", params); answer.Text() != row.want {
				t.Errorf("2026-07-28: %v, want %q", answer, row.want)
			}
		})
	}
}

// question takes apart a result that asks for one thing: its key, its params, and
// the state to bring back.
func question(t *testing.T, answer *servertest.Answer) (string, json.RawMessage, string) {
	t.Helper()
	var result struct {
		InputRequests map[string]struct {
			Params json.RawMessage `json:"params"`
		} `json:"inputRequests"`
		RequestState string `json:"requestState"`
	}
	if err := json.Unmarshal(answer.Result, &result); err != nil || len(result.InputRequests) != 1 || result.RequestState == "" {
		t.Fatalf("want a result that asks for one thing: %v, %v", answer, err)
	}
	for key, request := range result.InputRequests {
		return key, request.Params, result.RequestState
	}
	panic("not reached")
}

func decoded(t *testing.T, raw json.RawMessage) any {
	t.Helper()
	var value any
	if err := json.Unmarshal(raw, &value); err != nil {
		t.Fatal(err)
	}
	return value
}

// capable is the _meta of a client that can do everything.
func capable() map[string]any {
	return map[string]any{
		"io.modelcontextprotocol/protocolVersion":    "2026-07-28",
		"io.modelcontextprotocol/clientInfo":         map[string]any{"name": "c", "version": "1"},
		"io.modelcontextprotocol/clientCapabilities": map[string]any{"sampling": map[string]any{}, "elicitation": map[string]any{}},
	}
}

// TestScopeChallengeOlder is TestScopeChallenge in a session of 2025-11-25,
// which lives through the step-up.
func TestScopeChallengeOlder(t *testing.T) {
	srv := start(t)
	for _, row := range []struct{ method, params, one, other string }{
		{"tools/call", `{"name":"test_simple_text"}`, call, "mcp:conformance:tools:test_simple_text"},
		{"resources/read", `{"uri":"test://static-text"}`, read, "mcp:conformance:resources:static"},
		{"resources/read", `{"uri":"test://template/123/data"}`, read, "mcp:conformance:resources:template:123"},
		{"prompts/get", `{"name":"test_simple_prompt"}`, get, "mcp:conformance:prompts:test_simple_prompt"},
		{"resources/subscribe", `{"uri":"test://watched-resource"}`, read, "mcp:conformance:resources:watched"},
	} {
		t.Run(row.method, func(t *testing.T) {
			s := begin(t, srv, call)
			ask := message{ID: 1, Method: row.method, Params: json.RawMessage(row.params)}
			low := &servertest.Answer{}
			response := s.post(ask)
			low.Status, low.Header, low.Data = response.StatusCode, response.Header, map[string]any{"door": 1.0}
			if !low.StepUp(row.one, row.other) {
				t.Errorf("with the initial scope: %v, want a challenge for %s and %s", low, row.one, row.other)
			}
			s.token = srv.Token(t, servertest.User("alice"), row.one, row.other)
			if response := s.post(ask); response.StatusCode != http.StatusOK {
				t.Errorf("with both scopes: %s", response.Status)
			}
		})
	}
}
