package authz

// Decide answers whether the caller may run an operation that needs what it declares, with the values of this request
// for its placeholders. It never panics and has no error: what goes wrong is a denial that says so. A nil Policy denies.
func (p *Policy) Decide(who Principal, need Requirement, v Values) Decision {
	if p == nil {
		return Decision{door: DoorTwo, reason: ReasonNoPolicy, permission: firstPermission(need)}
	}
	// What stands if asking panics.
	d := Decision{door: DoorTwo, reason: ReasonPolicyError, permission: firstPermission(need)}
	func() {
		defer func() { _ = recover() }()
		d = p.decide(who, need, v)
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

func (p *Policy) decide(who Principal, need Requirement, v Values) Decision {
	if !who.known(p.aliases) {
		return Decision{door: DoorTwo, reason: ReasonNoPrincipal, permission: firstPermission(need)}
	}
	if need.anyPrincipal {
		return Decision{allowed: true, reason: ReasonAnyPrincipal}
	}
	if len(need.scopes) == 0 || len(need.permissions) == 0 {
		return Decision{door: DoorTwo, reason: ReasonNoRequirement}
	}
	given := p.arguments(need, v)
	permissions, unfilled := fillAll(need.permissions, given.value)
	if unfilled != "" {
		return Decision{door: DoorTwo, reason: ReasonPlaceholder, permission: unfilled}
	}
	scopes, unfilled := fillAll(need.scopes, given.value)
	if unfilled != "" {
		return Decision{door: DoorTwo, reason: ReasonPlaceholder, permission: unfilled}
	}
	// Door two first: if both are shut, no consent can help and the answer must not send the client to ask for one.
	two := p.permitted(who, permissions)
	if !two.allowed {
		return two
	}
	one := p.delegated(who, need, scopes, given)
	if !one.allowed {
		return one
	}
	return two
}

// fillAll fills templates with the values of one request, and returns the text of the first that cannot be filled.
func fillAll(list []Template, v Values) ([]filled, string) {
	all := make([]filled, len(list))
	for i, t := range list {
		f, err := t.fill(v)
		if err != nil {
			return nil, t.text
		}
		all[i] = f
	}
	return all, ""
}

// permitted is the answer of door two, remembered or asked for.
func (p *Policy) permitted(who Principal, permissions []filled) Decision {
	var space [keySpace]byte
	key := permittedKey(space[:0], who, p.aliases, permissions).digest()
	return p.twos.answer(key, func() Decision { return p.askTwo(who, permissions) })
}

// delegated is the answer of door one, remembered or asked for.
func (p *Policy) delegated(who Principal, need Requirement, scopes []filled, given arguments) Decision {
	var space [keySpace]byte
	key := delegatedKey(space[:0], who.Scopes, need, scopes, given).digest()
	return p.ones.answer(key, func() Decision { return p.askOne(who, need, scopes, given.value) })
}

// askTwo asks door two about each permission: first the user's subjects together, so that a deny for any of them
// wins, then the client, which can be denied but adds no right.
func (p *Policy) askTwo(who Principal, permissions []filled) Decision {
	allow := Decision{allowed: true, reason: ReasonAllowed}
	caller := newQuestion(p.model, p.two.caller(who.subjects(p.aliases)))
	for i, f := range permissions {
		v := caller.ask(syntheticCaller, f.perm)
		missing, denied := ReasonPermissionMissing, ReasonPermissionDenied
		if who.Machine {
			denied = ReasonClientDenied
		}
		if i == 0 {
			allow.rule = p.places[v.key]
		}
		if v.allowed && !who.Machine {
			client := newQuestion(p.model, p.two.client(who.subject(kindClient, who.Client, p.aliases), f.perm))
			v = client.ask(syntheticClient, f.perm)
			missing, denied = ReasonClientMissing, ReasonClientDenied
		}
		if !v.allowed {
			return p.shut(v, f.text, missing, denied)
		}
	}
	return allow
}

func (p *Policy) shut(v verdict, permission string, missing, denied Reason) Decision {
	d := Decision{door: DoorTwo, reason: missing, permission: permission, rule: p.places[v.key]}
	switch {
	case v.err != nil:
		d.reason = ReasonPolicyError
	case v.denied:
		d.reason = denied
	}
	return d
}

// askOne asks door one about each scope, always by the textbook model.
func (p *Policy) askOne(who Principal, need Requirement, scopes []filled, v Values) Decision {
	client := newQuestion(textbookModel(), p.one.with(p.implicit(need, v), nil))
	for _, s := range scopes {
		covered, err := covers(client, who.Scopes, s.perm)
		if err != nil {
			return Decision{door: DoorTwo, reason: ReasonPolicyError, permission: s.text}
		}
		if !covered {
			return Decision{door: DoorOne, reason: ReasonScopeMissing, scopes: texts(scopes)}
		}
	}
	return Decision{allowed: true, reason: ReasonAllowed}
}

// covers reports whether one of the token's scopes covers what is asked for.
func covers(client question, token []string, p Permission) (bool, error) {
	for _, t := range token {
		v := client.ask(kindScope+":"+t, p)
		if v.allowed || v.err != nil {
			return v.allowed, v.err
		}
	}
	return false, nil
}

// implicit returns the row that every declared scope has: a scope allows the permission it is named after. Scopes with
// placeholders have one for the values of this request, if it has them.
func (p *Policy) implicit(need Requirement, v Values) [][]string {
	var rows [][]string
	for _, t := range addTemplates(p.declared[:len(p.declared):len(p.declared)], need.scopes) {
		if f, err := t.fill(v); err == nil {
			rows = append(rows, []string{kindScope + ":" + f.text, f.perm.Object, f.perm.Action, effectAllow})
		}
	}
	return rows
}

func texts(list []filled) []string {
	all := make([]string, len(list))
	for i, f := range list {
		all[i] = f.text
	}
	return all
}
