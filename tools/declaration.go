package tools

import (
	"context"

	"github.com/mark3labs/mcp-go/mcp"
)

// Tool declares one operation a client may call (MCP 2026-07-28, server/tools).
//
// Scopes says what a person consents to for the client, Permissions what the
// caller's roles must hold; each defaults to the other. A {name} in either stands
// for a top-level string or integer argument. One of Scopes, Permissions and
// AnyPrincipal is required, so that nothing is open because somebody forgot.
type Tool struct {
	// Name identifies the tool: 1 to 128 of A-Z a-z 0-9 _ . and -.
	Name string
	// Title is the name shown to people; empty means Name is shown.
	Title string
	// Description tells a model what the tool does. It is required.
	Description string

	// Scopes are the OAuth scopes a token must cover, in the order in which a
	// challenge names them.
	Scopes []string
	// Permissions are what the policy must grant the caller.
	Permissions []string
	// AnyPrincipal opens the tool to every authenticated caller. It excludes Scopes
	// and Permissions.
	AnyPrincipal bool

	// ReadOnly, Destructive, Idempotent and OpenWorld are the MCP annotations. One
	// that is false is not sent, so that the client's own, careful default applies;
	// a ReadOnly tool is also announced as not destructive.
	ReadOnly, Destructive, Idempotent, OpenWorld bool

	// Sensitive keeps the scopes out of what clients ask for initially.
	Sensitive bool

	// Handler is what runs; [Typed] and [Raw] make one.
	Handler Handler
}

// Resource declares something a client may read (MCP 2026-07-28, server/resources):
// one fixed URI, or every URI of a template.
type Resource struct {
	// URI is an absolute URI, or a template with {variables} (RFC 6570, level 1).
	// A variable stands for one or more characters of one path segment, its value is
	// percent-decoded exactly once. A fixed URI wins over a template.
	URI string
	// Name identifies the resource among all resources and templates.
	Name string
	// Title is the name shown to people; empty means Name is shown.
	Title string
	// Description tells a model what is to be read here. It is required.
	Description string
	// MIMEType is that of the contents. Empty means text/plain, application/json or
	// application/octet-stream, by what Read returns.
	MIMEType string

	// Scopes, Permissions and AnyPrincipal are as in [Tool]; a {name} stands for a
	// variable of the template.
	Scopes, Permissions []string
	AnyPrincipal        bool
	// Sensitive keeps the scopes out of what clients ask for initially.
	Sensitive bool

	// Read returns the contents.
	Read ReadFunc
	// Complete suggests values, by variable. It may be nil.
	Complete map[string]CompleteFunc
}

// ReadFunc reads a resource. It must be safe for concurrent use. [NotFoundf] says
// that there is no such resource; other errors are as in the package comment.
type ReadFunc func(ctx context.Context, request ResourceRequest) (Contents, error)

// ResourceRequest is what a client asks to read.
type ResourceRequest struct {
	// URI is the URI as the client wrote it.
	URI string
	// Variables holds the decoded value of every variable of the template; it is
	// empty for a fixed URI. A value is never empty, "." or "..", and holds no slash,
	// backslash or control character.
	Variables map[string]string
}

// CompleteFunc suggests values that begin with, or otherwise fit, what was typed so
// far, best first (MCP 2026-07-28, server/utilities/completion). It must be safe for
// concurrent use. It may return any number; the server sends the first 100.
type CompleteFunc func(ctx context.Context, value string) ([]string, error)

// Prompt declares a message template (MCP 2026-07-28, server/prompts).
type Prompt struct {
	// Name identifies the prompt: 1 to 128 of A-Z a-z 0-9 _ . and -.
	Name string
	// Title is the name shown to people; empty means Name is shown.
	Title string
	// Description tells what the prompt is for. It is required.
	Description string

	// Scopes, Permissions and AnyPrincipal are as in [Tool]; a {name} stands for an
	// argument of the prompt.
	Scopes, Permissions []string
	AnyPrincipal        bool
	// Sensitive keeps the scopes out of what clients ask for initially.
	Sensitive bool

	// Arguments are what the client may give. Others are refused.
	Arguments []Argument
	// Get returns the messages. Exactly one of Get and GetRaw is set.
	Get GetFunc
	// GetRaw is a Get over mcp-go's own types, for what Get cannot say: a result
	// that asks the client for input.
	GetRaw RawGetFunc
	// Complete suggests values, by argument. It may be nil.
	Complete map[string]CompleteFunc
}

// Argument is one argument of a prompt. Its value is always a string.
type Argument struct {
	// Name identifies the argument: 1 to 128 of A-Z a-z 0-9 _ . and -.
	Name string
	// Title is the name shown to people; empty means Name is shown.
	Title string
	// Description tells what to fill in.
	Description string
	// Required refuses requests without it.
	Required bool
}

// RawGetFunc fills in a prompt over mcp-go's own types. The arguments of the request are
// checked as for a [GetFunc]. Of a result that asks for input, and of what the request
// holds when the client comes back, [Raw] tells. A nil result without an error, a
// message without content and a result that cannot be encoded are internal errors; an
// empty description becomes that of the declaration. It must be safe for concurrent
// use. Errors are as in the package comment.
type RawGetFunc func(ctx context.Context, request mcp.GetPromptRequest) (*mcp.GetPromptResult, error)

// GetFunc fills in a prompt. Required arguments are present, others may be missing
// from the map, undeclared ones are never in it. It must be safe for concurrent use.
// Errors are as in the package comment.
type GetFunc func(ctx context.Context, arguments map[string]string) ([]Message, error)
