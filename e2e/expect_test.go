package e2e

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

func exchanges(w *wire, fits func(exchange) bool) []exchange {
	var found []exchange
	for _, e := range w.all() {
		if fits(e) {
			found = append(found, e)
		}
	}
	return found
}

// expectTools checks that a list shows what door two permits, and nothing else.
func expectTools(t *testing.T, got []string, want ...string) {
	t.Helper()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("tools/list shows %q, want %q", got, want)
	}
}

// expectStepUp checks the 403 of door one, for notes:write.
func expectStepUp(t *testing.T, e exchange) {
	t.Helper()
	if e.Status != http.StatusForbidden || parameter(e.Challenge, "error") != "insufficient_scope" || parameter(e.Challenge, "scope") != "notes:write" {
		t.Errorf("%s, want 403 with insufficient_scope and the scope notes:write", e)
	}
}

// expectNoStepUp checks the 403 of door two: nothing in it may make a client ask for more scopes.
func expectNoStepUp(t *testing.T, e exchange) {
	t.Helper()
	if e.Status != http.StatusForbidden || strings.Contains(e.Challenge, "insufficient_scope") || parameter(e.Challenge, "scope") != "" {
		t.Errorf("%s, want 403 without insufficient_scope", e)
	}
}

// expectAudit checks the records of all tool calls.
func expectAudit(t *testing.T, n notes, want []record) {
	t.Helper()
	got := n.records(t, len(want))
	if len(got) != len(want) {
		t.Fatalf("the audit has %d tool calls, want %d: %+v", len(got), len(want), got)
	}
	for i, r := range got {
		same := r.Subject == want[i].Subject && r.Name == want[i].Name && r.Decision == want[i].Decision && r.Door == want[i].Door
		if !same {
			t.Errorf("audit record %d is %+v, want %+v", i, r, want[i])
		}
		if r.Decision == "allow" && r.Rule == "" {
			t.Errorf("audit record %d allows without naming its rule", i)
		}
	}
}
