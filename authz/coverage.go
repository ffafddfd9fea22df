package authz

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// Row is one row of a policy that was loaded, for people: to say which of them decisions rested on.
type Row struct {
	// File is the path of the policy as it was given.
	File string
	// Line counts from 1.
	Line int
	// Text is the row with one space behind each comma. With several issuers every name has its alias, also if the file
	// leaves the first issuer's out.
	Text string
}

// String returns the row with its place, as "policy.csv:4: p, role:reader, notes, read, allow".
func (r Row) String() string { return r.File + ":" + strconv.Itoa(r.Line) + ": " + r.Text }

// Rows returns all rows of the policy in file order; none for a nil Policy.
func (p *Policy) Rows() []Row {
	if p == nil {
		return nil
	}
	var list []Row
	add := func(line int, fields ...string) { list = append(list, Row{p.file, line, strings.Join(fields, ", ")}) }
	for _, r := range p.rows.rules {
		add(r.line, rowRule, r.sub, r.obj, r.act, r.eft)
	}
	for _, l := range p.rows.links {
		add(l.line, rowLink, l.from, l.to)
	}
	slices.SortFunc(list, func(a, b Row) int { return cmp.Compare(a.Line, b.Line) })
	return list
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
func (p *Policy) Evidence(who Principal, need Requirement, v Values) []Row {
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
	return slices.DeleteFunc(p.Rows(), func(r Row) bool { return !t.lines[r.Line] })
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
			t.implied(d.scopes, string(f.scope))
			continue
		}
		if m := t.policy.rows.ask(d.scopes, f.object, f.action); m.allow != noRule {
			t.rule(evidence{t.policy, d.scopes, m.allow})
			continue
		}
		t.implied(d.scopes, string(f.otherwise(nil, need.scopes[i].short)))
	}
}

// rule notes the p row that decided, if one did, and the g rows that lead to its subject.
func (t *trace) rule(e evidence) {
	r, decided := e.decided()
	if !decided {
		return
	}
	t.lines[r.line] = true
	t.implied(e.steps, r.sub)
}

// implied notes the g rows by which one of the subjects leads to another.
func (t *trace) implied(s steps, subject string) {
	if id, named := t.policy.rows.ids[subject]; named {
		t.links(t.policy.rows.chain(s, id))
	}
}

func (t *trace) links(list []link) {
	for _, l := range list {
		t.lines[l.line] = true
	}
}
