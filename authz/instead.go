package authz

import (
	"cmp"
	"slices"
	"strings"
)

// How much an explanation names of what would help.
const (
	mostHolders = 3
	mostRoles   = 2 // that the caller could be given
	mostOptions = 5
	mostTried   = 8   // roles, until two are found
	mostWays    = 256 // that are looked at
)

// way is how a subject comes to a rule, or to a scope that is asked for: it is the subject of the rule, or a link leads to one
// that comes to it.
type way struct {
	subject, rule uint32
	link          uint32
	next          int // where that link leads, in the list of ways
}

// ways adds to those it begins with all subjects from which links lead there, those with the fewest links first, until there
// are enough.
func (g *graph) ways(begin []way) []way {
	into := make([][]uint32, len(g.names))
	for i, l := range g.links {
		into[l.end] = append(into[l.end], uint32(i))
	}
	seen := map[uint32]bool{}
	var list []way
	add := func(w way) {
		if !seen[w.subject] {
			seen[w.subject] = true
			list = append(list, w)
		}
	}
	for _, w := range begin {
		add(w)
	}
	for i := 0; i < len(list) && i < mostWays; i++ {
		for _, l := range into[list[i].subject] {
			add(way{g.links[l].start, list[i].rule, l, i})
		}
	}
	return list
}

// pathOf writes out a way.
func (p *Policy) pathOf(list []way, i int) Path {
	path := Path{Subjects: []string{p.rows.names[list[i].subject]}, Links: []PolicyRow{}}
	for list[i].link != noLink {
		path.Links = append(path.Links, p.linkRow(p.rows.links[list[i].link]))
		i = list[i].next
		path.Subjects = append(path.Subjects, p.rows.names[list[i].subject])
	}
	if rule := list[i].rule; rule != noRule {
		row := p.ruleRow(rule)
		path.Rule = &row
	}
	return path
}

// instead says who has a permission that no row allows the caller, and which rows would.
func (x *explainer) instead(e *ExplainedPermission, f filled) {
	rows := x.policy.rows
	list, tried := rows.ways(x.allowing(f)), 0
	for i, w := range list {
		name := rows.names[w.subject]
		if !x.comparable(name) || x.deniedTo(name, f) {
			continue
		}
		if len(e.Holders) < mostHolders {
			e.Holders = append(e.Holders, x.policy.pathOf(list, i))
		}
		if kind := kindOf(name); len(e.Add) < mostRoles && tried < mostTried && (kind == kindRole || kind == kindGroup) {
			tried++
			e.Add = append(e.Add, x.proposed(f, rowLink, name)...)
		}
	}
	e.Add = append(e.Add, x.proposed(f, rowRule, string(f.object), string(f.action), effectAllow)...)
}

// comparable reports whether what a subject has could be the caller's as well: a role could, a group of another issuer could not.
func (x *explainer) comparable(name string) bool {
	switch kindOf(name) {
	case kindGroup:
		return !x.who.Machine && strings.HasPrefix(name, x.who.subject(kindGroup, "", x.policy.aliases))
	case kindUser:
		return !x.who.Machine
	case kindClient:
		return x.who.Machine
	default:
		return true
	}
}

// deniedTo reports whether somebody to whom a row allows the permission is denied it by another.
func (x *explainer) deniedTo(name string, f filled) bool {
	if x.policy.casbin != nil {
		return x.policy.casbin.enforce(x.policy.casbin.rows.caller([]string{name, subjectAnyone}), syntheticCaller,
			string(f.object), string(f.action)).outcome != allowed
	}
	return x.policy.rows.ask(x.policy.rows.reach(name, subjectAnyone), f.object, f.action).deny != noRule
}

// allowing returns the subjects of all rows that allow a permission, those with the narrowest patterns first.
func (x *explainer) allowing(f filled) []way {
	rows := x.policy.rows
	match := func(r rule) bool { return r.matches(f) }
	if x.policy.casbin != nil {
		match = x.policy.casbin.matches(f)
	}
	var list []way
	for i, r := range rows.rules {
		if r.eft == effectAllow && kindOf(r.sub) != kindScope && match(r) {
			list = append(list, way{rows.ids[r.sub], uint32(i), noLink, 0})
		}
	}
	slices.SortStableFunc(list, func(a, b way) int { return cmp.Compare(rows.rules[a.rule].breadth(), rows.rules[b.rule].breadth()) })
	return list
}

