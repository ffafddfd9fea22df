package authz_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/casbin/casbin/v2"
	"github.com/casbin/casbin/v2/model"
	stringadapter "github.com/casbin/casbin/v2/persist/string-adapter"
)

// textbook is the model of the design, for Casbin's own reader.
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

// casbinReference is the definition: Enforce calls of Casbin, on rows that its own reader has read.
//
// There is one Enforcer for door two, in which each caller has a synthetic subject of its own: no row leads to it, so that
// callers see nothing of one another. Door one has an Enforcer for each set of implicit rows.
type casbinReference struct {
	t      testing.TB
	two    *casbin.Enforcer
	seats  map[string]string // synthetic subjects by what they were given
	scopes string            // the rows of door one
	ones   map[string]*casbin.Enforcer
	lines  map[string]int // first line by the fields of a p row
	known  map[string]verdict
}

func newCasbinReference(t testing.TB, b book) *casbinReference {
	t.Helper()
	c := &casbinReference{
		t: t, seats: map[string]string{}, ones: map[string]*casbin.Enforcer{}, lines: map[string]int{}, known: map[string]verdict{},
	}
	var one, two strings.Builder
	for _, r := range b.names {
		door := &two
		if r.aboutScope() {
			door = &one
		}
		door.WriteString(r.kind + ", " + strings.Join(r.fields, ", ") + "\n")
		if key := strings.Join(r.fields, ", "); r.kind == "p" && c.lines[key] == 0 {
			c.lines[key] = r.line
		}
	}
	c.scopes = one.String()
	c.two = c.enforcer(two.String())
	return c
}

// textbookModel is read by Casbin, once.
var textbookModel = sync.OnceValues(func() (model.Model, error) { return model.NewModelFromString(textbook) })

func (c *casbinReference) enforcer(rows string) *casbin.Enforcer {
	c.t.Helper()
	m, err := textbookModel()
	c.check(err)
	e, err := casbin.NewEnforcer(m.Copy())
	c.check(err)
	if rows != "" { // which its reader takes for a mistake
		e.SetAdapter(stringadapter.NewAdapter(rows))
		c.check(e.LoadPolicy())
	}
	e.EnableAutoSave(false)
	return e
}

func (c *casbinReference) check(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatalf("the reference failed: %v", err)
	}
}

// seat returns a synthetic subject with g rows to all the subjects.
func (c *casbinReference) seat(subjects ...string) string {
	key := fmt.Sprintf("%q", subjects)
	if name, known := c.seats[key]; known {
		return name
	}
	name := fmt.Sprintf("synthetic %d", len(c.seats))
	c.seats[key] = name
	for _, s := range subjects {
		_, err := c.two.AddGroupingPolicy(name, s) // not read from text: a name may hold a comma or a line break
		c.check(err)
	}
	return name
}

func (c *casbinReference) enforce(e *casbin.Enforcer, subject, object, action string) verdict {
	c.t.Helper()
	allowed, row, err := e.EnforceEx(subject, object, action)
	c.check(err)
	return verdict{allowed: allowed, line: c.lines[strings.Join(row, ", ")]}
}

// once asks what has not been asked yet.
func (c *casbinReference) once(ask func() verdict, question ...[]string) verdict {
	key := fmt.Sprintf("%q", question)
	v, known := c.known[key]
	if !known {
		v = ask()
		c.known[key] = v
	}
	return v
}

func (c *casbinReference) caller(subjects []string, object, action string) verdict {
	return c.once(func() verdict {
		return c.enforce(c.two, c.seat(subjects...), object, action)
	}, []string{"caller", object, action}, subjects)
}

func (c *casbinReference) client(subject, object, action string) verdict {
	return c.once(func() verdict {
		it := c.seat(subject)
		_, err := c.two.AddPolicy(it, object, action, "allow")
		c.check(err)
		v := c.enforce(c.two, it, object, action)
		_, err = c.two.RemovePolicy(it, object, action, "allow")
		c.check(err)
		return v
	}, []string{"client", subject, object, action})
}

func (c *casbinReference) covered(token, declared []string, object, action string) bool {
	return c.once(func() verdict {
		e := c.one(declared)
		for _, scope := range token {
			if v := c.enforce(e, "scope:"+scope, object, action); v.allowed {
				return v
			}
		}
		return verdict{}
	}, []string{"covered", object, action}, token, declared).allowed
}

// one returns the Enforcer of door one with the implicit rows of these scopes.
func (c *casbinReference) one(declared []string) *casbin.Enforcer {
	key := strings.Join(declared, " ")
	e := c.ones[key]
	if e == nil {
		rows := c.scopes
		for _, scope := range declared {
			object, action := splitLast(scope)
			rows += "p, scope:" + scope + ", " + object + ", " + action + ", allow\n"
		}
		e = c.enforcer(rows)
		c.ones[key] = e
	}
	return e
}
