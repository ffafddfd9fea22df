package server

import (
	"context"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/transport"
	"github.com/sallyport-mcp/sallyport/transport/message"
)

// row says what one method needs and how it is answered. The zero row, which
// is that of every method without one, refuses.
type row struct {
	needs string
	in    era
	ask   func(*gate, *question) verdict
}

// era says in which revisions there is a method. The zero value is none.
type era int

const (
	inNone era = iota
	inAll
	inStateless // 2026-07-28
	inOlder     // those before
)

// has tells whether a request is of the era.
func (e era) has(q *question) bool {
	switch e {
	case inAll:
		return true
	case inStateless:
		return !q.msg.Older()
	case inOlder:
		return q.msg.Older()
	}
	return false
}

// answer applies the row.
func (r row) answer(g *gate, q *question) verdict {
	if r.ask == nil || !r.in.has(q) {
		return refused(transport.UnknownMethod(), "")
	}
	return r.ask(g, q)
}

// methodTable has a row for every request of MCP 2026-07-28, and for those of the
// older revisions that are served. What is not in it does not exist, whatever
// mcp-go would make of it.
func methodTable() map[string]row {
	const (
		token     = "a valid token"
		filtered  = "a valid token; shows what the caller may attain"
		byName    = "both doors of the operation it names"
		eachURI   = "a valid token; both doors of each resource it names"
		notServed = "is not served"
	)
	return map[string]row{
		"server/discover":          {token, inStateless, (*gate).anybody},
		"tools/list":               {filtered, inAll, (*gate).listTools},
		"resources/list":           {filtered, inAll, (*gate).listResources},
		"resources/templates/list": {filtered, inAll, (*gate).listTemplates},
		"prompts/list":             {filtered, inAll, (*gate).listPrompts},
		"tools/call":               {byName, inAll, (*gate).callTool},
		"resources/read":           {byName, inAll, (*gate).readResource},
		"prompts/get":              {byName, inAll, (*gate).getPrompt},
		"completion/complete":      {byName, inAll, (*gate).complete},
		"subscriptions/listen":     {eachURI, inStateless, (*gate).listen},
		"initialize":               {token, inOlder, (*gate).anybody},
		"ping":                     {token, inOlder, (*gate).anybody},
		"logging/setLevel":         {token, inOlder, (*gate).anybody},
		"resources/subscribe":      {byName, inOlder, (*gate).subscribe},
		"resources/unsubscribe":    {token, inOlder, (*gate).anybody},
		// A server sends these; it never receives them.
		"sampling/createMessage": {notServed, inNone, nil},
		"roots/list":             {notServed, inNone, nil},
		"elicitation/create":     {notServed, inNone, nil},
	}
}

func (g *gate) anybody(q *question) verdict {
	return admitted(&transport.Pass{Context: withAllow(q.ctx, &allow{})}, "", reasonValidToken)
}

// shown calls add with every operation that a list shows to the caller.
func (g *gate) shown(q *question, add func(*operation)) {
	granted := g.visibility == VisibilityGranted
	for _, op := range g.ops.all {
		if q.policy.Listed(q.who, op.need, granted) {
			add(op)
		}
	}
}

func (g *gate) listTools(q *question) verdict {
	pass := &transport.Pass{Context: withAllow(q.ctx, &allow{}), Tools: map[string]mcpserver.ServerTool{}}
	g.shown(q, func(op *operation) {
		if op.tool != nil {
			pass.Tools[op.name] = op.serverTool
		}
	})
	return admitted(pass, "", reasonListed)
}

func (g *gate) listResources(q *question) verdict {
	pass := &transport.Pass{Context: withAllow(q.ctx, &allow{}), Resources: map[string]mcpserver.ServerResource{}}
	g.shown(q, func(op *operation) {
		if op.resource != nil && !op.resource.IsTemplate() {
			pass.Resources[op.name] = op.serverResource
		}
	})
	return admitted(pass, "", reasonListed)
}

