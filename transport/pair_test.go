package transport_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/transport"
	"github.com/sallyport-mcp/sallyport/transport/message"
)

// pair notes what the gate and what the handler of one request see.
type pair struct {
	asked, ran                    int
	gateName, gateArguments       string
	handlerName, handlerArguments string
	tools                         map[string]mcpserver.ServerTool
	discard                       fakeGate
	verifier                      fakeVerifier
}

func (p *pair) Admit(_ context.Context, _ authz.Principal, msg *message.Message, _ transport.Mirror) (*transport.Pass, *transport.Refusal) {
	p.asked++
	p.gateName, p.gateArguments = msg.Name, canonical(msg.Arguments)
	return &transport.Pass{Tools: p.tools}, nil
}

func (p *pair) AdmitSession(context.Context, authz.Principal, string) (*transport.Pass, *transport.Refusal) {
	return nil, transport.UnknownMethod()
}

func (p *pair) Refused(ctx context.Context, who *authz.Principal, msg *message.Message, why *transport.Refusal) {
	p.discard.Refused(ctx, who, msg, why)
}

// canonical makes arguments comparable: decoded with the same library that
// mcp-go uses, which keeps numbers as float64.
func canonical(arguments json.RawMessage) string {
	var v any
	if len(arguments) > 0 && json.Unmarshal(arguments, &v) != nil {
		return "invalid"
	}
	b, _ := json.Marshal(v)
	return string(b)
}

func (p *pair) handler(t testing.TB) http.Handler { return p.observed(t, nil) }

func (p *pair) observed(t testing.TB, observer transport.Observer) http.Handler {
	t.Helper()
	p.verifier.callers = map[string]authz.Principal{"good": {Subject: "alice", Expires: time.Now().Add(time.Hour)}}
	run := func(_ context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		p.ran++
		p.handlerName = r.Params.Name
		b, _ := json.Marshal(r.Params.Arguments)
		p.handlerArguments = string(b)
		return mcp.NewToolResultText("ok"), nil
	}
	p.tools = map[string]mcpserver.ServerTool{}
	for _, name := range []string{"allowed", "forbidden"} {
		p.tools[name] = mcpserver.ServerTool{Tool: mcp.NewTool(name), Handler: run}
	}
	handler, err := transport.New(transport.Config{
		Resource: "http://h/mcp", AuthorizationServers: []string{"https://i"}, Verifier: &p.verifier, Gate: p, Observer: observer,
		MCP: mcpserver.NewMCPServer("t", "1", mcpserver.WithToolCapabilities(false)),
	})
	if err != nil {
		t.Fatal(err)
	}
	return handler
}

// post sends the body with headers that mirror what a careless reader sees.
func (p *pair) post(handler http.Handler, body string) {
	h := &harness{url: "http://h/mcp"}
	r := h.request(body)
	server := httptest.NewRequest(http.MethodPost, "http://h/mcp", strings.NewReader(body))
	server.Header = r.Header
	handler.ServeHTTP(httptest.NewRecorder(), server)
}
