package e2e

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/modelcontextprotocol/go-sdk/oauthex"
)

// TestGoSDK drives the official Go SDK, which authorizes and steps up by itself.
func TestGoSDK(t *testing.T) {
	t.Run("bob reads, then writes by step-up", func(t *testing.T) {
		n, w, bob := startNotes(t), newWire(t), newPerson("bob")
		session := connectGoSDK(t, n, w, bob)
		w.expectDiscovery(t, n)
		expectTools(t, listGoSDK(t, session), "notes_search", "notes_create")

		callGoSDK(t, session, "notes_search", map[string]any{"query": ""})
		if got := w.count(isCall("notes_create")); got != 0 {
			t.Fatalf("notes_create was called %d times before its test", got)
		}
		callGoSDK(t, session, "notes_create", map[string]any{"text": "written by the go-sdk client"})

		creates := exchanges(w, isCall("notes_create"))
		if len(creates) != 2 || creates[0].Status != http.StatusForbidden || creates[1].Status != http.StatusOK {
			t.Fatalf("notes_create went %v, want a 403, an authorization and a 200", creates)
		}
		expectStepUp(t, creates[0])
		bob.expectAsked(t, "notes:read", "notes:read notes:write")
		w.expectRevision(t)
		expectAudit(t, n, []record{
			{Subject: "bob", Name: "notes_search", Decision: "allow"},
			{Subject: "bob", Name: "notes_create", Decision: "deny", Door: 1},
			{Subject: "bob", Name: "notes_create", Decision: "allow"},
		})
	})

	t.Run("carol may not delete, and is not sent in circles", func(t *testing.T) {
		n, w, carol := startNotes(t), newWire(t), newPerson("carol")
		session := connectGoSDK(t, n, w, carol)
		expectTools(t, listGoSDK(t, session), "notes_search")

		_, err := session.CallTool(context.Background(), &mcp.CallToolParams{Name: "notes_delete", Arguments: map[string]any{"id": "1"}})
		if err == nil {
			t.Fatal("carol deleted a note")
		}
		// The SDK sends a refused request once more before it gives up (auth.AuthorizationCodeHandler.Authorize returns nil for any other
		// 403 than insufficient_scope); what matters is that nobody is asked to consent again.
		deletes := exchanges(w, isCall("notes_delete"))
		if len(deletes) != 2 {
			t.Errorf("notes_delete was sent %d times, want 2", len(deletes))
		}
		for _, e := range deletes {
			expectNoStepUp(t, e)
		}
		carol.expectAsked(t, "notes:read")
		w.expectRevision(t)
		expectAudit(t, n, []record{
			{Subject: "carol", Name: "notes_delete", Decision: "deny", Door: 2},
			{Subject: "carol", Name: "notes_delete", Decision: "deny", Door: 2},
		})
	})
}

func connectGoSDK(t *testing.T, n notes, w *wire, who *person) *mcp.ClientSession {
	t.Helper()
	handler, err := auth.NewAuthorizationCodeHandler(&auth.AuthorizationCodeHandlerConfig{
		RedirectURL: redirectURI,
		Client:      w.client(),
		DynamicClientRegistrationConfig: &auth.DynamicClientRegistrationConfig{Metadata: &oauthex.ClientRegistrationMetadata{
			ClientName:              "go-sdk end to end",
			RedirectURIs:            []string{redirectURI},
			TokenEndpointAuthMethod: "none",
			GrantTypes:              []string{"authorization_code", "refresh_token"},
		}},
		AuthorizationCodeFetcher: func(ctx context.Context, args *auth.AuthorizationArgs) (*auth.AuthorizationResult, error) {
			back, err := who.authorize(ctx, args.URL)
			if err != nil {
				return nil, err
			}
			return &auth.AuthorizationResult{Code: back.Get("code"), State: back.Get("state"), Iss: back.Get("iss")}, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	client := mcp.NewClient(&mcp.Implementation{Name: "go-sdk end to end", Version: "1.0.0"}, nil)
	session, err := client.Connect(ctx, &mcp.StreamableClientTransport{
		Endpoint: n.mcp, HTTPClient: w.client(), OAuthHandler: handler, DisableStandaloneSSE: true,
	}, nil)
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	t.Cleanup(func() { _ = session.Close() })
	if got := session.InitializeResult().ProtocolVersion; got != "2026-07-28" {
		t.Errorf("negotiated revision %q, want 2026-07-28", got)
	}
	return session
}

func listGoSDK(t *testing.T, session *mcp.ClientSession) []string {
	t.Helper()
	result, err := session.ListTools(context.Background(), nil)
	if err != nil {
		t.Fatalf("tools/list: %v", err)
	}
	var names []string
	for _, tool := range result.Tools {
		names = append(names, tool.Name)
	}
	return names
}

func callGoSDK(t *testing.T, session *mcp.ClientSession, name string, arguments map[string]any) {
	t.Helper()
	result, err := session.CallTool(context.Background(), &mcp.CallToolParams{Name: name, Arguments: arguments})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if result.IsError {
		text, _ := json.Marshal(result.Content)
		t.Fatalf("%s: %s", name, text)
	}
}
