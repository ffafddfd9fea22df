package server

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/sallyport-mcp/sallyport/tools"
	"github.com/sallyport-mcp/sallyport/transport"
)

// maxCompletions is how many values one completion may return (MCP
// 2026-07-28, server/utilities/completion).
const maxCompletions = 100

// errNotAdmitted is what a handler returns that was reached without the allow
// for exactly this operation and these arguments. No request can cause it
// unless something in front of the guard is broken.
var errNotAdmitted = errors.New("internal error")

// guard stands in front of every handler that mcp-go is given. It evaluates
// nothing: it only checks that the gate has admitted what is about to run.
type guard struct {
	logger *slog.Logger
	traces *traces
}

// clientError passes on the code and text that package tools made of a
// handler's error. mcp-go alone would lose both.
func clientError(ctx context.Context, err error) error {
	var told *tools.ClientError
	if errors.As(err, &told) {
		transport.ReportError(ctx, &transport.HandlerError{Code: told.Code, Message: told.Message})
	}
	return err
}

// notifier lets handlers reach the client of their own request.
type notifier struct{ ctx context.Context } //nolint:containedctx // it is the request's, and ends with it

// Notify implements [tools.Notifier].
func (n notifier) Notify(method string, params map[string]any) error {
	return transport.Notify(n.ctx, method, params)
}

func withNotifier(ctx context.Context) context.Context {
	return tools.WithNotifier(ctx, notifier{ctx})
}

// refuse sounds the alarm and returns the error for the client.
func (g *guard) refuse(ctx context.Context, op *operation) error {
	g.logger.ErrorContext(ctx, "a handler was reached without its decision; nothing was run", "operation", op.title())
	return errNotAdmitted
}

// wrap gives every operation the handlers that mcp-go may be given.
func (g *guard) wrap(ops *operations) {
	for _, op := range ops.all {
		switch {
		case op.tool != nil:
			op.serverTool = mcpserver.ServerTool{Tool: op.tool.Definition(), Handler: g.traces.tool(g.callTool(op))}
			op.alone = map[string]mcpserver.ServerTool{op.name: op.serverTool}
		case op.prompt != nil:
			op.serverPrompt = mcpserver.ServerPrompt{Prompt: op.prompt.Definition(), Handler: g.traces.prompt(g.getPrompt(op))}
		case op.resource.IsTemplate():
			op.read = g.traces.resource(g.readResource(op))
			op.serverTemplate = mcpserver.ServerResourceTemplate{
				Template: op.resource.Template(), Handler: mcpserver.ResourceTemplateHandlerFunc(op.read),
			}
		default:
			op.read = g.traces.resource(g.readResource(op))
			op.serverResource = mcpserver.ServerResource{Resource: op.resource.Definition(), Handler: op.read}
		}
	}
}

func (g *guard) callTool(op *operation) mcpserver.ToolHandlerFunc {
	return func(ctx context.Context, request mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		a := allowFrom(ctx)
		// The bytes are those that were read, not what they were decoded into: no two numbers are the same in them.
		if request.Method != methodCall || !a.admits(ctx, op, request.Method, request.Params.Name) ||
			!bytes.Equal(request.Params.RawArguments, a.arguments) {
			return nil, g.refuse(ctx, op)
		}
		given, ok := a.given(request.Params.MultiRoundTripParams)
		if !ok {
			return nil, g.refuse(ctx, op)
		}
		request.Params.MultiRoundTripParams, request.Params.Meta = given, a.meta(request.Params.Meta)
		result := op.tool.Call(withNotifier(ctx), request, a.arguments)
		if err := g.ask(ctx, op, a, result.NeedsInput(), &result.MultiRoundTripResult); err != nil {
			return nil, err
		}
		return result, nil
	}
}

func (g *guard) readResource(op *operation) mcpserver.ResourceHandlerFunc {
	return func(ctx context.Context, request mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
		a := allowFrom(ctx)
		if request.Method != methodRead || !a.admits(ctx, op, request.Method, request.Params.URI) || !a.take("") {
			return nil, g.refuse(ctx, op)
		}
		contents, err := op.resource.Read(withNotifier(ctx), a.name, a.variables)
		return contents, clientError(ctx, err)
	}
}

