package server

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/tools"
	"github.com/sallyport-mcp/sallyport/transport"
	"github.com/sallyport-mcp/sallyport/transport/message"
)

// guarded is a server whose handlers count how often they ran.
func guarded(t *testing.T) (*Server, *int) {
	t.Helper()
	runs := 0
	cfg := goodConfig(t)
	cfg.Tools = []tools.Tool{
		echoTool(func(tool *tools.Tool) {
			tool.Handler = tools.Typed(func(_ context.Context, in struct {
				Text string `json:"text"`
			}) (string, error) {
				runs++
				return in.Text, nil
			})
		}),
		echoTool(func(tool *tools.Tool) { tool.Name = "other" }),
	}
	cfg.Resources = []tools.Resource{{
		URI: "a://{b}", Name: "a", Description: "A.", Scopes: []string{"echo:use"},
		Read: func(context.Context, tools.ResourceRequest) (tools.Contents, error) {
			runs++
			return tools.Text("x"), nil
		},
		Complete: map[string]tools.CompleteFunc{"b": func(context.Context, string) ([]string, error) {
			runs++
			return slices.Repeat([]string{"v"}, 150), nil
		}},
	}}
	cfg.Prompts = []tools.Prompt{{
		Name: "p", Description: "P.", Scopes: []string{"echo:use"}, Arguments: []tools.Argument{{Name: "q"}},
		Get: func(context.Context, map[string]string) ([]tools.Message, error) { runs++; return nil, nil },
	}}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s, &runs
}

func admits(arguments json.RawMessage) *allow { return &allow{arguments: arguments} }

