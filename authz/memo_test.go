package authz

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// sameDecision compares two decisions in everything they hold.
func sameDecision(t *testing.T, got, want Decision, about ...any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(Decision{})); diff != "" {
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
					if got := p.Decide(q.who, q.op, values(q.args)); !reflect.DeepEqual(got, want[j]) {
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

// TestMemo_Remembers shows that the second answer does not come from Casbin: the policy behind the memory is taken away.
func TestMemo_Remembers(t *testing.T) {
	p := compiled(t, Source{}, "p, user:alice, notes, read, allow\n", Options{})
	read := need(t, "notes:read", "")
	wantAllowed(t, p.Decide(user("alice", "notes:read"), read, nil))
	wantDenied(t, p.Decide(user("alice"), read, nil), DoorOne, ReasonScopeMissing)
	wantDenied(t, p.Decide(user("bob", "notes:read"), read, nil), DoorTwo, ReasonPermissionMissing)
	p.model, p.one = definitions{}, rowSet{rules: [][]string{{"broken"}}}
	wantAllowed(t, p.Decide(user("alice", "notes:read"), read, nil))
	wantDenied(t, p.Decide(user("alice"), read, nil), DoorOne, ReasonScopeMissing)
	wantDenied(t, p.Decide(user("bob", "notes:read"), read, nil), DoorTwo, ReasonPermissionMissing)
	wantDenied(t, p.Decide(user("carol", "notes:read"), read, nil), DoorTwo, ReasonPolicyError)
	wantDenied(t, p.Decide(user("alice", "notes:read", "x"), read, nil), DoorTwo, ReasonPolicyError)
}

// TestMemo_ForgetsErrors: what failed is asked again.
func TestMemo_ForgetsErrors(t *testing.T) {
	p := compiled(t, Source{}, "p, user:alice, notes, read, allow\n", Options{})
	read, alice := need(t, "notes:read", ""), user("alice", "notes:read")
	sound := p.model
	for name, broken := range map[string]definitions{
		"error": {"r": "sub, obj", "p": sound["p"], "g": sound["g"], "e": sound["e"], "m": sound["m"]},
		"panic": {"r": "sub, obj, act"},
	} {
		p.model = broken
		if d := p.Decide(alice, read, nil); d.Reason() != ReasonPolicyError {
			t.Fatalf("%s: %+v", name, d)
		}
	}
	p.model = sound
	wantAllowed(t, p.Decide(alice, read, nil))
}

// TestMemo_KeysTellApart has pairs of questions that a careless key would take for one another.
func TestMemo_KeysTellApart(t *testing.T) {
	caller := func(change func(*Principal)) Principal {
		who := Principal{Alias: "one", Subject: "s", Client: "c", Groups: []string{"a", "b"}, Roles: []string{"r"}, Scopes: []string{"x"}}
		change(&who)
		return who
	}
	two := func(who Principal, permissions ...string) string {
		return string(permittedKey(nil, who, []string{"one", "two"}, filledOf(permissions)))
	}
	same := func(*Principal) {}
	seen := map[string]string{}
	for name, key := range map[string]string{
		"as it is":                  two(caller(same), "p:use"),
		"machine":                   two(caller(func(p *Principal) { p.Machine = true }), "p:use"),
		"other alias":               two(caller(func(p *Principal) { p.Alias = "two" }), "p:use"),
		"text moved to the client":  two(caller(func(p *Principal) { p.Subject, p.Client = "", "sc" }), "p:use"),
		"text moved to the subject": two(caller(func(p *Principal) { p.Subject, p.Client = "sc", "" }), "p:use"),
		"groups joined":             two(caller(func(p *Principal) { p.Groups = []string{"ab"} }), "p:use"),
		"groups joined by NUL":      two(caller(func(p *Principal) { p.Groups = []string{"a\x00b"} }), "p:use"),
		"group with a length in it": two(caller(func(p *Principal) { p.Groups = []string{"a\x01b"} }), "p:use"),
		"an empty group more":       two(caller(func(p *Principal) { p.Groups = []string{"a", "b", ""} }), "p:use"),
		"a group became a role":     two(caller(func(p *Principal) { p.Groups, p.Roles = []string{"a"}, []string{"b", "r"} }), "p:use"),
		"the role became a group":   two(caller(func(p *Principal) { p.Groups, p.Roles = []string{"a", "b", "r"}, nil }), "p:use"),
		"the role is permission":    two(caller(func(p *Principal) { p.Roles = nil }), "r", "p:use"),
		"other permission":          two(caller(same), "p"),
		"two permissions":           two(caller(same), "p:use", "p:use"),
	} {
		if other, known := seen[key]; known {
			t.Errorf("%q and %q have the same key", name, other)
		}
		seen[key] = name
	}
	again := caller(func(p *Principal) { p.Scopes, p.TokenID, p.GrantID, p.Actor, p.Issuer = nil, "t", "g", "a", "i" })
	if two(again, "p:use") != two(caller(same), "p:use") {
		t.Error("door two does not depend on scopes, nor on what names the token")
	}
	one := permittedKey(nil, caller(same), []string{"one"}, nil)
	if string(one) != string(permittedKey(nil, caller(func(p *Principal) { p.Alias = "two" }), []string{"one"}, nil)) {
		t.Error("with one issuer no name has an alias")
	}
}

func filledOf(texts []string) []filled {
	var list []filled
	for _, s := range texts {
		list = append(list, filled{text: s, perm: splitPermission(s)})
	}
	return list
}

// TestMemo_KeysOfDoorOneTellApart does the same for the other door.
func TestMemo_KeysOfDoorOneTellApart(t *testing.T) {
	a, b := need(t, "x,y", ""), need(t, "xy", "")
	given := func(pairs ...string) arguments {
		var list arguments
		for pair := range slices.Chunk(pairs, 2) {
			list = append(list, argument{name: pair[0], value: pair[1], usable: pair[1] != ""})
		}
		return list
	}
	key := func(token string, op Requirement, scopes string, g arguments) string {
		return string(delegatedKey(nil, list(token), op, filledOf(list(scopes)), g))
	}
	seen := map[string]string{}
	for name, key := range map[string]string{
		"as it is":             key("t u", a, "x y", given("n", "1", "m", "2")),
		"scopes joined":        key("tu", a, "x y", given("n", "1", "m", "2")),
		"a scope moved":        key("t", a, "u x y", given("n", "1", "m", "2")),
		"other operation":      key("t u", b, "x y", given("n", "1", "m", "2")),
		"one scope asked for":  key("t u", a, "x", given("n", "1", "m", "2")),
		"values joined":        key("t u", a, "x y", given("n", "12", "m", "")),
		"values swapped":       key("t u", a, "x y", given("n", "2", "m", "1")),
		"a value is missing":   key("t u", a, "x y", given("n", "1", "m", "")),
		"the other is missing": key("t u", a, "x y", given("n", "", "m", "2")),
	} {
		if other, known := seen[key]; known {
			t.Errorf("%q and %q have the same key", name, other)
		}
		seen[key] = name
	}
}

// TestMemo_Arguments: the request is asked once for each name, and what cannot fill a placeholder is no value.
func TestMemo_Arguments(t *testing.T) {
	table := need(t, "table/{t}:{how}", "row/{r}:use")
	p := compiled(t, Source{}, "p, anyone, *, *, allow\n", Options{Declared: []Requirement{table, need(t, "x/{t}:{other}", "")}})
	calls := map[string]int{}
	got := p.arguments(table, func(name string) (string, bool) {
		calls[name]++
		return map[string]string{"t": "orders", "how": "a b", "r": "1"}[name], name != "r"
	})
	want := arguments{{name: "t", value: "orders", usable: true}, {name: "how"}, {name: "other"}, {name: "r"}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(argument{})); diff != "" {
		t.Errorf("arguments (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]int{"t": 1, "how": 1, "other": 1, "r": 1}, calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	if v, ok := got.value("nobody"); v != "" || ok {
		t.Errorf("unknown name: %q %t", v, ok)
	}
}

// TestMemo_ValueOfAnotherOperation: a declared scope is filled with the values of any request, so they are part of the key.
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
	m := newMemo()
	key := func(i int) memoKey { return keyText(binary.AppendUvarint(nil, uint64(i))).digest() }
	const n = 4 * memoSets * memoWays
	for i := range n {
		m.put(key(i), Decision{permission: fmt.Sprint(i)})
		if d, ok := m.get(key(i)); !ok || d.permission != fmt.Sprint(i) {
			t.Fatalf("%d was not put", i)
		}
	}
	kept := 0
	for i := range n {
		if d, ok := m.get(key(i)); ok {
			kept++
			if d.permission != fmt.Sprint(i) {
				t.Fatalf("%d is remembered as %s", i, d.permission)
			}
		}
	}
	if len(m.places) != memoSets*memoWays || kept > len(m.places) || kept < len(m.places)*9/10 {
		t.Errorf("%d of %d places are in use", kept, len(m.places))
	}
	first := m.answer(key(n), func() Decision { return Decision{permission: "asked"} })
	second := m.answer(key(n), func() Decision { return Decision{permission: "asked again"} })
	if first.permission != "asked" || second.permission != "asked" {
		t.Errorf("answers %q, %q", first.permission, second.permission)
	}
	none := memo{}
	none.put(key(0), Decision{allowed: true})
	if _, ok := none.get(key(0)); ok {
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

func TestMemo_HitAllocatesLittle(t *testing.T) {
	p := compiled(t, Source{}, "p, anyone, *, *, allow\n", Options{})
	read, alice := need(t, "notes:read", ""), user("alice", "notes:read")
	if n := testing.AllocsPerRun(100, func() { p.Decide(alice, read, nil) }); n > 10 {
		t.Errorf("%v allocations for an answer from memory; asking Casbin takes hundreds", n)
	}
}
