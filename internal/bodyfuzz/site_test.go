package bodyfuzz

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/server/servertest"
	"github.com/sallyport-mcp/sallyport/tools"
	"github.com/sallyport-mcp/sallyport/transport"
)

const policy = `
p, role:member, note, use, allow
p, role:member, bytes, use, allow
p, role:member, region, use, allow
p, role:member, ask, use, allow
p, role:member, config, read, allow
p, role:member, table/public, read, allow
p, role:member, user/bob, read, allow
p, role:member, greet, use, allow
p, role:admin, *, *, allow
p, client:evil, *, *, deny
g, role:admin, role:member
g, user:alice, role:admin
g, user:bob, role:member
g, user:carol, role:member
`

// execution is one run of something of the author's, as it noted it.
type execution struct {
	request string // the id that the server gave the request
	who     authz.Principal
	method  string
	name    string // of a resource: the URI
	// arguments are the bytes that a raw tool was given, and otherwise what was decoded, as JSON.
	arguments string
}

// ledger keeps what ran and what the audit says, by the trace id that a request came with.
type ledger struct {
	mu      sync.Mutex
	ran     map[string][]execution
	records map[string][]record
	lines   uint64
	partial []byte
	grown   chan struct{}
}

// record is a line of the audit.
type record struct {
	Request  string `json:"request_id"`
	Trace    string `json:"trace_id"`
	Issuer   string `json:"issuer"`
	Subject  string `json:"subject"`
	Client   string `json:"client"`
	Method   string `json:"method"`
	Name     string `json:"name"`
	Decision string `json:"decision"`
	Reason   string `json:"reason"`
}

func newLedger() *ledger {
	return &ledger{ran: map[string][]execution{}, records: map[string][]record{}, grown: make(chan struct{}, 1)}
}

// note is called by everything that runs.
func (l *ledger) note(ctx context.Context, method, name, arguments string) {
	info, _ := transport.InfoFrom(ctx)
	who, _ := authz.PrincipalFrom(ctx)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ran[info.TraceID] = append(l.ran[info.TraceID], execution{info.RequestID, who, method, name, arguments})
}

// Write takes lines of the audit.
func (l *ledger) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.partial = append(l.partial, p...)
	for {
		line, rest, whole := bytes.Cut(l.partial, []byte("\n"))
		if !whole {
			break
		}
		var r record
		if err := json.Unmarshal(line, &r); err != nil {
			return 0, err
		}
		l.records[r.Trace] = append(l.records[r.Trace], r)
		l.lines++
		l.partial = rest
	}
	l.partial = bytes.Clone(l.partial)
	select {
	case l.grown <- struct{}{}:
	default:
	}
	return len(p), nil
}

// take waits until the audit has written all it knows, and hands out what there is.
func (l *ledger) take(t *testing.T, s *server.Server) (map[string][]execution, map[string][]record) {
	t.Helper()
	limit := time.NewTimer(10 * time.Second)
	defer limit.Stop()
	for {
		l.mu.Lock()
		if l.lines >= s.AuditStats().Decisions {
			ran, records := l.ran, l.records
			l.ran, l.records = map[string][]execution{}, map[string][]record{}
			l.mu.Unlock()
			return ran, records
		}
		l.mu.Unlock()
		select {
		case <-l.grown:
		case <-limit.C:
			t.Fatalf("the audit holds %d lines of %d decisions", l.lines, s.AuditStats().Decisions)
		}
	}
}

// typedIn is what the typed tools take.
type typedIn struct {
	Text string          `json:"text"`
	ID   int64           `json:"id,omitempty"`
	Any  json.RawMessage `json:"any,omitempty"`
}

type tableIn struct {
	Table string `json:"table"`
	Limit int64  `json:"limit,omitempty"`
}

type regionIn struct {
	Region string `json:"region" header:"Region"`
	N      int64  `json:"n,omitempty" header:"N"`
}

// encode writes what was decoded, so that it can be compared.
func encode(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return "unencodable: " + err.Error()
	}
	return strings.TrimSpace(b.String())
}

func typedTool[In any](l *ledger, name, scope string, permissions ...string) tools.Tool {
	return tools.Tool{
		Name: name, Description: "Takes arguments.", Scopes: []string{scope}, Permissions: permissions,
		Handler: tools.Typed(func(ctx context.Context, in In) (string, error) {
			l.note(ctx, "tools/call", name, encode(in))
			return "ran", nil
		}),
	}
}

func rawTool(l *ledger, name string, asks bool) tools.Tool {
	return tools.Tool{
		Name: name, Description: "Takes anything.", Scopes: []string{name + ":use"},
		Handler: tools.Raw(tools.SchemaJSON(`{"type":"object"}`), func(ctx context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			l.note(ctx, "tools/call", r.Params.Name, string(r.Params.RawArguments))
			if asks && r.Params.RequestState == "" {
				later := &mcp.CallToolResult{Content: []mcp.Content{}}
				later.ResultType, later.RequestState = mcp.ResultTypeInputRequired, "asked"
				return later, nil
			}
			return mcp.NewToolResultText("ran"), nil
		}),
	}
}

