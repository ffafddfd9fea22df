package tools

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/sallyport-mcp/sallyport/internal/strictjson"
)

// RawFunc is a function over mcp-go's own types. It must be safe for concurrent use.
type RawFunc func(ctx context.Context, request mcp.CallToolRequest) (*mcp.CallToolResult, error)

// Raw makes a Handler for what [Typed] cannot say: images and other content blocks,
// results that require input, arguments whose schema no struct has. The arguments are
// validated against input first; a name that differs from a declared one only in case
// is refused even where the schema allows any name. [Arguments] decodes them. In
// RawArguments they are byte for byte as they were sent; in what mcp-go's own
// accessors read, an integer that a float64 would round is an int, or a json.Number if
// it has more than 64 bits.
//
// A result asks the client for input by its InputRequests (MCP 2026-07-28,
// basic/patterns/mrtr); the InputRequestBuilder of mcp-go makes one. The client comes
// back with the same request and its answers. Then InputResponses holds the answers to
// what the last round asked, of the right kind and shape, and no others; some or all
// may be missing, and what is in them is the client's word. RequestState is what the
// last round put there, in the clear: on its way through the client it was sealed, for
// this caller, this operation and these arguments, and for minutes only. A client may
// come back more than once with the same state. What must not happen twice needs a
// record of the handler's own, for which the state can carry a number.
//
// The error of f is treated as that of a Typed function; a nil result without an error
// and a result that cannot be encoded are internal errors.
func Raw(input Schema, f RawFunc) Handler {
	return raw{input: input, f: f}
}

// RawWithOutput is [Raw] with an output schema. A result that is neither an error nor
// a request for input and whose structured content does not fit it is an internal
// error.
func RawWithOutput(input, output Schema, f RawFunc) Handler {
	return raw{input: input, output: &output, f: f}
}

// Arguments decodes the arguments of a request of a [Raw] handler: names match
// exactly, case included, and integers of 64 bits arrive exactly. Its error may be
// returned as it is: the client learns which argument was expected to be what.
func Arguments[In any](request mcp.CallToolRequest) (In, error) {
	var in In
	if err := strictjson.Unmarshal(orEmpty(request.Params.RawArguments), &in); err != nil {
		return in, undecodable(err)
	}
	return in, nil
}

type raw struct {
	input  Schema
	output *Schema
	f      RawFunc
}

func (r raw) build(d declaration) *handler {
	if r.f == nil {
		d.mistake("Handler", "the function is nil", "pass the function that runs the tool to tools.Raw")
		return nil
	}
	built := &handler{asks: true, input: d.schemaOf("input", r.input, "pass tools.SchemaFor[In]() or tools.SchemaJSON(...) with a valid schema")}
	if r.output != nil {
		built.output = d.schemaOf("output", *r.output, "pass tools.SchemaFor[Out]() or tools.SchemaJSON(...) with a valid schema")
	}
	if built.input == nil || (r.output != nil && built.output == nil) {
		return nil
	}
	built.input.open = true
	built.call = func(ctx context.Context, request mcp.CallToolRequest, arguments json.RawMessage) (*mcp.CallToolResult, error) {
		if err := setArguments(&request, arguments); err != nil {
			return nil, err
		}
		result, err := r.f(ctx, request)
		if err != nil {
			return nil, err
		}
		return built.sound(result)
	}
	return built
}

// setArguments makes the validated arguments the only ones the handler can see. They
// are copied, because the transport reuses its buffers.
func setArguments(request *mcp.CallToolRequest, arguments json.RawMessage) error {
	request.Params.RawArguments = bytes.Clone(arguments)
	value, err := unrounded(arguments)
	request.Params.Arguments = value
	return err
}

// sound returns a result that is known to encode, or why it does not.
func (h *handler) sound(result *mcp.CallToolResult) (*mcp.CallToolResult, error) {
	if result == nil {
		return nil, errNoResult
	}
	if slices.Contains(result.Content, nil) {
		return nil, errors.New("the handler returned a nil content block")
	}
	kept := *result
	if err := markAsking(&kept.Result, &kept.MultiRoundTripResult); err != nil {
		return nil, err
	}
	if kept.NeedsInput() && kept.IsError {
		return nil, errors.New("the handler returned an error that asks for input")
	}
	if len(kept.RawStructuredContent) == 0 && kept.StructuredContent != nil {
		// Encoded once here, so that a handler that changes the value later changes nothing.
		data, err := marshal(kept.StructuredContent)
		if err != nil {
			return nil, fmt.Errorf("encode the structured content: %w", err)
		}
		kept.RawStructuredContent = data
	}
	if _, err := json.Marshal(kept); err != nil {
		return nil, fmt.Errorf("encode the result: %w", err)
	}
	final := !kept.IsError && !kept.NeedsInput()
	if h.output != nil && final {
		if err := h.output.conforms(kept.RawStructuredContent); err != nil {
			return nil, fmt.Errorf("the structured content does not fit the output schema: %w", err)
		}
	}
	return &kept, nil
}
