package authz

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// By names the kinds of subjects that a [Matrix] can be about.
type By string

const (
	// ByRole asks about users who have one role.
	ByRole By = kindRole
	// ByUser asks about users with what the policy gives them.
	ByUser By = kindUser
	// ByGroup asks about users who are in one group.
	ByGroup By = kindGroup
	// ByClient asks about clients' own tokens, and whether users through these clients are stopped.
	ByClient By = kindClient
	// ByScope asks about tokens with one scope, and door one only.
	ByScope By = kindScope
)

// Matrix says who can call what, as far as one door decides it: door one for scopes, door two for all others. It is a plain
// value; the zero Matrix is about nobody.
type Matrix struct {
	// By is the kind of subject that it is about.
	By By
	// Operations are the columns, as they were given.
	Operations []Operation
	// Rows are the subjects: anyone, except about scopes, and then all that the policy names, sorted by name.
	Rows []MatrixRow
}

// MatrixRow is what the policy says of one subject.
//
// It is about a caller who is this subject and nothing else but anyone: a user who has just this role or is in just this
// group; the user with the groups and roles that the policy gives, to which a token can add more; the client's own token;
// a token with just this scope.
type MatrixRow struct {
	// Subject is the subject as rows name it, for example "role:editor", with its issuer's alias if there are several
	// issuers; or "anyone": a caller whom no other row is about.
	Subject string
	// Through says that the row is about users through the client: what they may do is up to other rows, and yes means that
	// none about the client stands in the way. A client has such a row only if it stops users from something that is not
	// denied to its own token.
	Through bool
	// Cells are the answers, one for each operation, in their order.
	Cells []Cell
}

// Cell is one answer of a [Matrix].
type Cell struct {
	// Verdict is the answer for all values of the placeholders, and [AnswerSome] if they matter or are too many to tell. For
	// [AnswerSome] Rule is a row that allows some.
	Verdict
	// Cases say which values have which answer, if they have not all the same. They are nil for [AnswerSome] under a model
	// other than the textbook one, whose rows do not say which values they are about, and for a scope with placeholders.
	Cases []Case
}

// Case is the answer for some values of the placeholders.
type Case struct {
	// Values has one entry for each placeholder, sorted by name.
	Values []Value
	// Verdict is the answer for them.
	Verdict
}

// Matrix says for every subject of a kind that the policy names, and for every operation, whether it may: asked through
// what decides about requests, so that a cell is what [Policy.Decide] says of such a caller, at that door. About scopes it
// includes those that the operations declare; one with placeholders stands for a token that has it with the values of the
// request. Of an operation that is open to any principal every cell is yes. A nil Policy denies everything. The error says
// that there is no such kind of subject.
func (p *Policy) Matrix(by By, ops []Operation) (Matrix, error) {
	m := Matrix{By: by, Operations: ops}
	l := newLookout(p)
	switch by {
	case ByScope:
		for _, s := range l.scopesNamed(ops) {
			m.Rows = append(m.Rows, l.scopeRow(s, ops))
		}
		return m, nil
	case ByRole, ByUser, ByGroup, ByClient:
	default:
		return Matrix{}, fmt.Errorf("%q is no kind of subject; write role, user, group, client or scope", string(by))
	}
	m.Rows = append(m.Rows, l.row(l.anyone(by), ops))
	for _, s := range l.subjects(string(by)) {
		own := l.row(newLone(s, false, l.aliases), ops)
		m.Rows = append(m.Rows, own)
		if by != ByClient {
			continue
		}
		if through := l.row(newLone(s, true, l.aliases), ops); stopsMore(through, own) {
			m.Rows = append(m.Rows, through)
		}
	}
	return m, nil
}

// anyone is a caller whom no row names.
func (l lookout) anyone(by By) *lone {
	c := newLone(subjectAnyone, false, l.aliases)
	c.who.Machine = by == ByClient
	return c
}

