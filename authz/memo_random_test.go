package authz

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

func pick(r *rand.Rand, from ...string) string { return from[r.IntN(len(from))] }

// randomRows is a small random policy for the tests of the memory.
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
