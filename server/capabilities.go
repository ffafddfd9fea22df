package server

import (
	"context"
	"errors"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/sallyport-mcp/sallyport/transport"
	"github.com/sallyport-mcp/sallyport/transport/message"
)

// errUndeclared is what mcp-go gets for a result that the client could not act
// on; the client gets what was reported.
var errUndeclared = errors.New("the result needs client capabilities that the request did not declare")

// answerable refuses a request whose client did not declare what it is asked
// for (MCP 2026-07-28, basic/patterns/mrtr, "Server Requirements"; -32021).
func answerable(ctx context.Context, can message.Capabilities, requests mcp.InputRequests) error {
	missing := map[string]any{}
	for _, request := range requests {
		if capability, part := undeclared(can, request); capability != "" {
			require(missing, capability, part)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	why := transport.MissingCapability(missing)
	transport.ReportError(ctx, &transport.HandlerError{Code: why.Code, Message: why.Message, Data: why.Data})
	return errUndeclared
}

// undeclared returns the capability a request to the client needs and the
// client lacks, with the part of it that is lacking; empty if it lacks nothing.
func undeclared(can message.Capabilities, request mcp.InputRequest) (string, string) {
	switch request.Method {
	case mcp.MethodListRoots:
		if !can.Has(message.CanListRoots) {
			return "roots", ""
		}
	case mcp.MethodSamplingCreateMessage:
		withTools := request.Sampling != nil && (len(request.Sampling.Tools) > 0 || request.Sampling.ToolChoice != nil)
		switch {
		case withTools && !can.Has(message.CanSampleWithTools):
			return "sampling", "tools"
		case !can.Has(message.CanSample):
			return "sampling", ""
		}
	case mcp.MethodElicitationCreate:
		byURL := request.Elicitation != nil && request.Elicitation.Mode == mcp.ElicitationModeURL
		switch {
		case byURL && !can.Has(message.CanElicitByURL):
			return "elicitation", "url"
		case byURL || can.Has(message.CanElicit):
		case can.Has(message.CanElicitByURL):
			return "elicitation", "form"
		default:
			return "elicitation", ""
		}
	}
	return "", ""
}

// require adds a capability to a ClientCapabilities object.
func require(missing map[string]any, capability, part string) {
	parts, ok := missing[capability].(map[string]any)
	if !ok {
		parts = map[string]any{}
		missing[capability] = parts
	}
	if part != "" {
		parts[part] = map[string]any{}
	}
}