// subjects returns the subjects of a kind that the rows name, sorted.
func (l lookout) subjects(kind string) []string {
	var list []string
	for _, name := range l.rows.names {
		if kindOf(name) == kind {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return list
}

// stopsMore reports whether users through a client are stopped from what is not denied to the client itself.
func stopsMore(through, own MatrixRow) bool {
	for i, c := range through.Cells {
		if c.Answer != AnswerYes && own.Cells[i].Answer != AnswerDenied {
			return true
		}
	}
	return false
}

func (l lookout) row(c *lone, ops []Operation) MatrixRow {
	r := MatrixRow{Subject: c.subject, Through: c.through, Cells: make([]Cell, len(ops))}
	for i, op := range ops {
		r.Cells[i] = l.cell(c, op.Need)
	}
	return r
}

func (l lookout) cell(c *lone, need Requirement) Cell {
	list := c.needs(need)
	if answer, asked := without(need); asked {
		return answer
	}
	if l.casbin != nil && !c.delegated() {
		return l.cellUnderModel(c, need)
	}
	g := guesses{}
	complete := g.addAll(list, l.patterns(c.names(l.aliases)))
	cases, all := tell(g, namesOf(list), func(v []Value) Verdict { return l.sayAll(c, need, v) })
	return summary(cases, complete && all)
}

// without answers where no door is asked.
func without(need Requirement) (Cell, bool) {
	switch {
	case need.anyPrincipal:
		return Cell{Verdict: Verdict{Answer: AnswerYes}}, true
	case len(need.permissions) == 0:
		return Cell{Verdict: Verdict{Answer: AnswerNo}}, true
	}
	return Cell{}, false
}

// cellUnderModel answers under another model than the textbook one, where placeholders cannot be ruled out: see
// [Policy.Listed].
func (l lookout) cellUnderModel(c *lone, need Requirement) Cell {
	var first Verdict
	for i := range need.permissions {
		t := &need.permissions[i]
		one := Verdict{Answer: AnswerSome}
		if !t.open {
			one = l.say(c, need, t, nil)
		}
		switch {
		case one.Answer != AnswerYes && one.Answer != AnswerSome:
			return Cell{Verdict: one}
		case i == 0, one.Answer == AnswerSome:
			first.Answer = one.Answer
		}
		first.Rule = cmp.Or(first.Rule, one.Rule)
	}
	return Cell{Verdict: first}
}

// summary is the answer for all values together.
func summary(cases []told[Verdict], complete bool) Cell {
	var cell Cell
	same := true
	for _, c := range cases {
		cell.Cases = append(cell.Cases, Case{c.values, c.answer})
		same = same && c.answer.Answer == cases[0].answer.Answer
	}
	allows := slices.IndexFunc(cases, func(c told[Verdict]) bool { return c.answer.Answer == AnswerYes })
	switch {
	case same && complete:
		return Cell{Verdict: cases[len(cases)-1].answer} // that of any other value, if there are several
	case allows >= 0:
		cell.Verdict = Verdict{AnswerSome, cases[allows].answer.Rule}
	case complete:
		cell.Answer = AnswerNo
	default:
		cell.Answer = AnswerSome
	}
	return cell
}

// addAll notes what rows tell apart about the placeholders of templates, and reports whether that is all noted.
func (g guesses) addAll(list []Template, rows []Permission) bool {
	complete := true
	for _, t := range list {
		if !t.open {
			continue
		}
		for _, row := range rows {
			complete = g.add(&t, row) && complete
		}
	}
	return complete
}

// scopesNamed returns the scopes that the policy names or the operations declare, sorted.
func (l lookout) scopesNamed(ops []Operation) []string {
	list := l.subjects(kindScope)
	for _, op := range ops {
		for _, t := range op.Need.scopes {
			list = append(list, kindScope+":"+t.text)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// scopeRow is what tokens with one scope are delegated. A declared scope with placeholders has the request's values.
func (l lookout) scopeRow(subject string, ops []Operation) MatrixRow {
	t, err := ParseTemplate(strings.TrimPrefix(subject, kindScope+":"))
	if err != nil || !t.open {
		return l.row(newLone(subject, false, l.aliases), ops)
	}
	r := MatrixRow{Subject: subject, Cells: make([]Cell, len(ops))}
	for i, op := range ops {
		r.Cells[i] = l.cellFilled(&t, op.Need)
	}
	return r
}

// cellFilled is what a token with a declared scope is delegated, the scope filled with the values of the request. What the
// operation has no value for has any. It has no cases: whether a scope is the one that is required can be a matter of two
// placeholders with one value.
func (l lookout) cellFilled(scope *Template, need Requirement) Cell {
	if answer, told := without(need); told {
		return answer
	}
	both, asked := append([]Template{*scope}, need.scopes...), namesOf(need.scopes)
	g := guesses{}
	complete := g.addAll(both, l.patterns(l.subjects(kindScope)))
	for i := range need.scopes {
		complete = g.same(&need.scopes[i], scope) && g.same(scope, &need.scopes[i]) && complete
	}
	cases, all := tell(g, namesOf(both), func(v []Value) Verdict {
		token := string(scope.fill(nil, given(v)).text)
		request := slices.DeleteFunc(slices.Clone(v), func(v Value) bool { return !slices.Contains(asked, v.Name) })
		return l.sayAll(newLone(kindScope+":"+token, false, nil), need, request)
	})
	return Cell{Verdict: summary(cases, complete && all).Verdict}
}

// same notes for which values one template has the object, or the action, that another has with some of its values, and
// reports whether that is all. It does not see what only values of both together make the same, as "a-{x}" and "{y}-b".
func (g guesses) same(one, other *Template) bool {
	cut, note := false, g.noter()
	_, all := tell(g, namesOf([]Template{*other}), func(v []Value) bool {
		f := other.fill(nil, given(v))
		cut = fits(one.object, string(f.object), nil, note) || fits(one.action, string(f.action), nil, note) || cut
		return true
	})
	return all && !cut
}
