package main

import (
	"fmt"

	"github.com/casbin/casbin/v2"
	"github.com/casbin/casbin/v2/model"
)

// textbook is the model that authz has by default and decides by.
const textbook = `[request_definition]
r = sub, obj, act
[policy_definition]
p = sub, obj, act, eft
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))
[matchers]
m = g(r.sub, p.sub) && keyMatch(r.obj, p.obj) && keyMatch(r.act, p.act)
`

// inCasbin is an Enforcer that has been loaded once and is asked about the person of the first team.
type inCasbin struct{ enforcer *casbin.Enforcer }

func newCasbin(list []row) (inCasbin, error) {
	var rules, links [][]string
	for _, r := range list {
		if r[0] == ruleRow {
			rules = append(rules, r[1:])
		} else {
			links = append(links, r[1:])
		}
	}
	m, err := model.NewModelFromString(textbook)
	if err != nil {
		return inCasbin{}, err
	}
	e, err := casbin.NewEnforcer(m)
	if err != nil {
		return inCasbin{}, err
	}
	if _, err := e.AddPolicies(rules); err != nil {
		return inCasbin{}, err
	}
	if _, err := e.AddGroupingPolicies(links); err != nil {
		return inCasbin{}, err
	}
	c := inCasbin{enforcer: e}
	return c, sameAnswers(c.allows)
}

func (c inCasbin) allows(object, action string) (bool, error) {
	return c.enforcer.Enforce("user:"+personName(0, 0), object, action)
}

func (c inCasbin) ask(n int) error {
	sub := "user:" + personName(0, 0)
	for range n {
		allowed, err := c.enforcer.Enforce(sub, plainObject, plainAction)
		if err != nil {
			return err
		}
		if !allowed {
			return fmt.Errorf("casbin does not allow %s %s:%s", sub, plainObject, plainAction)
		}
	}
	return nil
}

// sameAnswers checks that another engine answers as the policy is meant: the question without a placeholder, a table that is
// allowed and one that is hidden.
func sameAnswers(allows func(object, action string) (bool, error)) error {
	for _, c := range questions() {
		got, err := allows(c.object, c.action)
		if err != nil {
			return err
		}
		if got != c.allowed {
			return fmt.Errorf("%s:%s: allowed is %t, want %t", c.object, c.action, got, c.allowed)
		}
	}
	return nil
}

// question is what an engine is asked about the person of the first team.
type question struct {
	object, action string
	allowed        bool
}

func questions() []question {
	list := []question{
		{plainObject, plainAction, true},
		{plainObject, "delete", false},
	}
	for _, t := range tables()[14:16] {
		list = append(list, question{placedKind + t.table, placedRight, t.allowed})
	}
	return list
}
