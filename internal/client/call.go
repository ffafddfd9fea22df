package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sallyport-mcp/sallyport/internal/paramheader"
	"github.com/sallyport-mcp/sallyport/internal/strictjson"
)

// CallRequest says which tool to call.
type CallRequest struct {
	// URL is that of the MCP server, Tool the name of the tool.
	URL, Tool string
	// Object holds arguments as a JSON object, Words others as "name=value", which are typed by the tool's schema.
	Object []byte
	Words  []string
	// Limit is how long the call may take. Zero means a minute.
	Limit time.Duration
	// StepUp is asked whether to authorize again if a scope is missing. Nil never does.
	StepUp func(context.Context, *Refusal) (bool, error)
	// Progress is told how far the call is, nil for nobody.
	Progress func(Progress)
}

// Progress is how far a call is (MCP 2026-07-28, basic/patterns/progress).
type Progress struct {
	Done    float64  `json:"progress"`
	Total   *float64 `json:"total"`
	Message string   `json:"message"`
}

// Content is one block of a result.
type Content struct {
	Type string `json:"type"`
	Text string `json:"text"`
	URI  string `json:"uri"`
	MIME string `json:"mimeType"`
	Data string `json:"data"`
}

// Result is what a tool has answered.
type Result struct {
	Content    []Content       `json:"content"`
	Structured json.RawMessage `json:"structuredContent"`
	IsError    bool            `json:"isError"`
	// Raw is all of it.
	Raw json.RawMessage `json:"-"`
}

// Call calls a tool. Its schema comes from the list first: it types the arguments, and says which are repeated in headers. A tool
// that is not listed is called all the same, since the server knows better why it is not.
func (c *Client) Call(ctx context.Context, asked CallRequest) (*Result, error) {
	s, err := c.open(ctx, asked.URL)
	if err != nil {
		return nil, err
	}
	defer s.close(ctx)
	s.stepUp, s.limit = asked.StepUp, asked.Limit
	list, err := s.tools(ctx)
	if err != nil {
		return nil, err
	}
	call, err := prepareCall(list, asked)
	if err != nil {
		return nil, err
	}
	raw, err := s.do(ctx, call)
	var refused *Refusal
	if errors.As(err, &refused) && refused.Code == codeInvalidParams && !listed(list, asked.Tool) {
		return nil, fmt.Errorf("the server knows no tool %q that you may see; it lists: sallyport tools %s", clean(asked.Tool), Quoted(s.resource))
	}
	if err != nil {
		return nil, err
	}
	return readResult(raw)
}

func listed(list []Tool, name string) bool {
	return slices.ContainsFunc(list, func(t Tool) bool { return t.Name == name })
}

// prepareCall makes the message of a call.
func prepareCall(list []Tool, asked CallRequest) (message, error) {
	var tool Tool
	if i := slices.IndexFunc(list, func(t Tool) bool { return t.Name == asked.Tool }); i >= 0 {
		tool = list[i]
	}
	arguments, err := tool.schema.build(asked.Object, asked.Words)
	if err != nil {
		return message{}, err
	}
	headers, err := paramheader.Values(tool.headers, arguments)
	if err != nil {
		return message{}, Mistake{fmt.Errorf("the argument %w", err)}
	}
	call := message{method: "tools/call", params: map[string]any{"name": asked.Tool, "arguments": arguments}, headers: headers}
	if asked.Progress != nil {
		call.note = func(method string, params json.RawMessage) {
			var p Progress
			if method == "notifications/progress" && strictjson.Decode(params, &p) == nil {
				asked.Progress(p)
			}
		}
	}
	return call, nil
}

func readResult(raw json.RawMessage) (*Result, error) {
	var kind struct {
		Type string `json:"resultType"`
	}
	result := &Result{Raw: raw}
	if err := errors.Join(strictjson.Unmarshal(raw, &kind), strictjson.Unmarshal(raw, result)); err != nil {
		return nil, fmt.Errorf("the result of the tool: %w", err)
	}
	if kind.Type == "input_required" {
		return nil, errors.New("the tool asks its client for input, which this one cannot give; use another client")
	}
	return result, nil
}
