package authz

import (
	"slices"
	"testing"
)

// TestListed_Undeclared: an operation that the policy was not told of is listed by the same rows.
func TestListed_Undeclared(t *testing.T) {
	p := compiled(t, Source{}, "p, role:reader, table/o*, read, allow\ng, user:alice, role:reader\n", Options{})
	table, other := need(t, "table/{t}:read", ""), need(t, "row/{t}:read", "")
	for range 2 {
		if !p.Listed(user("alice"), table, false) || p.Listed(user("bob"), table, false) || p.Listed(user("alice"), other, false) {
			t.Error("listed by other rows")
		}
	}
}

// TestDecide_CustomModelOutcomes: under another model Casbin's answers about caller and client become the same reasons.
func TestDecide_CustomModelOutcomes(t *testing.T) {
	p := compiled(t, custom("r.obj == p.obj"), `p, anyone, notes, read, allow
p, client:bad, notes, read, deny
p, user:mallory, notes, read, deny
`, Options{})
	read := need(t, "notes:read", "")
	machine := Principal{Client: "app", Machine: true, Scopes: []string{"notes:read"}}
	wantAllowed(t, p.Decide(machine, read, nil))
	machine.Client = "bad"
	wantDenied(t, p.Decide(machine, read, nil), DoorTwo, ReasonClientDenied)
	alice := user("alice", "notes:read")
	wantAllowed(t, p.Decide(alice, read, nil))
	alice.Client = "bad"
	wantDenied(t, p.Decide(alice, read, nil), DoorTwo, ReasonClientDenied)
	wantDenied(t, p.Decide(user("mallory", "notes:read"), read, nil), DoorTwo, ReasonPermissionDenied)
	wantDenied(t, p.Decide(alice, need(t, "x", ""), nil), DoorTwo, ReasonPermissionMissing)
}

// TestWarnings_NoGuessInLargePolicies: what may have been meant is looked for among as many rows as people write.
func TestWarnings_NoGuessInLargePolicies(t *testing.T) {
	rules := make([]rule, mostSearched)
	for i := range rules {
		rules[i] = rule{obj: "notes", act: "raed"}
	}
	if _, found := nearest("notes:read", rules); !found {
		t.Error("nothing found")
	}
	if _, found := nearest("notes:read", slices.Concat(rules, rules[:1])); found {
		t.Error("looked for in a large policy")
	}
}
