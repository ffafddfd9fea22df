package servertest_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/server/servertest"
	"github.com/sallyport-mcp/sallyport/tools"
	"github.com/sallyport-mcp/sallyport/transport/token"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestBobMayNotDelete(t *testing.T) {
	srv := servertest.Start(t, notes())
	bob := srv.Client(t, srv.Token(t, servertest.User("bob"), "notes:write"))
	if answer := bob.Call("notes_delete", map[string]any{"id": "1"}); !answer.Denied("notes:delete") {
		t.Errorf("bob may delete: %v", answer)
	}
}

func TestAliceMayWithTheScope(t *testing.T) {
	srv := servertest.Start(t, notes())
	if answer := srv.Client(t, srv.Token(t, servertest.User("alice"))).Call("notes_delete", nil); !answer.StepUp("notes:write") {
		t.Errorf("without the scope: %v", answer)
	}
	alice := srv.Client(t, srv.Token(t, servertest.User("alice"), "notes:write"))
	if answer := alice.Call("notes_delete", map[string]any{"id": "1"}); !answer.OK() || answer.Text() != "deleted 1" {
		t.Errorf("with it: %v", answer)
	}
}

// everything is a server with one operation of each kind.
func everything(t *testing.T) server.Config {
	t.Helper()
	cfg := notes()
	cfg.Policy = filepath.Join(t.TempDir(), "policy.csv")
	policy := "p, group:staff, *, *, allow\np, role:boss, *, *, allow\np, client:robot, *, *, allow\n"
	if err := os.WriteFile(cfg.Policy, []byte(policy), 0o600); err != nil {
		t.Fatal(err)
	}
	read := func(context.Context, tools.ResourceRequest) (tools.Contents, error) {
		return tools.Several(tools.Text("one"), tools.Text("two")), nil
	}
	suggest := func(context.Context, string) ([]string, error) { return []string{"x", "y"}, nil }
	cfg.Resources = []tools.Resource{
		{URI: "a://fixed", Name: "fixed", Description: "Fixed.", Scopes: []string{"a:read"}, Read: read},
		{URI: "b://{id}", Name: "template", Description: "Template.", Scopes: []string{"a:read"}, Read: read, Complete: map[string]tools.CompleteFunc{"id": suggest}},
	}
	cfg.Prompts = []tools.Prompt{{
		Name: "ask", Description: "Ask.", Scopes: []string{"a:read"}, Arguments: []tools.Argument{{Name: "q"}},
		Get: func(_ context.Context, arguments map[string]string) ([]tools.Message, error) {
			return []tools.Message{tools.User("What is " + arguments["q"] + "?")}, nil
		},
		Complete: map[string]tools.CompleteFunc{"q": suggest},
	}}
	cfg.Tools = append(cfg.Tools, tools.Tool{
		Name: "progress", Description: "Progress.", AnyPrincipal: true,
		Handler: tools.Typed(func(ctx context.Context, _ struct{}) (string, error) {
			tools.Progress(ctx, 1, 0, "")
			return "done", nil
		}),
	}, tools.Tool{
		Name: "region", Description: "Has a mirrored parameter.", AnyPrincipal: true,
		Handler: tools.Typed(func(_ context.Context, in struct {
			Region string `json:"region" header:"Region"`
		}) (string, error) {
			return in.Region, nil
		}),
	})
	return cfg
}

