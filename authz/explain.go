package authz

import (
	"slices"
	"strconv"
)

// Explanation is a decision with everything it rests on, and what would have to be different. Lists are never nil. What a
// caller brought may be in it: names, scopes, values for placeholders. It is for people who may read the policy, not for
// clients.
type Explanation struct {
	// Allowed, Door, Reason, Because, Rule and Revision are the decision's.
	Allowed  bool   `json:"allowed"`
	Door     Door   `json:"door"`
	Reason   Reason `json:"reason"`
	Because  string `json:"because"`
	Rule     string `json:"rule"`
	Revision string `json:"policy_revision"`
	// Textbook tells whether door two is decided by the textbook model; otherwise by Casbin under the configured one.
	Textbook bool `json:"textbook"`
	// StepUp holds the scopes to ask for if that alone would help: door one is shut and door two open.
	StepUp []string `json:"step_up"`
	// Permissions are what door two is asked about, in declared order, each for itself. They and Scopes are empty if
	// nothing was asked.
	Permissions []ExplainedPermission `json:"permissions"`
	// Scopes are what door one is asked about, in declared order.
	Scopes []ExplainedScope `json:"scopes"`
	// Placeholders are those of the operation, by name.
	Placeholders []ExplainedPlaceholder `json:"placeholders"`
	// Subjects are what the policy knows the caller by, and for a user the client.
	Subjects []ExplainedSubject `json:"subjects"`
	// TokenScopes are the scopes of the token.
	TokenScopes []string `json:"token_scopes"`
}

// ExplainedPermission is the answer of door two about one permission.
type ExplainedPermission struct {
	// Declared is the permission with its placeholders, Permission the one that was asked about; it is empty if a
	// placeholder has no usable value.
	Declared   string `json:"declared"`
	Permission string `json:"permission"`
	// Allowed and Reason are what a decision about this permission alone would say.
	Allowed bool   `json:"allowed"`
	Reason  Reason `json:"reason"`
	// Allow is the row that allows it to the caller, if there is one; it may be there and a denial win.
	Allow *Path `json:"allow,omitempty"`
	// Denials are all that deny it to the caller and then to the client, each in the order of the file; the first one
	// decided. Under another model than the textbook's only what decided is here.
	Denials []Denial `json:"denials"`
	// Holders are a few roles, groups and users to whom it is allowed, if the caller has no row that allows it: those
	// with the fewest rows and the narrowest patterns first.
	Holders []Path `json:"holders"`
	// Add are rows of which any one, added to the policy, would allow it to the caller, were there no denials.
	Add []string `json:"add"`
}

// Denial is a deny row about the caller or the client.
type Denial struct {
	Path
	// Client tells that it is about the client of a user, whoever the user is.
	Client bool `json:"client"`
	// Cut are the g rows of which any one, taken away, would end the denial as well as taking away the deny row does.
	Cut []PolicyRow `json:"cut"`
}

// ExplainedScope is the answer of door one about one scope.
type ExplainedScope struct {
	// Declared is the scope with its placeholders, Scope the one that was asked about; it is empty if a placeholder has
	// no usable value.
	Declared string `json:"declared"`
	Scope    string `json:"scope"`
	Covered  bool   `json:"covered"`
	// By is the scope of the token that covers it, Path how. Both are empty if none does.
	By   string `json:"by"`
	Path *Path  `json:"path,omitempty"`
	// Options are scopes that would cover it, if none does: the declared one first, then a few that the policy has, those
	// with the fewest rows first.
	Options []ScopeOption `json:"options"`
}

// ScopeOption is a scope that would cover another one.
type ScopeOption struct {
	Scope string `json:"scope"`
	Path  Path   `json:"path"`
}

// ExplainedPlaceholder is what the request has for one placeholder.
type ExplainedPlaceholder struct {
	Name string `json:"name"`
	// Given tells that there is a value, Usable that it may stand in a name.
	Given  bool `json:"given"`
	Usable bool `json:"usable"`
	// Value is the value; one that is not usable is quoted, in ASCII and cut.
	Value string `json:"value"`
}

// ExplainedSubject is a name that the policy could know the caller by.
type ExplainedSubject struct {
	Subject string `json:"subject"`
	// Named tells whether any row names it.
	Named bool `json:"named"`
	// Client tells that it is the client of a user, to which rows can deny and not allow.
	Client bool `json:"client"`
	// Has are the groups and roles that g rows give it, by name.
	Has []string `json:"has"`
}

// Path is how a subject comes to a row: by a chain of g rows.
type Path struct {
	// Subjects are the names on the way: the one it begins with, and what each g row leads to.
	Subjects []string `json:"subjects"`
	// Links are the g rows, one less than there are subjects.
	Links []PolicyRow `json:"links"`
	// Rule is the p row about the last of the subjects; nil if there is none at the end.
	Rule *PolicyRow `json:"rule,omitempty"`
}

// PolicyRow is a row of the policy: file and line, and what it says, with the issuers' aliases in the names.
type PolicyRow struct {
	At   string `json:"at"`
	Text string `json:"text"`
}

