package authz

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
)

// refusal is a policy that has to be refused, and its twin with only the defect repaired.
type refusal struct {
	name, bad, good string
	reason          string
	line, column    int
}

func checkRefusals(t *testing.T, list []refusal) {
	t.Helper()
	for _, tt := range list {
		t.Run(tt.name, func(t *testing.T) {
			found := refused(t, Source{}, tt.bad, Options{})
			ok := false
			for _, f := range found {
				ok = ok || strings.Contains(f.Reason, tt.reason) && f.Line == tt.line && f.Column == tt.column && f.Fix != ""
			}
			if !ok {
				t.Errorf("no finding %q at %d:%d with a fix in\n%v", tt.reason, tt.line, tt.column, found)
			}
			compiled(t, Source{}, tt.good, Options{})
		})
	}
}

const allowRow = "p, user:alice, notes, read, allow\n"

func TestP01_NoPolicy(t *testing.T) {
	checkRefusals(t, []refusal{
		{"P-01 empty", "", allowRow, "has no rows", 1, 1},
		{"P-01 only comments", "# p, user:alice, notes, read, allow\n\n", allowRow, "has no rows", 1, 1},
		{"P-01 only blanks", " \n\t\n\r\n", allowRow, "has no rows", 1, 1},
	})
	t.Run("P-01 nil policy", func(t *testing.T) {
		var p *Policy
		read := need(t, "notes:read", "")
		wantDenied(t, p.Decide(user("alice", "notes:read"), read, nil), DoorTwo, ReasonNoPolicy)
		wantDenied(t, p.Decide(user("alice"), Requirement{anyPrincipal: true}, nil), DoorTwo, ReasonNoPolicy)
		if p.Listed(user("alice", "notes:read"), read, false) || p.Revision() != "" || p.Textbook() || p.Warnings() != nil {
			t.Error("a nil policy knows something")
		}
		wantAllowed(t, compiled(t, Source{}, allowRow, Options{}).Decide(user("alice", "notes:read"), read, nil))
	})
}

func TestP02_Shape(t *testing.T) {
	long := strings.Repeat("a", maxLine)
	checkRefusals(t, []refusal{
		{"P-02 too few columns", "p, user:alice, notes, read\n", allowRow, "this one has 3", 1, 23},
		{"P-02 too many columns", "p, user:alice, notes, read, allow, x\n", allowRow, "this one has 5", 1, 36},
		{"P-02 unknown row", "p2, user:alice, notes, read, allow\n", allowRow, "unknown kind of row", 1, 1},
		{"P-02 quotes", `p, "user:alice", notes, read, allow`, allowRow, "a quote", 1, 4},
		{"P-02 byte order mark", "\ufeff" + allowRow, allowRow, "byte order mark", 1, 1},
		{"P-02 UTF-16", "\xff\xfep\x00,\x00", allowRow, "not UTF-8", 1, 1},
		{"P-02 CR only", strings.ReplaceAll(allowRow+allowRow, "\n", "\r"), strings.ReplaceAll(allowRow, "\n", "\r\n"), "carriage return", 1, 34},
		{"P-02 long line", "p, user:" + long + ", notes, read, allow\n", "p, user:" + long[:60_000] + ", notes, read, allow\n", "longer than", 1, 1},
		{"P-02 long comment", allowRow + "#" + long, allowRow + "#" + long[1:], "longer than", 2, 1},
		{"P-02 cut off", "p, user:alice, notes, re", allowRow, "this one has 3", 1, 23},
		{"P-02 NUL in a comment", "# a\x00b\n" + allowRow, "# a\tb é\n" + allowRow, "a NUL character", 1, 4},
		{"P-02 direction mark in a comment", "# é\u202e\n" + allowRow, "# é\n" + allowRow, "an invisible character", 1, 4},
	})
	t.Run("P-02 everything at once", func(t *testing.T) {
		found := refused(t, modelSource("[x]\n"), "p, a, b\nq\np, user:a, b, c, maybe\n", Options{})
		if len(found) != 5+3 || found[0].File != "model.conf" || found[7].File != "policy.csv" {
			t.Errorf("%d findings:\n%v", len(found), &LintError{found})
		}
	})
}

