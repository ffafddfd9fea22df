package main

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/server/servertest"
)

func testConfig(t *testing.T) server.Config {
	t.Helper()
	db, err := open(filepath.Join(t.TempDir(), "shop.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if _, err := db.ExecContext(t.Context(), "DELETE FROM products"); err == nil {
		t.Fatal("the database can be written to")
	}
	return config(db)
}

func TestPolicy(t *testing.T) { servertest.TestPolicy(t, testConfig(t)) }

func TestTables(t *testing.T) {
	srv := servertest.Start(t, testConfig(t))
	bob := srv.Client(t, srv.Token(t, servertest.User("bob"), "tables:read"))
	alice := srv.Client(t, srv.Token(t, servertest.User("alice"), "tables:read"))

	if answer := bob.Call("table_read", map[string]any{"table": "customers", "limit": 1}); answer.Text() != `{"columns":["id","name","city"],"rows":[[1,"Mrs. Ito","Kyoto"]]}` {
		t.Errorf("bob reads customers: %v", answer)
	}
	if answer := bob.Call("table_read", map[string]any{"table": "salaries"}); !answer.Denied("table/salaries:read") {
		t.Errorf("bob reads salaries: %v", answer)
	}
	if answer := alice.Call("table_read", map[string]any{"table": "salaries"}); !answer.OK() {
		t.Errorf("alice reads salaries: %v", answer)
	}
	if answer := alice.Read("table://salaries"); answer.Text() != "CREATE TABLE salaries (person TEXT PRIMARY KEY, cents INTEGER NOT NULL)" {
		t.Errorf("alice reads how salaries is made: %v", answer)
	}
	if diff := cmp.Diff([]string{"customers", "products"}, bob.CompleteResource("table://{table}", "table", "").Values()); diff != "" {
		t.Errorf("the tables that bob is told of (-want +got):\n%s", diff)
	}
}

// TestOtherSpellings names a table as SQLite would find it and as the policy does not know it.
func TestOtherSpellings(t *testing.T) {
	srv := servertest.Start(t, testConfig(t))
	bob := srv.Client(t, srv.Token(t, servertest.User("bob"), "tables:read"))
	for _, table := range []string{"Salaries", "SALARIES", "main.salaries"} {
		if answer := bob.Call("table_read", map[string]any{"table": table}); answer.OK() || answer.Text() == "" {
			t.Errorf("bob reads %s: %v", table, answer)
		}
	}
	if answer := bob.Call("table_read", map[string]any{"table": `x" --`}); answer.Status != 403 {
		t.Errorf("a table that is no name: %v", answer)
	}
}
