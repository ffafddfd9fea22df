package authz

import (
	"slices"
	"strings"
)

// Listed tells whether an operation is shown in lists to this caller: door two permits it, and with granted door one
// does too. An operation with a placeholder is shown if an allow row could match for some value; denies apply when it is
// called. Under another model than the textbook one it is shown when it cannot be ruled out. What goes wrong hides it.
func (p *Policy) Listed(who Principal, need Requirement, granted bool) bool {
	shown := false
	func() {
		defer func() { _ = recover() }()
		shown = p.listed(who, need, granted)
	}()
	return shown
}

func (p *Policy) listed(who Principal, need Requirement, granted bool) bool {
	if p == nil || !who.known(p.aliases) {
		return false
	}
	if need.anyPrincipal {
		return true
	}
	if len(need.scopes) == 0 || len(need.permissions) == 0 {
		return false
	}
	permitted := func(t Template) bool { return p.couldPermit(who, t) }
	delegated := func(t Template) bool { return p.couldDelegate(who, need, t) }
	return all(need.permissions, permitted) && (!granted || all(need.scopes, delegated))
}

func all(list []Template, holds func(Template) bool) bool {
	return !slices.ContainsFunc(list, func(t Template) bool { return !holds(t) })
}

// couldPermit asks door two about one permission.
func (p *Policy) couldPermit(who Principal, t Template) bool {
	if f, err := t.fill(nil); err == nil {
		return p.permitted(who, []filled{f}).allowed
	}
	if !p.textbook {
		return true
	}
	mine := p.graph.reach(who.subjects(p.aliases)...)
	return slices.ContainsFunc(p.rules, func(r rule) bool {
		return r.eft == effectAllow && mine[r.sub] && t.couldMatch(r.obj, r.act)
	})
}

// couldDelegate asks door one about one scope.
func (p *Policy) couldDelegate(who Principal, need Requirement, t Template) bool {
	if f, err := t.fill(nil); err == nil {
		delegated := p.delegated(who, need, []filled{f}, p.arguments(need, nil)).allowed
		if delegated || len(need.Names()) == 0 {
			return delegated
		}
		// A value may still fill another scope so that it covers this one: "x/{a}" means the same as "x/1:use" for one of them.
	}
	names := make([]string, len(who.Scopes))
	for i, s := range who.Scopes {
		names[i] = kindScope + ":" + s
	}
	mine := p.graph.reach(names...)
	if slices.ContainsFunc(p.rules, func(r rule) bool { return mine[r.sub] && t.couldMatch(r.obj, r.act) }) {
		return true
	}
	for name := range mine {
		if p.couldBeImplicit(strings.TrimPrefix(name, kindScope+":"), need, t) {
			return true
		}
	}
	return false
}

// couldBeImplicit reports whether some value makes scope the name of an implicit row that covers t. A '*' in it is a
// character like any other, and no declared scope has one.
func (p *Policy) couldBeImplicit(scope string, need Requirement, t Template) bool {
	if strings.Contains(scope, "*") {
		return false
	}
	row := splitPermission(scope)
	return t.couldMatch(row.Object, row.Action) && slices.ContainsFunc(
		addTemplates(p.declared[:len(p.declared):len(p.declared)], need.scopes),
		func(d Template) bool {
			return d.short != strings.Contains(scope, ":") && d.couldMatch(row.Object, row.Action)
		})
}
