package server

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/tools"
)

func reviewedConfig() Config {
	type byID struct {
		ID string `json:"id"`
	}
	call := func(context.Context, byID) (string, error) { return "", nil }
	return Config{
		Tools: []tools.Tool{
			{Name: "notes_read", Description: "Read.", Scopes: []string{"notes:read"}, Handler: tools.Typed(call)},
			{Name: "both", Description: "Both.", Scopes: []string{"both/{id}:use"}, Handler: tools.Typed(call)},
		},
		Resources: []tools.Resource{{
			Name: "note", Description: "A note.", URI: "note://{id}", Scopes: []string{"note/{id}:read"},
			Read: func(context.Context, tools.ResourceRequest) (tools.Contents, error) { return tools.Text(""), nil },
		}},
		Prompts: []tools.Prompt{{
			Name: "both", Description: "Both.", Scopes: []string{"notes:read"},
			Get: func(context.Context, map[string]string) ([]tools.Message, error) { return nil, nil },
		}},
	}
}

func TestReview_Find(t *testing.T) {
	r, err := NewReview(reviewedConfig())
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, kind, operation, id string }{
		{"notes_read", "tool", "notes_read", "given"},
		{"tool:both", "tool", "both", "given"},
		{"prompt:both", "prompt", "both", "given"},
		{"note://{id}", "resource", "note://{id}", "given"},
		{"note://7", "resource", "note://{id}", "given"},
	} {
		op, values, err := r.Find(tt.name, map[string]string{"id": "given"})
		if err != nil || op.Kind != tt.kind || op.Name != tt.operation {
			t.Errorf("%s: %+v, %v", tt.name, op, err)
			continue
		}
		if id, ok := values("id"); id != tt.id || !ok {
			t.Errorf("%s: id %q", tt.name, id)
		}
	}
	_, values, err := r.Find("note://7", nil)
	if err != nil {
		t.Fatal(err)
	}
	if id, ok := values("id"); id != "7" || !ok {
		t.Errorf("the URI says %q", id)
	}
	for name, want := range map[string]string{
		"both":       `"both" is a tool and a prompt; write tool:both or prompt:both`,
		"notes_raed": "is it notes_read?",
		"x":          "there are both, notes_read, note://{id}, both",
	} {
		if _, _, err := r.Find(name, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	empty, err := NewReview(Config{})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := empty.Find("x", nil); err == nil || !strings.Contains(err.Error(), "nothing is declared") {
		t.Error(err)
	}
}

func TestReview_Load(t *testing.T) {
	cfg := reviewedConfig()
	cfg.Policy = filepath.Join(t.TempDir(), "policy.csv")
	if err := os.WriteFile(cfg.Policy, []byte("p, user:alice, notes, read, allow\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := NewReview(cfg)
	if err != nil {
		t.Fatal(err)
	}
	policy, err := r.Load("")
	if err != nil || r.PolicyPath() != cfg.Policy || len(r.Aliases()) > 1 || len(r.Operations()) != 4 {
		t.Fatalf("%v, %s, %v, %v", err, r.PolicyPath(), r.Aliases(), r.Operations())
	}
	op, values, err := r.Find("notes_read", nil)
	if err != nil {
		t.Fatal(err)
	}
	alice := authz.Principal{Subject: "alice", Client: "app", Scopes: []string{"notes:read"}}
	if d := policy.Decide(alice, op.Need, values); !d.Allowed() {
		t.Error(d.Reason())
	}
	var lint *authz.LintError
	if _, err := r.Load(cfg.Policy + "x"); !errors.As(err, &lint) {
		t.Errorf("another policy, which is not there: %v", err)
	}
	cfg.Tools[0].Handler = nil
	var config *ConfigError
	if _, err := NewReview(cfg); !errors.As(err, &config) {
		t.Errorf("a tool without a handler: %v", err)
	}
}
