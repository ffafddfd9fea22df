package policytest

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/tools"
)

var update = flag.Bool("update", false, "rewrite golden files")

type byTable struct {
	Table string `json:"table"`
}

// reviewed returns a server to test policies of. With aliases it has an issuer for each.
func reviewed(t testing.TB, aliases ...string) *server.Review {
	t.Helper()
	nothing := func(context.Context, struct{}) (string, error) { return "", nil }
	query := func(context.Context, byTable) (string, error) { return "", nil }
	cfg := server.Config{
		Tools: []tools.Tool{
			{Name: "notes_search", Description: "Search.", Scopes: []string{"notes:read"}, Handler: tools.Typed(nothing)},
			{Name: "notes_delete", Description: "Delete.", Scopes: []string{"notes:write"}, Permissions: []string{"notes:delete"}, Handler: tools.Typed(nothing)},
			{Name: "query", Description: "Query.", Scopes: []string{"data:read"}, Permissions: []string{"table/{table}:read"}, Handler: tools.Typed(query)},
			{Name: "version", Description: "Tell the version.", AnyPrincipal: true, Handler: tools.Typed(nothing)},
		},
		Resources: []tools.Resource{{
			Name: "table", Description: "A table.", URI: "table://{table}", Scopes: []string{"data:read"}, Permissions: []string{"table/{table}:read"},
			Read: func(context.Context, tools.ResourceRequest) (tools.Contents, error) { return tools.Text(""), nil },
		}},
	}
	for _, alias := range aliases {
		issuer := server.Issuers("https://" + alias + ".example")[0]
		issuer.Alias = alias
		cfg.Issuers = append(cfg.Issuers, issuer)
	}
	review, err := server.NewReview(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return review
}

// bundle is a txtar file by section. What stands before the first section is its comment; a line "aliases: a b" in it says
// what issuers there are.
type bundle struct {
	path     string
	archive  *txtar.Archive
	sections map[string]string
}

func bundles(t *testing.T, pattern string, run func(t *testing.T, b bundle)) {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s: %v, %v", pattern, paths, err)
	}
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		b := bundle{path: path, archive: archive, sections: map[string]string{}}
		for _, f := range archive.Files {
			b.sections[f.Name] = string(f.Data)
		}
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) { run(t, b) })
	}
}

func (b bundle) review(t *testing.T) *server.Review {
	t.Helper()
	for line := range strings.Lines(string(b.archive.Comment)) {
		if aliases, found := strings.CutPrefix(line, "aliases:"); found {
			return reviewed(t, strings.Fields(aliases)...)
		}
	}
	return reviewed(t)
}

// check compares a section with what was computed, and rewrites it with -update.
func (b bundle) check(t *testing.T, section, got string) {
	t.Helper()
	if *update {
		for i, f := range b.archive.Files {
			if f.Name == section {
				b.archive.Files[i].Data = []byte(got)
			}
		}
		if err := os.WriteFile(b.path, txtar.Format(b.archive), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(b.sections[section], got); diff != "" {
		t.Errorf("%s, %s (-want +got):\n%s", b.path, section, diff)
	}
}

// compiled returns a policy for the operations of a review.
func compiled(t *testing.T, review *server.Review, text string) *authz.Policy {
	t.Helper()
	path := filepath.Join(t.TempDir(), "policy.csv")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(filepath.Dir(path))
	policy, err := review.Load("policy.csv")
	if err != nil {
		t.Fatal(err)
	}
	return policy
}
