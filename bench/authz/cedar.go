package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/ast"
)

// The types of entities besides those of subjects, which are called as their kind is, and the attribute that prefixes are compared with.
const (
	cedarAction = "action"
	cedarObject = "object"
	cedarName   = "name"
)

// inCedar is the same policy in Cedar: a permit or forbid policy for each p row, and the g rows as parents of entities.
type inCedar struct {
	policies *cedar.PolicySet
	entities cedar.EntityMap
}

func newCedar(list []row) (inCedar, error) {
	c := inCedar{policies: cedar.NewPolicySet(), entities: cedar.EntityMap{}}
	parents := map[cedar.EntityUID][]cedar.EntityUID{}
	for i, r := range list {
		if r[0] == linkRow {
			from, to := subjectUID(r[1]), subjectUID(r[2])
			parents[from] = append(parents[from], to)
			continue
		}
		p, err := cedarPolicy(r)
		if err != nil {
			return inCedar{}, err
		}
		c.policies.Add(cedar.PolicyID("row"+strconv.Itoa(i+1)), cedar.NewPolicyFromAST(p))
	}
	for uid, of := range parents {
		c.entities[uid] = cedar.Entity{UID: uid, Parents: cedar.NewEntityUIDSet(of...)}
	}
	for _, q := range questions() {
		uid := cedar.NewEntityUID(cedarObject, cedar.String(q.object))
		c.entities[uid] = cedar.Entity{UID: uid, Attributes: cedar.NewRecord(cedar.RecordMap{cedarName: cedar.String(q.object)})}
	}
	return c, sameAnswers(c.allows)
}

// cedarPolicy says in Cedar what a p row says. A prefix of objects is a condition on the name; exact names are in the head of the
// policy, where Cedar looks first.
func cedarPolicy(r row) (*ast.Policy, error) {
	subject, object, action, effect := r[1], r[2], r[3], r[4]
	p := ast.Permit()
	if effect == effectDeny {
		p = ast.Forbid()
	}
	switch {
	case subject == subjectAnyone:
	case strings.HasPrefix(subject, "user:"):
		p.PrincipalEq(subjectUID(subject))
	default:
		p.PrincipalIn(subjectUID(subject))
	}
	prefix, open := strings.CutSuffix(object, "*")
	switch {
	case !open:
		p.ResourceEq(cedar.NewEntityUID(cedarObject, cedar.String(object)))
	case prefix != "":
		p.When(ast.Resource().Access(cedarName).Like(cedar.NewPattern(prefix, cedar.Wildcard{})))
	}
	if strings.HasSuffix(action, "*") {
		if action != "*" {
			return nil, fmt.Errorf("%v: a prefix of actions has no translation", r)
		}
		return p, nil
	}
	p.ActionEq(cedar.NewEntityUID(cedarAction, cedar.String(action)))
	return p, nil
}

// subjectUID makes user:NAME the entity user::"NAME".
func subjectUID(subject string) cedar.EntityUID {
	kind, name, _ := strings.Cut(subject, ":")
	return cedar.NewEntityUID(cedar.EntityType(kind), cedar.String(name))
}

func cedarRequest(object, action string) cedar.Request {
	return cedar.Request{
		Principal: subjectUID("user:" + personName(0, 0)),
		Action:    cedar.NewEntityUID(cedarAction, cedar.String(action)),
		Resource:  cedar.NewEntityUID(cedarObject, cedar.String(object)),
	}
}

func (c inCedar) authorize(r cedar.Request) (bool, error) {
	decision, why := cedar.Authorize(c.policies, c.entities, r)
	if len(why.Errors) > 0 {
		return false, fmt.Errorf("cedar: %v", why.Errors[0])
	}
	return decision == cedar.Allow, nil
}

func (c inCedar) allows(object, action string) (bool, error) {
	return c.authorize(cedarRequest(object, action))
}

func (c inCedar) ask(n int) error {
	r := cedarRequest(plainObject, plainAction)
	for range n {
		allowed, err := c.authorize(r)
		if err != nil {
			return err
		}
		if !allowed {
			return fmt.Errorf("cedar does not allow %s %s:%s", r.Principal, plainObject, plainAction)
		}
	}
	return nil
}
