package server_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/server/servertest"
	"github.com/sallyport-mcp/sallyport/tools"
	"github.com/sallyport-mcp/sallyport/transport/token"
)

// silent is a server with two issuers, of which one is out of reach, and operations that fail loudly.
func silent(t *testing.T) *fixture {
	t.Helper()
	loud := errors.New("canary dial tcp 10.1.2.3:5432: SELECT * FROM secrets")
	return start(t, func(c *server.Config) {
		c.Issuers = []token.Issuer{
			{URL: "https://up.canary.test"},
			{URL: "https://down.canary.test", Keys: func(context.Context) ([]byte, error) { return nil, loud }},
		}
		writeFile(t, c.Policy, strings.ReplaceAll(fixturePolicy, "user:", "user:up.canary.test/"))
		c.Resources = append(c.Resources, tools.Resource{
			URI: "app://broken", Name: "broken", Description: "Fails.", Scopes: []string{"config:read"},
			Read: func(context.Context, tools.ResourceRequest) (tools.Contents, error) { return tools.Contents{}, loud },
		})
		c.Prompts = append(c.Prompts, tools.Prompt{
			Name: "broken", Description: "Fails.", Scopes: []string{"greeting:use"}, Arguments: []tools.Argument{{Name: "a"}},
			Get:      func(context.Context, map[string]string) ([]tools.Message, error) { panic(loud) },
			Complete: map[string]tools.CompleteFunc{"a": func(context.Context, string) ([]string, error) { return nil, loud }},
		})
	})
}

// TestM30_NoRefusalTellsOfTheServer collects every kind of answer that is no result, and looks in each for what went
// wrong inside, where, and by which rules. The twin is the log and the audit, which have it.
func TestM30_NoRefusalTellsOfTheServer(t *testing.T) {
	f := silent(t)
	scopes := []string{"echo:use", "config:read", "greeting:use", "secret:use", "users:read"}
	good := f.Token(t, servertest.User("bob"), scopes...)
	refused := map[string]func(c *servertest.Client) *servertest.Answer{
		"an error":               func(c *servertest.Client) *servertest.Answer { return c.Call("fails", params{}) },
		"a panic":                func(c *servertest.Client) *servertest.Answer { return c.Call("panics", params{}) },
		"an error of a resource": func(c *servertest.Client) *servertest.Answer { return c.Read("app://broken") },
		"a panic of a prompt":    func(c *servertest.Client) *servertest.Answer { return c.Prompt("broken", nil) },
		"an error of completion": func(c *servertest.Client) *servertest.Answer { return c.CompletePrompt("broken", "a", "") },
		"bad arguments":          func(c *servertest.Client) *servertest.Answer { return c.Call("echo", params{"text": 1}) },
		"door two":               func(c *servertest.Client) *servertest.Answer { return c.Call("secret", params{"text": "x"}) },
		"door one":               func(c *servertest.Client) *servertest.Answer { return c.Call("query", params{"table": "public"}) },
		"an unknown tool":        func(c *servertest.Client) *servertest.Answer { return c.Call("nothing", nil) },
		"an unknown method":      func(c *servertest.Client) *servertest.Answer { return c.Send("nobody/knows", nil) },
		"no JSON":                func(c *servertest.Client) *servertest.Answer { return c.SendRaw(nil, []byte("{\x00")) },
		"a forged state": func(c *servertest.Client) *servertest.Answer {
			return c.Send("prompts/get", params{"name": "broken", "requestState": "x"})
		},
		"a foreign page": func(c *servertest.Client) *servertest.Answer {
			return c.With("Origin", "https://evil.test").Send("tools/list", nil)
		},
		"a type that is no JSON": func(c *servertest.Client) *servertest.Answer {
			return c.With("Content-Type", "text/plain").Send("tools/list", nil)
		},
		"a session that is none": func(c *servertest.Client) *servertest.Answer { return c.InSession("x").Send("tools/list", nil) },
		"a verb that is none":    func(c *servertest.Client) *servertest.Answer { return c.InSession("x").End() },
		"no token":               func(*servertest.Client) *servertest.Answer { return f.Client(t, "").Send("tools/list", nil) },
		"a token that is none":   func(*servertest.Client) *servertest.Answer { return f.Client(t, "x.y.z").Send("tools/list", nil) },
		"another issuer's": func(*servertest.Client) *servertest.Answer {
			return f.Client(t, reissue(t, good, "https://evil.test")).Send("tools/list", nil)
		},
		"keys out of reach": func(*servertest.Client) *servertest.Answer {
			return f.Client(t, reissue(t, good, "https://down.canary.test")).Send("tools/list", nil)
		},
		"another issuer's key": func(*servertest.Client) *servertest.Answer {
			return f.Client(t, reissue(t, good, "https://up.canary.test")+"A").Send("tools/list", nil)
		},
		"a version that is none": func(c *servertest.Client) *servertest.Answer {
			return c.With("Mcp-Protocol-Version", "1999-01-01").Send("tools/list", nil)
		},
		"a policy that is broken": func(c *servertest.Client) *servertest.Answer { return c.Read("app://plans") },
	}
	writeFile(t, f.policy, "p, role:canary-broken, *\n") // changes nothing, and is an alarm
	for name, send := range refused {
		t.Run(name, func(t *testing.T) {
			a := send(f.Client(t, good))
			if a.OK() {
				t.Fatalf("%v is no refusal", a)
			}
			f.tellsNothing(t, flatten(a))
		})
	}
	f.accepted(t, "twin", func() *servertest.Answer { return f.Client(t, good).Call("echo", params{"text": "x"}) })
	if audit := strings.Join(f.Records(t, 10), "\n"); !strings.Contains(audit, "up.canary.test") || !strings.Contains(audit, "policy.csv:") {
		t.Errorf("the audit does not say what the answers left out:\n%s", audit)
	}
}

// tellsNothing looks for what only the server knows.
func (f *fixture) tellsNothing(t *testing.T, text string) {
	t.Helper()
	leaks := []string{
		"canary", "10.1.2.3", "SELECT", "shadow", "goroutine", "panic", ".go", "runtime", "/srv", "mcp-go", "casbin", "sallyport-mcp",
		"policy.csv", "model.conf", "role:", "user:", "anyone", "keyMatch", "g(r.sub", filepath.Dir(f.policy), f.Server.Server().PolicyRevision(),
	}
	if host, err := os.Hostname(); err == nil && len(host) > 3 {
		leaks = append(leaks, host)
	}
	for _, leak := range leaks {
		if strings.Contains(text, leak) {
			t.Errorf("%q is in %s", leak, text)
		}
	}
}
