package tools

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"github.com/mark3labs/mcp-go/mcp"
)

// Kind is the JSON type of an argument that a placeholder may name.
type Kind int

// The kinds. The zero value is none of them.
const (
	String Kind = iota + 1
	Integer
)

// CompiledTool is a tool that is ready to be called. It is immutable and safe for
// concurrent use.
type CompiledTool struct {
	declared   Tool
	label      string
	definition mcp.Tool
	handler    *handler
	parameters map[string]Kind
	headers    map[string][]string
	boundary   *boundary
}

func (c *Catalogue) compileTools(found *report, out *boundary, declared []Tool) {
	c.toolNames = make(map[string]*CompiledTool, len(declared))
	taken := make(map[string]bool)
	for i, t := range declared {
		d := found.of("tool", t.Name, i)
		d.checkName("Name", t.Name, taken)
		d.checkDescription(t.Description)
		d.checkAccess(t.Scopes, t.Permissions, t.AnyPrincipal)
		if t.ReadOnly && t.Destructive {
			d.mistake("Destructive", "contradicts ReadOnly", "remove one of them")
		}
		if t.Handler == nil {
			d.mistake("Handler", "is missing", "set it to tools.Typed(f) or tools.Raw(schema, f)")
			continue
		}
		if built := t.Handler.build(d); built != nil {
			compiled := newCompiledTool(d, t, built, out)
			c.tools = append(c.tools, compiled)
			c.toolNames[t.Name] = compiled
		}
	}
}

func newCompiledTool(d declaration, t Tool, built *handler, out *boundary) *CompiledTool {
	t.Scopes, t.Permissions = slices.Clone(t.Scopes), slices.Clone(t.Permissions)
	compiled := &CompiledTool{
		declared:   t,
		label:      d.name,
		handler:    built,
		parameters: parametersOf(built.input),
		headers:    scanHeaders(d, built.input.raw),
		boundary:   out,
	}
	compiled.definition = mcp.Tool{
		Name:           t.Name,
		Title:          t.Title,
		Description:    t.Description,
		RawInputSchema: built.input.raw,
		Annotations:    annotationsOf(t),
	}
	if built.output != nil {
		compiled.definition.RawOutputSchema = built.output.raw
	}
	return compiled
}

// annotationsOf returns the hints that were declared. Leaving out what is false keeps
// the specification's careful defaults: destructive, and open to the world.
func annotationsOf(t Tool) mcp.ToolAnnotation {
	hint := func(b bool) *bool {
		if !b {
			return nil
		}
		return &b
	}
	a := mcp.ToolAnnotation{
		ReadOnlyHint:    hint(t.ReadOnly),
		DestructiveHint: hint(t.Destructive),
		IdempotentHint:  hint(t.Idempotent),
		OpenWorldHint:   hint(t.OpenWorld),
	}
	if t.ReadOnly {
		a.DestructiveHint = new(bool)
	}
	return a
}

// parametersOf returns the top-level arguments that are strings or integers.
func parametersOf(input *schema) map[string]Kind {
	parameters := make(map[string]Kind)
	for name, property := range input.root.Properties {
		types := slices.DeleteFunc(slices.Clone(allowedTypes(property)), func(t string) bool { return t == "null" })
		switch {
		case slices.Equal(types, []string{"string"}):
			parameters[name] = String
		case slices.Equal(types, []string{"integer"}):
			parameters[name] = Integer
		}
	}
	return parameters
}

// Declaration returns a copy of what the author declared.
func (t *CompiledTool) Declaration() Tool {
	declared := t.declared
	declared.Scopes, declared.Permissions = slices.Clone(declared.Scopes), slices.Clone(declared.Permissions)
	return declared
}

// Definition returns the tool as tools/list shows it. Its schemas must not be changed.
func (t *CompiledTool) Definition() mcp.Tool { return t.definition }

// Parameters returns the top-level arguments a placeholder may name.
func (t *CompiledTool) Parameters() map[string]Kind { return maps.Clone(t.parameters) }

// Headers returns, by canonical HTTP header name as in Mcp-Param-Region, the path of
// member names that leads to the argument the header mirrors. It is empty, not nil, for
// a tool without. The paths must not be changed.
func (t *CompiledTool) Headers() map[string][]string { return maps.Clone(t.headers) }

// MayAsk reports whether a result may ask the client for input: that of a [Raw]
// handler may, that of a [Typed] one never does.
func (t *CompiledTool) MayAsk() bool { return t.handler.asks }

// Call validates the arguments, decodes them and runs the handler. What goes wrong
// becomes a result with isError, as the package comment says; a result is never nil.
// Missing arguments are an empty object. The request's own arguments are ignored, so
// that what was decided on and what runs are the same bytes; these are not kept.
//
// The result is what mcp-go makes of the same content; its resultType is left to the
// transport.
func (t *CompiledTool) Call(ctx context.Context, request mcp.CallToolRequest, arguments json.RawMessage) *mcp.CallToolResult {
	arguments = orEmpty(arguments)
	var result *mcp.CallToolResult
	failed := t.boundary.run(ctx, t.label, func() error {
		if err := t.handler.input.check(arguments); err != nil {
			return err
		}
		called, err := t.handler.call(ctx, request, arguments)
		result = called
		return err
	})
	if failed != nil {
		return mcp.NewToolResultError(failed.text)
	}
	return result
}
