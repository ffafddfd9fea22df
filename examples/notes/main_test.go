package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport-mcp/sallyport/server/servertest"
)

// TestPolicy runs policy_test.yaml, which is beside policy.csv.
func TestPolicy(t *testing.T) { servertest.TestPolicy(t, config()) }

func TestBobMayNotDelete(t *testing.T) {
	srv := servertest.Start(t, config())
	bob := srv.Client(t, srv.Token(t, servertest.User("bob"), "notes:read", "notes:write"))
	if answer := bob.Call("notes_delete", map[string]any{"id": "1"}); !answer.Denied("notes:delete") {
		t.Errorf("bob deletes: %v", answer)
	}
}

func TestAliceMayDelete(t *testing.T) {
	srv := servertest.Start(t, config())
	alice := srv.Client(t, srv.Token(t, servertest.User("alice"), "notes:write"))
	if answer := alice.Call("notes_delete", map[string]any{"id": "1"}); !answer.OK() {
		t.Errorf("alice deletes: %v", answer)
	}
	if answer := alice.Call("notes_delete", map[string]any{"id": "1"}); answer.Text() != `there is no note "1"` {
		t.Errorf("alice deletes the same note again: %v", answer)
	}
}

func TestNotes(t *testing.T) {
	srv := servertest.Start(t, config())
	bob := srv.Client(t, srv.Token(t, servertest.User("bob"), "notes:write")) // writing implies reading

	if answer := bob.Call("notes_create", map[string]any{"text": "Feed the cat"}); !answer.OK() {
		t.Fatalf("bob creates: %v", answer)
	}
	if answer := bob.Read("note://4"); answer.Text() != "Feed the cat" {
		t.Errorf("the new note: %v", answer)
	}
	if answer := bob.Read("note://99"); answer.Code != -32602 {
		t.Errorf("a note that does not exist: %v", answer)
	}
	if answer := bob.Call("notes_search", map[string]any{"query": "oat"}); answer.Text() != `{"notes":[{"id":"3","text":"Buy oat milk"}]}` {
		t.Errorf("bob searches: %v", answer)
	}
	if answer := bob.Prompt("notes_summary", nil); !answer.OK() {
		t.Errorf("bob asks for a summary: %v", answer)
	}
	if diff := cmp.Diff([]string{"1", "2", "3", "4"}, bob.CompleteResource("note://{id}", "id", "").Values()); diff != "" {
		t.Errorf("completion of ids (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"notes_create", "notes_search"}, bob.Tools()); diff != "" {
		t.Errorf("bob's tools (-want +got):\n%s", diff)
	}
}
