package server_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/server/servertest"
	"github.com/sallyport-mcp/sallyport/tools"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const fixturePolicy = `
p, role:member, echo, use, allow
p, role:member, greeting, use, allow
p, role:member, config, read, allow
p, role:member, table/public, read, allow
p, role:member, user/bob, read, allow
p, role:admin, *, *, allow
p, client:evil, *, *, deny
g, role:admin, role:member
g, user:alice, role:admin
g, user:bob, role:member
g, scope:all, scope:echo:use
`

// fixture is a server whose operations count how often they ran.
type fixture struct {
	*servertest.Server
	runs   *atomic.Int64
	policy string // path
}

type echoIn struct {
	Text string `json:"text"`
}

type tableIn struct {
	Table string `json:"table"`
	Limit int    `json:"limit,omitempty"`
}

// start runs the fixture. The last function may change its configuration.
func start(t *testing.T, change ...func(*server.Config)) *fixture {
	t.Helper()
	f := &fixture{runs: new(atomic.Int64), policy: filepath.Join(t.TempDir(), "policy.csv")}
	writeFile(t, f.policy, fixturePolicy)
	cfg := fixtureConfig(f.runs)
	cfg.Policy = f.policy
	for _, c := range change {
		c(&cfg)
	}
	f.Server = servertest.Start(t, cfg)
	return f
}

func writeFile(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func fixtureConfig(runs *atomic.Int64) server.Config {
	return server.Config{
		Name:         "fixture",
		Instructions: "Use the tools.",
		Tools:        fixtureTools(runs),
		Resources:    fixtureResources(runs),
		Prompts:      fixturePrompts(runs),
	}
}

func fixtureTools(runs *atomic.Int64) []tools.Tool {
	echo := func(_ context.Context, in echoIn) (string, error) { runs.Add(1); return in.Text, nil }
	return []tools.Tool{
		{Name: "echo", Description: "Echo.", Scopes: []string{"echo:use"}, ReadOnly: true, Handler: tools.Typed(echo)},
		{Name: "secret", Description: "Admins only.", Scopes: []string{"secret:use"}, Handler: tools.Typed(echo)},
		{
			Name: "query", Description: "Query a table.", Scopes: []string{"tables:read"}, Permissions: []string{"table/{table}:read"},
			Handler: tools.Typed(func(_ context.Context, in tableIn) (string, error) { runs.Add(1); return "rows of " + in.Table, nil }),
		},
		{
			Name: "whoami", Description: "Who is calling.", AnyPrincipal: true,
			Handler: tools.Typed(func(ctx context.Context, _ struct{}) (string, error) {
				runs.Add(1)
				who, _ := authz.PrincipalFrom(ctx)
				return who.String(), nil
			}),
		},
		{
			Name: "fails", Description: "Fails with an error.", Scopes: []string{"echo:use"},
			Handler: tools.Typed(func(context.Context, struct{}) (string, error) {
				return "", errors.New("open /etc/shadow: SELECT secret FROM policy")
			}),
		},
		{
			Name: "panics", Description: "Panics.", Scopes: []string{"echo:use"},
			Handler: tools.Typed(func(context.Context, struct{}) (string, error) { panic("goroutine stack of /srv/app/main.go") }),
		},
		{
			Name: "progress", Description: "Reports progress.", Scopes: []string{"echo:use"},
			Handler: tools.Typed(func(ctx context.Context, _ struct{}) (string, error) {
				tools.Progress(ctx, 1, 2, "half")
				return "done", nil
			}),
		},
	}
}

func fixtureResources(runs *atomic.Int64) []tools.Resource {
	read := func(_ context.Context, r tools.ResourceRequest) (tools.Contents, error) {
		runs.Add(1)
		if r.Variables["id"] == "nobody" {
			return tools.Contents{}, tools.NotFoundf("there is no such user")
		}
		return tools.Text("contents of " + r.URI), nil
	}
	complete := func(_ context.Context, typed string) ([]string, error) {
		runs.Add(1)
		var fit []string
		for _, id := range []string{"alice", "bob", "bobby"} {
			if strings.HasPrefix(id, typed) {
				fit = append(fit, id)
			}
		}
		return fit, nil
	}
	return []tools.Resource{
		{URI: "app://config", Name: "config", Description: "Settings.", Scopes: []string{"config:read"}, Read: read},
		{URI: "app://plans", Name: "plans", Description: "Admins only.", Scopes: []string{"secret:use"}, Read: read},
		{
			URI: "user://{id}", Name: "user", Description: "One user.", Scopes: []string{"users:read"}, Permissions: []string{"user/{id}:read"},
			Read: read, Complete: map[string]tools.CompleteFunc{"id": complete},
		},
		{
			URI: "plan://{id}", Name: "plan", Description: "Admins only.", Scopes: []string{"secret:use"}, Read: read,
			Complete: map[string]tools.CompleteFunc{"id": complete},
		},
	}
}

func fixturePrompts(runs *atomic.Int64) []tools.Prompt {
	get := func(_ context.Context, arguments map[string]string) ([]tools.Message, error) {
		runs.Add(1)
		return []tools.Message{tools.User("Say hello in a " + arguments["tone"] + " tone.")}, nil
	}
	tones := func(context.Context, string) ([]string, error) {
		runs.Add(1)
		return []string{"formal", "friendly"}, nil
	}
	return []tools.Prompt{
		{
			Name: "greeting", Description: "A greeting.", Scopes: []string{"greeting:use"}, Get: get,
			Arguments: []tools.Argument{{Name: "tone", Required: true}}, Complete: map[string]tools.CompleteFunc{"tone": tones},
		},
		{
			Name: "plotting", Description: "Admins only.", Scopes: []string{"secret:use"}, Get: get,
			Arguments: []tools.Argument{{Name: "tone"}}, Complete: map[string]tools.CompleteFunc{"tone": tones},
		},
	}
}

// as returns a client of the user with these scopes.
func (f *fixture) as(t *testing.T, user string, scopes ...string) *servertest.Client {
	t.Helper()
	return f.Client(t, f.Token(t, servertest.User(user), scopes...))
}

// ran tells how often operations ran while do did.
func (f *fixture) ran(do func()) int64 {
	before := f.runs.Load()
	do()
	return f.runs.Load() - before
}

// refused checks that the request ran nothing, and returns its answer.
func (f *fixture) refused(t *testing.T, what string, send func() *servertest.Answer) *servertest.Answer {
	t.Helper()
	var answer *servertest.Answer
	if n := f.ran(func() { answer = send() }); n != 0 || answer.OK() {
		t.Errorf("%s: %v; %d operations ran, want a refusal and none", what, answer, n)
	}
	return answer
}

// accepted checks that the request ran exactly one operation.
func (f *fixture) accepted(t *testing.T, what string, send func() *servertest.Answer) *servertest.Answer {
	t.Helper()
	var answer *servertest.Answer
	if n := f.ran(func() { answer = send() }); n != 1 || !answer.OK() {
		t.Errorf("%s: %v; %d operations ran, want one and a result", what, answer, n)
	}
	return answer
}
