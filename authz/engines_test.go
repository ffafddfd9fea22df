package authz_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/sallyport-mcp/sallyport/authz"
)

// engines are a policy and the two references for it.
type engines struct {
	setting
	policy        *authz.Policy
	casbin, cedar reference
}

// compiled is the policy as a server would have it.
func (s setting) compiled() (*authz.Policy, error) {
	var declared []authz.Requirement
	for _, op := range s.declared {
		declared = append(declared, op.need)
	}
	return authz.Compile(authz.Source{}, authz.Source{Name: policyName, Data: []byte(s.book.text)},
		authz.Options{Declared: declared, Aliases: s.book.aliases})
}

// open makes the engines; the error is that of Compile.
func (s setting) open(t testing.TB) (*engines, error) {
	t.Helper()
	policy, err := s.compiled()
	if err != nil {
		return nil, err
	}
	return &engines{s, policy, newCasbinReference(t, s.book), newCedarReference(t, s.book)}, nil
}

// compare asks all of them, and returns the answer and what is wrong; nothing if they agree.
func (e *engines) compare(q question) (answer, string) {
	d := e.policy.Decide(q.who, q.op.need, q.values())
	got := answerOf(d)
	if d.Revision() != e.policy.Revision() {
		return got, fmt.Sprintf("revision %q, policy %q", d.Revision(), e.policy.Revision())
	}
	byCasbin, byCedar := e.expect(e.casbin, q), e.expect(e.cedar, q)
	if got != byCasbin || got != byCedar {
		return got, fmt.Sprintf("authz  %+v\nCasbin %+v\nCedar  %+v", got, byCasbin, byCedar)
	}
	return got, e.compareLists(q, got)
}

// compareLists compares lists with the design, and with a call: one without placeholders is its answer, one with them shows
// at least what this call allows.
func (e *engines) compareLists(q question, got answer) string {
	attainable, granted := e.policy.Listed(q.who, q.op.need, false), e.policy.Listed(q.who, q.op.need, true)
	if want := e.attainable(e.casbin, q); attainable != want {
		return fmt.Sprintf("listed %t, by the design %t; decided %+v", attainable, want, got)
	}
	var want bool
	if len(q.op.need.Names()) > 0 {
		want = attainable && e.delegable(q)
	} else {
		q.args = nil // a list has no values, and a value that this call has may fill a scope of another operation
		want = e.expect(e.casbin, q).allowed
	}
	if granted != want || granted && !attainable {
		return fmt.Sprintf("listed as granted %t, by the design %t, and %t if attainable; decided %+v", granted, want, attainable, got)
	}
	if got.allowed && !granted && len(q.op.need.Names()) > 0 {
		return fmt.Sprintf("allowed and not listed as granted: %+v", got)
	}
	return ""
}

// report makes a disagreement as small as it easily gets: without each row and each thing of the caller that it does not need.
func report(t testing.TB, s setting, q question, problem string) string {
	t.Helper()
	still := ""
	if e, err := s.open(t); err == nil {
		_, still = e.compare(q)
	}
	if still == "" {
		return describe(s, q, problem+"\nonly after the questions before it: a fresh policy agrees")
	}
	for smaller := true; smaller; {
		smaller = false
		for _, try := range simpler(s, q) {
			e, err := try.open(t)
			if err != nil {
				continue
			}
			if _, still = e.compare(try.q); still != "" {
				s, q, problem, smaller = try.setting, try.q, still, true
				break
			}
		}
	}
	return describe(s, q, problem)
}

// attempt is a disagreement with something taken away.
type attempt struct {
	setting
	q question
}

func simpler(s setting, q question) []attempt {
	var list []attempt
	for i := range s.book.rows {
		rows := slices.Delete(slices.Clone(s.book.rows), i, i+1)
		list = append(list, attempt{setting{plainBook(rows, s.book.aliases), s.declared}, q})
	}
	for i := range s.declared {
		list = append(list, attempt{setting{s.book, slices.Delete(slices.Clone(s.declared), i, i+1)}, q})
	}
	for _, part := range []func(*authz.Principal) *[]string{
		func(p *authz.Principal) *[]string { return &p.Groups },
		func(p *authz.Principal) *[]string { return &p.Roles },
		func(p *authz.Principal) *[]string { return &p.Scopes },
	} {
		for i := range *part(&q.who) {
			less := q
			*part(&less.who) = slices.Delete(slices.Clone(*part(&q.who)), i, i+1)
			list = append(list, attempt{s, less})
		}
	}
	return list
}
