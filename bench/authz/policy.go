package main

import (
	"bytes"
	"fmt"
	"strings"
)

// How many rows the parts of a generated policy have.
const (
	headRows = 2
	coreRows = 8 // of a team, those that the questions are about
	teamRows = 20

	minRules = headRows + coreRows
)

// The fields of rows that are compared with.
const (
	ruleRow = "p"
	linkRow = "g"

	effectDeny    = "deny"
	subjectAnyone = "anyone"
)

// row is one rule of a policy: p or g, then its fields.
type row []string

// rows makes a policy of exactly n rules, p and g rows counted alike. It is that of an organization of teams: more rules are
// more teams, and a person has as many of them as before.
func rows(n int) []row {
	list := []row{
		{ruleRow, subjectAnyone, "greet", "use", "allow"},
		{linkRow, "scope:notes:write", "scope:notes:read"},
	}
	for i := 0; len(list) < n; i++ {
		list = append(list, team(i)...)
	}
	return list[:n]
}

// teams returns how many teams of a policy of n rules have their core.
func teams(n int) int { return (n-minRules)/teamRows + 1 }

// team makes the rows of one team: roles, groups and persons, exact objects and prefixes, and denials.
func team(i int) []row {
	reader, editor, admin := role("reader", i), role("editor", i), role("admin", i)
	group := "group:" + groupName(i)
	first, second, third := "user:"+personName(i, 0), "user:"+personName(i, 1), "user:"+personName(i, 2)
	table := func(name string) string { return fmt.Sprintf("table/t%d-%s", i, name) }
	client := row{ruleRow, fmt.Sprintf("client:app-%d", i), fmt.Sprintf("export/t%d", i), "use", "allow"}
	if i%10 == 9 {
		client = row{ruleRow, fmt.Sprintf("client:lost-%d", i), "*", "*", "deny"}
	}
	return []row{
		{ruleRow, reader, "notes", "read", "allow"},
		{ruleRow, reader, table("*"), "read", "allow"},
		{ruleRow, editor, "notes", "write", "allow"},
		{ruleRow, editor, table("*"), "write", "allow"},
		{ruleRow, group, table("hidden*"), "read", "deny"},
		{linkRow, editor, reader},
		{linkRow, first, editor},
		{linkRow, first, group},
		// The core ends here.
		{ruleRow, reader, fmt.Sprintf("report/weekly-%d", i%500), "read", "allow"},
		{ruleRow, reader, fmt.Sprintf("report/r%d-*", i%500), "read", "allow"},
		{ruleRow, admin, "notes", "*", "allow"},
		{ruleRow, admin, table("*"), "*", "allow"},
		{ruleRow, group, fmt.Sprintf("file/t%d/*", i), "read", "allow"},
		{ruleRow, first, fmt.Sprintf("report/own-%d", i), "write", "allow"},
		{ruleRow, second, table("ledger"), "write", "deny"},
		client,
		{linkRow, admin, editor},
		{linkRow, second, reader},
		{linkRow, second, group},
		{linkRow, third, admin},
	}
}

func role(name string, team int) string     { return "role:" + roleName(name, team) }
func roleName(name string, team int) string { return fmt.Sprintf("%s-%d", name, team) }
func groupName(team int) string             { return fmt.Sprintf("team-%d", team) }
func personName(team, number int) string    { return fmt.Sprintf("person-%d-%d", team, number) }
func memberName(number int) string          { return fmt.Sprintf("member-%d", number) }

// members makes a policy of a fixed number of p rows in which so many users have a role and a group.
func members(users int) []row {
	const fixed = 1_000
	list := rows(fixed)
	for i := range users {
		in := i % teams(fixed)
		user := "user:" + memberName(i)
		list = append(list, row{linkRow, user, role("reader", in)}, row{linkRow, user, "group:" + groupName(in)})
	}
	return list
}

// text writes the rows as a policy file.
func text(list []row) []byte {
	var b bytes.Buffer
	for _, r := range list {
		b.WriteString(strings.Join(r, ", ") + "\n")
	}
	return b.Bytes()
}

// asked is a value for the placeholder of the operation, and whether the person who is asked about may have it.
type asked struct {
	table   string
	allowed bool
}

// tables are the values that the placeholder takes. They belong to the first team; one in sixteen is hidden from it.
func tables() []asked {
	list := make([]asked, 256)
	for i := range list {
		name, allowed := "orders", true
		if i%16 == 15 {
			name, allowed = "hidden", false
		}
		list[i] = asked{table: fmt.Sprintf("t0-%s-%d", name, i), allowed: allowed}
	}
	return list
}
