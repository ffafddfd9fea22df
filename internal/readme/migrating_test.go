package readme

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/server/servertest"
	"github.com/sallyport-mcp/sallyport/tools"
)

// claims are what a program of the usual shape takes out of a token.
type claims struct {
	Subject string
	Scopes  []string
}

type claimsKey struct{}

// handWritten is the usual shape on mcp-go: a middleware that verifies the token, and a check within each handler.
func handWritten(verify func(token string) (claims, error)) http.Handler {
	s := mcpserver.NewMCPServer("tickets", "1.0.0")
	s.AddTool(mcp.NewTool("ticket_close", mcp.WithString("id", mcp.Required())),
		func(ctx context.Context, request mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			who, _ := ctx.Value(claimsKey{}).(claims)
			if !slices.Contains(who.Scopes, "tickets:write") {
				return mcp.NewToolResultError("forbidden"), nil
			}
			id, err := request.RequireString("id")
			if err != nil {
				return mcp.NewToolResultError(err.Error()), nil
			}
			return mcp.NewToolResultText("closed " + id), nil
		})
	next := mcpserver.NewStreamableHTTPServer(s)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, err := verify(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
		if err != nil {
			http.Error(w, "unauthorized", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), claimsKey{}, who)))
	})
}

type closing struct {
	ID string `json:"id"`
}

// declared is the same tool here. What it needs is beside its name, and who may is in policy.csv.
func declared() server.Config {
	return server.Config{
		Name: "tickets", Version: "1.0.0",
		Issuers: server.Issuers("https://id.example.com"),
		Tools: []tools.Tool{{
			Name: "ticket_close", Description: "Close a ticket.", Scopes: []string{"tickets:write"},
			Handler: tools.Typed(func(_ context.Context, in closing) (string, error) { return "closed " + in.ID, nil }),
		}},
	}
}

// TestMigrating sends the same call to both: with a token that lacks the scope, and with one that has it.
func TestMigrating(t *testing.T) {
	before := handWritten(func(token string) (claims, error) { return claims{Subject: "bob", Scopes: strings.Fields(token)}, nil })
	if text := sendOlder(t, before, "none"); !strings.Contains(text, "200") || !strings.Contains(text, "forbidden") {
		t.Errorf("before, without the scope: %s", text)
	}
	if text := sendOlder(t, before, "tickets:write"); !strings.Contains(text, "closed 7") {
		t.Errorf("before, with it: %s", text)
	}

	config := declared()
	config.Policy = t.TempDir() + "/policy.csv"
	write(t, config.Policy, "p, role:agent, tickets, write, allow\ng, user:bob, role:agent\n")
	srv := servertest.Start(t, config)
	call := func(scopes ...string) *servertest.Answer {
		return srv.Client(t, srv.Token(t, servertest.User("bob"), scopes...)).Call("ticket_close", map[string]any{"id": "7"})
	}
	if answer := call(); !answer.StepUp("tickets:write") {
		t.Errorf("after, without the scope: %v", answer)
	}
	if answer := call("tickets:write"); answer.Text() != "closed 7" {
		t.Errorf("after, with it: %v", answer)
	}
}

// sendOlder begins a session and calls the tool in it.
func sendOlder(t *testing.T, handler http.Handler, token string) string {
	t.Helper()
	web := httptest.NewServer(handler)
	defer web.Close()
	session := ""
	post := func(body string) string {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, web.URL, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header = http.Header{
			"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"}, "Authorization": {"Bearer " + token},
		}
		if session != "" {
			request.Header.Set("Mcp-Session-Id", session)
		}
		response, err := web.Client().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }()
		text, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		session = response.Header.Get("Mcp-Session-Id")
		return response.Status + " " + string(text)
	}
	post(`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"c","version":"1"}}}`)
	return post(`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"ticket_close","arguments":{"id":"7"}}}`)
}