// breadth is how many patterns of the rule end in a star.
func (r rule) breadth() int {
	n := 0
	for _, pattern := range []string{r.obj, r.act} {
		if strings.HasSuffix(pattern, "*") {
			n++
		}
	}
	return n
}

// matches returns what tells whether a rule alone would allow a permission to its subject.
func (e *evaluator) matches(f filled) func(rule) bool {
	enforcer, err := newEnforcer(e.model, rowSet{})
	return func(r rule) bool {
		if err != nil {
			return false
		}
		enforcer.GetModel()[rowRule][rowRule].Policy = [][]string{r.fields()}
		yes, wrong := enforcer.Enforce(r.sub, string(f.object), string(f.action))
		return wrong == nil && yes
	}
}

// proposed returns the row about the caller that would allow a permission; none if no such row can be written, or if it would
// not help.
func (x *explainer) proposed(f filled, kind string, fields ...string) []string {
	own := x.who.subjects(x.policy.aliases)[0]
	fields = append([]string{own}, fields...)
	p := x.policy.with(kind, fields)
	if p == nil || !x.allowedUnder(p, f) {
		return nil
	}
	return []string{kind + ", " + strings.Join(fields, ", ")}
}

// allowedUnder reports whether a row of another policy allows the caller a permission, whatever denies it.
func (x *explainer) allowedUnder(p *Policy, f filled) bool {
	if p.casbin != nil {
		return p.casbin.askCaller(x.who, p.aliases, f).outcome == allowed
	}
	return p.rows.ask(p.rows.reach(x.who.subjects(p.aliases)...), f.object, f.action).allow != noRule
}

// with returns the policy with one more row at its end; nil if a file with this row would be refused, or say something else.
func (p *Policy) with(kind string, fields []string) *Policy {
	var l findings
	more := readPolicy([]byte(kind+", "+strings.Join(fields, ", ")), p.casbin == nil, p.aliases, &l)
	if l.failed() || !more.says(fields) {
		return nil
	}
	book := rulebook{slices.Concat(p.rows.rules, more.rules), slices.Concat(p.rows.links, more.links)}
	q := *p
	q.rows, q.memory = newRuleIndex(book.rules, book.links), memory{}
	checkGraph(q.rows.graph, &l)
	if p.casbin != nil {
		q.casbin = newEvaluator(p.casbin.model, book)
		tryModel(p.casbin.model, place{}, more.rules, &l, &l)
	}
	if l.failed() {
		return nil
	}
	return &q
}

// says reports whether a policy is one row with these fields.
func (b rulebook) says(fields []string) bool {
	var read [][]string
	for _, r := range b.rules {
		read = append(read, r.fields())
	}
	for _, l := range b.links {
		read = append(read, []string{l.from, l.to})
	}
	return len(read) == 1 && slices.Equal(read[0], fields)
}

// options returns the scopes that would cover one that is asked for.
func (x *explainer) options(f filled) []ScopeOption {
	rows := x.policy.rows
	list := []ScopeOption{{string(f.text), Path{Subjects: []string{string(f.scope)}, Links: []PolicyRow{}}}}
	var begin []way
	if id, known := rows.ids[string(f.scope)]; known {
		begin = append(begin, way{id, noRule, noLink, 0})
	}
	for i, r := range rows.rules {
		if kindOf(r.sub) == kindScope && r.matches(f) {
			begin = append(begin, way{rows.ids[r.sub], uint32(i), noLink, 0})
		}
	}
	all := rows.ways(begin)
	for i, w := range all {
		scope := strings.TrimPrefix(rows.names[w.subject], kindScope+":")
		if len(list) < mostOptions && scope != list[0].Scope {
			list = append(list, ScopeOption{scope, x.policy.pathOf(all, i)})
		}
	}
	return list
}
