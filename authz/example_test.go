package authz_test

import (
	"context"
	"fmt"
	"os"

	"github.com/sallyport-mcp/sallyport/authz"
)

func ExampleCompile() {
	_, err := authz.Compile(authz.Source{}, authz.Source{Name: "policy.csv", Data: []byte(`
p, role:reader, notes, read, Allow
g, alice, role:reader
`)}, authz.Options{})
	fmt.Println(err)
	// Output:
	// policy.csv:2:30: error: an unknown effect, under which the row would do nothing (found "Allow"); write allow in small letters
	// policy.csv:3:4: error: a subject without a kind (found "alice"); write user:, group:, role:, client: or scope: in front of it, or anyone
}

func ExamplePolicy_Decide() {
	remove, err := authz.NewRequirement([]string{"notes:write"}, []string{"notes:delete"}, false)
	if err != nil {
		fmt.Println(err)
		return
	}
	rows, err := os.ReadFile("../policy.csv")
	if err != nil {
		fmt.Println(err)
		return
	}
	policy, err := authz.Compile(authz.Source{}, authz.Source{Name: "policy.csv", Data: rows}, authz.Options{Declared: []authz.Requirement{remove}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, who := range []authz.Principal{
		{Subject: "alice", Client: "vscode", Scopes: []string{"notes:write"}},
		{Subject: "alice", Client: "vscode", Scopes: []string{"notes:read"}},
		{Subject: "bob", Client: "vscode", Scopes: []string{"notes:write"}},
	} {
		d := policy.Decide(who, remove, nil)
		fmt.Printf("%s %t %d %s %q %q\n", who.Subject, d.Allowed(), d.Door(), d.Reason(), d.Scopes(), d.Permission())
	}
	// Output:
	// alice true 0 allowed [] ""
	// alice false 1 scope_missing ["notes:write"] ""
	// bob false 2 permission_missing [] "notes:delete"
}

func ExamplePolicy_Roles() {
	const rows = "p, role:reader, notes, read, allow\ng, user:bob, role:reader\n"
	policy, err := authz.Compile(authz.Source{}, authz.Source{Name: "policy.csv", Data: []byte(rows)}, authz.Options{})
	fmt.Println(policy.Roles("user:bob"), policy.Roles("user:carol"), err)
	// Output: [role:reader] [] <nil>
}

func ExamplePolicy_Listed() {
	read, _ := authz.NewRequirement([]string{"table/{table}:read"}, nil, false)
	policy, _ := authz.Compile(authz.Source{}, authz.Source{Name: "policy.csv", Data: []byte(
		"p, user:alice, table/orders, read, allow\n")}, authz.Options{Declared: []authz.Requirement{read}})
	alice := authz.Principal{Subject: "alice", Client: "vscode"}
	bob := authz.Principal{Subject: "bob", Client: "vscode"}
	fmt.Println(policy.Listed(alice, read, false), policy.Listed(alice, read, true), policy.Listed(bob, read, false))
	// Output: true false false
}

func ExamplePolicy_Matrix() {
	remove, _ := authz.NewRequirement([]string{"notes:write"}, []string{"notes:delete"}, false)
	table, _ := authz.NewRequirement([]string{"table/{table}:read"}, nil, false)
	policy, _ := authz.Compile(authz.Source{}, authz.Source{Name: "policy.csv", Data: []byte(
		"p, role:admin, *, *, allow\np, role:intern, notes, *, deny\np, role:intern, table/or*, read, allow\n")}, authz.Options{})
	m, err := policy.Matrix(authz.ByRole, []authz.Operation{
		{Kind: "tool", Name: "notes_delete", Need: remove}, {Kind: "tool", Name: "table_read", Need: table},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, row := range m.Rows {
		for i, cell := range row.Cells {
			fmt.Printf("%s %s: %s %q\n", row.Subject, m.Operations[i].Name, cell.Answer, cell.Rule)
			for _, c := range cell.Cases {
				fmt.Println("   ", c.Values[0], c.Answer)
			}
		}
	}
	// Output:
	// anyone notes_delete: no ""
	// anyone table_read: no ""
	// role:admin notes_delete: yes "policy.csv:1"
	// role:admin table_read: yes "policy.csv:1"
	// role:intern notes_delete: denied "policy.csv:2"
	// role:intern table_read: some "policy.csv:3"
	//     table=or* yes
	//     table=* except or* no
}

func ExampleDiff() {
	read, _ := authz.NewRequirement([]string{"notes:read"}, nil, false)
	compile := func(name, rows string) *authz.Policy {
		p, _ := authz.Compile(authz.Source{}, authz.Source{Name: name, Data: []byte(rows)}, authz.Options{Declared: []authz.Requirement{read}})
		return p
	}
	before := compile("old.csv", "p, role:reader, notes, read, allow\ng, user:alice, role:reader\n")
	after := compile("new.csv", "p, role:viewer, notes, read, allow\ng, user:alice, role:viewer\ng, user:bob, role:viewer\n")
	for _, c := range authz.Diff(before, after, []authz.Operation{{Kind: "tool", Name: "notes_read", Need: read}}).Changes {
		fmt.Printf("%s %s: %s %q, now %s %q; gain %t\n",
			c.Subject, c.Operation.Name, c.Before.Answer, c.Before.Rule, c.After.Answer, c.After.Rule, c.Gain())
	}
	// Output:
	// user:bob notes_read: no "", now yes "new.csv:1"; gain true
	// role:reader notes_read: yes "old.csv:1", now no ""; gain false
	// role:viewer notes_read: no "", now yes "new.csv:1"; gain true
}

func ExampleTemplate_Names() {
	t, _ := authz.ParseTemplate("table/{table}:read")
	fmt.Println(t, t.Names())
	// Output: table/{table}:read [table]
}

func ExampleParsePermission() {
	p, _ := authz.ParsePermission("greet")
	fmt.Println(p.Object, p.Action, p)
	// Output: greet use greet:use
}

func ExampleLint() {
	policy := authz.Source{Name: "policy.csv", Data: []byte("p, anyone, greet, use, allow\np, anyone, *, *, deny\n")}
	for _, f := range authz.Lint(authz.Source{}, policy, authz.Options{}) {
		fmt.Println(f)
	}
	// Output: policy.csv:1:4: warning: a contradiction: line 2 denies all that this row allows (found "anyone, greet, use, allow"); remove one of the two
}

func ExamplePrincipalFrom() {
	ctx := authz.WithPrincipal(context.Background(), authz.Principal{Subject: "alice", Client: "vscode"})
	who, ok := authz.PrincipalFrom(ctx)
	fmt.Println(who, ok)
	// Output: user alice via client vscode true
}
