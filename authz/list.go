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
		shown = p.listed(&who, need, granted)
	}()
	return shown
}

func (p *Policy) listed(who *Principal, need Requirement, granted bool) bool {
	if p == nil || !who.known(p.aliases) {
		return false
	}
	if need.anyPrincipal {
		return true
	}
	if len(need.scopes) == 0 || len(need.permissions) == 0 {
		return false
	}
	s := p.standing(who)
	for i := range need.permissions {
		if !p.couldPermit(s, who, &need.permissions[i]) {
			return false
		}
	}
	if !granted {
		return true
	}
	d := p.delegation(who.Scopes)
	for i := range need.scopes {
		if !p.couldDelegate(d, who.Scopes, &need.scopes[i], need) {
			return false
		}
	}
	return true
}

// couldPermit asks door two about one permission.
func (p *Policy) couldPermit(s *standing, who *Principal, t *Template) bool {
	switch {
	case !t.open:
		return p.permission(s, who, t, nil).outcome == allowed
	case p.casbin != nil:
		return true
	}
	return p.rows.couldAllow(s.caller, t, p.permissions)
}

// couldAllow reports whether an allow row about one of the subjects could match for some value.
func (c *ruleIndex) couldAllow(who steps, t *Template, d declared) bool {
	id, known := d.ids[t.text]
	return slices.ContainsFunc(who, func(s step) bool {
		if known {
			return c.fits(s.subject, d.open)[id]
		}
		return c.fitsOne(s.subject, t)
	})
}

// couldDelegate asks door one about one scope.
func (p *Policy) couldDelegate(d *delegation, token []string, t *Template, need Requirement) bool {
	if !t.open {
		if yes := p.covers(d, token, t, need, nil, nil); yes || !need.open() {
			return yes
		}
		// A value may still fill another scope so that it covers this one: "x/{a}" means the same as "x/1:use" for one of them.
	} else if p.rows.couldAllow(d.scopes, t, p.scopes) {
		return true
	}
	implied := func(s step) bool {
		return p.couldBeImplicit(strings.TrimPrefix(p.rows.names[s.subject], kindScope+":"), need, t)
	}
	return slices.ContainsFunc(token, func(scope string) bool { return p.couldBeImplicit(scope, need, t) }) || slices.ContainsFunc(d.scopes, implied)
}

// couldBeImplicit reports whether some value makes scope the name of an implicit row that covers t. A '*' in it is a
// character like any other, and no declared scope has one.
func (p *Policy) couldBeImplicit(scope string, need Requirement, t *Template) bool {
	if strings.Contains(scope, "*") {
		return false
	}
	row := splitPermission(scope)
	if !t.couldMatch(row.Object, row.Action) {
		return false
	}
	means := func(d Template) bool {
		return d.short != strings.Contains(scope, ":") && d.couldMatch(row.Object, row.Action)
	}
	return slices.ContainsFunc(p.implicit, means) || slices.ContainsFunc(need.scopes, means)
}
