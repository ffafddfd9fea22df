package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/sallyport-mcp/sallyport/internal/paramheader"
	"github.com/sallyport-mcp/sallyport/internal/strictjson"
)

// A list is read in so many pages at most, of so many tools in all.
const (
	maxPages = 100
	maxTools = 10_000
)

// Tool is a tool as the server lists it.
type Tool struct {
	Name        string `json:"name"`
	Title       string `json:"title"`
	Description string `json:"description"`
	// Arguments are those that its schema names.
	Arguments []Argument `json:"-"`
	// Raw is the whole definition.
	Raw json.RawMessage `json:"-"`

	schema  inputSchema
	headers map[string][]string
}

// Tools lists the tools that the server shows. What it declares against the specification is left out and told.
func (c *Client) Tools(ctx context.Context, server string) ([]Tool, error) {
	s, err := c.open(ctx, server)
	if err != nil {
		return nil, err
	}
	defer s.close(ctx)
	return s.tools(ctx)
}

// tools reads all pages of tools/list.
func (s *session) tools(ctx context.Context) ([]Tool, error) {
	list := []Tool{}
	params := map[string]any{}
	for range maxPages {
		result, err := s.do(ctx, message{method: "tools/list", params: params})
		if err != nil {
			return nil, err
		}
		var page struct {
			Tools []json.RawMessage `json:"tools"`
			Next  *string           `json:"nextCursor"`
		}
		if err := strictjson.Unmarshal(result, &page); err != nil {
			return nil, fmt.Errorf("%s: the list of tools: %w", clean(s.resource), err)
		}
		for _, raw := range page.Tools {
			tool, err := readTool(raw)
			if err != nil {
				s.client.cfg.Tell(fmt.Sprintf("The tool %q is left out: %s.", clean(tool.Name), clean(err.Error())))
				continue
			}
			list = append(list, tool)
		}
		if len(list) > maxTools {
			break
		}
		if page.Next == nil {
			return list, nil
		}
		params = map[string]any{"cursor": *page.Next}
	}
	return nil, errors.New("the list of tools does not end")
}

// readTool reads one definition. A client has to leave out what asks for headers in a wrong way (MCP 2026-07-28, "Schema
// Extension").
func readTool(raw json.RawMessage) (Tool, error) {
	tool := Tool{Raw: raw}
	var more struct {
		Schema json.RawMessage `json:"inputSchema"`
	}
	if err := errors.Join(strictjson.Unmarshal(raw, &tool), strictjson.Unmarshal(raw, &more)); err != nil {
		return tool, errors.New("its definition cannot be read")
	}
	if tool.Name == "" || more.Schema == nil {
		return tool, errors.New("it has no name or no input schema")
	}
	headers, mistakes, err := paramheader.Scan(more.Schema)
	if err != nil {
		return tool, err
	}
	if len(mistakes) > 0 {
		return tool, fmt.Errorf("its header for %s", mistakes[0])
	}
	tool.headers = headers
	if err := strictjson.Unmarshal(more.Schema, &tool.schema); err != nil {
		return tool, errors.New("its input schema cannot be read")
	}
	tool.Arguments = tool.schema.arguments()
	return tool, nil
}
