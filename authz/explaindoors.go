package authz

import (
	"slices"
	"strings"
)

// permission explains the answer of door two about one permission.
func (x *explainer) permission(t *Template) ExplainedPermission {
	e := ExplainedPermission{Declared: t.text, Reason: ReasonPlaceholder, Denials: []Denial{}, Holders: []Path{}, Add: []string{}}
	if t.unfillable(x.given) != "" {
		return e
	}
	f := t.fill(nil, x.given)
	e.Permission = string(f.text)
	e.Reason = x.policy.permission(x.is, x.who, t, x.given).outcome.reason()
	e.Allowed = e.Reason == ReasonAllowed
	var lacks bool
	if x.policy.casbin == nil {
		lacks = x.byRows(&e, f)
	} else {
		lacks = x.byCasbin(&e, f)
	}
	if lacks {
		x.instead(&e, f)
	}
	return e
}

// side is what denies can be about: all that the caller is, or the client of a user.
type side struct {
	names  []string
	steps  steps
	client bool
}

func (x *explainer) caller() side {
	return side{names: x.who.subjects(x.policy.aliases), steps: x.is.caller}
}

func (x *explainer) client() side {
	return side{names: []string{x.who.subject(kindClient, x.who.Client, x.policy.aliases)}, steps: x.is.client, client: true}
}

// byRows finds the rows about one permission under the textbook model. It reports whether no row allows it.
func (x *explainer) byRows(e *ExplainedPermission, f filled) bool {
	rows := x.policy.rows
	allow := rows.ask(x.is.caller, f.object, f.action).allow
	if allow != noRule {
		path := x.policy.pathToRule(x.is.caller, allow)
		e.Allow = &path
	}
	for _, by := range []side{x.caller(), x.client()} {
		for i, r := range rows.rules {
			if r.eft != effectDeny || !r.matches(f) {
				continue
			}
			if _, about := by.steps.find(rows.ids[r.sub]); about {
				e.Denials = append(e.Denials, x.denial(by, uint32(i)))
			}
		}
	}
	return allow == noRule
}

// byCasbin finds the rows about one permission that Casbin names. It reports whether no row allows it.
func (x *explainer) byCasbin(e *ExplainedPermission, f filled) bool {
	caller := x.policy.casbin.askCaller(x.who, x.policy.aliases, f)
	switch caller.outcome {
	case denied, clientDenied:
		e.Denials = append(e.Denials, x.denial(x.caller(), caller.rule))
	case allowed:
		if caller.rule != noRule {
			path := x.policy.pathToRule(x.is.caller, caller.rule)
			e.Allow = &path
		}
	}
	if !x.who.Machine {
		if client := x.policy.casbin.askClient(x.who, x.policy.aliases, f); client.outcome == clientDenied {
			e.Denials = append(e.Denials, x.denial(x.client(), client.rule))
		}
	}
	return caller.outcome == missing
}

// denial says how a deny row is about somebody, and which g rows on the way there is no way around.
func (x *explainer) denial(by side, n uint32) Denial {
	rows := x.policy.rows
	rule := rows.rules[n]
	d := Denial{Path: x.policy.pathToRule(by.steps, n), Client: by.client, Cut: []PolicyRow{}}
	for _, l := range rows.chain(by.steps, rows.ids[rule.sub]) {
		others := slices.DeleteFunc(slices.Clone(rows.links), func(o link) bool { return o.line == l.line })
		without := newGraph(others)
		if !without.has(without.reach(by.names...), []byte(rule.sub)) {
			d.Cut = append(d.Cut, x.policy.linkRow(l))
		}
	}
	return d
}

// matches reports whether the textbook model says that the rule is about a permission.
func (r rule) matches(f filled) bool {
	return fitsPattern(r.obj, f.object) && fitsPattern(r.act, f.action)
}

func fitsPattern(pattern string, text []byte) bool {
	if prefix, star := strings.CutSuffix(pattern, "*"); star {
		return strings.HasPrefix(string(text), prefix)
	}
	return pattern == string(text)
}

// scope explains the answer of door one about one scope.
func (x *explainer) scope(t *Template) ExplainedScope {
	e := ExplainedScope{Declared: t.text, Options: []ScopeOption{}}
	if t.unfillable(x.given) != "" {
		return e
	}
	f := t.fill(nil, x.given)
	e.Scope = string(f.text)
	e.Covered = x.policy.covers(x.token, x.who.Scopes, t, x.need, x.values, x.given)
	if !e.Covered {
		e.Options = x.options(f)
		return e
	}
	path := x.coverage(f, t.short)
	e.By, e.Path = strings.TrimPrefix(path.Subjects[0], kindScope+":"), &path
	return e
}

// coverage is how a scope that is covered is: by itself or one that implies it, by a row about a scope, or by itself in the
// other spelling.
func (x *explainer) coverage(f filled, short bool) Path {
	if path, held := x.held(string(f.scope)); held {
		return path
	}
	if m := x.policy.rows.ask(x.token.scopes, f.object, f.action); m.allow != noRule {
		return x.policy.pathToRule(x.token.scopes, m.allow)
	}
	path, _ := x.held(string(f.otherwise(nil, short)))
	return path
}

// held is how the token has a scope, given as the subject of a row, or one that implies it.
func (x *explainer) held(subject string) (Path, bool) {
	if slices.Contains(x.who.Scopes, strings.TrimPrefix(subject, kindScope+":")) {
		return Path{Subjects: []string{subject}, Links: []PolicyRow{}}, true
	}
	if !x.policy.rows.has(x.token.scopes, []byte(subject)) {
		return Path{}, false
	}
	return x.policy.pathTo(x.token.scopes, x.policy.rows.ids[subject], noRule), true
}
