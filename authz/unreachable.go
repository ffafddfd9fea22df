package authz

import (
	"fmt"
	"slices"
)

// warnUnreachable reports declared permissions that no allow row could ever match, and what row may have been meant to.
func (p *Policy) warnUnreachable(needs []Requirement, l *findings) {
	var wanted []Template
	for _, need := range needs {
		wanted = addTemplates(wanted, need.permissions)
	}
	allows := p.rows.allows()
	for i := range wanted {
		t := &wanted[i]
		if !t.open && p.rows.allowsSomebody(t.plain) ||
			t.open && slices.ContainsFunc(allows, func(r rule) bool { return t.couldMatch(r.obj, r.act) }) {
			continue
		}
		fix := "write an allow row for it"
		if near, found := nearest(t.text, allows); found {
			fix += fmt.Sprintf(", or mend line %d if %s was meant to be one", near.line, pairText(near))
		}
		l.warn(0, 0, t.text, "no row allows a permission that an operation declares, so that nobody can use it", fix)
	}
}

// allows returns the allow rules of door two, the first of each pair of patterns.
func (c *ruleIndex) allows() []rule {
	var list []rule
	seen := map[Permission]bool{}
	for _, r := range c.rules {
		at := Permission{r.obj, r.act}
		if r.eft == effectAllow && kindOf(r.sub) != kindScope && !seen[at] {
			seen[at] = true
			list = append(list, r)
		}
	}
	return list
}

func pairText(r rule) string { return r.obj + ", " + r.act }

// The search for a row that was meant is for people's policies: in a large one it would take long, and a permission of which
// more is different is another one.
const (
	mostSearched = 2_000
	mostChanged  = 2
)

// nearest returns the rule whose permission is spelled most like the text; false if none is a slip of the hand away.
func nearest(text string, rules []rule) (rule, bool) {
	var best rule
	fewest := mostChanged + 1
	if len(rules) > mostSearched {
		return best, false
	}
	want := splitPermission(text)
	for _, r := range rules {
		n := edits(want.Object, r.obj) + edits(want.Action, r.act)
		if n < fewest && n < len(want.Object) {
			best, fewest = r, n
		}
	}
	return best, fewest <= mostChanged
}

// edits returns how many characters have to be added, removed, changed or swapped with their neighbour to make one text of
// the other; more than mostChanged are not told apart.
func edits(a, b string) int {
	from, to := []rune(a), []rune(b)
	if len(from)-len(to) > mostChanged || len(to)-len(from) > mostChanged {
		return mostChanged + 1
	}
	rows := [][]int{make([]int, len(to)+1)}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := range from {
		row := make([]int, len(to)+1)
		row[0] = i + 1
		for j := range to {
			change := 1
			if from[i] == to[j] {
				change = 0
			}
			row[j+1] = min(rows[i][j+1]+1, row[j]+1, rows[i][j]+change)
			if i > 0 && j > 0 && from[i] == to[j-1] && from[i-1] == to[j] {
				row[j+1] = min(row[j+1], rows[i-1][j-1]+1)
			}
		}
		rows = append(rows, row)
	}
	return rows[len(from)][len(to)]
}
