package transport

import (
	"context"

	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/transport/message"
)

// Verifier verifies access tokens. Implementations are safe for concurrent use.
type Verifier interface {
	// Verify returns the caller that the token stands for. The token is the
	// text after "Bearer ", made only of the bytes of a b64token (RFC 6750,
	// section 2.1) and of any length. Any error refuses the request with 401; an error
	// with a method Unavailable() bool that returns true refuses it with 503,
	// and a method RetryAfter() time.Duration then says when to come back. A
	// method Reason() string gives the code for the audit. The text of the
	// error is not sent to the client.
	Verify(ctx context.Context, raw string) (authz.Principal, error)
}

// Gate is asked about every request of a verified caller. Implementations are
// safe for concurrent use. They must not modify what they are given.
type Gate interface {
	// Admit decides whether who may do what msg asks for. It records its
	// decision itself, before it returns. Exactly one result is not nil;
	// neither is a refusal, both are too. It is never asked about a
	// notification, which has no effect. The context carries the principal
	// (authz.PrincipalFrom) and the Info, and ends when the client goes away
	// or the token expires.
	Admit(ctx context.Context, who authz.Principal, msg *message.Message) (*Pass, *Refusal)
	// Refused records a request that was refused without Admit being asked, or
	// whose Admit did not answer. It is called once for each. Who is nil until a
	// token was verified, msg is nil until the body was read.
	Refused(ctx context.Context, who *authz.Principal, msg *message.Message, why *Refusal)
}

// Pass is what an admitted message may see and reach. It holds, for a list,
// what the caller may see, and for a call the one operation that was admitted:
// whatever is not in the maps does not exist for the request. The maps may be
// shared by many requests and are not modified.
type Pass struct {
	// Context is handed to the handlers. It must be derived from the context
	// given to Admit, and carries the allow for exactly this operation. When it
	// is cancelled the answer ends at once; a cause that is a *Refusal becomes
	// that answer. nil means the context given to Admit.
	Context context.Context
	// Tools by name, Resources by URI, Templates by URI template. nil is empty.
	// Prompts have no such map in mcp-go: they are filtered by
	// mcpserver.WithPromptFilter, through the context.
	Tools     map[string]mcpserver.ServerTool
	Resources map[string]mcpserver.ServerResource
	Templates map[string]mcpserver.ServerResourceTemplate
}