func TestP03_DenyThatDoesNotParse(t *testing.T) {
	rows := "p, anyone, notes, read, allow\np, user:alice, notes, read, "
	good := rows + "deny\n"
	var list []refusal
	for name, c := range map[string]struct {
		effect, reason string
		column         int
	}{
		"Deny":       {"Deny", "unknown effect", 29},
		"DENY":       {"DENY", "unknown effect", 29},
		"denied":     {"denied", "unknown effect", 29},
		"note":       {"deny # note", "a comment after a field", 34},
		"note alone": {"# deny", "a comment after a field", 29},
		"NUL":        {"deny\x00", "a NUL character", 33},
		"NBSP":       {"deny\u00a0", "white-space", 33},
		"zero width": {"de\u200bny", "an invisible character", 31},
		"quoted":     {`"deny"`, "a quote", 29},
		"empty":      {"", "an empty field", 29},
		"homoglyph":  {"d\u0435ny", "unknown effect", 29},
	} {
		list = append(list, refusal{"P-03 " + name, rows + c.effect + "\n", good, c.reason, 2, c.column})
	}
	checkRefusals(t, list)
	t.Run("P-03 the repaired row denies", func(t *testing.T) {
		p := compiled(t, Source{}, good, Options{})
		d := p.Decide(user("alice", "notes:read"), need(t, "notes:read", ""), nil)
		wantDenied(t, d, DoorTwo, ReasonPermissionDenied)
		if d.Rule() != "policy.csv:2" {
			t.Errorf("rule %q", d.Rule())
		}
		wantAllowed(t, p.Decide(user("bob", "notes:read"), need(t, "notes:read", ""), nil))
	})
}

func TestP04_InvisibleCharacters(t *testing.T) {
	var list []refusal
	for name, c := range map[string]struct{ char, reason string }{
		"space": {" ", "a space"}, "tab": {"\t", "a tab"}, "NBSP": {"\u00a0", "white-space"}, "ideographic space": {"\u3000", "white-space"},
		"zero width space": {"\u200b", "invisible"}, "zero width joiner": {"\u200d", "invisible"}, "soft hyphen": {"\u00ad", "invisible"},
		"word joiner": {"\u2060", "invisible"}, "bidi": {"\u202e", "invisible"}, "Hangul filler": {"\u3164", "invisible"},
		"Braille blank": {"\u2800", "invisible"}, "variation selector": {"\ufe0f", "invisible"}, "tag": {"\U000e0041", "invisible"},
		"escape": {"\x1b", "a control character"}, "delete": {"\x7f", "a control character"}, "NEL": {"\u0085", "white-space"},
		"bad UTF-8": {"\xc3", "not UTF-8"}, "line separator": {"\u2028", "white-space"}, "vertical tab": {"\v", "white-space"},
	} {
		for column, row := range map[int]string{
			11: "p, user:al%sice, notes, read, allow\n",
			19: "p, user:alice, note%ss, read, allow\n",
			25: "p, user:alice, notes, re%sad, allow\n",
			13: "g, user:alice%s, role:reader\n" + allowRow,
		} {
			reason := c.reason
			if column == 13 {
				if c.char == " " || c.char == "\t" {
					reason = "white space before a comma"
				}
				column = 14
			}
			if column == 19 {
				column = 20
			}
			list = append(list, refusal{
				fmt.Sprintf("P-04 %s at %d", name, column), fmt.Sprintf(row, c.char), fmt.Sprintf(row, ""), reason, 1, column,
			})
		}
	}
	checkRefusals(t, list)
}

