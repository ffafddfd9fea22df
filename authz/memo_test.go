package authz

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// sameDecision compares two decisions in everything they hold.
func sameDecision(t *testing.T, got, want Decision, about ...any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(Decision{}), cmpopts.IgnoreFields(Decision{}, "why")); diff != "" || got.Rule() != want.Rule() {
		t.Fatalf("remembered differs from asked (-asked +remembered):\n%s%+v", diff, about)
	}
}

// asked is one question of the tests below.
type asked struct {
	who  Principal
	op   Requirement
	args map[string]string
}

// randomQuestions are few enough callers that many questions are alike in part, and some altogether.
func randomQuestions(t *testing.T, r *rand.Rand, operations []Requirement, n int) []asked {
	t.Helper()
	list := make([]asked, n)
	for i := range list {
		list[i] = asked{randomCaller(r), operations[r.IntN(len(operations))], map[string]string{}}
		list[i].who.Alias = pick(r, "one", "two")
		if r.IntN(4) > 0 {
			list[i].args["t"] = pick(r, "orders", "users", "o", "not a value")
		}
		if r.IntN(4) == 0 {
			list[i].args["u"] = pick(r, "orders", "users")
		}
	}
	return list
}

func memoOperations(t *testing.T) []Requirement {
	return []Requirement{
		need(t, "notes:read", ""), need(t, "notes:write", "notes:delete"), need(t, "greet", ""), need(t, "greet", "notes:read"),
		need(t, "table/{t}:read", ""), need(t, "table/{u}:read", ""), need(t, "table/{t}:read,greet", "table/{u}:read"),
		need(t, "table/orders:read", ""), need(t, "notes:read,greet", "notes:read,notes:write"), need(t, "greet,notes:read", "notes:write"),
	}
}

// TestMemo_EqualsAsking puts the same random questions to a policy that remembers and to one that does not, several times over
// and from several goroutines, and compares the answers in every member.
func TestMemo_EqualsAsking(t *testing.T) {
	seed := *seedFlag
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	operations := memoOperations(t)
	counts := map[Reason]int{}
	for i := range 40 {
		options := Options{Declared: operations}
		if i%2 == 0 {
			options.Aliases = []string{"one", "two"}
		}
		p, err := Compile(Source{}, source(randomRows(r)), options)
		if err != nil {
			continue
		}
		anew := forgetful(p)
		questions := randomQuestions(t, r, operations, 40)
		want := make([]Decision, len(questions))
		for j, q := range questions {
			want[j] = anew.Decide(q.who, q.op, values(q.args))
			counts[want[j].Reason()]++
		}
		var all sync.WaitGroup
		for range 3 {
			order := r.Perm(len(questions))
			all.Go(func() {
				for _, j := range order {
					q := questions[j]
					if got := p.Decide(q.who, q.op, values(q.args)); got.Reason() != want[j].Reason() || got.Rule() != want[j].Rule() {
						t.Errorf("seed %d: remembered %+v, asked %+v: %+v", seed, got, want[j], q)
					}
				}
			})
		}
		all.Wait()
		for j, q := range questions {
			sameDecision(t, p.Decide(q.who, q.op, values(q.args)), want[j], seed, q)
			for _, granted := range []bool{false, true} {
				if got, asked := p.Listed(q.who, q.op, granted), anew.Listed(q.who, q.op, granted); got != asked {
					t.Fatalf("seed %d: listed %t, asked %t: %+v", seed, got, asked, q)
				}
			}
		}
	}
	for _, reason := range []Reason{
		ReasonAllowed, ReasonScopeMissing, ReasonPermissionMissing, ReasonPermissionDenied, ReasonClientDenied, ReasonPlaceholder,
	} {
		if counts[reason] == 0 {
			t.Errorf("no answer was %s: the questions are too narrow", reason)
		}
	}
}

