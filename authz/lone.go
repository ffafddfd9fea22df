package authz

import (
	"slices"
	"strings"
)

// Answer is what a policy says of somebody and an operation.
type Answer string

const (
	// AnswerYes means allowed, for every value of the placeholders if there are any.
	AnswerYes Answer = "yes"
	// AnswerNo means that no row allows it.
	AnswerNo Answer = "no"
	// AnswerDenied means that a deny row wins, over every row that allows it, also over those of other subjects.
	AnswerDenied Answer = "denied"
	// AnswerSome means that it depends on the values of placeholders, or could.
	AnswerSome Answer = "some"
	// AnswerError means that the policy cannot be asked this, for which every decision is a denial.
	AnswerError Answer = "error"
)

// Verdict is an answer and the row behind it.
type Verdict struct {
	// Answer is what the policy says.
	Answer Answer
	// Rule is file and line of the row that decided, as "policy.csv:4"; empty if none did.
	Rule string
}

// nobody is a name that no row can have.
const nobody = "\x00nobody"

// lone is a caller who is one subject that a policy names and nothing else, but for what every caller is.
type lone struct {
	subject string
	through bool // asked is only whether its client stands in the way of a user
	who     Principal
}

// newLone makes the caller of a subject as the rows have it. A scope is a token with just that scope.
func newLone(subject string, through bool, aliases []string) *lone {
	kind, name, _ := strings.Cut(subject, ":")
	c := &lone{subject: subject, through: through, who: Principal{Subject: nobody, Client: nobody}}
	if len(aliases) > 1 {
		c.who.Alias = aliases[0]
		if kind != kindScope && name != "" {
			c.who.Alias, name, _ = strings.Cut(name, "/")
		}
	}
	switch kind {
	case kindUser:
		c.who.Subject = name
	case kindGroup:
		c.who.Groups = []string{name}
	case kindRole:
		c.who.Roles = []string{name}
	case kindScope:
		c.who.Scopes = []string{name}
	case kindClient:
		c.who.Client, c.who.Machine = name, !through
	}
	return c
}

// delegated reports whether the caller is a scope, about which door one is asked.
func (c *lone) delegated() bool { return kindOf(c.subject) == kindScope }

// needs returns what the door that is asked needs for an operation.
func (c *lone) needs(r Requirement) []Template {
	if c.delegated() {
		return r.scopes
	}
	return r.permissions
}

// names returns the subjects that the rows about the caller have.
func (c *lone) names(aliases []string) []string {
	if c.delegated() || c.through {
		return []string{c.subject}
	}
	return c.who.subjects(aliases)
}

// lookout looks at a policy from outside, for those who ask it about everybody.
type lookout struct {
	*Policy
	about [][]uint32 // the rules by number of their subject
	wide  bool       // a scope that some other argument of the request would cover is an answer of its own, see couldCover
}

// newLookout looks at a policy. In place of none, or one that was not compiled, it sees one without rows: they deny the same.
func newLookout(p *Policy) lookout {
	if p == nil || p.rows == nil {
		p = &Policy{rows: newRuleIndex(nil, nil)}
	}
	l := lookout{Policy: p, about: make([][]uint32, len(p.rows.names))}
	for i, r := range p.rows.rules {
		id := p.rows.ids[r.sub]
		l.about[id] = append(l.about[id], uint32(i))
	}
	return l
}

// patterns returns what the rows about any of the subjects, or about what they get, are for. A scope is a row for what it is
// named after.
func (l lookout) patterns(subjects []string) []Permission {
	var list []Permission
	named := slices.Clone(subjects)
	for _, s := range l.rows.reach(subjects...) {
		for _, i := range l.about[s.subject] {
			list = append(list, Permission{l.rows.rules[i].obj, l.rows.rules[i].act})
		}
		named = append(named, l.rows.names[s.subject])
	}
	for _, subject := range named {
		if scope, is := strings.CutPrefix(subject, kindScope+":"); is {
			list = append(list, splitPermission(scope))
		}
	}
	return list
}

// sayAll is the verdict about an operation: of the first thing it needs that is not granted, or else of the first.
func (l lookout) sayAll(c *lone, need Requirement, v []Value) Verdict {
	var first Verdict
	list := c.needs(need)
	for i := range list {
		one := l.say(c, need, &list[i], v)
		if one.Answer != AnswerYes {
			return one
		}
		if i == 0 {
			first = one
		}
	}
	return first
}

// say is the verdict about one of the permissions that an operation needs, or scopes if the caller is one.
func (l lookout) say(c *lone, need Requirement, t *Template, v []Value) Verdict {
	verdict := Verdict{Answer: AnswerError} // what stands if asking panics
	func() {
		defer func() { _ = recover() }()
		if c.delegated() {
			verdict = l.covered(c.who.Scopes, need, t, v)
			return
		}
		s := l.standing(&c.who)
		if c.through {
			verdict = l.verdict(l.askClient(s, &c.who, t.fill(nil, given(v))))
			if verdict.Answer == AnswerYes {
				verdict.Rule = "" // a row for the client itself, which gives users nothing
			}
			return
		}
		verdict = l.verdict(l.permission(s, &c.who, t, given(v)).found)
	}()
	return verdict
}

// verdict tells an answer of door two.
func (l lookout) verdict(f found) Verdict {
	v := Verdict{Answer: AnswerError}
	switch f.outcome {
	case allowed:
		v.Answer = AnswerYes
	case missing, clientMissing:
		v.Answer = AnswerNo
	case denied, clientDenied:
		v.Answer = AnswerDenied
	}
	if f.rule != noRule {
		v.Rule = l.place(l.rows.rules[f.rule].line)
	}
	return v
}

// covered tells an answer of door one.
func (l lookout) covered(token []string, need Requirement, t *Template, v []Value) Verdict {
	d := l.delegation(token)
	switch {
	case l.covers(d, token, t, need, examples(v), given(v)):
	case l.wide && l.couldCover(d, token, need, t, v):
		return Verdict{Answer: AnswerSome}
	default:
		return Verdict{Answer: AnswerNo}
	}
	return Verdict{Answer: AnswerYes, Rule: l.coveringRow(d, token, t.fill(nil, given(v)), t.short)}
}

// coveringRow returns the row by which a token covers a scope: the g row that leads there, or the p row that allows it;
// empty if the token has the scope itself.
func (l lookout) coveringRow(d *delegation, token []string, f filled, short bool) string {
	if slices.Contains(token, string(f.text)) {
		return ""
	}
	if rule := l.leading(d, f.scope); rule != "" {
		return rule
	}
	if m := l.rows.ask(d.scopes, f.object, f.action); m.allow != noRule {
		return l.place(l.rows.rules[m.allow].line)
	}
	return l.leading(d, f.otherwise(nil, short))
}

// leading returns the first g row on the way from a token to a scope; empty if there is none.
func (l lookout) leading(d *delegation, scope []byte) string {
	id, known := l.rows.ids[string(scope)]
	if !known {
		return ""
	}
	chain := l.rows.chain(d.scopes, id)
	if len(chain) == 0 {
		return ""
	}
	return l.place(chain[0].line)
}