func (g *gate) listTemplates(q *question) verdict {
	pass := &transport.Pass{Context: withAllow(q.ctx, &allow{}), Templates: map[string]mcpserver.ServerResourceTemplate{}}
	g.shown(q, func(op *operation) {
		if op.resource != nil && op.resource.IsTemplate() {
			pass.Templates[op.name] = op.serverTemplate
		}
	})
	return admitted(pass, "", reasonListed)
}

func (g *gate) listPrompts(q *question) verdict {
	prompts := map[string]bool{}
	g.shown(q, func(op *operation) {
		if op.prompt != nil {
			prompts[op.name] = true
		}
	})
	return admitted(&transport.Pass{Context: withAllow(q.ctx, &allow{prompts: prompts})}, "", reasonListed)
}

const (
	// reasonListed is the audit's word for a list that was shown, filtered.
	reasonListed = "listed"
	// reasonValidToken is its word for what any verified caller may ask.
	reasonValidToken = "valid_token"
)

func (g *gate) callTool(q *question) verdict {
	op, ok := g.ops.tools[q.msg.Name]
	if !ok {
		return refused(transport.UnknownOperation(string(kindTool)), q.msg.Name)
	}
	if why := g.mirrored(q, op); why != nil {
		return refused(why, op.name)
	}
	v := g.withArguments(q, op, g.allow(q, op))
	if v.pass != nil && !op.tool.MayAsk() && q.msg.RequestState == "" && q.msg.InputResponses == nil {
		v.pass.Call = g.direct(op, q.msg)
	}
	return v
}

// direct runs a tool that never asks for input without the detour through mcp-go,
// which would decode the message again and again. What runs is the same guarded
// handler.
func (g *gate) direct(op *operation, msg *message.Message) func(context.Context) (*mcp.CallToolResult, error) {
	return func(ctx context.Context) (*mcp.CallToolResult, error) {
		var request mcp.CallToolRequest
		request.Method = msg.Method
		request.Params.Name, request.Params.RawArguments = msg.Name, msg.Arguments
		result, err := op.serverTool.Handler(ctx, request)
		if err == nil && !msg.Older() {
			result.SetResultType(mcp.ResultTypeComplete)
			result.EnsureResultMeta().SetServerInfo(g.implementation)
		}
		return result, err
	}
}

func (g *gate) getPrompt(q *question) verdict {
	op, ok := g.ops.prompts[q.msg.Name]
	if !ok {
		return refused(transport.UnknownOperation(string(kindPrompt)), q.msg.Name)
	}
	a := g.allow(q, op)
	a.prompts, a.texts = map[string]bool{op.name: true}, q.msg.Texts
	return g.withArguments(q, op, a)
}

// withArguments decides about an operation whose placeholders are arguments.
func (g *gate) withArguments(q *question, op *operation, a *allow) verdict {
	d, no := g.decide(q, op, q.msg.Argument)
	if no != nil {
		return *no
	}
	given, why := a.receive(q.msg.RequestState, q.msg.InputResponses)
	if why != nil {
		return refused(why, op.name)
	}
	a.input = given
	return g.run(q, d, a)
}

func (g *gate) readResource(q *question) verdict {
	target, variables, ok := g.ops.catalogue.Resource(q.msg.Name)
	if !ok {
		return refused(transport.UnknownOperation(string(kindResource)), g.nameOf(q.msg))
	}
	op := g.ops.resources[target.Declaration().URI]
	d, no := g.decide(q, op, valuesOf(variables))
	if no != nil {
		return *no
	}
	if q.msg.RequestState != "" {
		return refused(badState(), op.name) // a resource asks for nothing
	}
	a := g.allow(q, op)
	a.variables = variables
	return g.run(q, d, a)
}

func valuesOf(variables map[string]string) authz.Values {
	return func(name string) (string, bool) {
		value, ok := variables[name]
		return value, ok
	}
}