func TestP05_Injection(t *testing.T) {
	policy := "p, role:admin, notes, *, allow\ng, user:alice, role:admin\np, group:ops, notes, read, allow\np, client:app, notes, purge, deny\n"
	p := compiled(t, Source{}, policy, Options{})
	read := need(t, "notes:read", "")
	wantAllowed(t, p.Decide(user("alice", "notes:read"), read, nil))
	for _, name := range []string{
		"x\ng, user:x, role:admin", "x, role:admin", `x", role:admin`, "alice\x00", "\x00caller", "x\r\np, anyone, notes, *, allow",
		"alice ", " alice", "alice\u200b", "p, anyone, *, *, allow", "*", "alice,role:admin", "ALICE", "/alice", "role:admin", "' || true || '",
		strings.Repeat("a", 1<<16), "\xff\xfe",
	} {
		who := user(name, "notes:read")
		wantDenied(t, p.Decide(who, read, nil), DoorTwo, ReasonPermissionMissing)
		who = user("zoe", "notes:read")
		who.Groups, who.Roles = []string{name, ""}, []string{name + "x", ""}
		wantDenied(t, p.Decide(who, read, nil), DoorTwo, ReasonPermissionMissing)
		who.Client = name
		wantDenied(t, p.Decide(who, read, nil), DoorTwo, ReasonPermissionMissing)
		wantDenied(t, p.Decide(user("alice", name, "scope:notes:read", ""), read, nil), DoorOne, ReasonScopeMissing)
		who.Groups = append(who.Groups, "ops")
		wantAllowed(t, p.Decide(who, read, nil))
	}
	// A value that holds a comma or a colon never becomes part of a permission.
	table := need(t, "table/{t}:read", "")
	wide := compiled(t, Source{}, "p, anyone, table/*, *, allow\n", Options{})
	for _, v := range []string{"a,b", "a:write", "a\nb", "*", "../a", "", "a b"} {
		d := wide.Decide(user("alice", "table/a:read"), table, values(map[string]string{"t": v}))
		wantDenied(t, d, DoorTwo, ReasonPlaceholder)
		if d.Permission() != "table/{t}:read" {
			t.Errorf("permission %q", d.Permission())
		}
	}
	wantAllowed(t, wide.Decide(user("alice", "table/a:read"), table, values(map[string]string{"t": "a"})))
}

func TestP06_EmptyParts(t *testing.T) {
	checkRefusals(t, []refusal{
		{"P-06 subject", "p, , notes, read, allow\n", allowRow, "an empty field", 1, 4},
		{"P-06 subject name", "p, user:, notes, read, allow\n", allowRow, "without a name", 1, 4},
		{"P-06 object", "p, user:alice, , read, allow\n", allowRow, "an empty field", 1, 16},
		{"P-06 action", "p, user:alice, notes,, allow\n", allowRow, "an empty field", 1, 22},
		{"P-06 role name", "g, user:alice, role:\n" + allowRow, "g, user:alice, role:a\n" + allowRow, "without a name", 1, 16},
	})
	p := compiled(t, Source{}, "p, anyone, *, *, allow\n", Options{})
	read := need(t, "notes:read", "")
	t.Run("P-06 request without subject", func(t *testing.T) {
		wantDenied(t, p.Decide(user("", "notes:read"), read, nil), DoorTwo, ReasonNoPrincipal)
		wantDenied(t, p.Decide(Principal{}, read, nil), DoorTwo, ReasonNoPrincipal)
		wantDenied(t, p.Decide(Principal{}, Requirement{anyPrincipal: true}, nil), DoorTwo, ReasonNoPrincipal)
		wantDenied(t, p.Decide(Principal{Machine: true, Subject: "x"}, read, nil), DoorTwo, ReasonNoPrincipal)
		wantAllowed(t, p.Decide(user("x", "notes:read"), read, nil))
		wantAllowed(t, p.Decide(Principal{Machine: true, Client: "x", Scopes: []string{"notes:read"}}, read, nil))
	})
	t.Run("P-06 request without object", func(t *testing.T) {
		wantDenied(t, p.Decide(user("x", "", ":"), Requirement{}, nil), DoorTwo, ReasonNoRequirement)
		empty := Requirement{scopes: []Template{{}}, permissions: []Template{{}}}
		wantDenied(t, p.Decide(user("x", "y"), empty, nil), DoorOne, ReasonScopeMissing)
	})
}

func TestP07_SubjectNamedLikeARole(t *testing.T) {
	p := compiled(t, Source{}, "p, role:admin, notes, read, allow\ng, user:root, role:admin\n", Options{})
	read := need(t, "notes:read", "")
	for _, name := range []string{"admin", "role:admin", "root:admin"} {
		wantDenied(t, p.Decide(user(name, "notes:read"), read, nil), DoorTwo, ReasonPermissionMissing)
		who := user("zoe", "notes:read")
		who.Groups = []string{name}
		wantDenied(t, p.Decide(who, read, nil), DoorTwo, ReasonPermissionMissing)
		wantDenied(t, p.Decide(Principal{Subject: name, Client: name, Machine: true, Scopes: []string{"notes:read"}}, read, nil), DoorTwo, ReasonPermissionMissing)
	}
	wantAllowed(t, p.Decide(user("root", "notes:read"), read, nil))
}