// Explain decides as [Policy.Decide] does, by the same code, and says why, and what would have to be different. It never
// panics and has no error; what goes wrong is a denial that says so, and the rest may then be incomplete. It takes longer than a
// decision, and its cost grows with the policy: it is for people.
func (p *Policy) Explain(who Principal, need Requirement, v Values) Explanation {
	v = askOnce(v)
	d := p.Decide(who, need, v)
	e := Explanation{
		Allowed: d.Allowed(), Door: d.Door(), Reason: d.Reason(), Because: d.Because(), Rule: d.Rule(), Revision: d.Revision(),
		Textbook: p.Textbook(), StepUp: append([]string{}, d.Scopes()...), TokenScopes: append([]string{}, who.Scopes...),
		Permissions: []ExplainedPermission{}, Scopes: []ExplainedScope{}, Placeholders: []ExplainedPlaceholder{},
		Subjects: []ExplainedSubject{},
	}
	func() {
		defer func() { _ = recover() }()
		p.explain(&e, &who, need, v)
	}()
	return e
}

// askOnce asks for each value once, so that what is explained is what was decided about.
func askOnce(v Values) Values {
	if v == nil {
		return nil
	}
	type answer struct {
		value string
		given bool
	}
	known := map[string]answer{}
	return func(name string) (string, bool) {
		a, asked := known[name]
		if !asked {
			a.value, a.given = v(name)
			known[name] = a
		}
		return a.value, a.given
	}
}

// explainer explains one decision.
type explainer struct {
	policy *Policy
	who    *Principal
	need   Requirement
	values Values
	given  arguments
	is     *standing
	token  *delegation
}

func (p *Policy) explain(e *Explanation, who *Principal, need Requirement, v Values) {
	e.Subjects = append(e.Subjects, p.explainSubjects(who)...)
	if p == nil || !who.known(p.aliases) || need.anyPrincipal || len(need.scopes) == 0 || len(need.permissions) == 0 {
		return
	}
	e.Placeholders = append(e.Placeholders, explainPlaceholders(need, v)...)
	given := arguments{}.readAll(need.permissions, v).readAll(need.scopes, v)
	x := explainer{p, who, need, v, given, p.standing(who), p.delegation(who.Scopes)}
	for i := range need.permissions {
		e.Permissions = append(e.Permissions, x.permission(&need.permissions[i]))
	}
	for i := range need.scopes {
		e.Scopes = append(e.Scopes, x.scope(&need.scopes[i]))
	}
}

func explainPlaceholders(need Requirement, v Values) []ExplainedPlaceholder {
	var list []ExplainedPlaceholder
	for _, name := range need.Names() {
		one := ExplainedPlaceholder{Name: name}
		if v != nil {
			one.Value, one.Given = v(name)
			one.Usable = one.Given && isValue(one.Value)
		}
		if one.Given && !one.Usable {
			one.Value = strconv.QuoteToASCII(clip(one.Value))
		}
		list = append(list, one)
	}
	return list
}

func (p *Policy) explainSubjects(who *Principal) []ExplainedSubject {
	rows, aliases := newGraph(nil), []string(nil)
	if p != nil {
		rows, aliases = p.rows.graph, p.aliases
	}
	names := who.subjects(aliases)
	callers := len(names)
	if !who.Machine {
		names = append(names, who.subject(kindClient, who.Client, aliases))
	}
	var list []ExplainedSubject
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			continue
		}
		one := ExplainedSubject{Subject: name, Client: i >= callers, Has: []string{}}
		for _, s := range rows.reach(name) {
			one.Named = true
			if s.link != noLink {
				one.Has = append(one.Has, rows.names[s.subject])
			}
		}
		slices.Sort(one.Has)
		list = append(list, one)
	}
	return list
}

// ruleRow is a p row as a policy has it.
func (p *Policy) ruleRow(n uint32) PolicyRow {
	r := p.rows.rules[n]
	return PolicyRow{p.place(r.line), rowRule + ", " + rowText(r)}
}

// linkRow is a g row as a policy has it.
func (p *Policy) linkRow(l link) PolicyRow {
	return PolicyRow{p.place(l.line), rowLink + ", " + l.from + ", " + l.to}
}

// pathTo is the way to a subject that was reached, and the rule about it, if it is one.
func (p *Policy) pathTo(s steps, subject, rule uint32) Path {
	path := Path{Subjects: []string{}, Links: []PolicyRow{}}
	for _, l := range p.rows.chain(s, subject) {
		path.Subjects = append(path.Subjects, l.from)
		path.Links = append(path.Links, p.linkRow(l))
	}
	path.Subjects = append(path.Subjects, p.rows.names[subject])
	if rule != noRule {
		row := p.ruleRow(rule)
		path.Rule = &row
	}
	return path
}

// pathToRule is the way to the subject of a rule.
func (p *Policy) pathToRule(s steps, rule uint32) Path {
	return p.pathTo(s, p.rows.ids[p.rows.rules[rule].sub], rule)
}