// TestMemo_Remembers shows that the second answer is not worked out again: the rows behind the memory are taken away.
func TestMemo_Remembers(t *testing.T) {
	read := need(t, "notes:read", "")
	p := compiled(t, Source{}, "p, user:alice, notes, read, allow\n", Options{Declared: []Requirement{read}})
	wantAllowed(t, p.Decide(user("alice", "notes:read"), read, nil))
	wantDenied(t, p.Decide(user("alice", "x"), read, nil), DoorOne, ReasonScopeMissing)
	wantDenied(t, p.Decide(user("bob", "notes:read"), read, nil), DoorTwo, ReasonPermissionMissing)
	p.rows = nil
	wantAllowed(t, p.Decide(user("alice", "notes:read"), read, nil))
	wantDenied(t, p.Decide(user("alice", "x"), read, nil), DoorOne, ReasonScopeMissing)
	wantDenied(t, p.Decide(user("bob", "notes:read"), read, nil), DoorTwo, ReasonPermissionMissing)
	wantDenied(t, p.Decide(user("carol", "notes:read"), read, nil), DoorTwo, ReasonPolicyError)
	wantDenied(t, p.Decide(user("alice", "notes:read", "x"), read, nil), DoorTwo, ReasonPolicyError)
}

// TestMemo_RemembersWhatWasFilled: answers about values are kept for the caller, the scopes and the values they were given for.
func TestMemo_RemembersWhatWasFilled(t *testing.T) {
	table := need(t, "table/{t}:read", "")
	p := compiled(t, Source{}, "p, user:alice, table/orders, read, allow\np, user:bob, table/*, read, deny\n", Options{Declared: []Requirement{table}})
	orders, users := values(map[string]string{"t": "orders"}), values(map[string]string{"t": "users"})
	alice, narrow := user("alice", "table/orders:read", "table/users:read"), user("alice", "table/users:read")
	check := func() {
		t.Helper()
		wantAllowed(t, p.Decide(alice, table, orders))
		wantDenied(t, p.Decide(narrow, table, orders), DoorOne, ReasonScopeMissing)
		wantDenied(t, p.Decide(alice, table, users), DoorTwo, ReasonPermissionMissing)
		d := p.Decide(user("bob", "table/orders:read"), table, orders)
		wantDenied(t, d, DoorTwo, ReasonPermissionDenied)
		if d.Permission() != "table/orders:read" {
			t.Error(d.Permission())
		}
	}
	check()
	rows := p.rows
	p.rows = nil
	check()
	wantDenied(t, p.Decide(alice, table, values(map[string]string{"t": "other"})), DoorTwo, ReasonPolicyError)
	p.rows = rows
	wantDenied(t, p.Decide(alice, table, values(map[string]string{"t": "other"})), DoorTwo, ReasonPermissionMissing)
}

// TestMemo_ForgetsErrors: what failed is asked again.
func TestMemo_ForgetsErrors(t *testing.T) {
	read, alice := need(t, "notes:read", ""), user("alice", "notes:read")
	p := compiled(t, custom("r.obj == p.obj"), "p, user:alice, notes, read, allow\n", Options{Declared: []Requirement{read}})
	sound := p.casbin.model
	for name, broken := range map[string]definitions{
		"error": {"r": "sub, obj", "p": sound["p"], "g": sound["g"], "e": sound["e"], "m": sound["m"]},
		"panic": {"r": "sub, obj, act"},
	} {
		p.casbin.model = broken
		if d := p.Decide(alice, read, nil); d.Reason() != ReasonPolicyError {
			t.Fatalf("%s: %+v", name, d)
		}
	}
	p.casbin.model = sound
	wantAllowed(t, p.Decide(alice, read, nil))
	p.casbin.model = definitions{}
	wantAllowed(t, p.Decide(alice, read, nil)) // what did not fail is remembered
}

