package server_test

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/server/servertest"
	"github.com/sallyport-mcp/sallyport/tools"
)

// interviewer asks two rounds of questions and notes what it is given.
type interviewer struct{ seen []string }

// next returns what to ask, nil when there is nothing left.
func (i *interviewer) next(given mcp.MultiRoundTripParams) *mcpserver.InputRequestBuilder {
	i.seen = append(i.seen, given.RequestState+":"+strings.Join(slices.Sorted(maps.Keys(given.InputResponses)), ","))
	form := mcp.ElicitationParams{Message: "?", RequestedSchema: map[string]any{"type": "object", "properties": map[string]any{}}}
	switch given.RequestState {
	case "":
		return mcpserver.NewInputRequestBuilder("swordfish").Elicit("name", form)
	case "swordfish":
		return mcpserver.NewInputRequestBuilder("tench").Sample("thought", mcp.CreateMessageParams{MaxTokens: 1}).Roots("roots")
	}
	return nil
}

func (i *interviewer) add(c *server.Config) {
	c.Tools = append(c.Tools, tools.Tool{
		Name: "interview", Description: "Asks.", Scopes: []string{"echo:use"},
		Handler: tools.Raw(tools.SchemaJSON(`{"type": "object"}`), func(_ context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			if ask := i.next(r.Params.MultiRoundTripParams); ask != nil {
				return ask.ToolResult(), nil
			}
			return mcp.NewToolResultText("done"), nil
		}),
	})
	c.Prompts = append(c.Prompts, tools.Prompt{
		Name: "interview", Description: "Asks.", Scopes: []string{"echo:use"},
		GetRaw: func(_ context.Context, r mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
			if ask := i.next(r.Params.MultiRoundTripParams); ask != nil {
				return ask.PromptResult(), nil
			}
			return mcp.NewGetPromptResult("", []mcp.PromptMessage{mcp.NewPromptMessage(mcp.RoleUser, mcp.NewTextContent("done"))}), nil
		},
	})
}

// TestM24_RoundsOfOlderRevisions has a tool and a prompt ask a client over two rounds,
// with requests of the server, and each client answers by POST.
func TestM24_RoundsOfOlderRevisions(t *testing.T) {
	good := map[string]any{
		"elicitation/create":     map[string]any{"action": "accept", "content": map[string]any{"name": "Ada"}},
		"sampling/createMessage": map[string]any{"role": "assistant", "model": "m", "content": map[string]any{"type": "text", "text": "hm"}},
		"roots/list":             map[string]any{"roots": []any{map[string]any{"uri": "file:///x"}}},
	}
	everything := []string{"elicitation", "sampling", "roots"}
	for name, c := range map[string]struct {
		can     []string
		answers map[string]any
		seen    []string
		ok      bool
	}{
		"answered":             {everything, good, []string{":", "swordfish:name", "tench:roots,thought"}, true},
		"declined":             {everything, with(good, "elicitation/create", nil), []string{":"}, false},
		"no elicitation":       {[]string{"sampling", "roots"}, good, []string{":"}, false},
		"no sampling":          {[]string{"elicitation", "roots"}, good, []string{":", "swordfish:name"}, false},
		"of another kind":      {everything, with(good, "elicitation/create", good["roots/list"]), []string{":"}, false},
		"no action there is":   {everything, with(good, "elicitation/create", map[string]any{"action": "obey"}), []string{":"}, false},
		"another case":         {everything, with(good, "elicitation/create", map[string]any{"Action": "accept"}), []string{":"}, false},
		"no model":             {everything, with(good, "sampling/createMessage", map[string]any{"role": "user", "content": map[string]any{"type": "text", "text": "x"}}), []string{":", "swordfish:name"}, false},
		"a root without a URI": {everything, with(good, "roots/list", map[string]any{"roots": []any{map[string]any{}}}), []string{":", "swordfish:name"}, false},
	} {
		for _, kind := range []string{"tool", "prompt"} {
			t.Run(name+" "+kind, func(t *testing.T) {
				i := &interviewer{}
				f := start(t, i.add)
				bob := f.as(t, "bob", "echo:use").Older(c.can...).Answering(func(method string, _ json.RawMessage) any { return c.answers[method] })
				var a *servertest.Answer
				if kind == "tool" {
					a = bob.Call("interview", map[string]any{"n": 9007199254740993})
				} else {
					a = bob.Prompt("interview", nil)
				}
				if a.OK() != c.ok || (c.ok && a.Text() != "done") {
					t.Errorf("%v", a)
				}
				if diff := cmp.Diff(c.seen, i.seen); diff != "" {
					t.Errorf("the handler saw (-want +got)\n%s", diff)
				}
				for _, event := range append(a.Events, a.Body) {
					if strings.Contains(string(event), "swordfish") || strings.Contains(string(event), "requestState") {
						t.Errorf("the state went out: %s", event)
					}
				}
				late := func(line string) bool { return strings.Contains(line, `"reason":"response_unasked"`) }
				if lines := slices.DeleteFunc(f.Records(t, 2), late); len(lines) != 2 {
					t.Errorf("records of initialize and one call: %s", lines)
				}
			})
		}
	}
}

// with returns the answers with one of them changed.
func with(answers map[string]any, method string, answer any) map[string]any {
	changed := maps.Clone(answers)
	changed[method] = answer
	return changed
}
