package authz

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/casbin/casbin/v2"
	"github.com/casbin/casbin/v2/model"
	stringadapter "github.com/casbin/casbin/v2/persist/string-adapter"
)

// TestP26_DecideEqualsCasbin asks random policies random questions and compares each answer with Enforcers that are
// built here, from the text of the design and with Casbin's own readers, sharing nothing with the package.
func TestP26_DecideEqualsCasbin(t *testing.T) {
	seed := *seedFlag
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("P-26 seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 26))
	counts := map[Reason]int{}
	for range 120 {
		rows := randomRows(r)
		operations := []Requirement{
			need(t, "notes:read", ""), need(t, "notes:write", "notes:delete"), need(t, "greet", ""),
			need(t, "table/{t}:read", ""), need(t, "notes:read,greet", "notes:read,notes:write"),
		}
		p, err := Compile(Source{}, source(rows), Options{Declared: operations})
		if err != nil {
			continue // a loop or a chain that is too long; Casbin would take it, we do not
		}
		for range 25 {
			who, op, args := randomCaller(r), operations[r.IntN(len(operations))], map[string]string{"t": pick(r, "orders", "users", "o")}
			got := p.Decide(who, op, values(args))
			door := referenceDoor(t, rows, operations, who, op, args)
			counts[got.Reason()]++
			checkListed(t, p, who, op, got)
			if got.Door() != door || got.Allowed() != (door == DoorNone) {
				t.Fatalf("seed %d: got door %d (%s by %s), Casbin says %d\n%+v\n%+v %v\n%s", seed, got.Door(), got.Reason(), got.Rule(), door, who, op, args, rows)
			}
		}
	}
	t.Logf("P-26 answers %v", counts)
	for _, reason := range []Reason{ReasonAllowed, ReasonScopeMissing, ReasonPermissionMissing, ReasonPermissionDenied, ReasonClientDenied} {
		if counts[reason] == 0 {
			t.Errorf("no answer was %s: the questions are too narrow", reason)
		}
	}
}

// checkListed compares a list with a call: without placeholders they are one answer, with one a list shows at least what
// some call allows.
func checkListed(t *testing.T, p *Policy, who Principal, op Requirement, got Decision) {
	t.Helper()
	open, attainable, granted := len(op.Names()) > 0, p.Listed(who, op, false), p.Listed(who, op, true)
	if two := got.Door() != DoorTwo; two && !attainable || !two && attainable && !open {
		t.Errorf("listed %t, decided %+v: %+v", attainable, got, who)
	}
	if got.Allowed() && !granted || !got.Allowed() && granted && !open || granted && !attainable {
		t.Errorf("listed as granted %t, decided %+v: %+v", granted, got, who)
	}
}

func pick(r *rand.Rand, from ...string) string { return from[r.IntN(len(from))] }

func randomRows(r *rand.Rand) string {
	var b strings.Builder
	object := func() string {
		return pick(r, "notes", "notes", "*", "greet", "n*", "table/orders", "table/*", "table/o*")
	}
	action := func() string { return pick(r, "read", "write", "delete", "*", "use", "r*") }
	role := func() string { return fmt.Sprintf("role:r%d", r.IntN(4)) }
	for range 4 + r.IntN(10) {
		sub := pick(r, "user:alice", "user:bob", "group:staff", "client:app", "client:cli", "anyone", role(), role(), role())
		fmt.Fprintf(&b, "p, %s, %s, %s, %s\n", sub, object(), action(), pick(r, "allow", "allow", "allow", "deny"))
	}
	for range 3 + r.IntN(6) {
		fmt.Fprintf(&b, "g, %s, %s\n", pick(r, "user:alice", "user:bob", "group:staff", "client:app", "anyone", role(), role()), role())
	}
	fmt.Fprintf(&b, "g, %s, group:staff\n", pick(r, "user:alice", "user:bob"))
	for range r.IntN(4) {
		fmt.Fprintf(&b, "g, scope:%s, scope:%s\n", pick(r, "notes:write", "all", "s"), pick(r, "notes:read", "greet", "table/orders:read", "s"))
	}
	for range r.IntN(3) {
		fmt.Fprintf(&b, "p, scope:%s, %s, %s, allow\n", pick(r, "all", "s", "notes:read"), object(), action())
	}
	return b.String()
}

func randomCaller(r *rand.Rand) Principal {
	who := Principal{Subject: pick(r, "alice", "bob", "zoe"), Client: pick(r, "app", "cli", "other")}
	who.Machine = r.IntN(4) == 0
	for range r.IntN(3) {
		who.Groups = append(who.Groups, pick(r, "staff", "none"))
		who.Roles = append(who.Roles, pick(r, "r0", "r1", "r9"))
	}
	for range r.IntN(4) {
		who.Scopes = append(who.Scopes, pick(r, "notes:read", "notes:write", "greet", "all", "s", "*", "table/orders:read", "table/{t}:read"))
	}
	return who
}

// referenceDoor says which door Casbin keeps shut, by the words of the design.
func referenceDoor(t *testing.T, rows string, operations []Requirement, who Principal, op Requirement, args map[string]string) Door {
	t.Helper()
	fill := strings.NewReplacer("{t}", args["t"])
	split := func(s string) (string, string) {
		if i := strings.LastIndex(s, ":"); i >= 0 {
			return s[:i], s[i+1:]
		}
		return s, "use"
	}
	for _, template := range op.Permissions() {
		object, action := split(fill.Replace(template.String()))
		subjects := []string{"user:" + who.Subject, "anyone"}
		for _, g := range who.Groups {
			subjects = append(subjects, "group:"+g)
		}
		for _, role := range who.Roles {
			subjects = append(subjects, "role:"+role)
		}
		if who.Machine {
			subjects = []string{"client:" + who.Client, "anyone"}
		}
		extra := ""
		for _, s := range subjects {
			extra += "g, synthetic, " + s + "\n"
		}
		if !reference(t, rows+extra, "synthetic", object, action) {
			return DoorTwo
		}
		if !who.Machine && !reference(t, rows+"g, it, client:"+who.Client+"\np, it, "+object+", "+action+", allow\n", "it", object, action) {
			return DoorTwo
		}
	}
	for _, o := range operations {
		for _, s := range o.Scopes() {
			object, action := split(fill.Replace(s.String()))
			rows += "p, scope:" + fill.Replace(s.String()) + ", " + object + ", " + action + ", allow\n"
		}
	}
	for _, s := range op.Scopes() {
		object, action := split(fill.Replace(s.String()))
		covered := false
		for _, token := range who.Scopes {
			covered = covered || reference(t, rows, "scope:"+token, object, action)
		}
		if !covered {
			return DoorOne
		}
	}
	return DoorNone
}

func reference(t *testing.T, rows, sub, object, action string) bool {
	t.Helper()
	m, err := model.NewModelFromString(string(textbookFile()))
	if err != nil {
		t.Fatal(err)
	}
	e, err := casbin.NewEnforcer(m, stringadapter.NewAdapter(rows))
	if err != nil {
		t.Fatal(err)
	}
	ok, err := e.Enforce(sub, object, action)
	if err != nil {
		t.Fatal(err)
	}
	return ok
}
