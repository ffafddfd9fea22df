package server

import (
	"context"
	"testing"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/tools"
	"github.com/sallyport-mcp/sallyport/transport"
	"github.com/sallyport-mcp/sallyport/transport/message"
)

// TestOneRevisionForHeadersAndDecision: whether a concealed tool's headers are
// checked, and whether it may run, is asked of one policy, however many replace
// each other meanwhile.
func TestOneRevisionForHeadersAndDecision(t *testing.T) {
	cfg := goodConfig(t)
	cfg.Denials = DenialsConceal
	cfg.Tools = []tools.Tool{{
		Name: "near", Description: "Near.", Scopes: []string{"echo:use"},
		Handler: tools.Typed(func(_ context.Context, in struct {
			Region string `json:"region" header:"Region"`
		}) (string, error) {
			return in.Region, nil
		}),
	}}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	compile := func(rows string) *authz.Policy {
		p, err := authz.Compile(authz.Source{}, authz.Source{Name: "policy.csv", Data: []byte(rows)},
			authz.Options{Declared: s.ops.requirements()})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	hidden, open := compile("p, user:other, echo, use, allow\n"), compile("p, anyone, echo, use, allow\n")
	who := authz.Principal{Subject: "bob", Client: "c", Scopes: []string{"echo:use"}}
	wrong := func(map[string][]string) *transport.Refusal { return transport.InvalidParams("the headers differ") }
	for name, order := range map[string][]*authz.Policy{"hidden, then open": {hidden, open}, "open, then hidden": {open, hidden}} {
		g := *s.newGate(s.at)
		asked := 0
		g.policy = func() *authz.Policy { asked++; return order[min(asked, len(order))-1] }
		pass, why := g.Admit(t.Context(), who, &message.Message{Method: "tools/call", Name: "near"}, wrong)
		if pass != nil || why == nil || asked != 1 {
			t.Errorf("%s: asked %d times, pass %v, %v", name, asked, pass, why)
		}
		if order[0] == hidden && why != nil && why.Reason == "" {
			t.Errorf("%s: told apart from an unknown tool: %+v", name, why)
		}
	}
	g := *s.newGate(s.at)
	g.policy = func() *authz.Policy { return open }
	right := func(map[string][]string) *transport.Refusal { return nil }
	if pass, why := g.Admit(t.Context(), who, &message.Message{Method: "tools/call", Name: "near"}, right); pass == nil {
		t.Errorf("with the right headers: %v", why)
	}
}
