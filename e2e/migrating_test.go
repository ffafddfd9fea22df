package e2e

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

type closing struct {
	ID string `json:"id"`
}

// withBearerMiddleware is a server of the official SDK: scopes are those of the whole endpoint, and roles are up to each handler.
func withBearerMiddleware(verify auth.TokenVerifier) http.Handler {
	s := mcp.NewServer(&mcp.Implementation{Name: "tickets", Version: "1.0.0"}, nil)
	mcp.AddTool(s, &mcp.Tool{Name: "ticket_close", Description: "Close a ticket."},
		func(ctx context.Context, _ *mcp.CallToolRequest, in closing) (*mcp.CallToolResult, any, error) {
			if who := auth.TokenInfoFromContext(ctx); who == nil || who.UserID != "bob" {
				return nil, nil, fmt.Errorf("only bob closes tickets")
			}
			return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: "closed " + in.ID}}}, nil, nil
		})
	handler := mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return s }, nil)
	return auth.RequireBearerToken(verify, &auth.RequireBearerTokenOptions{
		ResourceMetadataURL: "https://tickets.example.com/.well-known/oauth-protected-resource",
		Scopes:              []string{"tickets:write"},
	})(handler)
}

// TestMigrating holds what docs/migrating.md says of the SDK's middleware: a token without the scope is refused before anything is
// read, listing included, and the challenge does not say that the scope is what is missing.
func TestMigrating(t *testing.T) {
	web := httptest.NewServer(withBearerMiddleware(func(_ context.Context, token string, _ *http.Request) (*auth.TokenInfo, error) {
		return &auth.TokenInfo{UserID: "bob", Scopes: strings.Fields(token), Expiration: time.Now().Add(time.Hour)}, nil
	}))
	defer web.Close()
	for token, want := range map[string]int{"tickets:read": http.StatusForbidden, "tickets:write": http.StatusOK} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, web.URL, strings.NewReader(
			`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"c","version":"1"}}}`))
		if err != nil {
			t.Fatal(err)
		}
		request.Header = http.Header{
			"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"}, "Authorization": {"Bearer " + token},
		}
		response, err := web.Client().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		challenge := response.Header.Get("WWW-Authenticate")
		if response.StatusCode != want || strings.Contains(challenge, "error=") || want == http.StatusForbidden && challenge == "" {
			t.Errorf("with %s: %s, challenge %q", token, response.Status, challenge)
		}
	}
}