// chain is a policy in which alice has a right over n g rows.
func chain(n int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "p, role:r%d, notes, read, allow\n", n)
	from := "user:alice"
	for i := 1; i <= n; i++ {
		fmt.Fprintf(&b, "g, %s, role:r%d\n", from, i)
		from = fmt.Sprintf("role:r%d", i)
	}
	return b.String()
}

func TestP08_RoleGraph(t *testing.T) {
	right := "p, role:z, notes, read, allow\n"
	checkRefusals(t, []refusal{
		{"P-08 self", right + "g, role:a, role:a\n", right + "g, role:a, role:z\n", "a loop", 2, 4},
		{"P-08 loop", right + "g, role:a, role:b\ng, role:b, role:a\n", right + "g, role:a, role:b\n", "a loop", 3, 4},
		{"P-08 loop of scopes", right + "g, scope:a, scope:b\ng, scope:b, scope:a\n", right + "g, scope:a, scope:b\n", "a loop", 3, 4},
		{"P-08 ten rows", chain(10), chain(9), "more than 9 g rows", 2, 4},
		{"P-08 fifteen rows", chain(15), chain(9), "more than 9 g rows", 7, 4},
	})
	read := need(t, "notes:read", "")
	for n := range maxChain + 1 {
		t.Run(fmt.Sprintf("P-08 chain of %d rows", n), func(t *testing.T) {
			policy := chain(n)
			if n == 0 {
				policy = allowRow
			}
			wantAllowed(t, compiled(t, Source{}, policy, Options{}).Decide(user("alice", "notes:read"), read, nil))
		})
	}
	t.Run("P-08 chain of 9 scopes", func(t *testing.T) {
		policy := allowRow
		for i := range maxChain {
			policy += fmt.Sprintf("g, scope:s%d, scope:s%d\n", i, i+1)
		}
		policy += "p, scope:s9, notes, read, allow\n"
		p := compiled(t, Source{}, policy, Options{})
		wantAllowed(t, p.Decide(user("alice", "s0"), read, nil))
		wantDenied(t, p.Decide(user("alice", "s"), read, nil), DoorOne, ReasonScopeMissing)
	})
	t.Run("P-08 diamond", func(t *testing.T) {
		p := compiled(t, Source{}, "p, role:d, notes, read, allow\ng, user:alice, role:b\ng, user:alice, role:c\ng, role:b, role:d\ng, role:c, role:d\n", Options{})
		wantAllowed(t, p.Decide(user("alice", "notes:read"), read, nil))
	})
	t.Run("P-08 ten thousand roles", func(t *testing.T) {
		var b strings.Builder
		b.WriteString("p, role:top, notes, read, allow\n")
		for i := range 10_000 {
			fmt.Fprintf(&b, "g, role:r%d, role:top\n", i)
		}
		b.WriteString("g, user:alice, role:r9999\n")
		p := compiled(t, Source{}, b.String(), Options{})
		wantAllowed(t, p.Decide(user("alice", "notes:read"), read, nil))
		wantDenied(t, p.Decide(user("bob", "notes:read"), read, nil), DoorTwo, ReasonPermissionMissing)
	})
	t.Run("P-08 a loop of ten thousand", func(t *testing.T) {
		var b strings.Builder
		for i := range 10_000 {
			fmt.Fprintf(&b, "g, role:r%d, role:r%d\n", i, (i+1)%10_000)
		}
		if found := refused(t, Source{}, b.String(), Options{}); len(found) != 2 || len(found[1].Found) > 200 {
			t.Errorf("%d findings", len(found))
		}
	})
}

