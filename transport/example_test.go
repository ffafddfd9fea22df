package transport_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"

	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/transport"
	"github.com/sallyport-mcp/sallyport/transport/message"
)

// nobody accepts no token.
type nobody struct{}

func (nobody) Verify(context.Context, string) (authz.Principal, error) {
	return authz.Principal{}, errors.New("not one of ours")
}

// closed admits nothing and prints what it is told.
type closed struct{}

func (closed) Admit(context.Context, authz.Principal, *message.Message, transport.Mirror) (*transport.Pass, *transport.Refusal) {
	return nil, transport.UnknownMethod()
}

func (closed) AdmitSession(context.Context, authz.Principal, string) (*transport.Pass, *transport.Refusal) {
	return nil, transport.Denied("notes:read")
}

func (closed) Refused(_ context.Context, _ *authz.Principal, _ *message.Message, why *transport.Refusal) {
	fmt.Println("refused:", why.Reason)
}

func ExampleNew() {
	handler, err := transport.New(transport.Config{
		Resource:             "https://notes.example.com/mcp",
		AuthorizationServers: []string{"https://issuer.example.com"},
		InitialScopes:        []string{"notes:read"},
		Verifier:             nobody{},
		Gate:                 closed{},
		MCP:                  mcpserver.NewMCPServer("notes", "1.0"),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, httptest.NewRequest("POST", "https://notes.example.com/mcp", nil))
	fmt.Println(answer.Code, answer.Header().Get("WWW-Authenticate"))
	// Output:
	// refused: token_missing
	// 401 Bearer resource_metadata="https://notes.example.com/.well-known/oauth-protected-resource/mcp", scope="notes:read"
}

func ExampleChallenge() {
	challenge := transport.Challenge{Error: "insufficient_scope", Scopes: []string{"notes:read", "notes:write"}}
	fmt.Println(challenge.String())
	// Output: Bearer error="insufficient_scope", scope="notes:read notes:write"
}
