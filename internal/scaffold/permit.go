package scaffold

import (
	"fmt"
	"go/ast"
	"slices"
	"strings"

	"github.com/sallyport-mcp/sallyport/authz"
)

// Callers in the test of an operation, as package servertest makes them.
const (
	testClient = "test-client"
	tester     = "tester"
	stranger   = "stranger"
)

// member is who may use an operation in its test: a user or a group of the policy, or whoever's token brings the role.
type member struct{ User, Group, Role string }

// String says who it is for people.
func (m member) String() string {
	switch {
	case m.User != "":
		return "user:" + m.User
	case m.Group != "":
		return "group:" + m.Group
	}
	return "role:" + m.Role
}

func (m member) principal(scopes []string) authz.Principal {
	who := authz.Principal{Subject: tester, Client: testClient, Scopes: scopes}
	switch {
	case m.User != "":
		who.Subject = m.User
	case m.Group != "":
		who.Groups = []string{m.Group}
	default:
		who.Roles = []string{m.Role}
	}
	return who
}

// grant is what the policy says about an operation, before or after rows were added.
type grant struct {
	role    string // who may, or is given it
	already bool   // no row was needed
	edit    *edit  // nil if no row was needed
}

// permit plans the rows by which a role may use the operation, and asks the policy that would come out of it. What it gives is no more
// than the permissions of the operation, to one role; unless one is named, to the one that the fewest have.
func (p *project) permit(o *operation, wanted string) (grant, error) {
	policy, err := p.compile(p.policy.Data, o.need)
	if err != nil {
		return grant{}, mistake("repair it first; `sallyport policy check` says the same", "the policy does not load:\n%v", err)
	}
	role, err := chooseRole(policy, *o, wanted)
	if err != nil {
		return grant{}, err
	}
	o.roleNamed = wanted != ""
	e := edit{path: policyFile, before: p.policy.Data, after: p.policy.Data}
	for _, permission := range o.need.Permissions() {
		if policy, err = p.allow(&e, policy, *o, role, permission.String()); err != nil {
			return grant{}, err
		}
	}
	if d := decide(policy, *o, member{Role: role}); !d.Allowed() {
		return grant{}, mistake("repair the policy, or name another role with --role",
			"role:%s may not use it whatever is added (%s by %s)", role, d.Reason(), d.Rule())
	}
	o.meet(policy, role)
	if len(e.added) == 0 {
		return grant{role: role, already: true}, nil
	}
	return grant{role: role, edit: &e}, nil
}

func (p *project) compile(data []byte, need authz.Requirement) (*authz.Policy, error) {
	return authz.Compile(p.model, authz.Source{Name: policyFile, Data: data}, authz.Options{Declared: []authz.Requirement{need}})
}

// allow adds the row for one permission if the role does not have it.
func (p *project) allow(e *edit, policy *authz.Policy, o operation, role, permission string) (*authz.Policy, error) {
	one, err := authz.NewRequirement(o.Scopes, []string{permission}, false)
	if err != nil {
		return nil, Mistake{Reason: err.Error()}
	}
	alone := o
	alone.need = one
	if decide(policy, alone, member{Role: role}).Allowed() {
		return policy, nil
	}
	fields, err := rowFor(role, permission)
	if err != nil {
		return nil, err
	}
	after, line := appendRow(e.after, rowsOf(policy), fields)
	e.after = after
	for i := range e.added {
		if e.added[i].Line >= line {
			e.added[i].Line++
		}
	}
	e.added = append(e.added, Addition{line, "p, " + strings.Join(fields, ", ")})
	if !o.roleNamed {
		if at, other := p.alsoOpened(fields); at != nil {
			return nil, mistake("say for whom with --role", "no row gives %s to role:%s yet, and what is declared in %s "+
				"needs %s: a row for the one would open the other", permission, role, p.at(at), other)
		}
	}
	if policy, err = p.compile(after, o.need); err != nil {
		return nil, fmt.Errorf("the policy would not load any more: %w", err)
	}
	return policy, nil
}

