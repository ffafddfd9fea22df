package authz_test

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sallyport-mcp/sallyport/authz"
)

// alphabet is everything that small policies are made of, and what each of them is asked.
type alphabet struct {
	first   []row // rows that all policies have in front
	letters []row
	declare []operation
	callers []authz.Principal
}

// TestP26_EverySmallPolicy makes every policy of up to -rows rows, in every order and with every repetition, and compares
// each answer with Casbin: what is wrong in general is mostly wrong in something small.
func TestP26_EverySmallPolicy(t *testing.T) {
	for name, a := range map[string]alphabet{"permitted": smallRoles(t), "delegated": smallScopes(t)} {
		t.Run(name, func(t *testing.T) {
			var policies, refused, questions atomic.Int64
			t.Run("part", func(t *testing.T) {
				for part := range runtime.GOMAXPROCS(0) {
					t.Run(fmt.Sprint(part), func(t *testing.T) {
						t.Parallel()
						for number := part; number < a.size(*rowsFlag) && !t.Failed(); number += runtime.GOMAXPROCS(0) {
							policies.Add(1)
							asked := a.check(t, a.policy(number))
							questions.Add(int64(asked))
							if asked == 0 {
								refused.Add(1)
							}
						}
					})
				}
			})
			t.Logf("P-26 up to %d of %d rows: %d policies, %d of them refused, %d questions",
				*rowsFlag, len(a.letters), policies.Load(), refused.Load(), questions.Load())
		})
	}
}

// smallRoles has a subject of every kind, an exact and an open pattern of everything, both effects, and who can get the role.
func smallRoles(t *testing.T) alphabet {
	a := alphabet{declare: declareAll(t, "s|a:x", "s|ab:xy", "s|a:xy ab:x")}
	for _, sub := range []string{"user:u", "role:r", "client:c", "anyone"} {
		for _, eft := range []string{"allow", "deny"} {
			a.letters = append(a.letters, patterns(sub, eft)...)
		}
	}
	for _, who := range []string{"user:u", "client:c", "anyone"} {
		a.letters = append(a.letters, row{kind: "g", fields: []string{who, "role:r"}})
	}
	scopes := []string{"s"}
	a.callers = []authz.Principal{
		{Subject: "u", Client: "c", Scopes: scopes},
		{Subject: "u", Client: "d", Scopes: scopes},
		{Subject: "v", Client: "d", Scopes: scopes},
		{Subject: "v", Client: "d", Scopes: scopes, Roles: []string{"r"}},
		{Subject: "u", Client: "c", Scopes: scopes, Machine: true},
	}
	return a
}

// smallScopes has scopes that are declared and scopes that are not, and every way from one to another. Door two is open.
func smallScopes(t *testing.T) alphabet {
	a := alphabet{
		first:   []row{{kind: "p", fields: []string{"anyone", "*", "*", "allow"}}},
		declare: declareAll(t, "a:x", "ab:xy", "a:x ab:x"),
	}
	for _, scope := range []string{"scope:s", "scope:t", "scope:a:x"} {
		a.letters = append(a.letters, patterns(scope, "allow")...)
	}
	for _, link := range []string{"s t", "t s", "s a:x", "t a:x", "a:x s"} {
		from, to, _ := strings.Cut(link, " ")
		a.letters = append(a.letters, row{kind: "g", fields: []string{"scope:" + from, "scope:" + to}})
	}
	for _, token := range []string{"", "s", "t", "a:x", "s t", "ab:x a:x", "* a:* a*"} {
		a.callers = append(a.callers, authz.Principal{Subject: "u", Client: "c", Scopes: strings.Fields(token)})
	}
	return a
}

func patterns(sub, eft string) []row {
	var list []row
	for _, object := range []string{"a", "a*"} {
		for _, action := range []string{"x", "x*"} {
			list = append(list, row{kind: "p", fields: []string{sub, object, action, eft}})
		}
	}
	return list
}

func declareAll(t *testing.T, texts ...string) []operation {
	var list []operation
	for _, text := range texts {
		list = append(list, declare(t, text))
	}
	return list
}

// size is the number of policies of one row and up to so many.
func (a alphabet) size(rows int) int {
	all, ofLength := 0, 1
	for range rows {
		ofLength *= len(a.letters)
		all += ofLength
	}
	return all
}

// policy is one of them by its number: its digits in the base of the letters, with those of fewer rows first.
func (a alphabet) policy(number int) setting {
	rows := slices.Clone(a.first)
	for number++; number > 0; number = (number - 1) / len(a.letters) {
		rows = append(rows, a.letters[(number-1)%len(a.letters)])
	}
	return setting{book: plainBook(rows, nil), declared: a.declare}
}

// check asks one policy everything, and returns how much that was: nothing if it is refused.
func (a alphabet) check(t *testing.T, s setting) int {
	t.Helper()
	policy, err := s.compiled()
	if refusable := s.book.refusable(); refusable != (err != nil) {
		t.Errorf("refused with %v, by the design %t\n%s", err, refusable, s.book.text)
	}
	if err != nil {
		return 0
	}
	ref := newCasbinReference(t, s.book)
	for _, who := range a.callers { // before anything is asked, so that Casbin reads its matcher once
		ref.seat(subjectsOf(who, nil)...)
		ref.seat("client:" + who.Client)
	}
	for _, who := range a.callers {
		for _, op := range a.declare {
			q := question{who: who, op: op}
			if got, want := answerOf(policy.Decide(who, op.need, nil)), s.expect(ref, q); got != want {
				t.Errorf("%s", describe(s, q, fmt.Sprintf("authz  %+v\nCasbin %+v", got, want)))
			}
		}
	}
	return len(a.callers) * len(a.declare)
}

// TestP26_SmallPoliciesAreAllThere counts them: each of up to two rows is made, and made once.
func TestP26_SmallPoliciesAreAllThere(t *testing.T) {
	a := smallRoles(t)
	seen := map[string]bool{}
	for number := range a.size(2) {
		s := a.policy(number)
		if len(s.book.rows) > 2 || seen[s.book.text] {
			t.Fatalf("policy %d is wrong or there already:\n%s", number, s.book.text)
		}
		seen[s.book.text] = true
	}
	if want := len(a.letters) + len(a.letters)*len(a.letters); len(seen) != want {
		t.Errorf("%d policies, want %d", len(seen), want)
	}
}
