package main

import (
	"context"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/sallyport-mcp/sallyport/tools"
)

// rounds returns the tools that keep a state with the client while it gathers what they ask for. The state is plain text here: on its
// way it is sealed, so that what comes back is what was given.
func rounds() []tools.Tool {
	return []tools.Tool{
		remembering("test_input_required_result_request_state", "Ask the person to confirm.", confirm),
		remembering("test_input_required_result_tampered_state", "Ask the person to confirm.", confirm),
		remembering("test_input_required_result_multiple_inputs", "Ask for a name, a greeting and the roots.", gather),
		remembering("test_input_required_result_multi_round", "Ask for a name, then for a color.", twice),
	}
}

func remembering(name, description string, run func(mcp.MultiRoundTripParams) *mcp.CallToolResult) tools.Tool {
	return tools.Tool{
		Name:        name,
		Description: description,
		Handler: tools.Raw(tools.SchemaFor[nothing](), func(_ context.Context, request mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return run(request.Params.MultiRoundTripParams), nil
		}),
	}
}

func confirm(given mcp.MultiRoundTripParams) *mcp.CallToolResult {
	answer := mcpserver.ElicitationResponse(given.InputResponses, "confirm")
	if given.RequestState != "asked" || answer == nil {
		return mcpserver.NewInputRequestBuilder("asked").
			Elicit("confirm", form("Please confirm", "ok", "boolean")).ToolResult()
	}
	return mcp.NewToolResultText("state-ok: " + string(answer.Action))
}

func gather(given mcp.MultiRoundTripParams) *mcp.CallToolResult {
	name := field(given, "user_name", "name")
	greeting := mcpserver.SamplingResponse(given.InputResponses, "greeting")
	roots := mcpserver.RootsResponse(given.InputResponses, "client_roots")
	if given.RequestState != "gathering" || name == "" || greeting == nil || roots == nil {
		return mcpserver.NewInputRequestBuilder("gathering").
			Elicit("user_name", form("What is your name?", "name", "string")).
			Sample("greeting", mcp.CreateMessageParams{
				Messages:  []mcp.SamplingMessage{{Role: mcp.RoleUser, Content: mcp.NewTextContent("Generate a greeting")}},
				MaxTokens: 50,
			}).
			Roots("client_roots").ToolResult()
	}
	return mcp.NewToolResultText("All was given for " + name + ".")
}

// twice keeps the answer to the first question in the state while it asks the second.
func twice(given mcp.MultiRoundTripParams) *mcp.CallToolResult {
	if name := field(given, "step1", "name"); name != "" {
		return mcpserver.NewInputRequestBuilder(name).
			Elicit("step2", form("Step 2: What is your favorite color?", "color", "string")).ToolResult()
	}
	if color := field(given, "step2", "color"); color != "" {
		return mcp.NewToolResultText(given.RequestState + " likes " + color + ".")
	}
	return mcpserver.NewInputRequestBuilder("nobody").
		Elicit("step1", form("Step 1: What is your name?", "name", "string")).ToolResult()
}

// form asks for one value.
func form(message, name, kind string) mcp.ElicitationParams {
	return mcp.ElicitationParams{
		Message: message,
		RequestedSchema: map[string]any{
			"type":       "object",
			"properties": map[string]any{name: map[string]any{"type": kind}},
			"required":   []string{name},
		},
	}
}

// field returns a text of a form that the person filled in and sent, else nothing.
func field(given mcp.MultiRoundTripParams, key, name string) string {
	answer := mcpserver.ElicitationResponse(given.InputResponses, key)
	if answer == nil || answer.Action != mcp.ElicitationResponseActionAccept {
		return ""
	}
	fields, _ := answer.Content.(map[string]any)
	text, _ := fields[name].(string)
	return text
}
