package authz_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cedar-policy/cedar-go"
)

// cedarReference says the same policy in another language, with another engine, so that what the tests and Casbin have in
// common (its matcher, its role manager) is checked as well.
//
//	g, A, B                 the entity A has the parent B
//	p, A, n*, read, allow   permit (principal in A, action, resource) when { context.object like "n*" && context.action == "read" };
//	p, A, n*, read, deny    forbid ...
//
// Cedar's forbid wins over every permit, as deny does, and its hierarchy of entities is the graph of the g rows.
type cedarReference struct {
	t        testing.TB
	entities cedar.EntityMap
	two      *cedar.PolicySet
	twoLines []int
	scopes   string // the policies of door one
	ones     map[string]*cedar.PolicySet
}

// cedarClient is who is asked about as a client; a policy permits everything to it.
const cedarClient = "it"

func newCedarReference(t testing.TB, b book) *cedarReference {
	t.Helper()
	c := &cedarReference{t: t, entities: cedar.EntityMap{}, ones: map[string]*cedar.PolicySet{}}
	parents := map[string][]cedar.EntityUID{}
	var one, two strings.Builder
	for _, r := range b.names {
		switch {
		case r.kind == "g":
			parents[r.fields[0]] = append(parents[r.fields[0]], subjectID(r.fields[1]))
		case r.aboutScope():
			one.WriteString(cedarPolicy(r.fields))
		default:
			two.WriteString(cedarPolicy(r.fields))
			c.twoLines = append(c.twoLines, r.line)
		}
	}
	for name, list := range parents {
		c.entities[subjectID(name)] = subjectEntity(name, list)
	}
	two.WriteString("permit (principal == " + cedarID(cedarClient) + ", action, resource);\n")
	c.twoLines = append(c.twoLines, 0)
	c.two, c.scopes = c.parse(two.String()), one.String()
	return c
}

func (c *cedarReference) parse(text string) *cedar.PolicySet {
	c.t.Helper()
	set, err := cedar.NewPolicySetFromBytes("policy.cedar", []byte(text))
	if err != nil {
		c.t.Fatalf("the reference failed: %v\n%s", err, text)
	}
	return set
}

func subjectID(name string) cedar.EntityUID { return cedar.NewEntityUID("Subject", cedar.String(name)) }

func subjectEntity(name string, parents []cedar.EntityUID) cedar.Entity {
	return cedar.Entity{UID: subjectID(name), Parents: cedar.NewEntityUIDSet(parents...)}
}

// cedarPolicy translates a p row.
func cedarPolicy(fields []string) string {
	effect := map[string]string{"allow": "permit", "deny": "forbid"}[fields[3]]
	return effect + " (principal in " + cedarID(fields[0]) + ", action, resource) when { " +
		cedarCondition("object", fields[1]) + " && " + cedarCondition("action", fields[2]) + " };\n"
}

func cedarID(subject string) string { return "Subject::" + cedarString(subject) }

// cedarCondition is an exact name or a prefix with one trailing '*', which is the only '*' that like may not take for itself.
func cedarCondition(attribute, pattern string) string {
	prefix, open := strings.CutSuffix(pattern, "*")
	if !open {
		return "context." + attribute + " == " + cedarString(pattern)
	}
	literal := strings.ReplaceAll(cedarString(prefix), "*", `\*`)
	return "context." + attribute + " like " + strings.TrimSuffix(literal, `"`) + `*"`
}

// cedarString writes a string literal of Cedar: what is not a plain character is written by its number.
func cedarString(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		if r < ' ' || r > '~' || r == '"' || r == '\\' {
			fmt.Fprintf(&b, `\u{%x}`, r)
		} else {
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// standIn is the entities of a policy and one more that stands for somebody.
type standIn struct {
	cedar.EntityMap
	entity cedar.Entity
}

// Get makes a standIn what Cedar asks for entities.
func (s standIn) Get(uid cedar.EntityUID) (cedar.Entity, bool) {
	if uid == s.entity.UID {
		return s.entity, true
	}
	return s.EntityMap.Get(uid)
}

// ask asks about somebody without a kind in the name, who is everything that the subjects are.
func (c *cedarReference) ask(set *cedar.PolicySet, name string, subjects []string, object, action string) (bool, []cedar.DiagnosticReason) {
	c.t.Helper()
	var parents []cedar.EntityUID
	for _, s := range subjects {
		parents = append(parents, subjectID(s))
	}
	decision, why := cedar.Authorize(set, standIn{c.entities, subjectEntity(name, parents)}, cedar.Request{
		Principal: subjectID(name),
		Action:    cedar.NewEntityUID("Action", "ask"),
		Resource:  cedar.NewEntityUID("Resource", "any"),
		Context:   cedar.NewRecord(cedar.RecordMap{"object": cedar.String(object), "action": cedar.String(action)}),
	})
	if len(why.Errors) > 0 {
		c.t.Fatalf("the reference failed: %v", why.Errors)
	}
	return decision == cedar.Allow, why.Reasons
}

// verdict finds the first line among the rows that decided.
func (c *cedarReference) verdict(allowed bool, reasons []cedar.DiagnosticReason) verdict {
	v := verdict{allowed: allowed}
	for _, r := range reasons {
		var n int
		if _, err := fmt.Sscanf(string(r.PolicyID), "policy%d", &n); err != nil {
			c.t.Fatalf("the reference failed: a policy named %q", r.PolicyID)
		}
		if line := c.twoLines[n]; line > 0 && (v.line == 0 || line < v.line) {
			v.line = line
		}
	}
	return v
}

func (c *cedarReference) caller(subjects []string, object, action string) verdict {
	return c.verdict(c.ask(c.two, "somebody", subjects, object, action))
}

func (c *cedarReference) client(subject, object, action string) verdict {
	return c.verdict(c.ask(c.two, cedarClient, []string{subject}, object, action))
}

// covered asks once for all scopes of the token: none of their rows denies, so that it is the same as one after the other.
func (c *cedarReference) covered(token, declared []string, object, action string) bool {
	key := strings.Join(declared, " ")
	set := c.ones[key]
	if set == nil {
		text := c.scopes
		for _, scope := range declared {
			object, action := splitLast(scope)
			text += cedarPolicy([]string{"scope:" + scope, object, action, "allow"})
		}
		set = c.parse(text)
		c.ones[key] = set
	}
	var subjects []string
	for _, scope := range token {
		subjects = append(subjects, "scope:"+scope)
	}
	allowed, _ := c.ask(set, "token", subjects, object, action)
	return allowed
}
