package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/sallyport-mcp/sallyport/tools"
)

// prompts returns the prompts that the suite gets, without their scopes.
func prompts() []tools.Prompt {
	return []tools.Prompt{
		{
			Name:        "test_simple_prompt",
			Description: "A prompt without arguments.",
			Get: func(context.Context, map[string]string) ([]tools.Message, error) {
				return []tools.Message{tools.User("This is a simple prompt for testing.")}, nil
			},
		},
		{
			Name:        "test_prompt_with_arguments",
			Description: "A prompt with two arguments.",
			Arguments: []tools.Argument{
				{Name: "arg1", Description: "First test argument", Required: true},
				{Name: "arg2", Description: "Second test argument", Required: true},
			},
			Get: func(_ context.Context, arguments map[string]string) ([]tools.Message, error) {
				return []tools.Message{tools.User(fmt.Sprintf("Prompt with arguments: arg1='%s', arg2='%s'", arguments["arg1"], arguments["arg2"]))}, nil
			},
			Complete: map[string]tools.CompleteFunc{"arg1": completeCity},
		},
		{
			Name:        "test_prompt_with_embedded_resource",
			Description: "A prompt that embeds a resource.",
			Arguments:   []tools.Argument{{Name: "resourceUri", Description: "URI of the resource to embed", Required: true}},
			Get: func(_ context.Context, arguments map[string]string) ([]tools.Message, error) {
				return []tools.Message{
					tools.UserContent(embedded(arguments["resourceUri"], "text/plain", "Embedded resource content for testing.")),
					tools.User("Please process the embedded resource above."),
				}, nil
			},
		},
		{
			Name:        "test_input_required_result_prompt",
			Description: "A prompt that asks the person for its context.",
			GetRaw: func(_ context.Context, request mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
				about := field(request.Params.MultiRoundTripParams, "user_context", "context")
				if about == "" {
					return mcpserver.NewInputRequestBuilder("").
						Elicit("user_context", form("What context should the prompt use?", "context", "string")).PromptResult(), nil
				}
				return mcp.NewGetPromptResult("", []mcp.PromptMessage{
					mcp.NewPromptMessage(mcp.RoleUser, mcp.NewTextContent("Use this context: "+about)),
				}), nil
			},
		},
		{
			Name:        "test_prompt_with_image",
			Description: "A prompt that shows an image.",
			Get: func(context.Context, map[string]string) ([]tools.Message, error) {
				return []tools.Message{
					tools.UserContent(mcp.NewImageContent(redDot(), "image/png")),
					tools.User("Please analyze the image above."),
				}, nil
			},
		},
	}
}

// completeCity suggests the cities that begin with what was typed.
func completeCity(_ context.Context, typed string) ([]string, error) {
	var cities []string
	for _, city := range []string{"paris", "parma", "porto"} {
		if strings.HasPrefix(city, typed) {
			cities = append(cities, city)
		}
	}
	return cities, nil
}
