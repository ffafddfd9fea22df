package authz

import (
	"math/rand/v2"
	"strings"
	"testing"
)

func TestDecision_Because(t *testing.T) {
	policy := `
p, role:editor, notes, write, allow
g, role:admin, role:editor
g, user:alice, role:admin
g, user:bob, group:interns
p, group:interns, notes, delete, deny
g, client:evil, role:revoked
p, role:revoked, *, *, deny
p, anyone, greet, use, allow
p, role:own, note/*, read, allow
g, user:alice, role:own
`
	write, remove, note := need(t, "notes:write", ""), need(t, "notes:delete", ""), need(t, "note/{id}:read", "")
	p := compiled(t, Source{}, policy, Options{Declared: []Requirement{write, remove, note}})
	evil := user("alice", "notes:write")
	evil.Client = "evil"
	robot := Principal{Client: "evil", Machine: true}
	id := func(value string) Values { return values(map[string]string{"id": value}) }
	for _, tt := range []struct {
		name string
		d    Decision
		want string
	}{
		{"allowed", p.Decide(user("alice", "notes:write"), write, nil), "user:alice > role:admin > role:editor"},
		{"allowed directly", p.Decide(user("zoe", "greet"), need(t, "greet", ""), nil), "anyone"},
		{"permission denied", p.Decide(user("bob"), remove, nil), "user:bob > group:interns denies notes:delete"},
		{"client denied", p.Decide(evil, write, nil), "client:evil > role:revoked denies notes:write"},
		{"machine denied", p.Decide(robot, write, nil), "client:evil > role:revoked denies notes:write"},
		{"permission missing", p.Decide(user("zoe"), remove, nil), "no row allows notes:delete"},
		{"permission missing, filled", p.Decide(user("zoe"), note, id("7")), "no row allows note/{id}:read"},
		{"scope missing", p.Decide(user("alice"), note, id("7")), "no scope of the token covers note/{id}:read"},
		{"no value", p.Decide(user("alice"), note, nil), "no usable value for {id} in note/{id}:read"},
		{"a value that is none", p.Decide(user("alice"), note, id("a b")), "no usable value for {id} in note/{id}:read"},
		{"any principal", p.Decide(user("zoe"), Requirement{anyPrincipal: true}, nil), "open to every verified caller"},
		{"nobody", p.Decide(Principal{}, write, nil), "the caller has no name, no client, or an issuer that is not configured"},
		{"nothing declared", p.Decide(user("zoe"), Requirement{}, nil), "the operation declares nothing that could be asked"},
		{"no policy", (*Policy)(nil).Decide(user("zoe"), write, nil), "there is no policy"},
		{"a panic", p.Decide(user("alice"), note, func(string) (string, bool) { panic("x") }), "evaluating the policy failed"},
		{"undecided", Decision{}, "nothing was asked"},
	} {
		if got := tt.d.Because(); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestDecision_BecauseNamesNoValue asks random questions with values that would be seen.
func TestDecision_BecauseNamesNoValue(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 4))
	operations := memoOperations(t)
	for range 60 {
		p, err := Compile(Source{}, source(randomRows(r)), Options{Declared: operations})
		if err != nil {
			continue
		}
		for _, q := range randomQuestions(t, r, operations, 25) {
			for name := range q.args {
				q.args[name] = pick(r, "canary", "canary canary")
			}
			q.who.Scopes = append(q.who.Scopes, "table/canary:read")
			if b := p.Decide(q.who, q.op, values(q.args)).Because(); strings.Contains(b, "canary") || b == "" {
				t.Errorf("%q about %+v", b, q)
			}
		}
	}
}

// TestDecision_BecauseIsCheap: one text, and nothing that a decision pays for.
func TestDecision_BecauseIsCheap(t *testing.T) {
	write := need(t, "notes:write", "")
	p := compiled(t, Source{}, `
p, role:editor, notes, write, allow
g, role:admin, role:editor
g, user:alice, role:admin
p, user:bob, notes, write, deny
`, Options{Declared: []Requirement{write}})
	for _, who := range []Principal{user("alice", "notes:write"), user("alice"), user("bob"), user("zoe")} {
		d := p.Decide(who, write, nil)
		if n := testing.AllocsPerRun(100, func() { _ = d.Because() }); n > 1 {
			t.Errorf("%s: %v allocations", d.Because(), n)
		}
	}
}