func TestP09_Patterns(t *testing.T) {
	right := "p, user:alice, notes, read*, allow\n"
	checkRefusals(t, []refusal{
		{"P-09 star inside", "p, user:alice, a*z, read, allow\n", right, "not the last character", 1, 16},
		{"P-09 star first", "p, user:alice, *a, read, allow\n", right, "not the last character", 1, 16},
		{"P-09 two stars", "p, user:alice, a**, read, allow\n", right, "not the last character", 1, 16},
		{"P-09 star inside an action", "p, user:alice, a, r*d, allow\n", right, "not the last character", 1, 19},
		{"P-09 scope row", "p, scope:a, a*z, read, allow\n", right, "not the last character", 1, 13},
		{"P-09 star in a subject", "p, user:*, notes, read, allow\n", right, "a pattern in a subject", 1, 4},
		{"P-09 star in a role", "g, user:alice, role:*\n" + right, "g, user:alice, role:x\n" + right, "a pattern in a subject", 1, 16},
		{"P-09 braces", "p, user:alice, table/{t}, read, deny\n", right, "no declared name can have", 1, 16},
		{"P-09 colon in an action", "p, user:alice, notes, notes:read, deny\n", right, "a colon in an action", 1, 23},
	})
	p := compiled(t, Source{}, right+"p, user:bob, notes.v, read, allow\np, user:carol, *, *, allow\n", Options{})
	for perm, allowed := range map[string]bool{
		"notes:read": true, "notes:readwrite_delete": true, "notes:rea": false, "notesx:read": false, "note:read": false, "Notes:read": false,
	} {
		d := p.Decide(user("alice", perm), need(t, perm, ""), nil)
		if d.Allowed() != allowed {
			t.Errorf("P-09 %s: %t", perm, d.Allowed())
		}
	}
	wantDenied(t, p.Decide(user("bob", "notes-v:read"), need(t, "notes-v:read", ""), nil), DoorTwo, ReasonPermissionMissing)
	wantAllowed(t, p.Decide(user("bob", "notes.v:read"), need(t, "notes.v:read", ""), nil))
	t.Run("P-09 star in a request", func(t *testing.T) {
		if _, err := NewRequirement([]string{"notes:*"}, nil, false); err == nil {
			t.Error("a declared star was accepted")
		}
		wantDenied(t, p.Decide(user("carol", "notes:*", "*", "*:*"), need(t, "notes:read", ""), nil), DoorOne, ReasonScopeMissing)
		wantAllowed(t, p.Decide(user("carol", "notes:read"), need(t, "notes:read", ""), nil))
	})
	t.Run("P-09 bad regular expression", func(t *testing.T) {
		model := custom("regexMatch(r.obj, p.obj) && regexMatch(r.act, p.act)")
		found := refused(t, model, "p, user:alice, ^notes$, ^read$, allow\np, user:bob, ^x$, (, deny\n", Options{})
		if len(found) != 1 || found[0].Line != 2 {
			t.Error(found)
		}
		p := compiled(t, model, "p, user:alice, ^notes$, ^read$, allow\np, user:bob, ^x$, (y), deny\n", Options{})
		wantAllowed(t, p.Decide(user("alice", "notes:read"), need(t, "notes:read", ""), nil))
		wantDenied(t, p.Decide(user("alice", "xnotes:read"), need(t, "xnotes:read", ""), nil), DoorTwo, ReasonPermissionMissing)
	})
}

