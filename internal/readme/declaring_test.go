package readme

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/server/servertest"
	"github.com/sallyport-mcp/sallyport/tools"
)

// What docs/declaring-tools.md shows is declared here, compiled, and called.

type ticket struct {
	Project  string   `json:"project" jsonschema:"the key of the project, such as OPS"`
	Title    string   `json:"title"`
	Priority int      `json:"priority,omitempty" jsonschema:"1 is highest; 3 if it is left out"`
	Labels   []string `json:"labels,omitempty"`
}

type created struct {
	ID string `json:"id"`
}

// createTicket is a plain function. It is called when both doors are open and the arguments fit.
func createTicket(_ context.Context, in ticket) (created, error) {
	if in.Title == "" {
		return created{}, tools.Errorf("a ticket needs a title of at least one word")
	}
	return created{ID: in.Project + "-1"}, nil
}

// ticketTool may be called by a client that was delegated tickets:write, for who may create tickets in this very project.
func ticketTool() tools.Tool {
	return tools.Tool{
		Name:        "ticket_create",
		Description: "Create a ticket in a project.",
		Scopes:      []string{"tickets:write"},
		Permissions: []string{"project/{project}:create"},
		Handler:     tools.Typed(createTicket),
	}
}

var errDatabase = errors.New("dial tcp 10.0.0.7:5432: connection refused")

// closeTicket tells its client what it can act on, and nothing else.
func closeTicket(_ context.Context, in created) (string, error) {
	switch in.ID {
	case "OPS-1":
		return "closed " + in.ID, nil
	case "OPS-2":
		return "", tools.Errorf("ticket %s has open subtasks; close them first", in.ID) // the client reads this
	case "OPS-3":
		return "", tools.NotFoundf("there is no ticket %s", in.ID) // and this
	}
	return "", errDatabase // the client reads "internal error (ref ...)", the log has the rest under that reference
}

// whoAmI reads who is calling. No handler decides by it: that is the policy's.
func whoAmI(ctx context.Context, _ struct{}) (string, error) {
	who, ok := authz.PrincipalFrom(ctx)
	if !ok {
		return "", errors.New("no caller") // cannot happen behind the gate
	}
	return who.Subject + " through " + who.Client, nil
}

// index reports how far it has come, to a client that asked.
func index(ctx context.Context, _ struct{}) (string, error) {
	files := []string{"a.md", "b.md", "c.md"}
	for i, file := range files {
		if err := ctx.Err(); err != nil {
			return "", err // the client has left, or the time is over
		}
		tools.Progress(ctx, float64(i+1), float64(len(files)), file)
	}
	tools.Log(ctx, tools.LevelInfo, "indexed", slog.Int("files", len(files)))
	return "done", nil
}

type lookup struct {
	Region string `json:"region" header:"Region" jsonschema:"where to look: eu or us"`
	Text   string `json:"text"`
}

// search repeats its region in the header Mcp-Param-Region, so that a proxy can route by it. Both have to say the same.
func search(_ context.Context, in lookup) (string, error) { return "nothing in " + in.Region, nil }

// tickets are read by URI. A {variable} stands for one path segment, in the URI and in what reading needs.
func tickets() tools.Resource {
	return tools.Resource{
		URI:         "ticket://{project}/{number}",
		Name:        "ticket",
		Description: "Read one ticket.",
		Scopes:      []string{"tickets:read"},
		Permissions: []string{"project/{project}:read"},
		Read: func(_ context.Context, request tools.ResourceRequest) (tools.Contents, error) {
			if request.Variables["number"] != "1" {
				return tools.Contents{}, tools.NotFoundf("there is no such ticket")
			}
			return tools.JSON(created{ID: request.Variables["project"] + "-1"}), nil
		},
		// Every project is suggested here; each caller is shown those they may read.
		Complete: map[string]tools.CompleteFunc{"project": func(_ context.Context, typed string) ([]string, error) {
			return slices.DeleteFunc([]string{"HR", "OPS", "WEB"}, func(key string) bool { return !strings.HasPrefix(key, typed) }), nil
		}},
	}
}

// triage is a prompt with one argument.
func triage() tools.Prompt {
	return tools.Prompt{
		Name:        "triage",
		Description: "Sort the new tickets of a project.",
		Scopes:      []string{"tickets:read"},
		Permissions: []string{"project/{project}:read"},
		Arguments:   []tools.Argument{{Name: "project", Description: "The key of the project.", Required: true}},
		Get: func(_ context.Context, arguments map[string]string) ([]tools.Message, error) {
			return []tools.Message{tools.User("Sort the new tickets of " + arguments["project"] + " by urgency.")}, nil
		},
	}
}

