package authz

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
)

// doorTwo is what Decide says of door two.
func doorTwo(d Decision) Answer {
	switch {
	case d.Door() != DoorTwo:
		return AnswerYes
	case d.Reason() == ReasonPermissionDenied, d.Reason() == ReasonClientDenied:
		return AnswerDenied
	case d.Reason() == ReasonPolicyError:
		return AnswerError
	}
	return AnswerNo
}

// callerNamed is the caller that a subject stands for, written down here by the words of MatrixRow.
func callerNamed(subject string, by By) Principal {
	who := Principal{Subject: "somebody-else", Client: "something-else", Machine: by == ByClient}
	switch kind, name, _ := strings.Cut(subject, ":"); kind {
	case "user":
		who.Subject = name
	case "group":
		who.Groups = []string{name}
	case "role":
		who.Roles = []string{name}
	case "client":
		who.Client = name
	case "scope":
		who.Scopes = []string{name}
	}
	return who
}

// randomOperations need one thing or several, with placeholders or without.
func randomOperations(t *testing.T) []Operation {
	var list []Operation
	for i, need := range []Requirement{
		need(t, "notes:read", ""), need(t, "notes:write", "notes:delete"), need(t, "greet", "greet notes:read"),
		need(t, "table/{t}:read", ""), need(t, "notes:read greet", "table/{t}:read notes:write"),
		need(t, "table/{t}:read table/{u}:read", "table/{t}:read table/{u}:write"), need(t, "{o}:{a}", ""), need(t, "table/orders:{a}", ""),
		need(t, "table/{o}", ""), need(t, "table/{w}:use", "table/{w}:use greet"), {anyPrincipal: true}, {},
	} {
		list = append(list, Operation{Kind: "tool", Name: fmt.Sprintf("op%d", i), Need: need})
	}
	return list
}

func needs(ops []Operation) []Requirement {
	var list []Requirement
	for _, op := range ops {
		list = append(list, op.Need)
	}
	return list
}

func randomArguments(r *rand.Rand) map[string]string {
	args := map[string]string{}
	for _, name := range []string{"t", "u", "o", "a", "w"} {
		args[name] = pick(r, "orders", "users", "o", "or", "notes", "greet", "read", "write", "delete", "use", "1", "r-1")
	}
	return args
}

