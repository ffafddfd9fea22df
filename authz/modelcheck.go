package authz

import (
	"strings"

	"github.com/casbin/casbin/v2"
)

// trial evaluates a matcher on single rows, to find at load what would otherwise fail at some request: a function that
// does not exist, a pattern that is no regular expression, a comparison of text with a number.
//
// The calls in the matcher are evaluated one by one beside the matcher as a whole, because in the whole a call is only
// reached if those before it hold.
type trial struct {
	enforcer *casbin.Enforcer
	matchers []string
}

// tryModel reports a matcher that fails on an ordinary row, and the rows that a sound matcher fails on.
func tryModel(defs definitions, at place, rules []rule, inModel, inPolicy *findings) {
	// There are no rows yet: each is put in for its own trial.
	e, err := newEnforcer(defs, rowSet{})
	if err == nil {
		t := trial{enforcer: e, matchers: append(calls(defs["m"]), defs["m"])}
		err = t.run(rule{sub: "role:probe", obj: "probe", act: "probe", eft: effectAllow})
		if err == nil {
			t.tryRows(rules, inPolicy)
			return
		}
	}
	inModel.fail(at.line, at.column, defs["m"], "the matcher fails on an ordinary request: "+firstLine(err), "write an expression that Casbin can evaluate for any name")
}

func (t trial) tryRows(rules []rule, inPolicy *findings) {
	for _, r := range rules {
		if kindOf(r.sub) == kindScope {
			continue // door one is decided by the textbook model
		}
		if err := t.run(r); err != nil {
			inPolicy.fail(r.line, r.column, rowText(r), "the matcher of the model fails on this row: "+firstLine(err), "write what the matcher can evaluate")
		}
	}
}

func (t trial) run(r rule) error {
	t.enforcer.GetModel()[rowRule][rowRule].Policy = [][]string{{r.sub, r.obj, r.act, r.eft}}
	for _, request := range []Permission{{"probe", "probe"}, {r.obj, r.act}} {
		for _, m := range t.matchers {
			if _, err := t.enforcer.EnforceWithMatcher(m, r.sub, request.Object, request.Action); err != nil {
				return err
			}
		}
	}
	return nil
}

func rowText(r rule) string { return strings.Join([]string{r.sub, r.obj, r.act, r.eft}, ", ") }

// firstLine leaves out the stack that Casbin appends to the text of a panic.
func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// calls returns an expression for every function call in a matcher, which is true whatever the call returns.
func calls(matcher string) []string {
	var list []string
	code := blankStrings(matcher)
	for i := range code {
		if code[i] != '(' {
			continue
		}
		head := strings.TrimRight(code[:i], " \t")
		name := head[strings.LastIndexFunc(head, func(r rune) bool { return !isWord(r) })+1:]
		if name == "" || name == "in" {
			continue
		}
		if end := closing(code, i); end > 0 {
			call := matcher[len(head)-len(name) : end]
			list = append(list, call+" == "+call)
		}
	}
	return list
}

// closing returns the offset behind the parenthesis that closes the one at start; 0 if none does.
func closing(code string, start int) int {
	depth := 0
	for i := start; i < len(code); i++ {
		switch code[i] {
		case '(':
			depth++
		case ')':
			depth--
		}
		if depth == 0 {
			return i + 1
		}
	}
	return 0
}
