package authz

import (
	"errors"
	"slices"
	"strings"

	"github.com/casbin/casbin/v2"
	"github.com/casbin/casbin/v2/model"
	"github.com/casbin/casbin/v2/persist"
)

// The synthetic subjects of door two. They start with NUL, which no name of a policy may hold.
const (
	syntheticCaller = "\x00caller"
	syntheticClient = "\x00client"
)

// evaluator has Casbin itself answer for door two, under a model other than the textbook's. What it costs grows with the rows.
type evaluator struct {
	model definitions
	rows  rowSet
	rules []rule
}

// rowSet are rows in the form Casbin stores them. It reads no text of ours, so that no name can become a row.
type rowSet struct {
	persist.Adapter // only LoadPolicy is ever called
	rules, links    [][]string
}

// newEvaluator takes the rows of door two. Those about scopes are door one's, which the textbook model decides.
func newEvaluator(defs definitions, book rulebook) *evaluator {
	e := &evaluator{model: defs, rules: book.rules}
	for _, r := range book.rules {
		if kindOf(r.sub) != kindScope {
			e.rows.rules = append(e.rows.rules, r.fields())
		}
	}
	for _, l := range book.links {
		if kindOf(l.from) != kindScope {
			e.rows.links = append(e.rows.links, []string{l.from, l.to})
		}
	}
	return e
}

// LoadPolicy gives the rows to Casbin in their order.
func (s rowSet) LoadPolicy(m model.Model) error {
	var errs []error
	for _, r := range s.rules {
		errs = append(errs, m.AddPolicy(rowRule, rowRule, r))
	}
	for _, l := range s.links {
		errs = append(errs, m.AddPolicy(rowLink, rowLink, l))
	}
	return errors.Join(errs...)
}

// with returns the rows with some more behind them. The rows themselves are shared and never change.
func (s rowSet) with(rules, links [][]string) rowSet {
	return rowSet{
		rules: append(s.rules[:len(s.rules):len(s.rules)], rules...),
		links: append(s.links[:len(s.links):len(s.links)], links...),
	}
}

// caller returns the rows of door two for one caller.
func (s rowSet) caller(subjects []string) rowSet {
	links := make([][]string, len(subjects))
	for i, sub := range subjects {
		links[i] = []string{syntheticCaller, sub}
	}
	return s.with(nil, links)
}

// client returns the rows of door two that ask whether a client is denied: it has the right asked for from a row of its
// own, so that only a deny can stop it.
func (s rowSet) client(subject, object, action string) rowSet {
	return s.with([][]string{{syntheticClient, object, action, effectAllow}}, [][]string{{syntheticClient, subject}})
}

// askCaller asks about everything that the caller is.
func (e *evaluator) askCaller(who *Principal, aliases []string, f filled) found {
	caller := e.enforce(e.rows.caller(who.subjects(aliases)), syntheticCaller, string(f.object), string(f.action))
	if caller.outcome == denied && who.Machine {
		caller.outcome = clientDenied
	}
	return caller
}

// askClient asks about the client of a user.
func (e *evaluator) askClient(who *Principal, aliases []string, f filled) found {
	object, action := string(f.object), string(f.action)
	client := e.enforce(e.rows.client(who.subject(kindClient, who.Client, aliases), object, action), syntheticClient, object, action)
	switch client.outcome {
	case denied:
		client.outcome = clientDenied
	case missing:
		client.outcome = clientMissing
	}
	return client
}

// enforce is one Enforce of Casbin, by an Enforcer built for it. A shared one would keep what its g function answered for
// earlier callers, and would change under those who ask at the same time.
func (e *evaluator) enforce(rows rowSet, sub, object, action string) found {
	enforcer, err := newEnforcer(e.model, rows)
	if err != nil {
		return found{failed, noRule}
	}
	yes, why, err := enforcer.EnforceEx(sub, object, action)
	switch {
	case err != nil:
		return found{failed, noRule}
	case yes:
		return found{allowed, e.ruleOf(why)}
	case len(why) > 0 && why[len(why)-1] == effectDeny:
		return found{denied, e.ruleOf(why)}
	}
	return found{missing, e.ruleOf(why)}
}

// ruleOf returns the number of the first rule with these fields.
func (e *evaluator) ruleOf(fields []string) uint32 {
	i := slices.IndexFunc(e.rules, func(r rule) bool { return slices.Equal(r.fields(), fields) })
	if i < 0 {
		return noRule
	}
	return uint32(i) //nolint:gosec // a policy file is far smaller than 4 GiB
}

func newEnforcer(defs definitions, rows rowSet) (*casbin.Enforcer, error) {
	m := model.NewModel()
	for key, value := range defs {
		m.AddDef(key, key, value)
	}
	return casbin.NewEnforcer(m, rows)
}

// rowKey joins the fields of a row; no field holds the separator.
func rowKey(fields []string) string { return strings.Join(fields, "\x00") }
