package server_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/server/servertest"
	"github.com/sallyport-mcp/sallyport/tools"
	"github.com/sallyport-mcp/sallyport/transport/token"
)

// TestRecords reads what the audit says of each kind of answer.
func TestRecords(t *testing.T) {
	f := start(t)
	bob := f.Token(t, servertest.Caller{Subject: "bob", Claims: map[string]any{"jti": "j1", "act": map[string]any{"sub": "proxy"}}}, "echo:use", "greeting:use")
	c := f.Client(t, bob).With("Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	c.Call("echo", map[string]any{"text": "x"})
	c.Call("secret", map[string]any{"text": "x"})
	c.Call("query", map[string]any{"table": "public"})
	c.Call("query", map[string]any{"table": "canary"})
	c.Call("query", map[string]any{"table": "a canary"})
	c.Call("whoami", nil)
	c.CompletePrompt("greeting", "name", "canary")
	c.CompleteResource("user://{id}", "id", "canary")
	c.Call("nothing", nil)
	c.Tools()
	c.Send("server/discover", nil)
	c.SendRaw(http.Header{"Mcp-Method": {"tools/list"}, "Mcp-Name": {"x"}}, []byte("{"))

	type line struct {
		Subject, Client, Actor, Method, Name, Decision, Reason, Rule, Because string
		TokenID                                                               string `json:"token_id"`
		TraceID                                                               string `json:"trace_id"`
		RequestID                                                             string `json:"request_id"`
		Revision                                                              string `json:"policy_revision"`
		Issuer                                                                string
		Door                                                                  int
		Time                                                                  time.Time
		Duration                                                              int64 `json:"duration_us"`
	}
	var got []string
	seen := map[string]bool{}
	for _, text := range f.Records(t, 12) {
		l := decode[line](t, text)
		rule := strings.TrimPrefix(l.Rule, filepath.Dir(f.policy)+"/")
		got = append(got, fmt.Sprintf("%s %s: %s %d %s [%s] %s", l.Method, l.Name, l.Decision, l.Door, l.Reason, rule, l.Because))
		if strings.Contains(text, "canary") {
			t.Errorf("the record holds an argument: %s", text)
		}
		if l.Subject != "bob" || l.Client != "test-client" || l.Actor != "proxy" || l.TokenID != "j1" || l.Issuer != servertest.DefaultIssuer ||
			l.Revision != f.Server.Server().PolicyRevision() || l.TraceID != "4bf92f3577b34da6a3ce929d0e0e4736" || l.RequestID == "" || time.Since(l.Time) > time.Minute {
			t.Errorf("who, when or under which policy is wrong: %s", text)
		}
		if seen[l.RequestID] {
			t.Errorf("the request id of %s was used before", text)
		}
		seen[l.RequestID] = true
	}
	want := []string{
		"tools/call echo: allow 0 allowed [policy.csv:2] user:bob > role:member",
		"tools/call secret: deny 2 permission_missing [] no row allows secret:use",
		"tools/call query: deny 1 scope_missing [] no scope of the token covers tables:read",
		"tools/call query: deny 2 permission_missing [] no row allows table/{table}:read",
		"tools/call query: deny 2 placeholder [] no usable value for {table} in table/{table}:read",
		"tools/call whoami: allow 0 any_principal [] open to every verified caller",
		"completion/complete greeting: allow 0 allowed [policy.csv:3] user:bob > role:member",
		"completion/complete user://{id}: deny 1 scope_missing [] no value of {id} could be allowed",
		"tools/call nothing: deny 0 unknown_operation [] ",
		"tools/list : allow 0 listed [] ",
		"server/discover : allow 0 valid_token [] ",
		" : deny 0 malformed_message [] ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
}

// TestADecisionIsRecordedBeforeItsOperationRuns looks at the audit from within.
func TestADecisionIsRecordedBeforeItsOperationRuns(t *testing.T) {
	var f *fixture
	f = start(t, func(c *server.Config) {
		c.Tools = append(c.Tools, tools.Tool{
			Name: "look", Description: "Looks at the audit.", AnyPrincipal: true,
			Handler: tools.Typed(func(context.Context, struct{}) (string, error) {
				return f.Records(t, 1)[0], nil
			}),
		})
	})
	if a := f.as(t, "bob").Call("look", nil); !strings.Contains(a.Text(), `"name":"look","decision":"allow"`) {
		t.Errorf("while the operation ran the audit said %v", a)
	}
}

// TestL03_EveryDecisionIsCounted sends all kinds of requests at once and
// compares the counters with them.
func TestL03_EveryDecisionIsCounted(t *testing.T) {
	f := start(t)
	bob := f.as(t, "bob", "echo:use")
	kinds := []func(){
		func() { bob.Call("echo", map[string]any{"text": "x"}) },
		func() { bob.Call("secret", nil) },
		func() { bob.Call("query", map[string]any{"table": "public"}) },
		func() { bob.Call("panics", nil) },
		func() { bob.Call("fails", nil) },
		func() { bob.Call("nothing", nil) },
		func() { bob.Tools() },
		func() { bob.SendRaw(nil, []byte("[]")) },
		func() { bob.Send("no/such/method", nil) },
		func() { f.Client(t, "").Send("tools/list", nil) },
		func() { f.Client(t, "bad").Send("tools/list", nil) },
	}
	const rounds = 20
	var group sync.WaitGroup
	for range rounds {
		for _, send := range kinds {
			group.Go(send)
		}
	}
	group.Wait()
	f.Server.Server().Close()
	stats := f.Server.Server().AuditStats()
	want := server.AuditStats{Decisions: uint64(rounds * len(kinds)), Records: uint64(rounds * (len(kinds) - 2)), Aggregated: 2 * rounds}
	if diff := cmp.Diff(want, stats); diff != "" {
		t.Errorf("counters (-want +got):\n%s", diff)
	}
	lines := f.Records(t, rounds*(len(kinds)-2)+2)
	if len(lines) != rounds*(len(kinds)-2)+2 {
		t.Errorf("%d lines, want one for each request with a token and two for the rest", len(lines))
	}
}

// TestM28_TheTokenStaysAtTheDoor looks for the token in all that a handler is given.
func TestM28_TheTokenStaysAtTheDoor(t *testing.T) {
	var given string
	f := start(t, func(c *server.Config) {
		c.Tools = append(c.Tools, tools.Tool{
			Name: "inspect", Description: "Looks at its context.", AnyPrincipal: true,
			Handler: tools.Typed(func(ctx context.Context, _ struct{}) (string, error) {
				given = from(ctx)
				return "looked", nil
			}),
		}, tools.Tool{
			Name: "raw", Description: "Shows its request.", AnyPrincipal: true,
			Handler: tools.Raw(tools.SchemaFor[struct{}](), func(_ context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
				return mcp.NewToolResultText(fmt.Sprintf("%+v %v", r, r.Header)), nil
			}),
		})
	})
	token := f.Token(t, servertest.User("bob"))
	if raw := f.Client(t, token).Call("raw", nil); !raw.OK() || !strings.Contains(raw.Text(), "raw") || strings.Contains(raw.Text(), token) {
		t.Errorf("the request of a raw handler: %v", raw)
	}
	a := f.Client(t, token).Call("inspect", nil)
	if !a.OK() || given == "" {
		t.Fatalf("the twin did not run: %v", a)
	}
	for _, where := range []string{given, string(a.Body), strings.Join(f.Records(t, 1), "\n")} {
		if strings.Contains(where, token) || strings.Contains(where, strings.Split(token, ".")[2]) {
			t.Errorf("the token is in %s", where)
		}
	}
}

// TestReloadOnTheWire edits the policy under a running server.
func TestReloadOnTheWire(t *testing.T) {
	f := start(t, func(c *server.Config) { c.Limits = server.Off }) // it calls until the edit takes effect
	bob := f.as(t, "bob", "echo:use")
	call := func() *servertest.Answer { return bob.Call("echo", map[string]any{"text": "x"}) }
	f.accepted(t, "before", call)

	began := time.Now()
	writeFile(t, f.policy, fixturePolicy+"p, client:test-client, echo, use, deny\n")
	for call().OK() {
		if time.Since(began) > 5*time.Second {
			t.Fatal("the denial never took effect")
		}
	}
	if took := time.Since(began); took > time.Second {
		t.Logf("the edit took %v on this machine", took)
	}
	if a := f.refused(t, "denied client", call); !a.Denied("echo:use") {
		t.Errorf("%v", a)
	}
	if err := os.WriteFile(f.policy, nil, 0o600); err != nil { // a bad edit keeps the denial
		t.Fatal(err)
	}
	revision := f.Server.Server().PolicyRevision()
	for range 3 {
		f.refused(t, "after a bad edit", call)
	}
	if now := f.Server.Server().PolicyRevision(); now != revision {
		t.Errorf("a bad edit changed the revision from %s to %s", revision, now)
	}
	writeFile(t, f.policy, fixturePolicy)
	for began = time.Now(); !call().OK(); {
		if time.Since(began) > 5*time.Second {
			t.Fatal("the repaired policy never took effect")
		}
	}
}

func TestTwoIssuersAreTwoPeople(t *testing.T) {
	f := start(t, func(c *server.Config) {
		c.Issuers = []token.Issuer{{URL: "https://one.test"}, {URL: "https://two.test", Profile: token.Profile{
			ScopeMap: map[string]string{"api://x/echo": "echo:use"},
		}}}
		writeFile(t, c.Policy, "p, user:one.test/bob, echo, use, allow\np, user:two.test/eve, echo, use, allow\n")
	})
	call := func(user, issuer string, scopes ...string) func() *servertest.Answer {
		who := servertest.Caller{Subject: user, Issuer: issuer}
		return func() *servertest.Answer {
			return f.Client(t, f.Token(t, who, scopes...)).Call("echo", map[string]any{"text": "x"})
		}
	}
	f.accepted(t, "bob of one", call("bob", "https://one.test", "echo:use"))
	if a := f.refused(t, "bob of two", call("bob", "https://two.test", "api://x/echo")); !a.Denied("echo:use") {
		t.Errorf("bob of two: %v", a)
	}
	f.accepted(t, "eve of two", call("eve", "https://two.test", "api://x/echo"))
	if a := f.refused(t, "eve of two without the scope", call("eve", "https://two.test", "echo:use")); !strings.Contains(a.Challenge(), `scope="api://x/echo"`) {
		t.Errorf("the challenge does not name the scope as its issuer spells it: %v", a)
	}
	if a := f.refused(t, "bob of one without the scope", call("bob", "https://one.test")); !a.StepUp("echo:use") {
		t.Errorf("bob of one: %v", a)
	}
}
