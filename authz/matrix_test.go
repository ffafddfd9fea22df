package authz

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
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
		p, err := Compile(Source{}, source(rows), Options{Declared: needs(ops)})
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