// TestMemo_KeysTellApart has pairs of questions that a careless key would take for one another.
func TestMemo_KeysTellApart(t *testing.T) {
	caller := func(change func(*Principal)) Principal {
		who := Principal{Alias: "one", Subject: "s", Client: "c", Groups: []string{"a", "b"}, Roles: []string{"r"}, Scopes: []string{"x"}}
		change(&who)
		return who
	}
	two := func(who Principal) string { return string(callerKey(nil, &who, []string{"one", "two"})) }
	same := func(*Principal) {}
	seen := map[string]string{}
	for name, key := range map[string]string{
		"as it is":                  two(caller(same)),
		"machine":                   two(caller(func(p *Principal) { p.Machine = true })),
		"other alias":               two(caller(func(p *Principal) { p.Alias = "two" })),
		"text moved to the client":  two(caller(func(p *Principal) { p.Subject, p.Client = "", "sc" })),
		"text moved to the subject": two(caller(func(p *Principal) { p.Subject, p.Client = "sc", "" })),
		"groups joined":             two(caller(func(p *Principal) { p.Groups = []string{"ab"} })),
		"groups joined by NUL":      two(caller(func(p *Principal) { p.Groups = []string{"a\x00b"} })),
		"group with a length in it": two(caller(func(p *Principal) { p.Groups = []string{"a\x01b"} })),
		"an empty group more":       two(caller(func(p *Principal) { p.Groups = []string{"a", "b", ""} })),
		"a group became a role":     two(caller(func(p *Principal) { p.Groups, p.Roles = []string{"a"}, []string{"b", "r"} })),
		"the role became a group":   two(caller(func(p *Principal) { p.Groups, p.Roles = []string{"a", "b", "r"}, nil })),
		"no role":                   two(caller(func(p *Principal) { p.Roles = nil })),
		"an empty role":             two(caller(func(p *Principal) { p.Roles = []string{""} })),
	} {
		if other, known := seen[key]; known {
			t.Errorf("%q and %q have the same key", name, other)
		}
		seen[key] = name
	}
	again := caller(func(p *Principal) { p.Scopes, p.TokenID, p.GrantID, p.Actor, p.Issuer = nil, "t", "g", "a", "i" })
	if two(again) != two(caller(same)) {
		t.Error("door two does not depend on scopes, nor on what names the token")
	}
	here, there := caller(same), caller(func(p *Principal) { p.Alias = "two" })
	if string(callerKey(nil, &here, []string{"one"})) != string(callerKey(nil, &there, []string{"one"})) {
		t.Error("with one issuer no name has an alias")
	}
}

// TestMemo_ScopesTellApart does the same for the scopes of a token.
func TestMemo_ScopesTellApart(t *testing.T) {
	seen := map[string]bool{}
	for _, scopes := range [][]string{nil, {""}, {"a"}, {"b"}, {"a", "b"}, {"ab"}, {"a b"}, {"a\x01b"}, {"", "ab"}, {"ab", ""}, {"b", "a"}} {
		key := string(keyText(nil).texts(scopes))
		if seen[key] {
			t.Errorf("%q has the key of others", scopes)
		}
		seen[key] = true
	}
}

