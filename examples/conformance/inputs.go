package main

import (
	"context"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/sallyport-mcp/sallyport/tools"
)

// inputs returns the tools that need something from the client before they can answer. None keeps a state between the rounds; those of rounds do.
func inputs() []tools.Tool {
	return []tools.Tool{
		asking("test_input_required_result_elicitation", "Ask the person for a name.", askName, greet),
		asking("test_streaming_elicitation", "Ask the person for a name.", askName, greet),
		asking("test_input_required_result_sampling", "Ask the client's model for a capital.", askCapital, tellCapital),
		asking("test_missing_capability", "Ask the client's model for a capital.", askCapital, tellCapital),
		asking("test_input_required_result_list_roots", "Ask the client for its roots.",
			func(b *mcpserver.InputRequestBuilder, _ mcp.ClientCapabilities) { b.Roots("client_roots") },
			func(given mcp.InputResponses) (string, bool) {
				listed := mcpserver.RootsResponse(given, "client_roots")
				if listed == nil {
					return "", false
				}
				text := "The roots are:"
				for _, root := range listed.Roots {
					text += " " + root.URI
				}
				return text, true
			}),
		asking("test_input_required_result_capabilities", "Ask the client for what it can give.",
			func(b *mcpserver.InputRequestBuilder, can mcp.ClientCapabilities) {
				if can.Sampling != nil {
					askCapital(b, can)
				}
				if can.Elicitation != nil {
					askName(b, can)
				}
			},
			func(given mcp.InputResponses) (string, bool) { return "Something was given.", len(given) > 0 }),
	}
}

// asking returns a tool that asks again until answer has what it needs.
func asking(
	name, description string,
	ask func(*mcpserver.InputRequestBuilder, mcp.ClientCapabilities),
	answer func(mcp.InputResponses) (string, bool),
) tools.Tool {
	run := func(ctx context.Context, request mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		if text, ok := answer(request.Params.InputResponses); ok {
			return mcp.NewToolResultText(text), nil
		}
		var can mcp.ClientCapabilities
		if info := mcpserver.RequestProtocolInfoFromContext(ctx); info != nil && info.ClientCapabilities != nil {
			can = *info.ClientCapabilities
		}
		builder := mcpserver.NewInputRequestBuilder("")
		ask(builder, can)
		return builder.ToolResult(), nil
	}
	return tools.Tool{Name: name, Description: description, Handler: tools.Raw(tools.SchemaFor[nothing](), run)}
}

func askName(b *mcpserver.InputRequestBuilder, _ mcp.ClientCapabilities) {
	b.Elicit("user_name", form("What is your name?", "name", "string"))
}

func greet(given mcp.InputResponses) (string, bool) {
	name := field(mcp.MultiRoundTripParams{InputResponses: given}, "user_name", "name")
	return "Hello, " + name + "!", name != ""
}

func askCapital(b *mcpserver.InputRequestBuilder, _ mcp.ClientCapabilities) {
	b.Sample("capital_question", mcp.CreateMessageParams{
		Messages:  []mcp.SamplingMessage{{Role: mcp.RoleUser, Content: mcp.NewTextContent("What is the capital of France?")}},
		MaxTokens: 100,
	})
}

func tellCapital(given mcp.InputResponses) (string, bool) {
	text, ok := sampled(given, "capital_question")
	return "The model says: " + text, ok
}

// sampled returns the text that the client's model answered with, if it has.
func sampled(given mcp.InputResponses, key string) (string, bool) {
	answer := mcpserver.SamplingResponse(given, key)
	if answer == nil {
		return "", false
	}
	content, err := mcp.ParseSamplingContent(answer.Content)
	if err != nil {
		return "", false
	}
	text, ok := content.(mcp.TextContent)
	return text.Text, ok
}