func TestClientSpeaksOfEverything(t *testing.T) {
	srv := servertest.Start(t, everything(t))
	if !strings.HasPrefix(srv.URL(), srv.Origin()+"/") || srv.Server().PolicyRevision() == "" {
		t.Errorf("%s, %s", srv.URL(), srv.Origin())
	}
	c := srv.Client(t, srv.Token(t, servertest.Caller{Subject: "dana", Groups: []string{"staff"}}, "a:read"))
	got := [][]string{c.Tools(), c.Resources(), c.Templates(), c.Prompts(), c.CompleteResource("b://{id}", "id", "").Values(), c.CompletePrompt("ask", "q", "").Values()}
	want := [][]string{{"notes_delete", "progress", "region"}, {"a://fixed"}, {"b://{id}"}, {"ask"}, {"x", "y"}, {"x", "y"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("lists and completions (-want +got):\n%s", diff)
	}
	if text := c.Read("b://\u00e9").Text(); text != "" { // not a URI, and no header value either
		t.Errorf("a URI outside of ASCII was read: %q", text)
	}
	if text := c.Read("b://7").Text(); text != "one\ntwo" {
		t.Errorf("a resource of two parts: %q", text)
	}
	if text := c.Prompt("ask", map[string]string{"q": "love"}).Text(); text != "What is love?" {
		t.Errorf("a prompt: %q", text)
	}
	if answer := c.With("Mcp-Param-Region", "eu").With("X-Other", "1").Call("region", map[string]any{"region": "eu"}); answer.Text() != "eu" {
		t.Errorf("a mirrored parameter: %v", answer)
	}
	if answer := c.Call("region", map[string]any{"region": "eu"}); answer.Code != -32020 || !strings.Contains(answer.String(), "400 ") {
		t.Errorf("a parameter that is not mirrored: %v", answer)
	}
	if answer := srv.Client(t, "").Call("region", nil); answer.Status != 401 || !strings.Contains(answer.String(), "(Bearer ") {
		t.Errorf("no token: %v", answer)
	}
	answer := c.Send("tools/call", map[string]any{"name": "progress", "_meta": map[string]any{
		"progressToken": 1, "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": map[string]any{},
	}})
	if !answer.OK() || len(answer.Events) != 1 || answer.Text() != "done" {
		t.Errorf("a call with progress: %v after %d events", answer, len(answer.Events))
	}
	if records := srv.Records(t, 10); !strings.Contains(records[0], `"subject":"dana"`) {
		t.Errorf("the first record: %s", records[0])
	}
}

func TestTokensOfAnybody(t *testing.T) {
	cfg := everything(t)
	own := []byte(`{"keys":[]}`)
	cfg.Issuers = []token.Issuer{
		{URL: "https://one.test", Alias: "one", Profile: token.Profile{RolesClaim: "roles"}},
		{URL: "https://two.test", Alias: "two"},
		{URL: "https://own.test", Alias: "own", Keys: func(context.Context) ([]byte, error) { return own, nil }},
	}
	policy := "p, role:one/boss, *, *, allow\np, client:two/robot, *, *, allow\n"
	if err := os.WriteFile(cfg.Policy, []byte(policy), 0o600); err != nil {
		t.Fatal(err)
	}
	srv := servertest.Start(t, cfg)
	for name, row := range map[string]struct {
		caller servertest.Caller
		status int
	}{
		"a role":              {servertest.Caller{Subject: "dana", Roles: []string{"boss"}}, 200},
		"without it":          {servertest.User("dana"), 403},
		"a machine":           {servertest.Caller{Subject: "robot", Client: "robot", Issuer: "https://two.test"}, 200},
		"of the other issuer": {servertest.Machine("robot"), 403},
		"an expired token":    {servertest.Caller{Subject: "dana", Claims: map[string]any{"exp": 1}}, 401},
		"no client":           {servertest.Caller{Subject: "dana", Claims: map[string]any{"client_id": nil}}, 401},
	} {
		if answer := srv.Client(t, srv.Token(t, row.caller, "a:read")).Read("a://fixed"); answer.Status != row.status {
			t.Errorf("%s: %v, want %d", name, answer, row.status)
		}
	}
	failed := failing(t, func(tb testing.TB) { tb.Helper(); srv.Token(tb, servertest.Caller{Issuer: "https://own.test"}) })
	if !strings.Contains(failed, "no token of https://own.test can be made") {
		t.Errorf("a token of an issuer with keys of its own: %q", failed)
	}
}

// recorder is a test whose failure is wanted.
type recorder struct {
	testing.TB
	failure string
}

// stopped ends a recorder as t.Fatal would.
type stopped struct{}

func (r *recorder) Fatalf(format string, a ...any) {
	r.failure = fmt.Sprintf(format, a...)
	panic(stopped{})
}

func (r *recorder) Helper() {}

// failing returns what do fails its test with.
func failing(t *testing.T, do func(testing.TB)) string {
	t.Helper()
	r := &recorder{TB: t}
	func() {
		defer func() {
			if cause := recover(); cause != nil {
				if _, ok := cause.(stopped); !ok {
					panic(cause)
				}
			}
		}()
		do(r)
	}()
	return r.failure
}

func TestFailuresNameTheirCause(t *testing.T) {
	if got := failing(t, func(tb testing.TB) { tb.Helper(); servertest.Start(tb, server.Config{}) }); !strings.Contains(got, "the server has no name") {
		t.Errorf("a configuration with mistakes: %q", got)
	}
	srv := servertest.Start(t, everything(t))
	if got := failing(t, func(tb testing.TB) { tb.Helper(); srv.Client(tb, "").Tools() }); !strings.Contains(got, "tools/list: 401") {
		t.Errorf("a list without a token: %q", got)
	}
	if got := failing(t, func(tb testing.TB) { tb.Helper(); srv.Client(tb, "").Call("x", func() {}) }); !strings.Contains(got, "json") {
		t.Errorf("arguments that are no JSON: %q", got)
	}
	t.Chdir(t.TempDir())
	if got := failing(t, func(tb testing.TB) { tb.Helper(); servertest.Start(tb, notes()) }); !strings.Contains(got, "no policy.csv in the directory of the test or above it") {
		t.Errorf("no policy: %q", got)
	}
}

func TestAnswersThatAreNoJSON(t *testing.T) {
	// Only the reading is tested here: a recorder stands in for a server that says something else.
	w := httptest.NewRecorder()
	w.WriteHeader(http.StatusBadGateway)
	_, _ = w.WriteString("<html>")
	if a := (&servertest.Answer{Status: w.Code, Header: w.Header(), Body: w.Body.Bytes()}); a.OK() || a.Text() != "" || a.Values() != nil {
		t.Errorf("%v was taken for a result", a)
	}
}
