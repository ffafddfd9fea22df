package main

import (
	"errors"
	"os"
	"strings"
	"testing"
)

// TestEngines_WrongAnswer takes one row out of a policy and expects every engine to be found out before it is measured. The whole policy is
// in TestRows_Exactly.
func TestEngines_WrongAnswer(t *testing.T) {
	ops, err := newOperations()
	if err != nil {
		t.Fatal(err)
	}
	for name, without := range map[string]row{
		"the right":      {ruleRow, "role:editor-0", plainObject, plainAction, "allow"},
		"the role":       {linkRow, "user:" + personName(0, 0), "role:editor-0"},
		"the group":      {linkRow, "user:" + personName(0, 0), "group:team-0"},
		"the denial":     {ruleRow, "group:team-0", "table/t0-hidden*", "read", effectDeny},
		"the prefix":     {ruleRow, "role:reader-0", "table/t0-*", "read", "allow"},
		"the inner role": {linkRow, "role:editor-0", "role:reader-0"},
	} {
		var list []row
		for _, r := range rows(minRules) {
			if strings.Join(r, ",") != strings.Join(without, ",") {
				list = append(list, r)
			}
		}
		if len(list) != minRules-1 {
			t.Errorf("%s is not a row", name)
			continue
		}
		_, inOurs := newOurs(ops, list)
		_, inCasbin := newCasbin(list)
		_, inCedar := newCedar(list)
		for engine, err := range map[string]error{"ours": inOurs, "casbin": inCasbin, "cedar": inCedar} {
			if err == nil {
				t.Errorf("%s without %s is not noticed", engine, name)
			}
		}
	}
}

// TestEngines_TooMuch adds a row that allows what is to be denied.
func TestEngines_TooMuch(t *testing.T) {
	ops, err := newOperations()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := newOurs(ops, append(rows(minRules), row{ruleRow, subjectAnyone, plainObject, plainAction, "allow"})); err == nil {
		t.Error("ours allows everybody, and it is not noticed")
	}
	list := append(rows(minRules), row{ruleRow, "role:editor-0", plainObject, "delete", "allow"})
	_, inCasbin := newCasbin(list)
	_, inCedar := newCedar(list)
	if inCasbin == nil || inCedar == nil {
		t.Errorf("a deletion is allowed, and it is not noticed: %v, %v", inCasbin, inCedar)
	}
}

// TestTextbook asks Casbin by the model that Sallyport decides by.
func TestTextbook(t *testing.T) {
	data, err := os.ReadFile("../../model.conf")
	if err != nil {
		t.Fatal(err)
	}
	if string(data) != textbook {
		t.Errorf("model.conf is now\n%s", data)
	}
}

func TestSameAnswers_Error(t *testing.T) {
	broken := errors.New("broken")
	if err := sameAnswers(func(string, string) (bool, error) { return false, broken }); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
}

// TestCedar_ActionPrefix refuses what would be translated wrongly.
func TestCedar_ActionPrefix(t *testing.T) {
	for action, ok := range map[string]bool{"re*": false, "*": true, "read": true} {
		if _, err := cedarPolicy(row{ruleRow, "role:reader-0", "notes", action, "allow"}); (err == nil) != ok {
			t.Errorf("%s: %v", action, err)
		}
	}
}

// TestMeet makes principals that nobody has been, each with a role and a group that the policy knows.
func TestMeet(t *testing.T) {
	ops, err := newOperations()
	if err != nil {
		t.Fatal(err)
	}
	e, err := newOurs(ops, rows(100))
	if err != nil {
		t.Fatal(err)
	}
	names, groups := map[string]bool{}, map[string]bool{}
	for range 4 {
		e.meet(25)
		if err := e.askStrangers(25); err != nil {
			t.Fatal(err)
		}
		for _, who := range e.strangers {
			names[who.Subject] = true
			groups[who.Groups[0]] = true
		}
	}
	if len(names) != 100 || len(groups) != teams(100) {
		t.Errorf("%d names in %d groups, want 100 in %d", len(names), len(groups), teams(100))
	}
}
