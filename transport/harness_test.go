package transport_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"
	"go.uber.org/goleak"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/transport"
	"github.com/sallyport-mcp/sallyport/transport/message"
)

func TestMain(m *testing.M) {
	// net/http lingers half a second before it closes a connection whose
	// client has sent too much.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("net/http.(*conn).closeWriteAndWait"))
}

// fakeVerifier knows its tokens by heart.
type fakeVerifier struct {
	mu      sync.Mutex
	callers map[string]authz.Principal
	asked   []string
}

type tokenError struct {
	unavailable bool
	after       time.Duration
}

func (e *tokenError) Error() string             { return "secret detail about the token" }
func (e *tokenError) Reason() string            { return "signature" }
func (e *tokenError) Unavailable() bool         { return e.unavailable }
func (e *tokenError) RetryAfter() time.Duration { return e.after }

func (v *fakeVerifier) Verify(_ context.Context, raw string) (authz.Principal, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.asked = append(v.asked, raw)
	switch raw {
	case "down":
		return authz.Principal{}, fmt.Errorf("verify: %w", &tokenError{unavailable: true, after: 1500 * time.Millisecond})
	case "plain-error":
		return authz.Principal{}, errors.New("secret detail about the token")
	case "panic":
		panic("secret detail about the token")
	}
	who, ok := v.callers[raw]
	if !ok {
		return authz.Principal{}, &tokenError{}
	}
	return who, nil
}

// count returns how many tokens it was asked about.
func (v *fakeVerifier) count() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.asked)
}

// record is one line of the fake audit.
type record struct {
	kind   string // "allow", "deny" (by Admit), "refused" (before it)
	who    string
	method string
	name   string
	reason string
	info   transport.Info
}

// fakeGate decides by names and keeps records.
type fakeGate struct {
	mu      sync.Mutex
	records []record
	tools   map[string]mcpserver.ServerTool
	res     map[string]mcpserver.ServerResource
	tmpl    map[string]mcpserver.ServerResourceTemplate
	recheck func() *transport.Refusal
	admit   func(ctx context.Context, who authz.Principal, msg *message.Message) (*transport.Pass, *transport.Refusal)
}

func (g *fakeGate) add(ctx context.Context, kind string, who *authz.Principal, msg *message.Message, why *transport.Refusal) {
	r := record{kind: kind}
	r.info, _ = transport.InfoFrom(ctx)
	if who != nil {
		r.who = who.Subject
	}
	if msg != nil {
		r.method, r.name = msg.Method, msg.Name
	}
	if why != nil {
		r.reason = why.Reason
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.records = append(g.records, r)
}

func (g *fakeGate) Refused(ctx context.Context, who *authz.Principal, msg *message.Message, why *transport.Refusal) {
	g.add(ctx, "refused", who, msg, why)
}

func (g *fakeGate) Admit(
	ctx context.Context, who authz.Principal, msg *message.Message, mirror transport.Mirror,
) (*transport.Pass, *transport.Refusal) {
	if msg.Method == "tools/call" && msg.Name == "mirrored" {
		if why := mirror(map[string][]string{"Mcp-Param-Region": {"place", "region"}, "Mcp-Param-N": {"n"}}); why != nil {
			g.add(ctx, "refused", &who, msg, why)
			return nil, why
		}
	}
	decide := g.decide
	if g.admit != nil {
		decide = g.admit
	}
	pass, why := decide(ctx, who, msg)
	kind := "allow"
	if why != nil || pass == nil {
		kind = "deny"
	}
	g.add(ctx, kind, &who, msg, why)
	return pass, why
}

func (g *fakeGate) AdmitSession(ctx context.Context, who authz.Principal, verb string) (*transport.Pass, *transport.Refusal) {
	g.add(ctx, "allow", &who, &message.Message{Method: verb}, nil)
	return &transport.Pass{Context: ctx, Subscription: g.heard(&who), Recheck: g.recheck}, nil
}

// heard is a subscription in which alice hears of everything, others of nothing
// whose name begins with secret.
func (g *fakeGate) heard(who *authz.Principal) *transport.Subscription {
	return &transport.Subscription{Sees: func(c transport.Change) bool {
		return who.Subject == "alice" || !slices.ContainsFunc(c.Names, func(n string) bool { return strings.HasPrefix(n, "secret") })
	}}
}

func (g *fakeGate) decide(ctx context.Context, who authz.Principal, msg *message.Message) (*transport.Pass, *transport.Refusal) {
	seen, _ := authz.PrincipalFrom(ctx)
	if seen.Subject != who.Subject {
		return nil, transport.Internal("no principal in the context")
	}
	pass := &transport.Pass{Context: ctx, Tools: maps.Clone(g.tools), Resources: maps.Clone(g.res), Templates: g.tmpl, Recheck: g.recheck}
	if who.Subject != "alice" {
		maps.DeleteFunc(pass.Tools, func(name string, _ mcpserver.ServerTool) bool { return strings.HasPrefix(name, "secret") })
		maps.DeleteFunc(pass.Resources, func(uri string, _ mcpserver.ServerResource) bool { return strings.HasPrefix(uri, "secret") })
	}
	switch msg.Method {
	case "tools/call":
		switch {
		case msg.Name == "needs_scope":
			return nil, transport.InsufficientScope([]string{"notes:write", "notes:read"})
		case msg.Name == "forbidden":
			return nil, transport.Denied("notes:delete")
		case pass.Tools[msg.Name].Handler == nil:
			return nil, transport.UnknownOperation("tool")
		}
	case "tools/list", "resources/list", "resources/templates/list", "prompts/list", "resources/read",
		"prompts/get", "completion/complete", "server/discover":
		if msg.Older() && msg.Method == "server/discover" {
			return nil, transport.UnknownMethod()
		}
	case "subscriptions/listen":
		pass.Subscription = g.heard(&who)
		pass.Subscription.Filter = *msg.Filter
		pass.Subscription.Filter.URIs = slices.DeleteFunc(slices.Clone(msg.Filter.URIs), func(uri string) bool {
			return pass.Resources[uri].Handler == nil
		})
	case "initialize", "ping", "logging/setLevel", "resources/subscribe", "resources/unsubscribe":
		if !msg.Older() {
			return nil, transport.UnknownMethod()
		}
	default:
		return nil, transport.UnknownMethod()
	}
	return pass, nil
}

func (g *fakeGate) count() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.records)
}