func TestP11_Effects(t *testing.T) {
	read := need(t, "notes:read", "")
	for name, c := range map[string]struct {
		policy string
		want   Reason
		rule   string
	}{
		"P-11 no rule":          {"p, user:bob, notes, read, allow\n", ReasonPermissionMissing, ""},
		"P-11 allow":            {allowRow, ReasonAllowed, "policy.csv:1"},
		"P-11 allow, then deny": {allowRow + "p, user:alice, notes, *, deny\n", ReasonPermissionDenied, "policy.csv:2"},
		"P-11 deny, then allow": {"p, user:alice, notes, *, deny\n" + allowRow, ReasonPermissionDenied, "policy.csv:1"},
		"P-11 deny of a role":   {allowRow + "p, role:r, *, *, deny\ng, user:alice, role:r\n", ReasonPermissionDenied, "policy.csv:2"},
		"P-11 deny of anyone":   {allowRow + "p, anyone, notes, read, deny\n", ReasonPermissionDenied, "policy.csv:2"},
		"P-11 deny of others":   {allowRow + "p, user:bob, *, *, deny\np, user:alice, notes, write, deny\n", ReasonAllowed, "policy.csv:1"},
		"P-11 deny of client":   {allowRow + "p, client:app, *, *, deny\n", ReasonClientDenied, "policy.csv:2"},
		"P-11 deny by its role": {allowRow + "p, role:r, *, *, deny\ng, client:app, role:r\n", ReasonClientDenied, "policy.csv:2"},
		"P-11 first allow":      {"p, anyone, x, y, allow\n" + allowRow + "p, anyone, *, *, allow\n", ReasonAllowed, "policy.csv:2"},
	} {
		t.Run(name, func(t *testing.T) {
			d := compiled(t, Source{}, c.policy, Options{}).Decide(user("alice", "notes:read"), read, nil)
			if d.Reason() != c.want || d.Rule() != c.rule || d.Allowed() != (c.want == ReasonAllowed) {
				t.Errorf("%s by %q, want %s by %q", d.Reason(), d.Rule(), c.want, c.rule)
			}
		})
	}
	t.Run("P-11 priority", func(t *testing.T) {
		text := strings.Replace(string(custom("keyMatch(r.obj, p.obj) && keyMatch(r.act, p.act)").Data),
			"some(where (p.eft == allow)) && !some(where (p.eft == deny))", "priority(p.eft) || deny", 1)
		first := compiled(t, modelSource(text), allowRow+"p, anyone, notes, read, deny\n", Options{})
		wantAllowed(t, first.Decide(user("alice", "notes:read"), read, nil))
		wantDenied(t, first.Decide(user("bob", "notes:read"), read, nil), DoorTwo, ReasonPermissionDenied)
	})
}

func TestP12_RequestShape(t *testing.T) {
	// Requests are built from typed text only; what Casbin would be handed instead cannot be expressed. The one shape
	// that can go wrong is an Enforcer whose model asks for something else.
	p := compiled(t, custom("r.obj == p.obj"), allowRow, Options{})
	read := need(t, "notes:read", "")
	wantAllowed(t, p.Decide(user("alice", "notes:read"), read, nil))
	broken := unasked(p)
	broken.casbin.model = textbookModel()
	broken.casbin.model["r"] = "sub, obj"
	wantDenied(t, broken.Decide(user("alice", "notes:read"), read, nil), DoorTwo, ReasonPolicyError)
}

func TestP13_ErrorsDeny(t *testing.T) {
	read := need(t, "notes:read", "")
	good := compiled(t, custom("r.obj == p.obj"), allowRow, Options{})
	wantAllowed(t, good.Decide(user("alice", "notes:read"), read, nil))
	t.Run("P-13 panic in a matcher", func(t *testing.T) {
		p := compiled(t, custom("regexMatch(p.obj, r.obj)"), "p, user:alice, notes, read, allow\n", Options{})
		odd := need(t, "a(b:read", "")
		d := p.Decide(user("alice", "a(b:read"), odd, nil)
		wantDenied(t, d, DoorTwo, ReasonPolicyError)
		if d.Permission() != "a(b:read" || d.Revision() != p.Revision() {
			t.Errorf("%+v", d)
		}
		if p.Listed(user("alice", "a(b:read"), odd, false) {
			t.Error("listed")
		}
		wantAllowed(t, p.Decide(user("alice", "notes:read"), read, nil))
	})
	t.Run("P-13 Enforcer that cannot be built", func(t *testing.T) {
		broken := unasked(good)
		broken.casbin.model = textbookModel()
		broken.casbin.model["g"] = "_"
		wantDenied(t, broken.Decide(user("alice", "notes:read"), read, nil), DoorTwo, ReasonPolicyError)
		if broken.Listed(user("alice", "notes:read"), read, false) || !good.Listed(user("alice", "notes:read"), read, false) {
			t.Error("Listed")
		}
	})
	t.Run("P-13 panic outside Enforce", func(t *testing.T) {
		broken := unasked(good)
		broken.casbin.model = definitions{"r": "sub, obj, act"} // Casbin follows a nil pointer
		wantDenied(t, broken.Decide(user("alice", "notes:read"), read, nil), DoorTwo, ReasonPolicyError)
		if broken.Listed(user("alice", "notes:read"), read, false) {
			t.Error("listed")
		}
	})
	t.Run("P-13 panic in the compiled rows", func(t *testing.T) {
		sound := compiled(t, Source{}, allowRow, Options{})
		broken := unasked(sound)
		broken.rows = nil
		wantDenied(t, broken.Decide(user("alice", "notes:read"), read, nil), DoorTwo, ReasonPolicyError)
		if broken.Listed(user("alice", "notes:read"), read, false) || !sound.Listed(user("alice", "notes:read"), read, false) {
			t.Error("Listed")
		}
		wantAllowed(t, sound.Decide(user("alice", "notes:read"), read, nil))
	})
	t.Run("P-13 panic in the values", func(t *testing.T) {
		table := need(t, "table/{t}:read", "")
		wide := compiled(t, Source{}, "p, anyone, table/*, *, allow\n", Options{})
		d := wide.Decide(user("alice", "table/a:read"), table, func(string) (string, bool) { panic("x") })
		wantDenied(t, d, DoorTwo, ReasonPolicyError)
		wantAllowed(t, wide.Decide(user("alice", "table/a:read"), table, values(map[string]string{"t": "a"})))
	})
}

