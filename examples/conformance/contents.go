package main

import (
	"context"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/sallyport-mcp/sallyport/tools"
)

type nothing struct{}

// contents returns the tools that differ in what they answer.
func contents() []tools.Tool {
	return []tools.Tool{
		answering("test_simple_text", "Return text.",
			mcp.NewTextContent("This is a simple text response for testing.")),
		answering("test_image_content", "Return an image.",
			mcp.NewImageContent(redDot(), "image/png")),
		answering("test_audio_content", "Return audio.",
			mcp.NewAudioContent(silence(), "audio/wav")),
		answering("test_embedded_resource", "Return an embedded resource.",
			embedded("test://embedded-resource", "text/plain", "This is an embedded resource content.")),
		answering("test_multiple_content_types", "Return text, an image and an embedded resource.",
			mcp.NewTextContent("Multiple content types test:"),
			mcp.NewImageContent(redDot(), "image/png"),
			embedded("test://mixed-content-resource", "application/json", `{"test":"data","value":123}`)),
		{
			Name:        "test_error_handling",
			Description: "Fail.",
			Handler: tools.Typed(func(context.Context, nothing) (string, error) {
				return "", tools.Errorf("This tool intentionally returns an error for testing")
			}),
		},
	}
}

// answering returns a tool without arguments that always answers the same.
func answering(name, description string, content ...mcp.Content) tools.Tool {
	return tools.Tool{
		Name:        name,
		Description: description,
		Handler: tools.Raw(tools.SchemaFor[nothing](), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return &mcp.CallToolResult{Content: content}, nil
		}),
	}
}

func embedded(uri, mimeType, text string) mcp.EmbeddedResource {
	return mcp.NewEmbeddedResource(mcp.TextResourceContents{URI: uri, MIMEType: mimeType, Text: text})
}
