package tools

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/sallyport-mcp/sallyport/internal/strictjson"
)

// Handler is what a tool runs. [Typed] and [Raw] make one; nothing else can.
type Handler interface {
	// build infers the schemas and reports what is wrong with them.
	build(d declaration) *handler
}

// handler is a built Handler.
type handler struct {
	input, output *schema // output is nil if results have no schema
	asks          bool    // a result may ask the client for input
	// call decodes validated arguments and runs the author's function.
	call func(ctx context.Context, request mcp.CallToolRequest, arguments json.RawMessage) (*mcp.CallToolResult, error)
}

// Typed makes a Handler of a function over Go types.
//
// In is a struct; its members are required unless tagged omitempty or omitzero, other
// members are refused, and names match exactly, case included. A jsonschema tag is a
// description, a header:"Region" tag mirrors the member into the HTTP header
// Mcp-Param-Region (MCP 2026-07-28, "Custom Headers from Tool Parameters").
//
// Out is any type encoding/json can encode. A struct, a map or a pointer to one is
// returned as structured content with an output schema, and as JSON text for clients
// that read only text. A string is returned as text. Anything else is returned as JSON
// text, because revisions before 2026-07-28 know structured objects only. A nil slice
// is encoded as [], a nil map as {}.
//
// The function must be safe for concurrent use. Its errors, panics included, are as in
// the package comment.
func Typed[In, Out any](f func(context.Context, In) (Out, error)) Handler {
	return typed[In, Out]{f: f}
}

type typed[In, Out any] struct {
	f func(context.Context, In) (Out, error)
}

func (t typed[In, Out]) build(d declaration) *handler {
	if t.f == nil {
		d.mistake("Handler", "the function is nil", "pass the function that runs the tool to tools.Typed")
		return nil
	}
	input := d.schemaOf("input", SchemaFor[In](), "take a struct; for what a struct cannot say use tools.Raw")
	output, wire := outputOf(d, reflect.TypeFor[Out]())
	if input == nil || wire == nil {
		return nil
	}
	return &handler{input: input, output: output, call: func(
		ctx context.Context, _ mcp.CallToolRequest, arguments json.RawMessage,
	) (*mcp.CallToolResult, error) {
		var in In
		if err := strictjson.Decode(arguments, &in); err != nil { // the schema has checked them
			return nil, undecodable(err)
		}
		out, err := t.f(ctx, in)
		if err != nil {
			return nil, err
		}
		return wire(&out)
	}}
}

// schemaOf compiles a schema or reports why it cannot be.
func (d declaration) schemaOf(which string, s Schema, fix string) *schema {
	compiled, err := s.compile()
	if err != nil {
		d.noSchema(which, err, fix)
		return nil
	}
	return compiled
}

// noSchema reports why there is no schema, with the fix of the error if it has one.
func (d declaration) noSchema(which string, err error, fix string) {
	if u, known := errors.AsType[*unfit](err); known {
		fix = u.fix
	}
	d.mistake("Handler", fmt.Sprintf("the %s schema cannot be made: %v", which, err), fix)
}

func (s Schema) compile() (*schema, error) {
	if s.infer == nil {
		return nil, errors.New("there is no schema")
	}
	inferred, err := s.infer()
	if err != nil {
		return nil, err
	}
	return compileSchema(inferred)
}

// outputOf returns the output schema of a result type, nil if it has none, and how a
// pointer to a result becomes a tool result.
func outputOf(d declaration, t reflect.Type) (*schema, func(any) (*mcp.CallToolResult, error)) {
	const fix = "return a type encoding/json can encode, or use tools.Raw"
	elem := t
	if elem.Kind() == reflect.Pointer {
		elem = elem.Elem()
	}
	if elem == reflect.TypeFor[mcp.CallToolResult]() {
		d.mistake("Handler", "the function returns mcp.CallToolResult", "use tools.Raw")
		return nil, nil
	}
	if t.Kind() == reflect.String && special(t) == nil {
		return nil, func(out any) (*mcp.CallToolResult, error) {
			return mcp.NewToolResultText(reflect.ValueOf(out).Elem().String()), nil
		}
	}
	inferred, err := inferSchema(elem)
	if err != nil {
		d.noSchema("output", err, fix)
		return nil, nil
	}
	if inferred.Type != "object" {
		return nil, textResult
	}
	output, err := compileSchema(inferred)
	if err != nil {
		d.noSchema("output", err, fix)
		return nil, nil
	}
	return output, structuredResult
}

func textResult(out any) (*mcp.CallToolResult, error) {
	data, err := marshal(out)
	if err != nil {
		return nil, fmt.Errorf("encode the result: %w", err)
	}
	return mcp.NewToolResultText(string(data)), nil
}

func structuredResult(out any) (*mcp.CallToolResult, error) {
	data, err := marshal(out)
	if err != nil {
		return nil, fmt.Errorf("encode the result: %w", err)
	}
	if string(data) == "null" {
		return nil, errors.New("the handler returned nil and no error")
	}
	raw := json.RawMessage(data)
	return &mcp.CallToolResult{
		Content:              []mcp.Content{mcp.NewTextContent(string(data))},
		StructuredContent:    raw,
		RawStructuredContent: raw,
	}, nil
}

// undecodable turns what the decoder refused, after the schema had accepted it, into a
// problem: an integer that is too large or written as 1.0, a date that is none.
func undecodable(err error) error {
	var strict *strictjson.Error
	if !errors.As(err, &strict) {
		return err
	}
	path := "$"
	for _, token := range strings.Split(strict.Path, "/")[1:] {
		token = strings.NewReplacer("~1", "/", "~0", "~").Replace(token)
		if _, err := strconv.Atoi(token); err == nil {
			path += "[" + token + "]"
			continue
		}
		path = child(path, token)
	}
	// What follows these words in the reason is a Go type, which is nobody's business.
	kind, _, _ := strings.Cut(strict.Reason, " that does not fit")
	return &badArguments{problems: []problem{{path: path, expected: "expected a value that fits; this is " + kind +
		" that does not (an integer has no fraction or exponent, and at most the bits of its type)"}}}
}
