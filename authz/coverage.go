package authz

import (
	"cmp"
	"slices"
)

// Rows returns all rows of the policy in file order; none for a nil Policy.
func (p *Policy) Rows() []PolicyRow { return p.rowsOf(func(int) bool { return true }) }

// rowsOf returns the rows on the lines that are wanted, in file order.
func (p *Policy) rowsOf(wanted func(line int) bool) []PolicyRow {
	if p == nil {
		return nil
	}
	type placed struct {
		line int
		row  PolicyRow
	}
	var all []placed
	for i, r := range p.rows.rules {
		if wanted(r.line) {
			all = append(all, placed{r.line, p.ruleRow(uint32(i))})
		}
	}
	for _, l := range p.rows.links {
		if wanted(l.line) {
			all = append(all, placed{l.line, p.linkRow(l)})
		}
	}
	slices.SortFunc(all, func(a, b placed) int { return cmp.Compare(a.line, b.line) })
	var rows []PolicyRow
	for _, one := range all {
		rows = append(rows, one.row)
	}
	return rows
}

// Evidence returns the rows that a decision rests on, in file order: a policy of these rows alone decides the same.
//
//   - What door two says yes by: for each permission the p row that allows it, and the g rows that lead from the caller to it.
//   - What it says no by, if a row denies: that row, and the g rows that lead to it.
//   - If both doors open, what door one says yes by: for each scope that the token does not hold itself the p row that covers
//     it, and the g rows that lead to it.
//
// Where a row is missing there is none to return, and a decision that asks no door rests on none. Evidence asks again, so that
// decisions need not remember it: it is meant for tests of a policy and not for requests.
func (p *Policy) Evidence(who Principal, need Requirement, v Values) []PolicyRow {
	d := p.Decide(who, need, v)
	t := &trace{policy: p, lines: map[int]bool{}}
	switch d.reason {
	case ReasonAllowed, ReasonScopeMissing, ReasonPermissionMissing, ReasonPermissionDenied, ReasonClientMissing, ReasonClientDenied:
		given := arguments{}.readAll(need.permissions, v).readAll(need.scopes, v)
		t.permissions(&who, need, given)
		if d.allowed {
			t.scopes(&who, need, given)
		}
	}
	return p.rowsOf(func(line int) bool { return t.lines[line] })
}

// trace collects the lines of rows that something rests on.
type trace struct {
	policy *Policy
	lines  map[int]bool
}

// permissions notes what door two says yes by, and the no that ends it.
func (t *trace) permissions(who *Principal, need Requirement, given arguments) {
	s := t.policy.standing(who)
	for i := range need.permissions {
		f := t.policy.permission(s, who, &need.permissions[i], given)
		steps := s.caller
		if !who.Machine && (f.outcome == clientDenied || f.outcome == clientMissing) {
			t.withoutClient(who, &need.permissions[i], given)
			steps = s.client
		}
		t.rule(evidence{t.policy, steps, f.rule})
		if f.outcome != allowed {
			return
		}
	}
}

// withoutClient notes what allows a user what the client stops: the same question with a client that no row can name.
func (t *trace) withoutClient(who *Principal, permission *Template, given arguments) {
	alone := *who
	alone.Client = "\x00"
	s := t.policy.standing(&alone)
	t.rule(evidence{t.policy, s.caller, t.policy.permission(s, &alone, permission, given).rule})
}

// scopes notes what door one opened by, in the order in which it asks.
func (t *trace) scopes(who *Principal, need Requirement, given arguments) {
	d := t.policy.delegation(who.Scopes)
	for i := range need.scopes {
		f := need.scopes[i].fill(nil, given)
		if t.policy.holds(d, who.Scopes, f.scope) {
			t.leading(d.scopes, string(f.scope))
			continue
		}
		if m := t.policy.rows.ask(d.scopes, f.object, f.action); m.allow != noRule {
			t.rule(evidence{t.policy, d.scopes, m.allow})
			continue
		}
		t.leading(d.scopes, string(f.otherwise(nil, need.scopes[i].short)))
	}
}

// rule notes the p row that decided, if one did, and the g rows that lead to its subject.
func (t *trace) rule(e evidence) {
	r, decided := e.decided()
	if !decided {
		return
	}
	t.lines[r.line] = true
	t.leading(e.steps, r.sub)
}

// leading notes the g rows that lead to a subject; none if it is one of those the search began with, or in no row.
func (t *trace) leading(s steps, subject string) {
	id, named := t.policy.rows.ids[subject]
	if !named {
		return
	}
	for _, l := range t.policy.rows.chain(s, id) {
		t.lines[l.line] = true
	}
}
