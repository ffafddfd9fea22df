package server

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
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
				N    int64  `json:"n,omitempty"`
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

// bob is who the allows of these tests are for.
func bob() authz.Principal {
	return authz.Principal{Issuer: "https://i.example", Subject: "bob", Client: "desk", Scopes: []string{"echo:use"}}
}

// admits is an allow for bob to have op answer method.
func admits(op *operation, method, name, arguments string) *allow {
	a := &allow{op: op, rounds: rounds{who: bob(), method: method, name: name}}
	if arguments != "" {
		a.arguments = json.RawMessage(arguments)
	}
	return a
}

// asBob is the context of a request of bob's that was admitted.
func asBob(ctx context.Context, a *allow) context.Context {
	return withAllow(authz.WithPrincipal(ctx, bob()), a)
}

func callOf(name, arguments string) mcp.CallToolRequest {
	var request mcp.CallToolRequest
	request.Method, request.Params.Name = methodCall, name
	if arguments != "" {
		request.Params.RawArguments = json.RawMessage(arguments)
	}
	return request
}

func getOf(name string, arguments map[string]string) mcp.GetPromptRequest {
	var request mcp.GetPromptRequest
	request.Method, request.Params.Name, request.Params.Arguments = methodGet, name, arguments
	return request
}

// TestR34_GuardFailsClosed reaches every handler with an allow in which one part is
// not what is about to run. Each runs with the whole of it, and once.
func TestR34_GuardFailsClosed(t *testing.T) {
	s, runs := guarded(t)
	echo, other, resource, prompt := s.ops.tools["echo"], s.ops.tools["other"], s.ops.resources["a://{b}"], s.ops.prompts["p"]
	const big = `{"text":"hi","n":9007199254740993}`
	c := &completer{guard: &guard{logger: quiet()}, ops: s.ops}
	kinds := []struct {
		name string
		good func() *allow
		do   func(context.Context) error
		bad  map[string]func(*allow)
	}{
		{"tool", func() *allow { return admits(echo, methodCall, "echo", big) }, func(ctx context.Context) error {
			_, err := echo.serverTool.Handler(ctx, callOf("echo", big))
			return err
		}, map[string]func(*allow){
			"other arguments":           func(a *allow) { a.arguments = json.RawMessage(`{"text":"ho","n":9007199254740993}`) },
			"the neighbour of a number": func(a *allow) { a.arguments = json.RawMessage(`{"text":"hi","n":9007199254740992}`) },
			"another spelling":          func(a *allow) { a.arguments = json.RawMessage(`{"text":"\u0068i","n":9007199254740993}`) },
			"no arguments":              func(a *allow) { a.arguments = nil },
			"empty arguments":           func(a *allow) { a.arguments = json.RawMessage(`{}`) },
		}},
		{"resource", func() *allow {
			a := admits(resource, methodRead, "a://1", "")
			a.variables = map[string]string{"b": "1"}
			return a
		}, func(ctx context.Context) error {
			var request mcp.ReadResourceRequest
			request.Method, request.Params.URI = methodRead, "a://1"
			_, err := resource.serverTemplate.Handler(ctx, request)
			return err
		}, nil},
		{"prompt", func() *allow {
			a := admits(prompt, methodGet, "p", `{"q":"hi"}`)
			a.texts = map[string]string{"q": "hi"}
			return a
		}, func(ctx context.Context) error {
			_, err := prompt.serverPrompt.Handler(ctx, getOf("p", map[string]string{"q": "hi"}))
			return err
		}, map[string]func(*allow){
			"other arguments": func(a *allow) { a.texts = map[string]string{"q": "ho"} },
			"no arguments":    func(a *allow) { a.texts = nil },
		}},
		{"completion", func() *allow {
			a := admits(resource, methodComplete, "a://{b}", "")
			a.completion = &message.Completion{RefType: refResource, Argument: "b", Value: "v"}
			return a
		}, func(ctx context.Context) error {
			_, err := c.CompleteResourceArgument(ctx, "a://{b}", mcp.CompleteArgument{Name: "b", Value: "v"}, mcp.CompleteContext{})
			return err
		}, map[string]func(*allow){
			"another value":    func(a *allow) { a.completion.Value = "w" },
			"another argument": func(a *allow) { a.completion.Argument = "c" },
			"nothing typed":    func(a *allow) { a.completion = nil },
		}},
	}
	common := map[string]func(*allow){
		"another operation": func(a *allow) { a.op = other },
		"that of a list":    func(a *allow) { a.op = nil },
		"another name":      func(a *allow) { a.name = "other" },
		"another method":    func(a *allow) { a.method = "resources/subscribe" },
		"another caller":    func(a *allow) { a.who.Subject = "alice" },
		"another client":    func(a *allow) { a.who.Client = "phone" },
		"another token":     func(a *allow) { a.who.Scopes = []string{"echo:use", "secret:use"} },
		"its turn was had":  func(a *allow) { a.turn.had = true },
	}
	for _, kind := range kinds {
		try := func(ctx context.Context, want bool) {
			t.Helper()
			before := *runs
			err := kind.do(ctx)
			if ran := *runs > before; ran != want || (err == nil) != want || errors.Is(err, errNotAdmitted) == want {
				t.Errorf("ran %v with error %v, want ran %v", ran, err, want)
			}
		}
		bad := maps.Clone(common)
		maps.Copy(bad, kind.bad)
		for name, change := range bad {
			t.Run(kind.name+" with "+name, func(*testing.T) {
				a := kind.good()
				change(a)
				try(asBob(t.Context(), a), false)
			})
		}
		t.Run(kind.name, func(*testing.T) {
			try(authz.WithPrincipal(t.Context(), bob()), false)
			try(withAllow(t.Context(), kind.good()), false)
			ctx := asBob(t.Context(), kind.good())
			try(ctx, true)
			try(ctx, false)
		})
	}
}