// caseFor finds the one case of a cell that a request belongs to.
func caseFor(t *testing.T, c Cell, args map[string]string) Verdict {
	t.Helper()
	if c.Cases == nil {
		return c.Verdict
	}
	var found []Verdict
	for _, one := range c.Cases {
		if meansAll(one.Values, args) {
			found = append(found, one.Verdict)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%v is in %d cases of %v", args, len(found), c.Cases)
	}
	return found[0]
}

// TestMatrix_EqualsDecide compares the cells of random policies with what Decide says of such callers with random values.
func TestMatrix_EqualsDecide(t *testing.T) {
	r := seeded(t, 32)
	ops := randomOperations(t)
	seen := map[string]int{}
	for range 60 {
		rows := randomRows(r) + fmt.Sprintf("g, scope:s, scope:%s\n", pick(r, "table/1:use", "table/1", "table/users", "x"))
		options := Options{Declared: needs(ops)}
		if r.IntN(4) == 0 {
			options.Declared = nil // a policy answers about what it was not told of, too
		}
		p, err := Compile(Source{}, source(rows), options)
		if err != nil {
			continue
		}
		for _, by := range []By{ByRole, ByUser, ByGroup, ByClient} {
			m, err := p.Matrix(by, ops)
			if err != nil || m.Rows[0].Subject != "anyone" {
				t.Fatal(err, m.Rows)
			}
			for _, row := range m.Rows {
				who := callerNamed(row.Subject, by)
				for i, cell := range row.Cells {
					if row.Through {
						checkThrough(t, r, p, row.Subject, ops[i].Need, cell)
						continue
					}
					checkCell(t, r, cell, ops[i].Need, func(args map[string]string) Verdict {
						d := p.Decide(consented(who, ops[i].Need, args), ops[i].Need, values(args))
						return Verdict{doorTwo(d), d.Rule()}
					})
					listed := p.Listed(who, ops[i].Need, false)
					if open := len(ops[i].Need.Names()) > 0; listed != (cell.Answer == AnswerYes) && !open || !listed && (cell.Answer == AnswerYes || cell.Answer == AnswerSome) {
						t.Fatalf("listed %t, the cell of %s and %s is %v:\n%s", listed, row.Subject, ops[i].Name, cell, rows)
					}
					seen[fmt.Sprint("two ", cell.Answer)]++
				}
			}
		}
		checkScopes(t, r, rows, ops, seen)
	}
	t.Log(seen)
	for _, key := range []string{"two yes", "two no", "two denied", "two some", "one yes", "one no", "one some"} {
		if seen[key] == 0 {
			t.Errorf("no cell is %s: the policies are too narrow", key)
		}
	}
}

// noMatter is the rule of an oracle that does not know the rule.
const noMatter = "?"

// checkCell compares a cell with an oracle that is asked with random values and with the examples of the cell.
func checkCell(t *testing.T, r *rand.Rand, cell Cell, need Requirement, ask func(map[string]string) Verdict) {
	t.Helper()
	got := map[Answer]bool{}
	compare := func(args map[string]string, want Verdict) {
		t.Helper()
		answer := ask(args)
		got[answer.Answer] = true
		rules := answer.Rule != noMatter && (cell.Cases != nil || len(need.Names()) == 0) // a cell of all values has one of their rules
		if want.Answer == AnswerSome && cell.Cases == nil {
			return
		}
		if want.Answer != answer.Answer || rules && want.Rule != answer.Rule {
			t.Fatalf("the cell says %v, asked with %v it is %v\n%+v", want, args, answer, cell)
		}
	}
	for range 8 {
		args := randomArguments(r)
		compare(args, caseFor(t, cell, args))
	}
	for _, c := range cell.Cases {
		args := map[string]string{}
		for _, v := range c.Values {
			args[v.Name] = v.Example
		}
		compare(args, c.Verdict)
	}
	if cell.Answer == AnswerSome && cell.Cases == nil {
		return
	}
	if want := got[AnswerYes] && len(got) > 1; (cell.Answer == AnswerSome) != want || cell.Answer == AnswerNo && got[AnswerYes] {
		t.Fatalf("answers %v, the cell is %+v", got, cell)
	}
}

// consented is the caller with a token that has what the operation needs.
func consented(who Principal, op Requirement, args map[string]string) Principal {
	who.Scopes = texts(op.scopes, arguments{}.readAll(op.scopes, values(args)))
	return who
}

// checkThrough asks Decide through the client about a user who may everything but what is denied to the client.
func checkThrough(t *testing.T, r *rand.Rand, p *Policy, client string, need Requirement, cell Cell) {
	t.Helper()
	full := unasked(p)
	rules := append(slices.Clone(p.rows.rules), rule{sub: "user:\x00all", obj: "*", act: "*", eft: effectAllow})
	rules = slices.DeleteFunc(rules, func(r rule) bool { return r.sub == "anyone" && r.eft == effectDeny })
	links := slices.DeleteFunc(slices.Clone(p.rows.links), func(l link) bool { return l.from == "anyone" })
	full.rows = newRuleIndex(rules, links)
	who := Principal{Subject: "\x00all", Client: strings.TrimPrefix(client, "client:")}
	checkCell(t, r, cell, need, func(args map[string]string) Verdict {
		d := full.Decide(who, need, values(args))
		return Verdict{doorTwo(d), noMatter}
	})
}

// checkScopes asks about door one under a policy whose door two is open to everybody.
func checkScopes(t *testing.T, r *rand.Rand, rows string, ops []Operation, seen map[string]int) {
	t.Helper()
	var kept strings.Builder
	for line := range strings.Lines(rows) {
		if strings.Contains(line, "scope:") {
			kept.WriteString(line)
		} else {
			kept.WriteString("\n") // the rules keep their lines
		}
	}
	p := compiled(t, Source{}, kept.String()+"p, anyone, *, *, allow\n", Options{Declared: needs(ops)})
	m, err := p.Matrix(ByScope, ops)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range m.Rows {
		scope := template(t, strings.TrimPrefix(row.Subject, "scope:"))
		for i, cell := range row.Cells {
			op := ops[i].Need
			checkCell(t, r, cell, op, func(args map[string]string) Verdict {
				f := scope.fill(nil, arguments{}.readAll([]Template{scope}, values(args)))
				who := callerNamed("scope:"+string(f.text), ByScope)
				request := map[string]string{}
				for _, name := range op.Names() {
					request[name] = args[name]
				}
				v := Verdict{AnswerNo, noMatter}
				if p.Decide(who, op, values(request)).Allowed() {
					v.Answer = AnswerYes
				}
				return v
			})
			seen[fmt.Sprint("one ", cell.Answer)]++
		}
	}
}

// operations are those of a bundle, each by what it needs.
func (b bundle) operations(t *testing.T) []Operation {
	t.Helper()
	var list []Operation
	for _, need := range b.options(t).Declared {
		name, permissions := declaredAs(need.scopes), declaredAs(need.permissions)
		if permissions != name {
			name += "|" + permissions
		}
		list = append(list, Operation{Kind: "tool", Name: name, Need: need})
	}
	return append(list, Operation{Kind: "tool", Name: "open", Need: Requirement{anyPrincipal: true}})
}

func declaredAs(list []Template) string {
	var names []string
	for _, t := range list {
		names = append(names, t.String())
	}
	return strings.Join(names, "+")
}

// TestMatrix_Data draws the policies of testdata/matrix by every kind of subject.
func TestMatrix_Data(t *testing.T) {
	for _, b := range bundles(t, "testdata/matrix/*.txtar") {
		t.Run(strings.TrimSuffix(filepath.Base(b.path), ".txtar"), func(t *testing.T) {
			p := compiled(t, b.model(), b.sections["policy.csv"], b.options(t))
			for _, by := range []By{ByRole, ByUser, ByGroup, ByClient, ByScope} {
				m, err := p.Matrix(by, b.operations(t))
				if err != nil || m.By != by {
					t.Fatal(err)
				}
				b.check(t, string(by), drawn(m))
			}
		})
	}
}

// drawn writes a matrix down with all that it holds.
func drawn(m Matrix) string {
	var out, cases strings.Builder
	table := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	for _, row := range m.Rows {
		name := row.Subject
		if row.Through {
			name = "through " + name
		}
		for i, cell := range row.Cells {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", name, m.Operations[i].Name, cell.Answer, strings.TrimPrefix(cell.Rule, "policy.csv:"))
			for _, c := range cell.Cases {
				fmt.Fprintf(&cases, "  %s, %s: %s %s\n", name, m.Operations[i].Name, listed(c.Values), verdictText(c.Verdict))
			}
		}
	}
	table.Flush()
	var lines strings.Builder
	for line := range strings.Lines(out.String()) {
		lines.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	return lines.String() + cases.String()
}

func verdictText(v Verdict) string { return strings.TrimSpace(string(v.Answer) + " " + v.Rule) }

func listed(list []Value) string {
	words := make([]string, len(list))
	for i, v := range list {
		words[i] = v.String()
	}
	return strings.Join(words, "; ")
}

func TestMatrix_Edges(t *testing.T) {
	read, table := need(t, "notes:read", ""), need(t, "table/{t}:read", "")
	ops := []Operation{{Name: "read", Need: read}, {Name: "table", Need: table}, {Name: "open", Need: Requirement{anyPrincipal: true}}, {Name: "none"}}
	for _, by := range []By{"", "Role", "anyone", "scopes"} {
		if m, err := (&Policy{}).Matrix(by, ops); err == nil || m.Rows != nil || !strings.Contains(err.Error(), "write role, user") {
			t.Errorf("by %q: %v, %v", by, m, err)
		}
	}
	var none *Policy
	for by, want := range map[By]string{
		ByRole: "anyone no no yes no", ByClient: "anyone no no yes no",
		ByScope: "scope:notes:read yes no yes no scope:table/{t}:read no yes yes no",
	} {
		m, err := none.Matrix(by, ops)
		var got []string
		for _, row := range m.Rows {
			got = append(got, row.Subject)
			for _, cell := range row.Cells {
				got = append(got, string(cell.Answer))
			}
		}
		if strings.Join(got, " ") != want || err != nil {
			t.Errorf("no policy, by %s: %v, %v", by, got, err)
		}
	}
	// A cell is an answer for all values only if all were asked.
	few := strings.Builder{}
	for i := range 63 {
		fmt.Fprintf(&few, "p, role:r, table/t%d, read, allow\np, role:r, row/r%d, read, allow\n", i, i)
	}
	both := need(t, "x", "table/{t}:read,row/{r}:read,notes:read")
	for more, want := range map[string]Answer{"": AnswerNo, "p, role:r, table/last, read, allow\n": AnswerSome, "p, role:r, notes, read, allow\n": AnswerSome} {
		p := compiled(t, Source{}, few.String()+more, Options{})
		m, err := p.Matrix(ByRole, []Operation{{Name: "both", Need: both}})
		if got := m.Rows[1].Cells[0]; err != nil || got.Answer != want || (got.Cases == nil) != (want == AnswerNo) {
			t.Errorf("%q: %s with %d cases, %v", more, got.Answer, len(got.Cases), err)
		}
	}
}

// TestMatrix_ScopesOfPlaceholders: whether a declared scope is the required one can depend on values of both.
func TestMatrix_ScopesOfPlaceholders(t *testing.T) {
	for _, tt := range []struct {
		scope, op string
		want      Answer
	}{
		{"table/{t}:read", "table/{t}:read", AnswerYes},
		{"table/{t}:read", "table/{u}:read", AnswerSome},
		{"table/{t}:read", "table/{t}:read table/{u}:read", AnswerSome},
		{"table/{t}:read", "table/{t}:write", AnswerNo},
		{"table/{t}:{a}", "table/{u}:read", AnswerSome},
		{"{o}:read", "notes:{a}", AnswerSome},
		{"x/{a}", "x/{b}:use", AnswerNo}, // the request of the operation has no a
		{"x/{a}", "x/1", AnswerSome},
		{"x/{a}", "{a}:use", AnswerNo},
	} {
		ops := []Operation{{Name: "op", Need: need(t, tt.op, "")}, {Name: "other", Need: need(t, tt.scope, "")}}
		p := compiled(t, Source{}, "p, anyone, *, *, allow\n", Options{Declared: needs(ops)})
		m, err := p.Matrix(ByScope, ops)
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(m.Rows, func(r MatrixRow) bool { return r.Subject == "scope:"+tt.scope })
		if got := m.Rows[i].Cells[0]; got.Answer != tt.want || got.Cases != nil {
			t.Errorf("%s for %s: %+v", tt.scope, tt.op, got)
		}
	}
}

// TestMatrix_WhatFailsIsAnError has a model that cannot be asked, as in TestMemo_ForgetsErrors.
func TestMatrix_WhatFailsIsAnError(t *testing.T) {
	ops := []Operation{{Name: "read", Need: need(t, "notes:read", "")}}
	p := compiled(t, custom("r.obj == p.obj"), "p, role:reader, notes, read, allow\n", Options{})
	sound := p.casbin.model
	for name, model := range map[string]definitions{"broken": {"r": "sub, obj, act"}, "sound": sound} {
		broken := unasked(p)
		broken.casbin.model = model
		m, err := broken.Matrix(ByRole, ops)
		if got := m.Rows[1].Cells[0].Answer; err != nil || (got == AnswerError) != (name != "sound") || got == AnswerNo {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
	// A panic is a denial, as it is for Decide.
	read := need(t, "notes:read", "")
	for want, l := range map[Answer]lookout{AnswerError: {Policy: &Policy{}}, AnswerNo: newLookout(nil)} {
		if got := l.say(newLone("user:alice", false, nil), read, &read.permissions[0], nil); got.Answer != want {
			t.Errorf("%s, want %s", got.Answer, want)
		}
	}
}
