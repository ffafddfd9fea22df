package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/sallyport-mcp/sallyport/tools"
)

type prompted struct {
	Prompt string `json:"prompt" jsonschema:"what the client's model is asked"`
}

type messaged struct {
	Message string `json:"message" jsonschema:"what the person is told"`
}

// forms returns the tools that ask a client of a revision before 2026-07-28.
// They are written as for 2026-07-28, where they work too: a client that knows
// no such results is sent a request on the stream of its call.
func forms() []tools.Tool {
	return []tools.Tool{
		sampling(),
		eliciting("test_elicitation", "Ask the person who they are.", "User response: action=%s, content=%s", tools.SchemaFor[messaged](),
			func(request mcp.CallToolRequest) (mcp.ElicitationParams, error) {
				in, err := tools.Arguments[messaged](request)
				return mcp.ElicitationParams{Message: in.Message, RequestedSchema: object(whoFields(), "username", "email")}, err
			}),
		eliciting("test_elicitation_sep1034_defaults", "Show the person a form that is filled in.", completed, tools.SchemaFor[nothing](),
			fixed("Please check these values.", object(defaultFields()))),
		eliciting("test_elicitation_sep1330_enums", "Show the person a form of choices.", completed, tools.SchemaFor[nothing](),
			fixed("Please choose.", object(choiceFields()))),
	}
}

const completed = "Elicitation completed: action=%s, content=%s"

// sampling returns the tool that passes its argument on to the client's model.
func sampling() tools.Tool {
	run := func(_ context.Context, request mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		in, err := tools.Arguments[prompted](request)
		if err != nil {
			return nil, err
		}
		if text, ok := sampled(request.Params.InputResponses, "completion"); ok {
			return mcp.NewToolResultText("LLM response: " + text), nil
		}
		return mcpserver.NewInputRequestBuilder("").Sample("completion", mcp.CreateMessageParams{
			Messages:  []mcp.SamplingMessage{{Role: mcp.RoleUser, Content: mcp.NewTextContent(in.Prompt)}},
			MaxTokens: 100,
		}).ToolResult(), nil
	}
	return tools.Tool{Name: "test_sampling", Description: "Ask the client's model.", Handler: tools.Raw(tools.SchemaFor[prompted](), run)}
}

// eliciting returns a tool that shows a form and answers with what became of it.
func eliciting(
	name, description, answer string, input tools.Schema, ask func(mcp.CallToolRequest) (mcp.ElicitationParams, error),
) tools.Tool {
	run := func(_ context.Context, request mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		given := mcpserver.ElicitationResponse(request.Params.InputResponses, "form")
		if given == nil {
			params, err := ask(request)
			if err != nil {
				return nil, err
			}
			return mcpserver.NewInputRequestBuilder("").Elicit("form", params).ToolResult(), nil
		}
		content, err := json.Marshal(given.Content)
		if err != nil {
			return nil, err
		}
		return mcp.NewToolResultText(fmt.Sprintf(answer, given.Action, content)), nil
	}
	return tools.Tool{Name: name, Description: description, Handler: tools.Raw(input, run)}
}

// fixed asks the same whatever the arguments.
func fixed(message string, schema map[string]any) func(mcp.CallToolRequest) (mcp.ElicitationParams, error) {
	return func(mcp.CallToolRequest) (mcp.ElicitationParams, error) {
		return mcp.ElicitationParams{Message: message, RequestedSchema: schema}, nil
	}
}
