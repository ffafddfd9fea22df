package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/sallyport-mcp/sallyport/internal/issuertest"
	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/server/servertest"
	"github.com/sallyport-mcp/sallyport/tools"
	"github.com/sallyport-mcp/sallyport/transport/token"
)

// cluster is what the replicas of one server have in common.
type cluster struct {
	issuers []*issuertest.Issuer
	now     time.Time
}

func newCluster() *cluster {
	return &cluster{
		issuers: []*issuertest.Issuer{issuertest.New("https://one.example"), issuertest.New("https://two.example")},
		now:     time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
	}
}

// node is one replica. What its handlers see of earlier rounds is in seen.
type node struct {
	*server.Server
	handler http.Handler
	url     string
	seen    []string
	records *journal
	log     *journal
}

const clusterPolicy = `
p, anyone, ask, use, allow
p, anyone, again, use, allow
p, user:two.example/bob, ask, use, allow
p, user:mallory, ask, use, deny
`

// start runs a replica. The functions may change its configuration.
func (c *cluster) start(t *testing.T, change ...func(*server.Config)) *node {
	t.Helper()
	n := &node{records: &journal{}, log: &journal{}}
	policy := filepath.Join(t.TempDir(), "policy.csv")
	writeFile(t, policy, clusterPolicy)
	cfg := server.Config{
		Name: "cluster", PublicURL: "https://cluster.example", Policy: policy,
		Tools: n.tools(), Prompts: n.prompts(), Resources: []tools.Resource{{
			URI: "app://config", Name: "config", Description: "Settings.", Scopes: []string{"ask:use"},
			Read: func(context.Context, tools.ResourceRequest) (tools.Contents, error) {
				n.seen = append(n.seen, "read")
				return tools.Text("x"), nil
			},
		}},
		Audit: "stdout", Stdout: n.records, Logger: slog.New(slog.NewTextHandler(n.log, nil)), Now: func() time.Time { return c.now },
	}
	for _, issuer := range c.issuers {
		cfg.Issuers = append(cfg.Issuers, token.Issuer{URL: issuer.URL(), Keys: issuer.JWKS})
	}
	for _, f := range change {
		f(&cfg)
	}
	s, err := server.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	if n.handler, err = s.Handler(server.DefaultPath); err != nil {
		t.Fatal(err)
	}
	n.Server, n.url = s, cfg.PublicURL+server.DefaultPath
	return n
}

// withKeys gives a replica the keys that are all made of these bytes.
func withKeys(fill ...byte) func(*server.Config) {
	return func(c *server.Config) {
		for _, b := range fill {
			c.SealingKeys = append(c.SealingKeys, bytes.Repeat([]byte{b}, 32))
		}
	}
}

// tools returns tools that ask for everything until something is given.
func (n *node) tools() []tools.Tool {
	asking := func(name string) tools.Tool {
		return tools.Tool{
			Name: name, Description: "Asks.", Scopes: []string{name + ":use"},
			Handler: tools.Raw(tools.SchemaJSON(`{"type": "object"}`), func(_ context.Context, request mcp.CallToolRequest) (*mcp.CallToolResult, error) {
				if n.see(request.Params.MultiRoundTripParams) {
					return mcp.NewToolResultText("done"), nil
				}
				return n.question(string(request.Params.RawArguments)).ToolResult(), nil
			}),
		}
	}
	return []tools.Tool{
		asking("ask"), asking("again"),
		{
			Name: "typed", Description: "Cannot ask.", Scopes: []string{"ask:use"},
			Handler: tools.Typed(func(context.Context, struct{}) (string, error) { n.seen = append(n.seen, "typed"); return "done", nil }),
		},
	}
}

func (n *node) prompts() []tools.Prompt {
	return []tools.Prompt{{
		Name: "ask", Description: "Asks.", Scopes: []string{"ask:use"}, Arguments: []tools.Argument{{Name: "n"}},
		GetRaw: func(_ context.Context, request mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
			if n.see(request.Params.MultiRoundTripParams) {
				return mcp.NewGetPromptResult("", []mcp.PromptMessage{mcp.NewPromptMessage(mcp.RoleUser, mcp.NewTextContent("done"))}), nil
			}
			return n.question(request.Params.Arguments["n"]).PromptResult(), nil
		},
	}}
}

