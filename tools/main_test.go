package tools

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/mark3labs/mcp-go/mcp"
	"go.uber.org/goleak"
)

var update = flag.Bool("update", false, "write the golden files")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// golden compares got with testdata/name, or writes it with -update.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// fixture is a catalogue, its log, and a fixed reference.
type fixture struct {
	*Catalogue
	log *bytes.Buffer
}

func compile(t *testing.T, tools []Tool, resources []Resource, prompts []Prompt) fixture {
	t.Helper()
	log := new(bytes.Buffer)
	o := Options{
		Logger: slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Ref:    func() string { return "REF1" },
	}
	c, err := Compile(o, tools, resources, prompts)
	if err != nil {
		t.Fatal(err)
	}
	return fixture{c, log}
}

// tool declares a tool around a handler.
func tool(h Handler) Tool {
	return Tool{Name: "t", Description: "A tool.", Scopes: []string{"t:use"}, Handler: h}
}

// compileTool compiles one tool.
func compileTool(t *testing.T, h Handler) (*CompiledTool, *bytes.Buffer) {
	t.Helper()
	f := compile(t, []Tool{tool(h)}, nil, nil)
	compiled, _ := f.Tool("t")
	return compiled, f.log
}

// refused returns the text of the error of compiling one handler.
func refused(t *testing.T, h Handler) string {
	t.Helper()
	_, err := Compile(Options{}, []Tool{tool(h)}, nil, nil)
	if err == nil {
		t.Fatal("compiled")
	}
	return err.Error()
}

func call(c *CompiledTool, arguments string) *mcp.CallToolResult {
	return c.Call(context.Background(), mcp.CallToolRequest{}, json.RawMessage(arguments))
}

// text returns the only text of a result.
func text(t *testing.T, r *mcp.CallToolResult) string {
	t.Helper()
	if r == nil || len(r.Content) != 1 {
		t.Fatalf("result %+v", r)
	}
	content, ok := r.Content[0].(mcp.TextContent)
	if !ok {
		t.Fatalf("content %T", r.Content[0])
	}
	return content.Text
}

func wire(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// mustContain fails unless text holds every part.
func mustContain(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q lacks %q", text, part)
		}
	}
}

// mustLack fails if text holds a part.
func mustLack(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if strings.Contains(text, part) {
			t.Errorf("%q holds %q", text, part)
		}
	}
}

// getting returns the request for a prompt with these arguments.
func getting(arguments map[string]string) mcp.GetPromptRequest {
	var request mcp.GetPromptRequest
	request.Params.Arguments = arguments
	return request
}
