package server_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/tools"
)

type reply struct {
	Text string `json:"text"`
	Big  int64  `json:"big"`
}

// TestDirectCallsAnswerAlike calls tools that run without mcp-go's dispatch, and
// the same ones that mcp-go runs: their answers are the same, byte for byte, in
// every revision.
func TestDirectCallsAnswerAlike(t *testing.T) {
	typed := map[string]tools.Handler{
		"text":    tools.Typed(func(_ context.Context, in echoIn) (string, error) { return in.Text, nil }),
		"object":  tools.Typed(func(_ context.Context, in echoIn) (reply, error) { return reply{in.Text, 1<<53 + 1}, nil }),
		"failure": tools.Typed(func(_ context.Context, in echoIn) (string, error) { return "", tools.Errorf("no %s", in.Text) }),
	}
	raw := map[string]tools.Handler{
		"text": tools.Raw(tools.SchemaFor[echoIn](), func(_ context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			in, err := tools.Arguments[echoIn](r)
			return mcp.NewToolResultText(in.Text), err
		}),
		"object": tools.RawWithOutput(tools.SchemaFor[echoIn](), tools.SchemaFor[reply](), func(_ context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			in, err := tools.Arguments[echoIn](r)
			out := reply{in.Text, 1<<53 + 1}
			body, _ := json.Marshal(out) // cannot fail
			return mcp.NewToolResultStructured(out, string(body)), err
		}),
		"failure": tools.Raw(tools.SchemaFor[echoIn](), func(_ context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			in, _ := tools.Arguments[echoIn](r)
			return nil, tools.Errorf("no %s", in.Text)
		}),
	}
	answers := func(handlers map[string]tools.Handler) func(name, body string) string {
		f := start(t, func(c *server.Config) {
			for name, handler := range handlers {
				c.Tools = append(c.Tools, tools.Tool{Name: name, Description: "Answers.", Scopes: []string{"echo:use"}, Handler: handler})
			}
		})
		return func(name, arguments string) string {
			w := f.echoRequest(t)
			w.call("tools/call", name)
			w.params()["arguments"] = json.RawMessage(arguments)
			return string(f.send(t, w).Body)
		}
	}
	direct, dispatched := answers(typed), answers(raw)
	for name := range typed {
		for _, arguments := range []string{`{"text":"hi \u2028 \"x\""}`, `{"text":1}`, `{}`, `{"text":"x","more":1}`} {
			want, got := dispatched(name, arguments), direct(name, arguments)
			if want != got || !strings.Contains(got, `"resultType":"complete"`) {
				t.Errorf("%s(%s)\n direct %s\nmcp-go %s", name, arguments, got, want)
			}
		}
	}
}