// TestGuardFailsClosed reaches every handler without the allow for exactly
// what it is about to run. The twin is the last row of each.
func TestGuardFailsClosed(t *testing.T) {
	s, runs := guarded(t)
	echo, other, resource, prompt := s.ops.tools["echo"], s.ops.tools["other"], s.ops.resources["a://{b}"], s.ops.prompts["p"]
	raw := json.RawMessage(`{"text":"hi"}`)
	admitted := func(op *operation) *allow {
		a := admits(raw)
		a.op, a.arguments, a.uri, a.variables = op, raw, "a://1", map[string]string{"b": "1"}
		return a
	}
	completing := func(op *operation) *allow {
		a := admitted(op)
		a.completion = &message.Completion{RefType: refResource, Argument: "b", Value: "v"}
		return a
	}
	asking := admits(json.RawMessage(`{"q":"hi"}`))
	asking.op = prompt
	callAs := func(name string) func(context.Context, string) error {
		return func(ctx context.Context, text string) error {
			request := mcp.CallToolRequest{}
			request.Params.Name, request.Params.Arguments = name, map[string]any{"text": text}
			_, err := echo.serverTool.Handler(ctx, request)
			return err
		}
	}
	call := callAs("echo")
	read := func(ctx context.Context, uri string) error {
		request := mcp.ReadResourceRequest{}
		request.Params.URI = uri
		_, err := resource.serverTemplate.Handler(ctx, request)
		return err
	}
	getAs := func(name string) func(context.Context, string) error {
		return func(ctx context.Context, text string) error {
			request := mcp.GetPromptRequest{}
			request.Params.Name, request.Params.Arguments = name, map[string]string{"q": text}
			_, err := prompt.serverPrompt.Handler(ctx, request)
			return err
		}
	}
	get := getAs("p")
	c := &completer{guard: &guard{logger: quiet()}, ops: s.ops}
	completeOf := func(argument string) func(context.Context, string) error {
		return func(ctx context.Context, value string) error {
			_, err := c.CompleteResourceArgument(ctx, "a://{b}", mcp.CompleteArgument{Name: argument, Value: value}, mcp.CompleteContext{})
			return err
		}
	}
	complete := completeOf("b")
	rows := []struct {
		name string
		do   func(context.Context, string) error
		with *allow
		text string
		runs bool
	}{
		{"tool without an allow", call, nil, "hi", false},
		{"tool with that of another", call, admitted(other), "hi", false},
		{"tool with that of a list", call, &allow{}, "hi", false},
		{"tool with that of its completion", call, completing(echo), "hi", false},
		{"tool with other arguments", call, admitted(echo), "ho", false},
		{"tool under another name", callAs("other"), admitted(echo), "hi", false},
		{"tool", call, admitted(echo), "hi", true},
		{"resource without an allow", read, nil, "a://1", false},
		{"resource with that of a tool", read, admitted(echo), "a://1", false},
		{"another resource of the template", read, admitted(resource), "a://2", false},
		{"resource with that of its completion", read, completing(resource), "a://1", false},
		{"resource", read, admitted(resource), "a://1", true},
		{"prompt without an allow", get, nil, "hi", false},
		{"prompt with that of another", get, admitted(echo), "hi", false},
		{"prompt with other arguments", get, asking, "ho", false},
		{"prompt under another name", getAs("q"), asking, "hi", false},
		{"prompt", get, asking, "hi", true},
		{"completion without an allow", complete, nil, "v", false},
		{"completion with that of another", complete, completing(prompt), "v", false},
		{"completion with that of a read", complete, admitted(resource), "v", false},
		{"completion of another value", complete, completing(resource), "w", false},
		{"completion of another argument", completeOf("c"), completing(resource), "v", false},
		{"completion", complete, completing(resource), "v", true},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			ctx := t.Context()
			if row.with != nil {
				ctx = withAllow(ctx, row.with)
			}
			before := *runs
			err := row.do(ctx, row.text)
			if ran := *runs > before; ran != row.runs || (err == nil) != row.runs || errors.Is(err, errNotAdmitted) == row.runs {
				t.Errorf("ran %v with error %v, want ran %v", ran, err, row.runs)
			}
		})
	}
	t.Run("prompts that were not admitted do not exist", func(t *testing.T) {
		all := []mcp.Prompt{{Name: "p"}, {Name: "q"}}
		if got := filterPrompts(t.Context(), all); len(got) != 0 {
			t.Errorf("without an allow: %v", got)
		}
		got := filterPrompts(withAllow(t.Context(), &allow{prompts: map[string]bool{"q": true}}), all)
		if len(got) != 1 || got[0].Name != "q" || len(all) != 2 || all[0].Name != "p" {
			t.Errorf("%v of %v", got, all)
		}
	})
	t.Run("unknown references", func(t *testing.T) {
		if _, err := c.CompletePromptArgument(t.Context(), "none", mcp.CompleteArgument{}, mcp.CompleteContext{}); err == nil {
			t.Error("a prompt that does not exist was completed")
		}
		if _, err := c.CompleteResourceArgument(t.Context(), "none", mcp.CompleteArgument{}, mcp.CompleteContext{}); err == nil {
			t.Error("a resource that does not exist was completed")
		}
	})
	t.Run("at most a hundred values", func(t *testing.T) {
		got, err := c.CompleteResourceArgument(withAllow(t.Context(), completing(resource)), "a://{b}",
			mcp.CompleteArgument{Name: "b", Value: "v"}, mcp.CompleteContext{})
		if err != nil || len(got.Values) != 100 || got.Total != 150 || !got.HasMore {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

func TestSameArguments(t *testing.T) {
	read := json.RawMessage(`{"b": 1.0, "a": [true, null, "x"], "n": 9007199254740993}`)
	var decoded any
	if err := json.Unmarshal(read, &decoded); err != nil {
		t.Fatal(err)
	}
	spelled := json.RawMessage(`{"a":[true,null,"\u0078"],"n":9007199254740993,"b":1}`)
	for _, same := range []any{read, append(json.RawMessage(nil), read...), spelled, decoded} {
		if !admits(read).sameArguments(same) {
			t.Errorf("%v is not the same as %s", same, read)
		}
	}
	for _, other := range []any{
		nil, json.RawMessage(nil), json.RawMessage(`{}`), json.RawMessage(`{"a":`), func() {}, map[string]any(nil), map[string]string{"b": "1"},
		json.RawMessage(`{"b":1,"a":[true,null,"y"],"n":9007199254740993}`), json.RawMessage(`{"b":"1","a":[true,null,"x"],"n":9007199254740993}`),
	} {
		if admits(read).sameArguments(other) {
			t.Errorf("%v passes for %s", other, read)
		}
	}
	for _, none := range []any{nil, json.RawMessage(nil), map[string]any(nil), map[string]string(nil)} {
		if !admits(nil).sameArguments(none) {
			t.Errorf("%#v is not the same as no arguments", none)
		}
		if admits(json.RawMessage(`{}`)).sameArguments(none) {
			t.Errorf("%#v is the same as empty arguments", none)
		}
	}
	prompt := json.RawMessage(`{"q":"hi"}`)
	if !admits(prompt).sameArguments(map[string]string{"q": "hi"}) || admits(prompt).sameArguments(map[string]string{"q": "ho"}) {
		t.Error("arguments of a prompt")
	}
	broken := json.RawMessage(`{"a":`)
	if !admits(broken).sameArguments(broken) || admits(broken).sameArguments(map[string]any{}) {
		t.Error("what cannot be decoded is the same as itself only")
	}
}

// TestEveryMethodHasARow compares the table with the requests of the schemas of
// MCP 2026-07-28 and 2025-11-25, without the tasks of the latter.
func TestEveryMethodHasARow(t *testing.T) {
	requests := []string{
		"server/discover", "resources/list", "resources/templates/list", "resources/read", "subscriptions/listen", "prompts/list",
		"prompts/get", "tools/list", "tools/call", "completion/complete", "sampling/createMessage", "roots/list", "elicitation/create",
		"initialize", "ping", "logging/setLevel", "resources/subscribe", "resources/unsubscribe",
	}
	table := methodTable()
	var rows []string
	for name, row := range table {
		rows = append(rows, name)
		if row.needs == "" {
			t.Errorf("the row of %s does not say what it needs", name)
		}
	}
	slices.Sort(rows)
	slices.Sort(requests)
	if diff := cmp.Diff(requests, rows); diff != "" {
		t.Errorf("methods (-schema +table):\n%s", diff)
	}
}

func admit(g *gate, method, name string) (*transport.Pass, *transport.Refusal) {
	who := authz.Principal{Subject: "bob", Client: "c", Scopes: []string{"echo:use"}}
	return g.Admit(context.Background(), who, &message.Message{Method: method, Name: name}, nil)
}

func TestGateFailsClosed(t *testing.T) {
	s, _ := guarded(t)
	good := s.newGate(s.at)
	if pass, why := admit(good, "tools/call", "echo"); pass == nil || why != nil {
		t.Fatalf("the twin was refused: %v", why)
	}
	broken := map[string]func(*gate){
		"no policy": func(g *gate) { g.policy = func() *authz.Policy { return nil } },
		"no table":  func(g *gate) { g.methods = nil },
		"no row":    func(g *gate) { g.methods = map[string]row{} },
		"a panic": func(g *gate) {
			g.methods = map[string]row{"tools/call": {"", inAll, func(*gate, *question) verdict { panic("x") }}}
		},
		"no verdict": func(g *gate) {
			g.methods = map[string]row{"tools/call": {"", inAll, func(*gate, *question) verdict { return verdict{} }}}
		},
		"two verdicts": func(g *gate) {
			g.methods = map[string]row{"tools/call": {"", inAll, func(*gate, *question) verdict {
				return verdict{pass: &transport.Pass{}, refusal: transport.UnknownMethod()}
			}}}
		},
		"arguments that are no JSON": func(g *gate) {
			g.methods = map[string]row{"tools/call": {"", inAll, func(g *gate, q *question) verdict {
				return g.callTool(&question{ctx: q.ctx, who: q.who, policy: q.policy, msg: &message.Message{Name: "echo", Arguments: json.RawMessage("{")}})
			}}}
		},
	}
	for name, damage := range broken {
		t.Run(name, func(t *testing.T) {
			g := *good
			damage(&g)
			before := s.AuditStats().Decisions
			pass, why := admit(&g, "tools/call", "echo")
			if pass != nil || why == nil {
				t.Errorf("admitted: %v, %v", pass, why)
			}
			if n := s.AuditStats().Decisions - before; n != 1 {
				t.Errorf("%d records, want one", n)
			}
		})
	}
}

func TestNamesInTheAuditHoldNoArgument(t *testing.T) {
	s, _ := guarded(t)
	g := s.newGate(s.at)
	completion := &message.Completion{RefType: refResource}
	for _, row := range []struct {
		msg  message.Message
		want string
	}{
		{message.Message{Method: "tools/call", Name: "echo"}, "echo"},
		{message.Message{Method: "resources/read", Name: "a://secret"}, "a://{b}"},
		{message.Message{Method: "resources/read", Name: "https://x/?token=secret"}, "https:"},
		{message.Message{Method: "resources/read", Name: "secret"}, ""},
		{message.Message{Method: "completion/complete", Name: "a://{b}", Completion: completion}, "a://{b}"},
		{message.Message{Method: "completion/complete", Name: "x://secret", Completion: completion}, "x:"},
	} {
		if got := g.nameOf(&row.msg); got != row.want {
			t.Errorf("%s %s is recorded as %q, want %q", row.msg.Method, row.msg.Name, got, row.want)
		}
	}
}

func TestNotifierWithoutARequest(t *testing.T) {
	if err := (notifier{t.Context()}).Notify("notifications/message", nil); err == nil {
		t.Error("a notification outside of a request went somewhere")
	}
}

func TestRefusedBeforeAndAfterTheToken(t *testing.T) {
	s, _ := guarded(t)
	out := newSink()
	s.audit.sink = out
	g := s.newGate(s.at)
	now := time.Now()
	g.now = func() time.Time { return now }
	ctx := transport.WithInfo(t.Context(), transport.Info{RequestID: "r1", TraceID: "t1", Remote: "192.0.2.9", Start: now.Add(-time.Millisecond)})
	g.Refused(ctx, nil, nil, transport.NoToken())
	g.Refused(ctx, &authz.Principal{Subject: "bob", Client: "c"}, &message.Message{Method: "tools/call", Name: "echo"}, &transport.Refusal{Reason: "header_mismatch"})
	g.Refused(ctx, &authz.Principal{Subject: "bob", Client: "c"}, nil, &transport.Refusal{})
	s.audit.close()
	lines := out.lines()
	if len(lines) != 3 {
		t.Fatalf("%d lines:\n%s", len(lines), strings.Join(lines, "\n"))
	}
	for i, parts := range [][]string{
		{`"request_id":"r1"`, `"trace_id":"t1"`, `"subject":"bob"`, `"method":"tools/call"`, `"name":"echo"`, `"decision":"deny"`, `"reason":"header_mismatch"`, `"duration_us":1000`},
		{`"method":""`, `"reason":"refused"`},
		{`"request_id":""`, `"reason":"token_missing"`, `"address":"192.0.2.9","count":1`},
	} {
		for _, part := range parts {
			if !strings.Contains(lines[i], part) {
				t.Errorf("line %d lacks %s: %s", i, part, lines[i])
			}
		}
	}
}
