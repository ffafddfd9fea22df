package main

import (
	"testing"

	"github.com/sallyport-mcp/sallyport/server/servertest"
)

func start(t *testing.T) *servertest.Server {
	t.Helper()
	cfg := config()
	cfg.Policy = "policy.csv"
	return servertest.Start(t, cfg)
}

// TestScopeChallenge sends every kind of request with a token that has only the initial scope: one challenge names both scopes of the
// operation, and a token with these is enough.
func TestScopeChallenge(t *testing.T) {
	srv := start(t)
	for _, row := range []struct {
		name   string
		send   func(*servertest.Client) *servertest.Answer
		scopes []string
	}{
		{
			"tool", func(c *servertest.Client) *servertest.Answer { return c.Call("test_simple_text", nil) },
			[]string{"mcp:conformance:tools:call", "mcp:conformance:tools:test_simple_text"},
		},
		{
			"resource", func(c *servertest.Client) *servertest.Answer { return c.Read("test://static-text") },
			[]string{"mcp:conformance:resources:read", "mcp:conformance:resources:static"},
		},
		{
			"template", func(c *servertest.Client) *servertest.Answer { return c.Read("test://template/123/data") },
			[]string{"mcp:conformance:resources:read", "mcp:conformance:resources:template:123"},
		},
		{
			"prompt", func(c *servertest.Client) *servertest.Answer { return c.Prompt("test_simple_prompt", nil) },
			[]string{"mcp:conformance:prompts:get", "mcp:conformance:prompts:test_simple_prompt"},
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			low := srv.Client(t, srv.Token(t, servertest.User("alice"), call))
			if answer := row.send(low); answer.Status != 403 || !answer.StepUp(row.scopes...) {
				t.Errorf("with the initial scope: %v, want a challenge for %q", answer, row.scopes)
			}
			full := srv.Client(t, srv.Token(t, servertest.User("alice"), row.scopes...))
			if answer := row.send(full); !answer.OK() {
				t.Errorf("with both scopes: %v", answer)
			}
		})
	}
}

// TestEveryOperationHasAScopeOfItsOwn calls each tool with the scopes of all others.
func TestEveryOperationHasAScopeOfItsOwn(t *testing.T) {
	srv := start(t)
	all := config().Tools
	for _, missing := range all {
		granted := []string{call}
		for _, other := range all {
			if other.Name != missing.Name {
				granted = append(granted, other.Scopes[1])
			}
		}
		client := srv.Client(t, srv.Token(t, servertest.User("alice"), granted...))
		if answer := client.Call(missing.Name, nil); !answer.StepUp(missing.Scopes...) {
			t.Errorf("%s with the scopes of all other tools: %v", missing.Name, answer)
		}
	}
}

// TestOnlyAliceMay proves that the policy is asked too: bob's token has every scope, and he gets a denial that no scope would change.
func TestOnlyAliceMay(t *testing.T) {
	srv := start(t)
	scopes := []string{call, "mcp:conformance:tools:test_simple_text"}
	if answer := srv.Client(t, srv.Token(t, servertest.User("bob"), scopes...)).Call("test_simple_text", nil); !answer.Denied(scopes[0]) {
		t.Errorf("bob: %v", answer)
	}
	if answer := srv.Client(t, srv.Token(t, servertest.User("alice"), scopes...)).Call("test_simple_text", nil); !answer.OK() {
		t.Errorf("alice: %v", answer)
	}
}
