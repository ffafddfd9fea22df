package authz

import (
	"errors"
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

// rowSet are rows in the form Casbin stores them. It reads no text of ours, so that no name can become a row.
type rowSet struct {
	persist.Adapter // only LoadPolicy is ever called
	rules, links    [][]string
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
func (s rowSet) client(subject string, p Permission) rowSet {
	return s.with(
		[][]string{{syntheticClient, p.Object, p.Action, effectAllow}},
		[][]string{{syntheticClient, subject}},
	)
}

// newEnforcer builds an Enforcer for one request. A shared one would keep what its g function answered for earlier
// callers, and would change under those who ask at the same time.
func newEnforcer(defs definitions, rows rowSet) (*casbin.Enforcer, error) {
	m := model.NewModel()
	for key, value := range defs {
		m.AddDef(key, key, value)
	}
	return casbin.NewEnforcer(m, rows)
}

// verdict is the answer of one Enforce.
type verdict struct {
	allowed bool
	denied  bool   // by a deny row
	key     string // of the row that decided
	err     error
}

// question is an Enforcer to ask about one request, or the reason why there is none.
type question struct {
	enforcer *casbin.Enforcer
	err      error
}

func newQuestion(defs definitions, rows rowSet) question {
	e, err := newEnforcer(defs, rows)
	return question{enforcer: e, err: err}
}

// ask is one Enforce of Casbin.
func (q question) ask(sub string, p Permission) verdict {
	if q.err != nil {
		return verdict{err: q.err}
	}
	allowed, why, err := q.enforcer.EnforceEx(sub, p.Object, p.Action)
	if err != nil {
		return verdict{err: err}
	}
	denied := !allowed && len(why) > 0 && why[len(why)-1] == effectDeny
	return verdict{allowed: allowed, denied: denied, key: rowKey(why)}
}

// rowKey joins the fields of a row; no field holds the separator.
func rowKey(fields []string) string { return strings.Join(fields, "\x00") }