func operations(l *ledger) server.Config {
	read := func(ctx context.Context, r tools.ResourceRequest) (tools.Contents, error) {
		l.note(ctx, "resources/read", r.URI, encode(r.Variables))
		return tools.Text("ran"), nil
	}
	complete := func(name string, arguments ...string) map[string]tools.CompleteFunc {
		all := map[string]tools.CompleteFunc{}
		for _, argument := range arguments {
			all[argument] = func(ctx context.Context, typed string) ([]string, error) {
				l.note(ctx, "completion/complete", name, encode([]string{argument, typed}))
				return []string{"bob", "alice"}, nil
			}
		}
		return all
	}
	prompt := func(name string) tools.Prompt {
		return tools.Prompt{
			Name: name, Description: "Says something.", Scopes: []string{name + ":use"},
			Arguments: []tools.Argument{{Name: "tone", Required: true}, {Name: "to"}}, Complete: complete(name, "tone", "to"),
			Get: func(ctx context.Context, arguments map[string]string) ([]tools.Message, error) {
				l.note(ctx, "prompts/get", name, encode(arguments))
				return []tools.Message{tools.User("ran")}, nil
			},
		}
	}
	return server.Config{
		Name: "bodyfuzz", Limits: server.Off, Audit: "stdout", Stdout: l, Logger: slog.New(slog.DiscardHandler),
		Tools: []tools.Tool{
			typedTool[typedIn](l, "note", "note:use"), typedTool[typedIn](l, "wipe", "wipe:use"),
			typedTool[tableIn](l, "query", "tables:read", "table/{table}:read"), typedTool[regionIn](l, "region", "region:use"),
			rawTool(l, "bytes", false), rawTool(l, "bytes_wipe", false), rawTool(l, "ask", true),
		},
		Resources: []tools.Resource{
			{URI: "app://config", Name: "config", Description: "Settings.", Scopes: []string{"config:read"}, Read: read},
			{URI: "app://plans", Name: "plans", Description: "Plans.", Scopes: []string{"plans:read"}, Read: read},
			{
				URI: "user://{id}", Name: "user", Description: "One user.", Scopes: []string{"users:read"}, Permissions: []string{"user/{id}:read"},
				Read: read, Complete: complete("user://{id}", "id"),
			},
		},
		Prompts: []tools.Prompt{prompt("greet"), prompt("plot")},
	}
}

// site is a running server with its callers.
type site struct {
	*servertest.Server
	*ledger
	address  string
	callers  []caller
	sessions [][]string // by era and caller
	states   []string   // by caller: what the tool ask has left with it
	bends    []bend
}

func newSite(t *testing.T) *site {
	t.Helper()
	l := newLedger()
	cfg := operations(l)
	cfg.Policy = filepath.Join(t.TempDir(), "policy.csv")
	if err := os.WriteFile(cfg.Policy, []byte(policy), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &site{Server: servertest.Start(t, cfg), ledger: l, callers: callers(), bends: bends()}
	s.address = strings.TrimPrefix(s.Origin(), "http://")
	if _, _, err := net.SplitHostPort(s.address); err != nil {
		t.Fatal(err)
	}
	for i, c := range s.callers {
		claims := map[string]any{"exp": time.Now().Add(3 * time.Hour).Unix()}
		s.callers[i].token = s.Token(t, servertest.Caller{Subject: c.subject, Client: c.client, Claims: claims}, c.scopes...)
		s.states = append(s.states, s.stateOf(t, s.callers[i]))
	}
	for _, revision := range eras() {
		var ids []string
		for _, c := range s.callers {
			ids = append(ids, s.sessionOf(t, c, revision))
		}
		s.sessions = append(s.sessions, ids)
	}
	s.take(t, s.Server.Server()) // what was done here is not looked at
	return s
}

// sessionOf begins a session; revision 2026-07-28 has none.
func (s *site) sessionOf(t *testing.T, c caller, revision string) string {
	t.Helper()
	if revision == stateless {
		return ""
	}
	body := `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"` + revision +
		`","capabilities":{},"clientInfo":{"name":"bodyfuzz","version":"1"}}}`
	a := s.Client(t, c.token).InSession("").SendRaw(nil, []byte(body))
	if id := a.Header.Get("Mcp-Session-Id"); a.OK() && id != "" {
		return id
	}
	t.Fatalf("initialize: %v", a)
	return ""
}

// stateOf has the tool ask leave its state with a caller, if it may be called.
func (s *site) stateOf(t *testing.T, c caller) string {
	t.Helper()
	var result struct {
		State string `json:"requestState"`
	}
	a := s.Client(t, c.token).Call("ask", map[string]any{})
	if a.Result != nil && json.Unmarshal(a.Result, &result) != nil {
		t.Fatalf("ask: %v", a)
	}
	return result.State
}