// alsoOpened finds an operation of the project that a p row would open as well, and the permission it needs.
func (p *project) alsoOpened(fields []string) (ast.Node, string) {
	for _, kind := range []Kind{Tool, Resource, Prompt} {
		for _, lit := range p.declarations(kind) {
			for _, permission := range needed(lit) {
				object, action := split(permission)
				if overlaps(fields[1], object) && overlaps(fields[2], action) {
					return lit, permission
				}
			}
		}
	}
	return nil, ""
}

// overlaps tells whether a pattern of a row and a declared name, which may have placeholders, can mean the same.
func overlaps(pattern, declared string) bool {
	prefix, open := strings.CutSuffix(pattern, "*")
	fixed, _, holes := strings.Cut(declared, "{")
	switch {
	case open && holes:
		return strings.HasPrefix(prefix, fixed) || strings.HasPrefix(fixed, prefix)
	case open:
		return strings.HasPrefix(declared, prefix)
	case holes:
		return strings.HasPrefix(pattern, fixed)
	}
	return pattern == declared
}

// split takes a permission apart: at its last colon, and without one the action is use.
func split(permission string) (string, string) {
	colon := strings.LastIndexByte(permission, ':')
	if colon < 0 {
		return permission, "use"
	}
	return permission[:colon], permission[colon+1:]
}

// rowFor is the narrowest p row that allows a declared permission, whatever stands in its placeholders.
func rowFor(role, permission string) ([]string, error) {
	object, action := split(permission)
	fields := []string{"role:" + role, object, action, "allow"}
	for i, text := range fields[1:3] {
		hole := strings.IndexByte(text, '{')
		if hole == 0 {
			return nil, mistake("put a word in front of it, as in table/{table}:read, or write a row yourself first",
				"a row for %s would allow more than that: it begins with a placeholder", permission)
		}
		if hole > 0 {
			fields[i+1] = text[:hole] + "*"
		}
	}
	return fields, nil
}

// chooseRole returns the role to give an operation to: the one that is named, one that has it already, or the one at the top.
func chooseRole(policy *authz.Policy, o operation, wanted string) (string, error) {
	rows := rowsOf(policy)
	roles := named(rows, "role")
	list := "role:" + strings.Join(roles, ", role:")
	switch {
	case len(roles) == 0:
		return "", mistake("write who has one and what it may, then run this again", "%s names no role", policyFile)
	case wanted != "":
		role := strings.TrimPrefix(wanted, "role:")
		if !slices.Contains(roles, role) {
			return "", mistake("name one of "+list, "there is no role:%s in %s", role, policyFile)
		}
		return role, nil
	}
	for _, role := range roles {
		if decide(policy, o, member{Role: role}).Allowed() {
			return role, nil
		}
	}
	if highest := top(rows); len(highest) == 1 {
		return highest[0], nil
	}
	return "", mistake("name one with --role: "+list, "%s has no single role that includes the others, so this is for you to say", policyFile)
}

// decide asks the policy as the gate will when the member calls with all scopes that the operation declares.
func decide(policy *authz.Policy, o operation, who member) authz.Decision {
	return policy.Decide(who.principal(o.Filled()), o.need, samples)
}

// samples fills every placeholder.
func samples(string) (string, bool) { return sample, true }

// meet finds out who shall call the operation in its test, and what the others are told.
func (o *operation) meet(policy *authz.Policy, role string) {
	rows := rowsOf(policy)
	o.Member = member{Role: role}
	var others []member
	for _, name := range named(rows, "user") {
		others = append(others, member{User: name})
	}
	for _, name := range named(rows, "group") {
		others = append(others, member{Group: name})
	}
	if at := slices.IndexFunc(others, func(m member) bool { return decide(policy, *o, m).Allowed() }); at >= 0 {
		o.Member = others[at]
	}
	o.WantScopes = policy.Decide(o.Member.principal(nil), o.need, samples).Scopes()
	if d := decide(policy, *o, member{User: stranger}); !d.Allowed() {
		o.Denied = d.Permission()
	}
}
