package main

import (
	"context"

	"github.com/sallyport-mcp/sallyport/tools"
)

type filled struct {
	ID   string `json:"id"`
	Test bool   `json:"templateTest"`
	Data string `json:"data"`
}

// resources returns what the suite reads.
func resources() []tools.Resource {
	return []tools.Resource{
		{
			URI:         "test://static-text",
			Name:        "static-text",
			Description: "A fixed text.",
			MIMEType:    "text/plain",
			Scopes:      []string{read, "mcp:conformance:resources:static"},
			Read:        always(tools.Text("This is the content of the static text resource.")),
		},
		{
			URI:         "test://static-binary",
			Name:        "static-binary",
			Description: "A fixed image.",
			MIMEType:    "image/png",
			Scopes:      []string{read, "mcp:conformance:resources:static-binary"},
			Read:        always(tools.Blob(redDotPNG())),
		},
		{
			URI:         "test://template/{id}/data",
			Name:        "template",
			Description: "The data of one id.",
			MIMEType:    "application/json",
			Scopes:      []string{read, "mcp:conformance:resources:template:{id}"},
			Read: func(_ context.Context, request tools.ResourceRequest) (tools.Contents, error) {
				id := request.Variables["id"]
				return tools.JSON(filled{ID: id, Test: true, Data: "Data for ID: " + id}), nil
			},
		},
	}
}

func always(contents tools.Contents) tools.ReadFunc {
	return func(context.Context, tools.ResourceRequest) (tools.Contents, error) { return contents, nil }
}