func TestP14_NoSwitchTurnsTheDecisionOff(t *testing.T) {
	// EnableEnforce(false) allows everything, so no Enforcer may be reachable from what this package exports, and no
	// option may turn a decision off.
	for _, typ := range []reflect.Type{reflect.TypeFor[*Policy](), reflect.TypeFor[Options](), reflect.TypeFor[Requirement](), reflect.TypeFor[Decision]()} {
		for i := range typ.NumMethod() {
			m := typ.Method(i).Type
			for k := range m.NumOut() {
				if strings.Contains(m.Out(k).String(), "casbin") {
					t.Errorf("%s.%s returns %s", typ, typ.Method(i).Name, m.Out(k))
				}
			}
		}
	}
	options := reflect.TypeFor[Options]()
	for i := range options.NumField() {
		if options.Field(i).Type.Kind() == reflect.Bool {
			t.Errorf("Options.%s is a switch", options.Field(i).Name)
		}
	}
	t.Run("P-14 shipped policy", func(t *testing.T) {
		p, err := Compile(file(t, "../model.conf"), file(t, "../policy.csv"), Options{Declared: []Requirement{
			need(t, "greet:use", ""), need(t, "notes:read", ""), need(t, "notes:write", ""), need(t, "notes:write", "notes:delete"),
		}})
		if err != nil || !p.Textbook() || len(p.Warnings()) > 0 {
			t.Fatalf("%v, %v", err, p.Warnings())
		}
		remove := need(t, "notes:write", "notes:delete")
		wantAllowed(t, p.Decide(user("alice", "notes:write"), remove, nil))
		wantDenied(t, p.Decide(user("bob", "notes:write"), remove, nil), DoorTwo, ReasonPermissionMissing)
		wantAllowed(t, p.Decide(user("bob", "notes:write"), need(t, "notes:write", ""), nil))
		wantDenied(t, p.Decide(user("carol", "notes:write"), need(t, "notes:write", ""), nil), DoorTwo, ReasonPermissionMissing)
		wantAllowed(t, p.Decide(user("carol", "notes:write"), need(t, "notes:read", ""), nil))
		wantAllowed(t, p.Decide(user("zoe", "greet:use"), need(t, "greet:use", ""), nil))
		for _, name := range []string{"alice", "bob", "carol", "zoe"} {
			wantDenied(t, p.Decide(user(name, "sallyport:administer"), need(t, "sallyport:administer", ""), nil), DoorTwo, ReasonPermissionMissing)
		}
	})
	t.Run("P-14 zero values deny", func(t *testing.T) {
		wantDenied(t, Decision{}, DoorTwo, ReasonUndecided)
		var f Finding
		if f.Severity.String() != "error" {
			t.Error("the zero finding is no error")
		}
	})
}

func TestP15_ConcurrentDecisionsDoNotMeet(t *testing.T) {
	p := compiled(t, Source{}, "p, role:reader, notes, read, allow\ng, user:alice, role:reader\np, user:mallory, notes, read, deny\n", Options{})
	read := need(t, "notes:read", "")
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for n := range 20_000 {
				name, want := "alice", true
				if (n+i)%2 == 0 {
					name, want = "mallory", false
				}
				if p.Decide(user(name, "notes:read"), read, nil).Allowed() != want {
					t.Errorf("%s: wrong answer", name)
					return
				}
			}
		})
	}
	all.Wait()
}
