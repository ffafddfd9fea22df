package servertest_test

import (
	"context"
	"encoding/json"
	"slices"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/server/servertest"
	"github.com/sallyport-mcp/sallyport/tools"
)

// asking is a server with a tool that asks its client for a name.
func asking() server.Config {
	cfg := notes()
	form := mcp.ElicitationParams{Message: "Who?", RequestedSchema: map[string]any{"type": "object", "properties": map[string]any{}}}
	cfg.Tools = append(cfg.Tools, tools.Tool{
		Name: "ask", Description: "Ask.", AnyPrincipal: true,
		Handler: tools.Raw(tools.SchemaJSON(`{"type": "object"}`), func(_ context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			if r.Params.InputResponses == nil {
				return mcpserver.NewInputRequestBuilder("").Elicit("name", form).ToolResult(), nil
			}
			return mcp.NewToolResultText("thanks"), nil
		}),
	})
	return cfg
}

func TestOlder(t *testing.T) {
	srv := servertest.Start(t, asking())
	bob := srv.Client(t, srv.Token(t, servertest.User("bob"), "notes:write"))
	if bob.Session() != "" {
		t.Error("2026-07-28 has no session")
	}
	old := bob.Older("elicitation")
	if a := old.Call("notes_delete", map[string]any{"id": "1"}); !a.Denied("notes:delete") {
		t.Errorf("bob may delete: %v", a)
	}
	if !slices.Contains(old.Tools(), "ask") {
		t.Errorf("%v", old.Tools())
	}
	var asked []string
	accept := map[string]any{"action": "accept", "content": map[string]any{}}
	for _, answer := range []any{accept, nil} {
		a := old.Answering(func(method string, _ json.RawMessage) any { asked = append(asked, method); return answer }).Call("ask", nil)
		if a.OK() != (answer != nil) || len(a.Events) != 1 {
			t.Errorf("answered %v: %v", answer, a)
		}
	}
	if len(asked) != 2 || asked[0] != "elicitation/create" {
		t.Errorf("asked %v", asked)
	}
	if a := bob.InSession(old.Session()).Send("ping", nil); !a.OK() {
		t.Errorf("%v", a)
	}
	if a := old.Respond(json.RawMessage(`1`), map[string]any{}); a.Status != 400 {
		t.Errorf("an answer to nothing: %v", a)
	}
	if a := old.End(); a.Status != 200 {
		t.Errorf("%v", a)
	}
	if a := old.Send("ping", nil); a.Status != 404 {
		t.Errorf("after the end: %v", a)
	}
}

func TestStreams(t *testing.T) {
	srv := servertest.Start(t, asking())
	bob := srv.Client(t, srv.Token(t, servertest.User("bob"), "notes:write"))
	listen, refused := bob.Listen(servertest.Filter{Tools: true, Prompts: true, Resources: true, URIs: []string{"no://x"}})
	if refused != nil {
		t.Fatal(refused)
	}
	if e, ok := listen.Next(); !ok || e.Method != "notifications/subscriptions/acknowledged" {
		t.Errorf("%+v %v", e, ok)
	}
	old := bob.Older()
	get, refused := old.Stream()
	if refused != nil {
		t.Fatal(refused)
	}
	srv.Server().NotifyToolsChanged("ask")
	for _, stream := range []*servertest.Stream{listen, get} {
		if e, ok := stream.Next(); !ok || e.Method != "notifications/tools/list_changed" {
			t.Errorf("%+v %v", e, ok)
		}
	}
	listen.Close()
	if _, ok := listen.Next(); ok {
		t.Error("a closed stream goes on")
	}
	nobody := srv.Client(t, "")
	if stream, a := nobody.Listen(servertest.Filter{}); stream != nil || a.Status != 401 {
		t.Errorf("%v", a)
	}
	if stream, a := nobody.InSession(old.Session()).Stream(); stream != nil || a.Status != 401 {
		t.Errorf("%v", a)
	}
}