// TestArguments: the request is asked once for each name, and what cannot fill a placeholder is no value.
func TestArguments(t *testing.T) {
	table := need(t, "table/{t}:{how}", "row/{r}:use {t}")
	calls := map[string]int{}
	given := func(name string) (string, bool) {
		calls[name]++
		return map[string]string{"t": "orders", "how": "a b", "r": "1"}[name], name != "r"
	}
	got := arguments{}.readAll(table.scopes, given).readAll(table.permissions, given)
	want := arguments{{name: "t", value: "orders", given: true, usable: true}, {name: "how", given: true}, {name: "r"}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(argument{})); diff != "" {
		t.Errorf("arguments (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]int{"t": 1, "how": 1, "r": 1}, calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	if got.find("nobody") != (argument{}) {
		t.Error("an unknown name has a value")
	}
}

// TestMemo_ValueOfAnotherOperation: a declared scope is filled with the values of any request, so they are part of each question.
func TestMemo_ValueOfAnotherOperation(t *testing.T) {
	orders := need(t, "table/orders:use", "")
	p := compiled(t, Source{}, "p, anyone, *, *, allow\n", Options{Declared: []Requirement{orders, need(t, "table/{t}", "")}})
	who := user("alice", "table/orders") // the short spelling, which only the template means
	wantDenied(t, p.Decide(who, orders, values(map[string]string{"t": "users"})), DoorOne, ReasonScopeMissing)
	wantAllowed(t, p.Decide(who, orders, values(map[string]string{"t": "orders"})))
	wantDenied(t, p.Decide(who, orders, nil), DoorOne, ReasonScopeMissing)
}

// TestMemo_Bounded: whatever is asked, the memory has the same number of places, and what was pushed out is asked anew.
func TestMemo_Bounded(t *testing.T) {
	m := newMemo[int]()
	key := func(i int) *memoKey {
		k := keyText(binary.AppendUvarint(nil, uint64(i))).digest()
		return &k
	}
	const n = 4 * memoSets * memoWays
	for i := range n {
		if put, got := m.put(key(i), i), m.get(key(i)); got == nil || *got != i || put != got {
			t.Fatalf("%d was not put", i)
		}
	}
	kept := 0
	for i := range n {
		if v := m.get(key(i)); v != nil {
			kept++
			if *v != i {
				t.Fatalf("%d is remembered as %d", i, *v)
			}
		}
	}
	if len(m.places) != memoSets*memoWays || kept > len(m.places) || kept < len(m.places)*9/10 {
		t.Errorf("%d of %d places are in use", kept, len(m.places))
	}
	none := memo[int]{}
	if v := none.put(key(0), 7); *v != 7 || none.get(key(0)) != nil {
		t.Error("the zero memo remembers")
	}
}

// TestMemo_NewRevisionIsEmpty: answers of one policy are never those of another.
func TestMemo_NewRevisionIsEmpty(t *testing.T) {
	read, alice := need(t, "notes:read", ""), user("alice", "notes:read")
	before := compiled(t, Source{}, "p, user:alice, notes, read, allow\n", Options{})
	wantAllowed(t, before.Decide(alice, read, nil))
	after := compiled(t, Source{}, "p, user:alice, notes, read, deny\n", Options{})
	wantDenied(t, after.Decide(alice, read, nil), DoorTwo, ReasonPermissionDenied)
}

// TestMemo_ScopesAreTheCallers: who changes the scopes of a decision changes no other.
func TestMemo_ScopesAreTheCallers(t *testing.T) {
	p := compiled(t, Source{}, "p, anyone, *, *, allow\n", Options{})
	both := need(t, "notes:read,notes:write", "")
	for range 2 {
		scopes := p.Decide(user("alice"), both, nil).Scopes()
		if !slices.Equal(scopes, []string{"notes:read", "notes:write"}) {
			t.Fatal(scopes)
		}
		scopes[0] = "mine"
	}
}

func TestDecide_AllocatesNothingWhenAskedAgain(t *testing.T) {
	read, table := need(t, "notes:read", ""), need(t, "table/{t}:read", "table/{t}:read row/{t}:{how}")
	p := compiled(t, Source{}, "p, anyone, *, *, allow\n", Options{Declared: []Requirement{read, table}})
	alice := user("alice", "notes:read", "table/orders:read")
	alice.Groups, alice.Roles = []string{"staff"}, []string{"reader"}
	given := values(map[string]string{"t": "orders", "how": "look"})
	for name, op := range map[string]Requirement{"plain": read, "placeholders": table} {
		if n := testing.AllocsPerRun(100, func() { wantAllowed(t, p.Decide(alice, op, given)) }); n > 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
		if n := testing.AllocsPerRun(100, func() { p.Listed(alice, op, false) }); n > 0 {
			t.Errorf("%s: %v allocations to list", name, n)
		}
	}
}
