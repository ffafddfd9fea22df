package server_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/server/servertest"
	"github.com/sallyport-mcp/sallyport/tools"
)

// TestInputOfUndeclaredCapabilities asks clients for what they cannot give. The
// twin of every refusal is the same call with the capability declared.
func TestInputOfUndeclaredCapabilities(t *testing.T) {
	form, page := mcp.ElicitationParams{Message: "?"}, mcp.ElicitationParams{Message: "?", Mode: mcp.ElicitationModeURL, URL: "https://a.example/x", ElicitationID: "e"}
	sample := mcp.CreateMessageParams{MaxTokens: 1, Messages: []mcp.SamplingMessage{{Role: mcp.RoleUser, Content: mcp.NewTextContent("?")}}}
	choosing := sample
	choosing.ToolChoice = &mcp.ToolChoice{}
	ask := mcpserver.NewInputRequestBuilder
	for _, row := range []struct {
		name               string
		asked              *mcpserver.InputRequestBuilder
		declared, required string // what is missing, as data shows it
		enough             string
	}{
		{"roots", ask("").Roots("r"), `{"sampling":{}}`, `{"roots":{}}`, `{"roots":{}}`},
		{"sampling", ask("").Sample("s", sample), `{}`, `{"sampling":{}}`, `{"sampling":{}}`},
		{"sampling with tools", ask("").Sample("s", choosing), `{"sampling":{}}`, `{"sampling":{"tools":{}}}`, `{"sampling":{"tools":{}}}`},
		{"a form", ask("").Elicit("f", form), `{"roots":{}}`, `{"elicitation":{}}`, `{"elicitation":{}}`},
		{"a form, pages only", ask("").Elicit("f", form), `{"elicitation":{"url":{}}}`, `{"elicitation":{"form":{}}}`, `{"elicitation":{"form":{},"url":{}}}`},
		{"a page", ask("").Elicit("u", page), `{"elicitation":{}}`, `{"elicitation":{"url":{}}}`, `{"elicitation":{"url":{}}}`},
		{
			"several", ask("").Roots("r").Elicit("f", form).Elicit("u", page).Sample("s", sample), `{"sampling":{}}`,
			`{"elicitation":{"url":{}},"roots":{}}`, `{"sampling":{},"roots":{},"elicitation":{"form":{},"url":{}}}`,
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			bob := startAsking(t, row.asked).as(t, "bob", "echo:use")
			refused := callDeclaring(bob, row.declared)
			data, err := json.Marshal(refused.Data["requiredCapabilities"])
			if err != nil || refused.Status != 400 || refused.Code != -32021 || string(data) != row.required {
				t.Errorf("declared %s: %v, required %s, want 400, -32021 and %s", row.declared, refused, data, row.required)
			}
			if twin := callDeclaring(bob, row.enough); twin.Status != 200 || twin.Result == nil {
				t.Errorf("declared %s: %v, want what the tool asks for", row.enough, twin)
			}
		})
	}
}

// startAsking runs the fixture with a tool that always asks for the same.
func startAsking(t *testing.T, asked *mcpserver.InputRequestBuilder) *fixture {
	t.Helper()
	return start(t, func(c *server.Config) {
		c.Tools = append(c.Tools, tools.Tool{
			Name: "asking", Description: "Asks the client.", Scopes: []string{"echo:use"},
			Handler: tools.Raw(tools.SchemaFor[struct{}](), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
				return asked.ToolResult(), nil
			}),
		})
	})
}

func callDeclaring(c *servertest.Client, capabilities string) *servertest.Answer {
	return c.Send("tools/call", map[string]any{"name": "asking", "_meta": map[string]any{
		"io.modelcontextprotocol/protocolVersion":    "2026-07-28",
		"io.modelcontextprotocol/clientCapabilities": json.RawMessage(capabilities),
	}})
}