// purge asks the person at the client before it does anything. What it remembers meanwhile is with the client, sealed.
func purge(_ context.Context, request mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	answer := mcpserver.ElicitationResponse(request.Params.InputResponses, "sure")
	if answer == nil {
		return mcpserver.NewInputRequestBuilder("asked").Elicit("sure", mcp.ElicitationParams{
			Message: "Delete all closed tickets for good?",
			RequestedSchema: map[string]any{
				"type": "object", "properties": map[string]any{"yes": map[string]any{"type": "boolean"}}, "required": []string{"yes"},
			},
		}).ToolResult(), nil
	}
	if answer.Action != mcp.ElicitationResponseActionAccept {
		return mcp.NewToolResultText("nothing was deleted"), nil
	}
	return mcp.NewToolResultText("deleted"), nil
}

// everything is the whole of the declarations.
func everything() server.Config {
	return server.Config{
		Name: "tickets",
		Tools: []tools.Tool{
			ticketTool(),
			{Name: "ticket_close", Description: "Close a ticket.", Scopes: []string{"tickets:write"}, Idempotent: true, Handler: tools.Typed(closeTicket)},
			{Name: "whoami", Description: "Say who is calling.", AnyPrincipal: true, ReadOnly: true, Handler: tools.Typed(whoAmI)},
			{Name: "index", Description: "Build the index anew.", Scopes: []string{"tickets:admin"}, Sensitive: true, Handler: tools.Typed(index)},
			{Name: "search", Description: "Search tickets.", Scopes: []string{"tickets:read"}, ReadOnly: true, Handler: tools.Typed(search)},
			{Name: "purge", Description: "Delete closed tickets.", Scopes: []string{"tickets:admin"}, Destructive: true, Handler: tools.Raw(tools.SchemaFor[struct{}](), purge)},
		},
		Resources: []tools.Resource{tickets()},
		Prompts:   []tools.Prompt{triage()},
	}
}

const ticketPolicy = `p, role:agent, project/OPS, create, allow
p, role:agent, project/OPS, read, allow
p, role:agent, project/WEB, read, allow
p, role:agent, tickets, *, allow
g, user:alice, role:agent
`

func TestDeclaring(t *testing.T) {
	config := everything()
	config.Policy = t.TempDir() + "/policy.csv"
	write(t, config.Policy, ticketPolicy)
	srv := servertest.Start(t, config)
	alice := srv.Client(t, srv.Token(t, servertest.User("alice"), "tickets:write", "tickets:read", "tickets:admin"))
	for _, c := range []struct {
		tool      string
		arguments map[string]any
		want      string
	}{
		{"ticket_create", map[string]any{"project": "OPS", "title": "Tap"}, `{"id":"OPS-1"}`},
		{"ticket_create", map[string]any{"project": "OPS", "title": ""}, "a ticket needs a title of at least one word"},
		{"ticket_create", map[string]any{"project": "OPS", "titel": "Tap"}, `invalid arguments: $.title: is required: expected string; $.titel: unknown; not one of the declared names`},
		{"ticket_close", map[string]any{"id": "OPS-2"}, "ticket OPS-2 has open subtasks; close them first"},
		{"ticket_close", map[string]any{"id": "OPS-3"}, "there is no ticket OPS-3"},
		{"whoami", map[string]any{}, "alice through test-client"},
		{"index", map[string]any{}, "done"},
	} {
		if answer := alice.Call(c.tool, c.arguments); answer.Text() != c.want {
			t.Errorf("%s %v: %v, want %q", c.tool, c.arguments, answer, c.want)
		}
	}
	if answer := alice.Call("ticket_create", map[string]any{"project": "HR", "title": "x"}); !answer.Denied("project/HR:create") {
		t.Errorf("alice writes to HR: %v", answer)
	}
	if answer := alice.Call("ticket_close", map[string]any{"id": "OPS-4"}); !strings.HasPrefix(answer.Text(), "internal error (ref ") {
		t.Errorf("what the client reads of an error: %v", answer)
	}
	if answer := alice.With("Mcp-Param-Region", "eu").Call("search", map[string]any{"region": "eu", "text": "x"}); answer.Text() != "nothing in eu" {
		t.Errorf("search: %v", answer)
	}
	if answer := alice.With("Mcp-Param-Region", "us").Call("search", map[string]any{"region": "eu", "text": "x"}); answer.Code != -32020 {
		t.Errorf("search with a header that lies: %v", answer)
	}
	if answer := alice.Read("ticket://OPS/1"); answer.Text() != `{"id":"OPS-1"}` {
		t.Errorf("read: %v", answer)
	}
	if values := alice.CompleteResource("ticket://{project}/{number}", "project", "").Values(); strings.Join(values, " ") != "OPS WEB" {
		t.Errorf("completion: %v", values)
	}
	if answer := alice.Prompt("triage", map[string]string{"project": "WEB"}); answer.Text() == "" {
		t.Errorf("prompt: %v", answer)
	}
	if answer := alice.Call("purge", nil); answer.Code != -32021 {
		t.Errorf("purge for a client that cannot ask: %v", answer)
	}
}
