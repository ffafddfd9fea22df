package main

import (
	"bytes"
	"testing"
)

// TestRows_Exactly generates policies and loads them: every size has exactly its rows, no two alike, and loads in all three engines.
func TestRows_Exactly(t *testing.T) {
	ops, err := newOperations()
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{minRules, 11, 37, 100, 1_000, 1_001} {
		list := rows(n)
		if lines := bytes.Count(text(list), []byte("\n")); len(list) != n || lines != n {
			t.Errorf("%d rules: %d rows, %d lines", n, len(list), lines)
		}
		seen := map[string]bool{}
		for _, r := range list {
			seen[string(text([]row{r}))] = true
		}
		if len(seen) != n {
			t.Errorf("%d rules: %d different ones", n, len(seen))
		}
		if _, err := newOurs(ops, list); err != nil {
			t.Errorf("%d rules: %v", n, err)
		}
		if _, err := newCasbin(list); err != nil {
			t.Errorf("%d rules in Casbin: %v", n, err)
		}
		if _, err := newCedar(list); err != nil {
			t.Errorf("%d rules in Cedar: %v", n, err)
		}
	}
}

// TestRows_Largest only counts and compiles.
func TestRows_Largest(t *testing.T) {
	ops, err := newOperations()
	if err != nil {
		t.Fatal(err)
	}
	list := rows(topRules)
	if len(list) != topRules {
		t.Errorf("%d rows", len(list))
	}
	if _, err := ops.compile(text(list)); err != nil {
		t.Error(err)
	}
}

// TestRows_Shares holds what the page says about the policy.
func TestRows_Shares(t *testing.T) {
	var rules, links, denials, prefixes int
	for _, r := range rows(10_000) {
		if r[0] == linkRow {
			links++
			continue
		}
		rules++
		if r[4] == effectDeny {
			denials++
		}
		if r[2][len(r[2])-1] == '*' {
			prefixes++
		}
	}
	between := func(what string, got, least, most float64) {
		if got < least || got > most {
			t.Errorf("%s: %.3f, want %.2f to %.2f", what, got, least, most)
		}
	}
	between("p rows for a g row", float64(rules)/float64(links), 1.7, 2.3)
	between("p rows for a denial", float64(rules)/float64(denials), 5, 7)
	between("prefixes among p rows", float64(prefixes)/float64(rules), 0.4, 0.6)
}

// TestRows_Reach counts the p rows of the person who is asked about: more rules must not be more of theirs.
func TestRows_Reach(t *testing.T) {
	for n, want := range map[int]int{baseRules: 6, coldRules: 10, 10_000: 10} {
		list := rows(n)
		mine := map[string]bool{subjectAnyone: true, "user:" + personName(0, 0): true}
		for range list { // as many times as the longest chain could have links
			before := len(mine)
			for _, r := range list {
				if r[0] == linkRow && mine[r[1]] {
					mine[r[2]] = true
				}
			}
			if len(mine) == before {
				break
			}
		}
		got := 0
		for _, r := range list {
			if r[0] == ruleRow && mine[r[1]] {
				got++
			}
		}
		if got != want {
			t.Errorf("%d rules: %d p rows, want %d", n, got, want)
		}
	}
}

func TestTeams(t *testing.T) {
	for n, want := range map[int]int{10: 1, 29: 1, 30: 2, 100: 5, 100_000: 5_000} {
		if got := teams(n); got != want {
			t.Errorf("%d rules: %d teams, want %d", n, got, want)
		}
	}
}

func TestMembers(t *testing.T) {
	ops, err := newOperations()
	if err != nil {
		t.Fatal(err)
	}
	few, many := members(50), members(100)
	if len(many)-len(few) != 100 {
		t.Errorf("50 more users are %d more rows, want two each", len(many)-len(few))
	}
	if _, err := ops.compile(text(many)); err != nil {
		t.Error(err)
	}
}

func TestTables(t *testing.T) {
	hidden := 0
	for _, a := range tables() {
		if !a.allowed {
			hidden++
		}
	}
	if hidden != 16 || len(tables()) != 256 {
		t.Errorf("%d of %d are hidden", hidden, len(tables()))
	}
}