// see notes what a handler was given and tells whether it was given anything.
func (n *node) see(given mcp.MultiRoundTripParams) bool {
	n.seen = append(n.seen, given.RequestState+" "+strings.Join(slices.Sorted(maps.Keys(given.InputResponses)), " "))
	return len(given.InputResponses) > 0
}

// question keeps the arguments in the state, with a word to look for.
func (n *node) question(arguments string) *mcpserver.InputRequestBuilder {
	return mcpserver.NewInputRequestBuilder("swordfish "+arguments).
		Elicit("name", mcp.ElicitationParams{Message: "?", RequestedSchema: map[string]any{"type": "object", "properties": map[string]any{}}}).
		Sample("thought", mcp.CreateMessageParams{MaxTokens: 1}).
		Roots("roots")
}

// request is a request that can be changed in one place.
type request struct {
	node            *node
	issuer          int
	subject, client string
	scopes          string
	method, name    string
	arguments       string // JSON
	state           any    // left out if nil
	responses       string // JSON
}

// first is the request that everything begins with.
func (n *node) first() request {
	return request{
		node: n, subject: "bob", client: "desk", scopes: "ask:use again:use",
		method: "tools/call", name: "ask", arguments: `{"n":9007199254740992,"text":"hi"}`,
	}
}

func (c *cluster) send(t *testing.T, r request) *servertest.Answer {
	t.Helper()
	issuer := c.issuers[r.issuer]
	bearer := issuer.Sign(issuer.Claims(r.node.url, r.subject, r.client, r.scopes, c.now), nil)
	target := "name"
	if r.method == "resources/read" {
		target = "uri"
	}
	params := map[string]any{target: r.name, "_meta": map[string]any{
		"io.modelcontextprotocol/protocolVersion":    "2026-07-28",
		"io.modelcontextprotocol/clientCapabilities": map[string]any{"elicitation": map[string]any{}, "sampling": map[string]any{}, "roots": map[string]any{}},
	}}
	if r.arguments != "" {
		params["arguments"] = json.RawMessage(r.arguments)
	}
	if r.state != nil {
		params["requestState"] = r.state
	}
	if r.responses != "" {
		params["inputResponses"] = json.RawMessage(r.responses)
	}
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": r.method, "params": params})
	if err != nil {
		t.Fatal(err)
	}
	sent := httptest.NewRequestWithContext(t.Context(), http.MethodPost, r.node.url, bytes.NewReader(body))
	for name, value := range map[string]string{
		"Content-Type": "application/json", "Accept": "application/json, text/event-stream", "Authorization": "Bearer " + bearer,
		"Mcp-Protocol-Version": "2026-07-28", "Mcp-Method": r.method, "Mcp-Name": r.name,
	} {
		sent.Header.Set(name, value)
	}
	got := httptest.NewRecorder()
	r.node.handler.ServeHTTP(got, sent)
	return answerOf(t, got)
}

// answerOf reads a recorded answer.
func answerOf(t *testing.T, got *httptest.ResponseRecorder) *servertest.Answer {
	t.Helper()
	var envelope struct {
		Result json.RawMessage `json:"result"`
		Error  struct {
			Code    int            `json:"code"`
			Message string         `json:"message"`
			Data    map[string]any `json:"data"`
		} `json:"error"`
	}
	if err := json.Unmarshal(got.Body.Bytes(), &envelope); err != nil {
		t.Fatalf("%v in %s", err, got.Body)
	}
	return &servertest.Answer{
		Status: got.Code, Header: got.Header(), Body: got.Body.Bytes(), Result: envelope.Result,
		Code: envelope.Error.Code, Message: envelope.Error.Message, Data: envelope.Error.Data,
	}
}

// stateOf returns the state of an answer that asks for input.
func stateOf(t *testing.T, answer *servertest.Answer) string {
	t.Helper()
	var result struct {
		Type  string                     `json:"resultType"`
		State string                     `json:"requestState"`
		Asked map[string]json.RawMessage `json:"inputRequests"`
	}
	if answer.Result == nil || json.Unmarshal(answer.Result, &result) != nil || result.Type != "input_required" || result.State == "" || len(result.Asked) != 3 {
		t.Fatalf("%v does not ask for input", answer)
	}
	return result.State
}

// sawName is what a handler sees of a retry of the first request with oneAnswer.
const (
	sawName   = `swordfish {"n":9007199254740992,"text":"hi"} name`
	oneAnswer = `{"name": {"action": "accept", "content": {"name": "Ada"}}}`
)