func (g *guard) getPrompt(op *operation) mcpserver.PromptHandlerFunc {
	return func(ctx context.Context, request mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
		a := allowFrom(ctx)
		if request.Method != methodGet || !a.admits(ctx, op, request.Method, request.Params.Name) ||
			!maps.Equal(request.Params.Arguments, a.texts) {
			return nil, g.refuse(ctx, op)
		}
		given, ok := a.given(request.Params.MultiRoundTripParams)
		if !ok {
			return nil, g.refuse(ctx, op)
		}
		request.Params.MultiRoundTripParams, request.Params.Meta = given, a.meta(request.Params.Meta)
		request.Params.Arguments = a.texts
		result, err := op.prompt.Get(withNotifier(ctx), request)
		if err != nil {
			return nil, clientError(ctx, err)
		}
		if err := g.ask(ctx, op, a, result.NeedsInput(), &result.MultiRoundTripResult); err != nil {
			return nil, err
		}
		return result, nil
	}
}

// filterPrompts shows mcp-go only the prompts that the gate admitted.
func filterPrompts(ctx context.Context, prompts []mcp.Prompt) []mcp.Prompt {
	admitted := allowFrom(ctx).prompts
	return slices.DeleteFunc(slices.Clone(prompts), func(p mcp.Prompt) bool { return !admitted[p.Name] })
}

// completer answers completion/complete for prompts and resources.
type completer struct {
	guard *guard
	ops   *operations
}

// CompletePromptArgument implements mcp-go's PromptCompletionProvider.
func (c *completer) CompletePromptArgument(
	ctx context.Context, name string, argument mcp.CompleteArgument, _ mcp.CompleteContext,
) (*mcp.Completion, error) {
	op := c.ops.prompts[name]
	if op == nil {
		return nil, errNotAdmitted
	}
	return c.complete(ctx, op, name, argument, op.prompt.Complete)
}

// CompleteResourceArgument implements mcp-go's ResourceCompletionProvider.
func (c *completer) CompleteResourceArgument(
	ctx context.Context, uri string, argument mcp.CompleteArgument, _ mcp.CompleteContext,
) (*mcp.Completion, error) {
	op := c.ops.resources[uri]
	if op == nil {
		return nil, errNotAdmitted
	}
	return c.complete(ctx, op, uri, argument, op.resource.Complete)
}

// complete returns the suggestions that the caller may see. Hidden ones are
// not counted either.
func (c *completer) complete(
	ctx context.Context, op *operation, name string, argument mcp.CompleteArgument,
	suggest func(context.Context, string, string) ([]string, error),
) (*mcp.Completion, error) {
	a := allowFrom(ctx)
	if !a.admits(ctx, op, methodComplete, name) || a.completion == nil ||
		a.completion.Argument != argument.Name || a.completion.Value != argument.Value || !a.take("") {
		return nil, c.guard.refuse(ctx, op)
	}
	values, err := suggest(ctx, argument.Name, argument.Value)
	c.guard.traces.handled(ctx, false, err)
	if err != nil {
		return nil, clientError(ctx, err)
	}
	if a.keep != nil {
		values = slices.DeleteFunc(slices.Clone(values), func(v string) bool { return !a.keep(v) })
	}
	total := len(values)
	return &mcp.Completion{
		Values: values[:min(total, maxCompletions)], Total: total, HasMore: total > maxCompletions,
	}, nil
}

// newMCP makes the mcp-go server that answers what was admitted. Tools and
// resources come with each request; prompts are registered here, behind their
// filter, because mcp-go has no other way. The capabilities are the same
// whatever is declared, so that they reveal nothing about it.
func newMCP(c *Config, ops *operations, g *guard) *mcpserver.MCPServer {
	complete := &completer{guard: g, ops: ops}
	s := mcpserver.NewMCPServer(c.Name, c.Version,
		mcpserver.WithInstructions(c.Instructions),
		mcpserver.WithToolCapabilities(true),
		mcpserver.WithResourceCapabilities(true, true),
		mcpserver.WithPromptCapabilities(true),
		mcpserver.WithCompletions(),
		mcpserver.WithLogging(),
		mcpserver.WithPromptFilter(filterPrompts),
		mcpserver.WithPromptCompletionProvider(complete),
		mcpserver.WithResourceCompletionProvider(complete),
	)
	for _, op := range ops.all {
		if op.prompt != nil {
			s.AddPrompts(op.serverPrompt)
		}
	}
	return s
}
