package authz

// Decide answers whether the caller may run an operation that needs what it declares, with the values of this request
// for its placeholders. It never panics and has no error: what goes wrong is a denial that says so. A nil Policy denies.
// What it costs does not depend on the number of rows; asked again, door two allocates nothing.
func (p *Policy) Decide(who Principal, need Requirement, v Values) Decision {
	if p == nil {
		return Decision{door: DoorTwo, reason: ReasonNoPolicy, permission: firstPermission(need)}
	}
	// What stands if asking panics.
	d := Decision{door: DoorTwo, reason: ReasonPolicyError, permission: firstPermission(need)}
	func() {
		defer func() { _ = recover() }()
		d = p.decide(&who, need, v)
	}()
	d.revision = p.revision
	return d
}

func firstPermission(need Requirement) string {
	if len(need.permissions) == 0 {
		return ""
	}
	return need.permissions[0].text
}

func (p *Policy) decide(who *Principal, need Requirement, v Values) Decision {
	if !who.known(p.aliases) {
		return Decision{door: DoorTwo, reason: ReasonNoPrincipal, permission: firstPermission(need)}
	}
	if need.anyPrincipal {
		return Decision{allowed: true, reason: ReasonAnyPrincipal}
	}
	if len(need.scopes) == 0 || len(need.permissions) == 0 {
		return Decision{door: DoorTwo, reason: ReasonNoRequirement}
	}
	var room [4]argument
	given := arguments(room[:0]).readAll(need.permissions, v).readAll(need.scopes, v)
	if t := firstUnfillable(need, given); t != nil {
		return Decision{
			door: DoorTwo, reason: ReasonPlaceholder, permission: t.text, declared: t.text, unfilled: t.unfillable(given),
		}
	}
	// Door two first: if both are shut, no consent can help and the answer must not send the client to ask for one.
	two := p.permitted(who, need, given)
	if !two.allowed {
		return two
	}
	if t := p.undelegated(who, need, v, given); t != nil {
		return Decision{door: DoorOne, reason: ReasonScopeMissing, scopes: texts(need.scopes, given), declared: t.text}
	}
	return two
}

func firstUnfillable(need Requirement, given arguments) *Template {
	for _, list := range [][]Template{need.permissions, need.scopes} {
		for i := range list {
			if list[i].open && list[i].unfillable(given) != "" {
				return &list[i]
			}
		}
	}
	return nil
}

// permitted is the answer of door two: every permission has to hold.
func (p *Policy) permitted(who *Principal, need Requirement, given arguments) Decision {
	s := p.standing(who)
	first := answered{}
	for i := range need.permissions {
		t := &need.permissions[i]
		a := p.permission(s, who, t, given)
		if a.outcome != allowed {
			return p.shut(s, who, t, a)
		}
		if i == 0 {
			first = a
		}
	}
	return Decision{allowed: true, reason: ReasonAllowed, why: evidence{p, s.caller, first.rule}}
}

// shut is the denial of door two.
func (p *Policy) shut(s *standing, who *Principal, t *Template, a answered) Decision {
	d := Decision{
		door: DoorTwo, reason: a.outcome.reason(), permission: a.text, declared: t.text, why: evidence{p, s.caller, a.rule},
	}
	if a.outcome == clientDenied && !who.Machine {
		d.why.steps = s.client
	}
	return d
}

// reason is the code of an outcome.
func (o outcome) reason() Reason {
	switch o {
	case allowed:
		return ReasonAllowed
	case missing:
		return ReasonPermissionMissing
	case denied:
		return ReasonPermissionDenied
	case clientMissing:
		return ReasonClientMissing
	case clientDenied:
		return ReasonClientDenied
	default:
		return ReasonPolicyError
	}
}

// undelegated is the answer of door one: the first scope that the token does not cover, nil if it covers all.
func (p *Policy) undelegated(who *Principal, need Requirement, v Values, given arguments) *Template {
	d := p.delegation(who.Scopes)
	for i := range need.scopes {
		if !p.covers(d, who.Scopes, &need.scopes[i], need, v, given) {
			return &need.scopes[i]
		}
	}
	return nil
}

func texts(list []Template, given arguments) []string {
	all := make([]string, len(list))
	for i, t := range list {
		all[i] = string(t.fill(nil, given).text)
	}
	return all
}
