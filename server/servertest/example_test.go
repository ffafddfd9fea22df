package servertest_test

import (
	"context"
	"testing"

	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/server/servertest"
	"github.com/sallyport-mcp/sallyport/tools"
)

// notes is the server under test: what its main function gives to cli.Main.
func notes() server.Config {
	remove := func(_ context.Context, in struct {
		ID string `json:"id"`
	}) (string, error) {
		return "deleted " + in.ID, nil
	}
	return server.Config{
		Name: "notes",
		Tools: []tools.Tool{{
			Name: "notes_delete", Description: "Delete one note for good.",
			Scopes: []string{"notes:write"}, Permissions: []string{"notes:delete"}, Handler: tools.Typed(remove),
		}},
	}
}

// The policy is the nearest policy.csv above the test. The test of a package
// looks like this.
func ExampleStart() {
	_ = func(t *testing.T) {
		t.Helper()
		srv := servertest.Start(t, notes())
		bob := srv.Client(t, srv.Token(t, servertest.User("bob"), "notes:write"))
		if answer := bob.Call("notes_delete", map[string]any{"id": "1"}); !answer.Denied("notes:delete") {
			t.Errorf("bob may delete: %v", answer)
		}
	}
	// Output:
}