// TestR34_GuardOfOtherMethods calls each handler as if its kind answered another
// method, with an allow for exactly that.
func TestR34_GuardOfOtherMethods(t *testing.T) {
	s, runs := guarded(t)
	echo, resource, prompt := s.ops.tools["echo"], s.ops.resources["a://{b}"], s.ops.prompts["p"]
	for _, method := range []string{"", "tools/list", methodComplete} {
		call, get := callOf("echo", `{"text":"hi"}`), getOf("p", nil)
		call.Method, get.Method = method, method
		if _, err := echo.serverTool.Handler(asBob(t.Context(), admits(echo, method, "echo", `{"text":"hi"}`)), call); err == nil {
			t.Errorf("a tool answered %q", method)
		}
		if _, err := prompt.serverPrompt.Handler(asBob(t.Context(), admits(prompt, method, "p", "")), get); err == nil {
			t.Errorf("a prompt answered %q", method)
		}
		var read mcp.ReadResourceRequest
		read.Method, read.Params.URI = method, "a://1"
		if _, err := resource.serverTemplate.Handler(asBob(t.Context(), admits(resource, method, "a://1", "")), read); err == nil {
			t.Errorf("a resource answered %q", method)
		}
	}
	if *runs != 0 {
		t.Errorf("%d handlers ran", *runs)
	}
}

func TestPromptsThatWereNotAdmittedDoNotExist(t *testing.T) {
	all := []mcp.Prompt{{Name: "p"}, {Name: "q"}}
	if got := filterPrompts(t.Context(), all); len(got) != 0 {
		t.Errorf("without an allow: %v", got)
	}
	got := filterPrompts(withAllow(t.Context(), &allow{prompts: map[string]bool{"q": true}}), all)
	if len(got) != 1 || got[0].Name != "q" || len(all) != 2 || all[0].Name != "p" {
		t.Errorf("%v of %v", got, all)
	}
}

func TestCompleter(t *testing.T) {
	s, _ := guarded(t)
	c := &completer{guard: &guard{logger: quiet()}, ops: s.ops}
	if _, err := c.CompletePromptArgument(t.Context(), "none", mcp.CompleteArgument{}, mcp.CompleteContext{}); err == nil {
		t.Error("a prompt that does not exist was completed")
	}
	if _, err := c.CompleteResourceArgument(t.Context(), "none", mcp.CompleteArgument{}, mcp.CompleteContext{}); err == nil {
		t.Error("a resource that does not exist was completed")
	}
	a := admits(s.ops.resources["a://{b}"], methodComplete, "a://{b}", "")
	a.completion = &message.Completion{RefType: refResource, Argument: "b", Value: "v"}
	got, err := c.CompleteResourceArgument(asBob(t.Context(), a), "a://{b}", mcp.CompleteArgument{Name: "b", Value: "v"}, mcp.CompleteContext{})
	if err != nil || len(got.Values) != 100 || got.Total != 150 || !got.HasMore {
		t.Errorf("at most a hundred values: %+v, %v", got, err)
	}
}

// TestR34_OneTurn takes the turn of an allow in every order.
func TestR34_OneTurn(t *testing.T) {
	for name, row := range map[string]struct {
		older  bool
		sealed string // what the client has brought
		do     []string
		want   []bool
	}{
		"once":                            {false, "", []string{"", ""}, []bool{true, false}},
		"once with a state":               {false, "s", []string{"s", "s"}, []bool{true, false}},
		"without the state":               {false, "s", []string{"", "s"}, []bool{false, false}},
		"with another state":              {false, "", []string{"s", ""}, []bool{false, false}},
		"left":                            {true, "", []string{"", "+1", "1", "1", "+2", "2"}, []bool{true, true, true, false, true, true}},
		"left, and another comes":         {true, "", []string{"", "+1", "2", "1"}, []bool{true, true, false, false}},
		"left in a revision with retries": {false, "", []string{"", "+1", "1"}, []bool{true, true, false}},
		"left nothing":                    {true, "", []string{"", "+", ""}, []bool{true, true, false}},
	} {
		a := &allow{older: row.older, input: input{sealed: row.sealed}}
		for i, do := range row.do {
			got := true
			if state, left := strings.CutPrefix(do, "+"); left {
				a.leave(state)
			} else {
				got = a.take(do)
			}
			if got != row.want[i] {
				t.Errorf("%s, step %d: %v", name, i, got)
			}
		}
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
