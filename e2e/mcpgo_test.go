package e2e

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"
)

// TestMCPGo drives mcp-go's own OAuth client. It has every part (discovery, registration, PKCE, exchange), but the program around it
// must read the challenge and start an authorization; the connection below is that program.
func TestMCPGo(t *testing.T) {
	t.Run("bob reads, then writes by step-up", func(t *testing.T) {
		n, w, bob := startNotes(t), newWire(t), newPerson("bob")
		c := newMCPGo(t, n, w, bob)
		c.connect(t, c.challenge(t))
		w.expectDiscovery(t, n)
		expectTools(t, c.list(t), "notes_search", "notes_create")

		if err := c.call("notes_search", map[string]any{"query": ""}); err != nil {
			t.Fatalf("notes_search: %v", err)
		}
		if err := c.call("notes_create", map[string]any{"text": "written by the mcp-go client"}); err == nil {
			t.Fatal("notes_create succeeded without its scope")
		}
		refused := w.last(t, "notes_create", isCall("notes_create"))
		expectStepUp(t, refused)

		c.connect(t, "notes:read "+parameter(refused.Challenge, "scope"))
		if err := c.call("notes_create", map[string]any{"text": "written by the mcp-go client"}); err != nil {
			t.Fatalf("notes_create after the step-up: %v", err)
		}
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
		c := newMCPGo(t, n, w, carol)
		c.connect(t, c.challenge(t))
		expectTools(t, c.list(t), "notes_search")

		if err := c.call("notes_delete", map[string]any{"id": "1"}); err == nil {
			t.Fatal("carol deleted a note")
		}
		deletes := exchanges(w, isCall("notes_delete"))
		if len(deletes) != 1 {
			t.Errorf("notes_delete was sent %d times, want once", len(deletes))
		}
		for _, e := range deletes {
			expectNoStepUp(t, e)
		}
		carol.expectAsked(t, "notes:read")
		w.expectRevision(t)
		expectAudit(t, n, []record{{Subject: "carol", Name: "notes_delete", Decision: "deny", Door: 2}})
	})
}

// mcpGo is a program that uses mcp-go's client.
type mcpGo struct {
	notes  notes
	wire   *wire
	who    *person
	id     string // the registered client, kept for the step-up
	client *client.Client
}

func newMCPGo(t *testing.T, n notes, w *wire, who *person) *mcpGo {
	return &mcpGo{notes: n, wire: w, who: who}
}

// challenge makes the first request, without a token, and returns the scopes that the 401 asks for.
func (c *mcpGo) challenge(t *testing.T) string {
	t.Helper()
	bare, err := client.NewStreamableHttpClient(c.notes.mcp, transport.WithHTTPBasicClient(c.wire.client()))
	if err != nil {
		t.Fatal(err)
	}
	defer bare.Close()
	_, err = bare.Initialize(c.context(t), initialize())
	if !client.IsAuthorizationRequiredError(err) {
		t.Fatalf("without a token: %v, want mcp-go's AuthorizationRequiredError", err)
	}
	if got, want := client.GetResourceMetadataURL(err), c.notes.origin+"/.well-known/oauth-protected-resource/mcp"; got != want {
		t.Errorf("mcp-go read resource_metadata %q, want %q", got, want)
	}
	return parameter(c.wire.last(t, "/mcp", isPath("/mcp")).Challenge, "scope")
}

// connect authorizes for scopes and opens a connection with the token.
func (c *mcpGo) connect(t *testing.T, scopes string) {
	t.Helper()
	ctx := c.context(t)
	oauth, err := client.NewOAuthStreamableHttpClient(c.notes.mcp, client.OAuthConfig{
		ClientID:                     c.id,
		RedirectURI:                  redirectURI,
		Scopes:                       []string{scopes},
		PKCEEnabled:                  true,
		ProtectedResourceMetadataURL: c.notes.origin + "/.well-known/oauth-protected-resource/mcp",
		HTTPClient:                   c.wire.client(),
	}, transport.WithHTTPBasicClient(c.wire.client()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = oauth.Close() })
	_, err = oauth.Initialize(ctx, initialize())
	if !client.IsOAuthAuthorizationRequiredError(err) {
		t.Fatalf("before the authorization: %v, want mcp-go's OAuthAuthorizationRequiredError", err)
	}
	if err := c.authorize(ctx, client.GetOAuthHandler(err)); err != nil {
		t.Fatalf("authorize: %v", err)
	}
	result, err := oauth.Initialize(ctx, initialize())
	if err != nil {
		t.Fatalf("after the authorization: %v", err)
	}
	if result.ProtocolVersion != "2026-07-28" {
		t.Errorf("negotiated revision %q, want 2026-07-28", result.ProtocolVersion)
	}
	c.client = oauth
}

func (c *mcpGo) authorize(ctx context.Context, handler *transport.OAuthHandler) error {
	if handler.GetClientID() == "" {
		if err := handler.RegisterClient(ctx, "mcp-go end to end"); err != nil {
			return err
		}
		c.id = handler.GetClientID()
	}
	verifier, err := client.GenerateCodeVerifier()
	if err != nil {
		return err
	}
	state, err := client.GenerateState()
	if err != nil {
		return err
	}
	address, err := handler.GetAuthorizationURL(ctx, state, client.GenerateCodeChallenge(verifier))
	if err != nil {
		return err
	}
	back, err := c.who.authorize(ctx, address)
	if err != nil {
		return err
	}
	if back.Get("iss") != c.notes.origin {
		return errors.New("the authorization response does not name its issuer (RFC 9207)")
	}
	return handler.ProcessAuthorizationResponse(ctx, back.Get("code"), back.Get("state"), verifier)
}

func (c *mcpGo) list(t *testing.T) []string {
	t.Helper()
	result, err := c.client.ListTools(c.context(t), mcp.ListToolsRequest{})
	if err != nil {
		t.Fatalf("tools/list: %v", err)
	}
	var names []string
	for _, tool := range result.Tools {
		names = append(names, tool.Name)
	}
	return names
}

func (c *mcpGo) call(name string, arguments map[string]any) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	request := mcp.CallToolRequest{}
	request.Params.Name, request.Params.Arguments = name, arguments
	result, err := c.client.CallTool(ctx, request)
	if err != nil {
		return err
	}
	if result.IsError {
		return errors.New("the tool answered with an error")
	}
	return nil
}

func (c *mcpGo) context(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func initialize() mcp.InitializeRequest {
	request := mcp.InitializeRequest{}
	request.Params.ProtocolVersion = "2026-07-28"
	request.Params.ClientInfo = mcp.Implementation{Name: "mcp-go end to end", Version: "1.0.0"}
	return request
}

var _ http.RoundTripper = (*wire)(nil)
