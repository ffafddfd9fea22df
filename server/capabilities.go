package server

import (
	"context"
	"errors"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/sallyport-mcp/sallyport/transport"
)

// errUndeclared is what mcp-go gets for a result that the client could not act
// on; the client gets what was reported.
var errUndeclared = errors.New("the result needs client capabilities that the request did not declare")

// answerable refuses a request whose client did not declare what it is asked
// for (MCP 2026-07-28, basic/patterns/mrtr, "Server Requirements"; -32021).
func answerable(ctx context.Context, requests mcp.InputRequests) error {
	can := transport.ClientCapabilities(ctx)
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
func undeclared(can mcp.ClientCapabilities, request mcp.InputRequest) (string, string) {
	switch request.Method {
	case mcp.MethodListRoots:
		if can.Roots == nil {
			return "roots", ""
		}
	case mcp.MethodSamplingCreateMessage:
		withTools := request.Sampling != nil && (len(request.Sampling.Tools) > 0 || request.Sampling.ToolChoice != nil)
		switch {
		case withTools && (can.Sampling == nil || can.Sampling.Tools == nil):
			return "sampling", "tools"
		case can.Sampling == nil:
			return "sampling", ""
		}
	case mcp.MethodElicitationCreate:
		return undeclaredMode(can.Elicitation, request.Elicitation)
	}
	return "", ""
}

// undeclaredMode is undeclared for elicitation. A client that names no mode
// has the form mode (MCP 2026-07-28, client/elicitation, "Capabilities").
func undeclaredMode(can *mcp.ElicitationCapability, params *mcp.ElicitationParams) (string, string) {
	switch {
	case params != nil && params.Mode == mcp.ElicitationModeURL:
		if can == nil || can.URL == nil {
			return "elicitation", "url"
		}
	case can == nil:
		return "elicitation", ""
	case can.Form == nil && can.URL != nil:
		return "elicitation", "form"
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
