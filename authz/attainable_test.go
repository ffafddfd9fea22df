package authz_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/casbin/casbin/v2/util"
)

// attainable says whether the design lists an operation when lists show what door two permits: with a placeholder in a
// permission, if an allow row could match for some value; denies apply when it is called.
func (s setting) attainable(ref reference, q question) bool {
	if !authenticated(q.who, s.book.aliases) {
		return false
	}
	if q.op.anyPrincipal {
		return true
	}
	mine := s.book.closure(subjectsOf(q.who, s.book.aliases))
	for _, permission := range q.op.permissions {
		if strings.Contains(permission, "{") {
			if !s.book.couldAllow(mine, permission) {
				return false
			}
		} else if v, _ := s.permitted(ref, q.who, permission); !v.allowed {
			return false
		}
	}
	return len(q.op.permissions) > 0
}

// delegable says the same of door one: a row of the policy, or the implicit row of a declared scope, could match for some value.
func (s setting) delegable(q question) bool {
	var token []string
	for _, scope := range q.who.Scopes {
		token = append(token, "scope:"+scope)
	}
	mine := s.book.closure(token)
	for _, scope := range q.op.scopes {
		if !s.book.couldAllow(mine, scope) && !s.couldBeNamed(mine, q.op, scope) {
			return false
		}
	}
	return true
}

// couldAllow reports whether an allow row of one of the names could match what is asked for.
func (b book) couldAllow(names map[string]bool, template string) bool {
	o, a := splitLast(template)
	return slices.ContainsFunc(b.names, func(r row) bool {
		return r.kind == "p" && r.fields[3] == "allow" && names[r.fields[0]] && someValue(fit{o, r.fields[1]}, fit{a, r.fields[2]})
	})
}

// couldBeNamed reports whether one of the names could be that of a declared scope which means what is asked for.
func (s setting) couldBeNamed(names map[string]bool, op operation, template string) bool {
	o, a := splitLast(template)
	for name := range names {
		name = strings.TrimPrefix(name, "scope:")
		object, action := splitLast(name)
		if strings.Contains(name, "*") || !someValue(fit{o, object}, fit{a, action}) {
			continue
		}
		for _, d := range append(slices.Clone(s.declared), op) {
			if slices.ContainsFunc(d.scopes, func(scope string) bool { return someValue(fit{scope, name}, fit{o, object}, fit{a, action}) }) {
				return true
			}
		}
	}
	return false
}

// closure is everything that the subjects are: themselves, and what a g row gives to what they are.
func (b book) closure(subjects []string) map[string]bool {
	mine := map[string]bool{}
	for _, s := range subjects {
		mine[s] = true
	}
	for before := -1; before < len(mine); {
		before = len(mine)
		for _, r := range b.names {
			if r.kind == "g" && mine[r.fields[0]] {
				mine[r.fields[1]] = true
			}
		}
	}
	return mine
}

// fit is a text with placeholders and a pattern that it has to match.
type fit struct{ text, pattern string }

// someValue reports whether some values make all the texts match. It tries them: those that decide are pieces of the
// patterns, since a value that goes on behind the end of a prefix can stop there. What no pattern restricts may be anything.
func someValue(fits ...fit) bool {
	if !slices.ContainsFunc(fits, fit.open) || slices.ContainsFunc(fits, fit.hopeless) {
		return !slices.ContainsFunc(fits, fit.wrong)
	}
	values := []string{"x"}
	for _, f := range fits {
		text := strings.TrimSuffix(f.pattern, "*")
		for i := range text {
			for j := i + 1; j <= len(text); j++ {
				if usable.MatchString(text[i:j]) && !slices.Contains(values, text[i:j]) {
					values = append(values, text[i:j])
				}
			}
		}
	}
	return anyOf(values, fits)
}

// anyOf fills one placeholder after the other with each of the values, as long as there is something to hope for.
func anyOf(values []string, fits []fit) bool {
	if slices.ContainsFunc(fits, fit.hopeless) {
		return false
	}
	next := slices.IndexFunc(fits, fit.open)
	if next < 0 {
		return !slices.ContainsFunc(fits, fit.wrong)
	}
	hole := placeholder.FindString(fits[next].text)
	return slices.ContainsFunc(values, func(v string) bool {
		more := slices.Clone(fits)
		for i := range more {
			more[i].text = strings.ReplaceAll(more[i].text, hole, v)
		}
		return anyOf(values, more)
	})
}

func (f fit) open() bool { return strings.Contains(f.text, "{") }

func (f fit) wrong() bool { return !util.KeyMatch(f.text, f.pattern) }

// hopeless reports whether what stands before the first placeholder rules the pattern out.
func (f fit) hopeless() bool {
	known, _, _ := strings.Cut(f.text, "{")
	prefix, open := strings.CutSuffix(f.pattern, "*")
	return !strings.HasPrefix(prefix, known) && (!open || !strings.HasPrefix(known, prefix))
}

// TestP26_SomeValue holds the reference for lists to cases that were worked out by hand.
func TestP26_SomeValue(t *testing.T) {
	for _, tt := range []struct {
		permission, object, action string
		want                       bool
	}{
		{"table/{t}:read", "table/orders", "read", true},
		{"table/{t}:read", "table/orders", "write", false},
		{"table/{t}:read", "table/", "read", false},
		{"table/{t}:read", "table/*", "r*", true},
		{"table/{t}:read", "tab*", "*", true},
		{"table/{t}:read", "table/a/b", "read", false},
		{"table/{t}:read", "table/a/*", "read", false},
		{"table/{t}:read", "tables*", "read", false},
		{"x-{t}-{t}:use", "x-a-a", "use", true},
		{"x-{t}-{t}:use", "x-a-b", "use", false},
		{"x-{t}-{t}:use", "x-a-b*", "use", true}, // t is a-b
		{"x-{t}-{t}:use", "x-a-/*", "use", false},
		{"{t}/x:{t}", "a*", "ab", true},
		{"{t}/x:{t}", "b*", "ab", false},
		{"{t}/x:{t}", "a/x", "b", false},
		{"doc/{t}/{u}:read", "doc/a/*", "read", true},
		{"doc/{t}/{u}:read", "doc/a/b/c", "read", false},
		{"doc/{t}/{u}:read", "doc/a*", "read", true},
		{"do:{a}-{b}", "do", "read-*", true},
		{"do:{a}-{b}", "do", "read", false},
		{"item/{n}", "item/1", "use", true},
		{"item/{n}", "item/1", "read", false},
	} {
		object, action := splitLast(tt.permission)
		if got := someValue(fit{object, tt.object}, fit{action, tt.action}); got != tt.want {
			t.Errorf("%s by p, %s, %s: %t, want %t", tt.permission, tt.object, tt.action, got, tt.want)
		}
	}
}
