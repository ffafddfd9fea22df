package transport

import (
	"context"

	"github.com/mark3labs/mcp-go/mcp"
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
	// decision itself, before it returns. Before it decides about a tool it has
	// mirror check the headers that the tool binds, unless the caller must not
	// learn that there is such a tool. Exactly one result is not nil;
	// neither is a refusal, both are too. It is never asked about a
	// notification, which has no effect. The context carries the principal
	// (authz.PrincipalFrom) and the Info, and ends when the client goes away
	// or the token expires.
	Admit(ctx context.Context, who authz.Principal, msg *message.Message, mirror Mirror) (*Pass, *Refusal)
	// AdmitSession decides about a request of who that is no message: the GET that
	// opens the stream of a session, or the DELETE that ends a session, of a
	// revision before 2026-07-28. Verb is the HTTP method. The session is that of
	// who. Otherwise it is like Admit.
	AdmitSession(ctx context.Context, who authz.Principal, verb string) (*Pass, *Refusal)
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
	// Call, if not nil, runs an admitted tools/call, and mcp-go's dispatch, which
	// decodes a message several times, is left out. It is for tools whose result
	// never asks for input.
	Call func(ctx context.Context) (*mcp.CallToolResult, error)
	// Recheck, if not nil, is asked again while the request runs, whenever
	// [Endpoint.Recheck] says so, whether it still may. A Refusal ends it.
	Recheck func() *Refusal
	// Subscription is what subscriptions/listen, or the GET of a session, may hear
	// of. Without one such a stream hears of nothing.
	Subscription *Subscription
}

// Subscription is what one stream of changes may hear of.
type Subscription struct {
	// Filter is what subscriptions/listen asked for without what was not granted:
	// it is acknowledged as it is. A GET has none; what its session subscribed to
	// is asked for by Sees.
	Filter message.Filter
	// Sees tells whether the caller may hear of a change now, whatever the Filter
	// says. It is safe for concurrent use.
	Sees func(Change) bool
	// Lists returns which lists look different to the caller since Lists was last
	// asked, or since the stream was admitted. One goroutine at a time asks.
	Lists func() []Change
}

// ChangeKind says what a [Change] is about.
type ChangeKind int

// The kinds of change. The zero value is none of them.
const (
	// ToolsChanged, PromptsChanged and ResourcesChanged are about lists.
	ToolsChanged ChangeKind = iota + 1
	PromptsChanged
	ResourcesChanged
	// ResourceUpdated is about what one resource holds.
	ResourceUpdated
)

// Change is something that clients may want to be told.
type Change struct {
	Kind ChangeKind
	// Names are the tools or prompts that changed, or the URIs and URI templates
	// as declared; none means any of them. Of ResourceUpdated it is the one URI.
	Names []string
}
