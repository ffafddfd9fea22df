package main

import (
	"fmt"
	"slices"

	"github.com/sallyport-mcp/sallyport/authz"
)

const policyFile = "policy.csv"

// The operation without a placeholder, as authz and the others have it.
const (
	plainObject = "notes"
	plainAction = "write"
	placedHole  = "table"
	placedKind  = "table/" // what an object starts with that a value of the placeholder makes
	placedRight = "read"
)

// operations are what a server declares that is asked for here.
type operations struct {
	plain  authz.Requirement // notes:write
	placed authz.Requirement // table/{table}:read
}

func newOperations() (operations, error) {
	plain, err := authz.NewRequirement([]string{plainObject + ":" + plainAction}, nil, false)
	if err != nil {
		return operations{}, err
	}
	placed, err := authz.NewRequirement([]string{"tables:read"}, []string{placedKind + "{" + placedHole + "}:" + placedRight}, false)
	return operations{plain: plain, placed: placed}, err
}

func (o operations) options() authz.Options {
	return authz.Options{Declared: []authz.Requirement{o.plain, o.placed}}
}

// compile reads, lints and compiles a policy.
func (o operations) compile(data []byte) (*authz.Policy, error) {
	return authz.Compile(authz.Source{}, authz.Source{Name: policyFile, Data: data}, o.options())
}

// principal is somebody with a token that has the scopes of both operations.
func principal(name string, groups, roles []string) authz.Principal {
	return authz.Principal{
		Issuer:  "https://issuer.example",
		Subject: name,
		Client:  "app",
		Groups:  groups,
		Roles:   roles,
		Scopes:  []string{plainObject + ":" + plainAction, "tables:read"},
	}
}

// known is the person of the first team, whose role and group are in the policy.
func known() authz.Principal { return principal(personName(0, 0), nil, nil) }

// ours is a compiled policy and what it is asked.
type ours struct {
	operations
	policy *authz.Policy
	who    authz.Principal

	tables []asked
	values authz.Values
	at     int // the table that values gives

	teams     int
	met       int // principals that were made so far
	strangers []authz.Principal
}

func newOurs(o operations, list []row) (*ours, error) {
	policy, err := o.compile(text(list))
	if err != nil {
		return nil, err
	}
	e := &ours{operations: o, policy: policy, who: known(), tables: tables(), teams: teams(len(list))}
	e.values = func(name string) (string, bool) { return e.tables[e.at].table, name == placedHole }
	return e, e.check()
}

// check compares the answers to both questions with what they have to be, and that somebody without rows gets nothing.
func (e *ours) check() error {
	if err := e.askPlain(1); err != nil {
		return err
	}
	if err := e.askPlaced(len(e.tables)); err != nil {
		return err
	}
	if nobody := principal("nobody", nil, nil); e.policy.Decide(nobody, e.plain, nil).Allowed() {
		return fmt.Errorf("somebody without a row may do %s:%s", plainObject, plainAction)
	}
	return nil
}

// askPlain decides n times about the same person and operation.
func (e *ours) askPlain(n int) error {
	for range n {
		if d := e.policy.Decide(e.who, e.plain, nil); !d.Allowed() {
			return fmt.Errorf("%s is denied %s:%s: %s", e.who, plainObject, plainAction, d.Reason())
		}
	}
	return nil
}

// askPlaced decides n times about the same person and the operation with a placeholder, whose value is another one every time.
func (e *ours) askPlaced(n int) error {
	for range n {
		e.at = (e.at + 1) % len(e.tables)
		d := e.policy.Decide(e.who, e.placed, e.values)
		if d.Allowed() != e.tables[e.at].allowed {
			return fmt.Errorf("%s and %s%s:%s: allowed is %t, %s", e.who, placedKind, e.tables[e.at].table, placedRight, d.Allowed(), d.Reason())
		}
	}
	return nil
}

// meet makes n principals that the policy has never been asked about, each with a role and a group of one of its teams.
func (e *ours) meet(n int) {
	e.strangers = slices.Grow(e.strangers[:0], n)
	for range n {
		in := e.met * 7919 % e.teams // spread over all teams; a prime, so that neighbours are far apart
		name := fmt.Sprintf("stranger-%d", e.met)
		e.met++
		e.strangers = append(e.strangers, principal(name, []string{groupName(in)}, []string{roleName("editor", in)}))
	}
}

// askStrangers decides once about each of those that were met last.
func (e *ours) askStrangers(int) error {
	for _, who := range e.strangers {
		if d := e.policy.Decide(who, e.plain, nil); !d.Allowed() {
			return fmt.Errorf("%s is denied %s:%s: %s", who, plainObject, plainAction, d.Reason())
		}
	}
	return nil
}