func (g *fakeGate) last() record {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.records) == 0 {
		return record{}
	}
	return g.records[len(g.records)-1]
}

// harness is a running server with one canary: ran counts tool executions.
type harness struct {
	url      string
	host     string
	gate     *fakeGate
	verifier *fakeVerifier
	mcp      *mcpserver.MCPServer
	logs     *lockedBuffer
	ran      atomic.Int64
	config   transport.Config
	made     func(*transport.Endpoint)

	waiting chan string   // what a tool that waits says when it starts
	release chan struct{} // closed to let such tools finish
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// start runs a server on a free port. Adjust changes its Config.
func start(t *testing.T, adjust ...func(*harness)) *harness {
	t.Helper()
	h := &harness{gate: new(fakeGate), logs: new(lockedBuffer), waiting: make(chan string), release: make(chan struct{})}
	h.verifier = &fakeVerifier{callers: map[string]authz.Principal{
		"good":  {Issuer: "https://i", Subject: "alice", Client: "c", Expires: time.Now().Add(time.Hour)},
		"bob":   {Issuer: "https://i", Subject: "bob", Client: "c", Expires: time.Now().Add(time.Hour)},
		"other": {Issuer: "https://i", Subject: "alice", Client: "d", Expires: time.Now().Add(time.Hour)},
	}}
	h.mcp = mcpserver.NewMCPServer("test", "1",
		mcpserver.WithToolCapabilities(true), mcpserver.WithResourceCapabilities(true, true),
		mcpserver.WithPromptCapabilities(true), mcpserver.WithLogging(), mcpserver.WithTaskCapabilities(true, true, true),
		mcpserver.WithCacheHints(5000, mcp.CacheScopePublic), mcpserver.WithCompletions())
	h.register()
	server := httptest.NewUnstartedServer(nil)
	h.host = server.Listener.Addr().String()
	h.url = "http://" + h.host + "/mcp"
	h.config = transport.Config{
		Resource: h.url, AuthorizationServers: []string{"https://issuer.example"}, InitialScopes: []string{"notes:read", "offline_access"},
		ResourceName: "Notes", Verifier: h.verifier, Gate: h.gate, MCP: h.mcp, Logger: slog.New(slog.NewTextHandler(h.logs, nil)),
		ParamHeaderNames: []string{"Mcp-Param-Region", "mcp-param-n"},
	}
	var err error
	if h.config.Limits, err = transport.NewLimits(transport.Quotas{}, nil); err != nil {
		t.Fatal(err)
	}
	for _, f := range adjust {
		f(h)
	}
	handler, err := transport.New(h.config)
	if err != nil {
		t.Fatal(err)
	}
	if h.made != nil {
		h.made(handler)
	}
	limits := transport.NewHTTPServer(handler)
	limits.ErrorLog = slog.NewLogLogger(h.config.Logger.Handler(), slog.LevelError)
	server.Config = limits
	server.Start()
	t.Cleanup(func() {
		server.Close()
		http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	})
	return h
}

// tool registers a tool whose handler counts itself.
func (h *harness) tool(name string, handler mcpserver.ToolHandlerFunc) {
	if h.gate.tools == nil {
		h.gate.tools = map[string]mcpserver.ServerTool{}
	}
	h.gate.tools[name] = mcpserver.ServerTool{
		Tool: mcp.NewTool(name),
		Handler: func(ctx context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			h.ran.Add(1)
			return handler(ctx, r)
		},
	}
}

func text(s string) mcpserver.ToolHandlerFunc {
	return func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultText(s), nil
	}
}

