package readme

import (
	"bytes"
	"context"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/server/cli"
	"github.com/sallyport-mcp/sallyport/tools"
)

const recipes = root + "/docs/policy-recipes.md"

// recipeServer declares what the recipes speak of.
func recipeServer() server.Config {
	nothing := tools.Typed(func(context.Context, struct {
		Table string `json:"table,omitempty"`
		Env   string `json:"env,omitempty"`
	}) (string, error) {
		return "", nil
	})
	config := server.Config{Name: "recipes"}
	for _, t := range []tools.Tool{
		{Name: "notes_search", Scopes: []string{"notes:read"}},
		{Name: "notes_create", Scopes: []string{"notes:write"}},
		{Name: "notes_delete", Scopes: []string{"notes:write"}, Permissions: []string{"notes:delete"}},
		{Name: "table_read", Scopes: []string{"tables:read"}, Permissions: []string{"table/{table}:read"}},
		{Name: "deploy", Scopes: []string{"deploy:run"}, Permissions: []string{"deploy/{env}:run"}},
	} {
		t.Description, t.Handler = "A tool of the recipes.", nothing
		config.Tools = append(config.Tools, t)
	}
	return config
}

var recipe = regexp.MustCompile("(?s)## ([^\n]+)\n[^#]*?```csv\n(.*?)```.*?```yaml\n(tests:.*?)```")

// TestRecipes runs the tests that each recipe has beside its rows. They have to exercise all of them: a row that no test rests on may
// say something else than the text around it.
func TestRecipes(t *testing.T) {
	document := read(t, recipes)
	found := recipe.FindAllStringSubmatch(document, -1)
	if headings := regexp.MustCompile("(?m)^## ").FindAllString(document, -1); len(found) != len(headings) {
		t.Fatalf("%d of %d recipes have rows and tests", len(found), len(headings))
	}
	for _, parts := range found {
		t.Run(parts[1], func(t *testing.T) {
			folder := t.TempDir()
			write(t, filepath.Join(folder, "policy.csv"), parts[2])
			write(t, filepath.Join(folder, "policy_test.yaml"), parts[3])
			t.Chdir(folder)
			var out bytes.Buffer
			if code := cli.Run(t.Context(), recipeServer(), []string{"policy", "test", "--min-coverage", "100"}, nil, &out, &out); code != 0 {
				t.Errorf("exit code %d\n%s", code, out.String())
			}
		})
	}
}