func (h *harness) register() {
	for _, name := range []string{"allowed", "forbidden", "needs_scope", "mirrored", "secret_1", "secret_2"} {
		h.tool(name, text("ok"))
	}
	h.gate.res = map[string]mcpserver.ServerResource{}
	for _, uri := range []string{"note://1", "note://2", "secret://3", "note://4", "note://5"} {
		h.gate.res[uri] = mcpserver.ServerResource{
			Resource: mcp.NewResource(uri, uri),
			Handler: func(context.Context, mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
				return []mcp.ResourceContents{mcp.TextResourceContents{URI: uri, Text: "text"}}, nil
			},
		}
	}
	h.gate.tmpl = map[string]mcpserver.ServerResourceTemplate{
		"t://{id}": {Template: mcp.NewResourceTemplate("t://{id}", "t")},
	}
	h.mcp.AddPrompt(mcp.NewPrompt("p"), func(context.Context, mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
		return &mcp.GetPromptResult{Messages: []mcp.PromptMessage{}}, nil
	})
}

const meta = `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}`

// rpc is the body of a request of revision 2026-07-28. Members are further
// members of params, with a trailing comma each.
func rpc(method, members string) string {
	return `{"jsonrpc":"2.0","id":1,"method":"` + method + `","params":{` + members + meta + `}}`
}

func callBody(tool string) string { return rpc("tools/call", `"name":"`+tool+`",`) }

// request builds a good POST for a body.
func (h *harness) request(body string) *http.Request {
	r, err := http.NewRequest(http.MethodPost, h.url, strings.NewReader(body))
	if err != nil {
		panic(err)
	}
	r.Header.Set("Authorization", "Bearer good")
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	r.Header.Set("MCP-Protocol-Version", "2026-07-28")
	var m struct {
		Method string `json:"method"`
		Params struct {
			Name string `json:"name"`
			URI  string `json:"uri"`
		} `json:"params"`
	}
	_ = json.Unmarshal([]byte(body), &m)
	r.Header.Set("Mcp-Method", m.Method)
	if name := m.Params.Name + m.Params.URI; name != "" {
		r.Header.Set("Mcp-Name", name)
	}
	return r
}

// answer is a whole HTTP answer.
type answer struct {
	status int
	header http.Header
	body   string
}

// rpcAnswer is the JSON-RPC part of an answer.
type rpcAnswer struct {
	ID     json.RawMessage `json:"id"`
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Code    int            `json:"code"`
		Message string         `json:"message"`
		Data    map[string]any `json:"data"`
	} `json:"error"`
}

func (a answer) rpc(t *testing.T) rpcAnswer {
	t.Helper()
	var r rpcAnswer
	if err := json.Unmarshal([]byte(a.body), &r); err != nil {
		t.Fatalf("status %d, body %q: %v", a.status, a.body, err)
	}
	return r
}

func send(t *testing.T, r *http.Request) answer {
	t.Helper()
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{status: response.StatusCode, header: response.Header, body: string(body)}
}

// accepted sends the good request and expects it to run the tool once.
func (h *harness) accepted(t *testing.T, r *http.Request) answer {
	t.Helper()
	before := h.ran.Load()
	a := send(t, r)
	if a.status != http.StatusOK || a.rpc(t).Result == nil || h.ran.Load() != before+1 {
		t.Fatalf("twin: status %d, ran %d: %s", a.status, h.ran.Load()-before, a.body)
	}
	return a
}

// refused sends a defective request: the canary must not run, one record must
// be written, and the answer must be status with a JSON-RPC error of code.
func (h *harness) refused(t *testing.T, r *http.Request, status, code int) answer {
	t.Helper()
	ran, records := h.ran.Load(), h.gate.count()
	a := send(t, r)
	if a.status != status {
		t.Errorf("status %d, want %d: %s", a.status, status, a.body)
	}
	if r.Method != http.MethodHead {
		got := a.rpc(t)
		if got.Error == nil || got.Error.Code != code || got.Result != nil {
			t.Errorf("body %s, want error %d", a.body, code)
		}
	}
	if n := h.ran.Load() - ran; n != 0 {
		t.Errorf("%d tools ran", n)
	}
	if n := h.gate.count() - records; n != 1 {
		t.Errorf("%d records, want 1", n)
	}
	if k := h.gate.last().kind; k == "allow" {
		t.Error("recorded as allowed")
	}
	if a.header.Get("Cache-Control") != "no-store" || a.header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("headers %v", a.header)
	}
	return a
}

// defect is one way to spoil a good request.
type defect struct {
	name   string
	spoil  func(*http.Request)
	status int
	code   int
}

// defects refuses each of them, and accepts the same request without.
func (h *harness) defects(t *testing.T, body string, list []defect) {
	t.Helper()
	for _, d := range list {
		t.Run(d.name, func(t *testing.T) {
			r := h.request(body)
			d.spoil(r)
			h.refused(t, r, d.status, d.code)
			h.accepted(t, h.request(body))
		})
	}
}

func set(name string, values ...string) func(*http.Request) {
	return func(r *http.Request) {
		name := http.CanonicalHeaderKey(name)
		r.Header[name] = slices.Clone(values)
		if len(values) == 0 {
			delete(r.Header, name)
		}
	}
}
