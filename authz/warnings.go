package authz

import (
	"fmt"
	"slices"
	"strings"
)

// warn looks for what is allowed but hardly meant. Only what is certain is reported.
func (p *Policy) warn(book rulebook, declared []Requirement, l *findings) {
	warnDuplicates(book, l)
	p.warnRoles(book, l)
	if p.Textbook() {
		p.warnDead(book.rules, l)
		warnUnreachable(book.rules, declared, l)
	}
}

func warnDuplicates(book rulebook, l *findings) {
	seen := map[string]int{}
	report := func(line, column int, fields ...string) {
		key := rowKey(fields)
		if first := seen[key]; first > 0 {
			l.warn(line, column, strings.Join(fields, ", "), fmt.Sprintf("the same row as line %d", first), "remove one")
			return
		}
		seen[key] = line
	}
	for _, r := range book.rules {
		report(r.line, r.column, r.sub, r.obj, r.act, r.eft)
	}
	for _, k := range book.links {
		report(k.line, k.column, k.from, k.to)
	}
}

// warnRoles reports roles that nobody gets and roles that give nothing, each where it stands first.
func (p *Policy) warnRoles(book rulebook, l *findings) {
	var holders []string
	for _, k := range book.links {
		if kindOf(k.from) != kindRole {
			holders = append(holders, k.from)
		}
	}
	given := p.rows.reach(holders...)
	ruled := map[uint32]bool{}
	for _, r := range book.rules {
		ruled[p.rows.ids[r.sub]] = true
	}
	for _, m := range roleMentions(book) {
		if _, has := given.find(p.rows.ids[m.from]); !has {
			l.warn(m.line, m.column, m.from, "no row gives this role to anybody; only a role claim of a token could", "give it with a g row, or remove it")
		}
		if !slices.ContainsFunc(p.rows.reach(m.from), func(s step) bool { return ruled[s.subject] }) {
			l.warn(m.line, m.column, m.from, "no p row names this role or one it includes", "write what it may do, or remove it")
		}
	}
}

// roleMentions returns every role with the place where it stands first.
func roleMentions(book rulebook) []link {
	var list []link
	for _, r := range book.rules {
		list = append(list, link{line: r.line, column: r.column, from: r.sub})
	}
	for _, k := range book.links {
		list = append(list, k, link{line: k.line, column: k.column, from: k.to})
	}
	slices.SortStableFunc(list, func(a, b link) int { return a.line - b.line })
	seen := map[string]bool{}
	return slices.DeleteFunc(list, func(m link) bool {
		known := seen[m.from]
		seen[m.from] = true
		return known || kindOf(m.from) != kindRole
	})
}

// warnDead reports allow rows that a deny row takes back entirely: whoever the allow row is about, the deny row is about
// as well, and its patterns cover all of it.
func (p *Policy) warnDead(rules []rule, l *findings) {
	denies := map[string]map[string]map[string]int{}
	for _, r := range rules {
		if r.eft != effectDeny {
			continue
		}
		if denies[r.sub] == nil {
			denies[r.sub] = map[string]map[string]int{}
		}
		if denies[r.sub][r.obj] == nil {
			denies[r.sub][r.obj] = map[string]int{}
		}
		if denies[r.sub][r.obj][r.act] == 0 {
			denies[r.sub][r.obj][r.act] = r.line
		}
	}
	for _, r := range rules {
		if r.eft != effectAllow || kindOf(r.sub) == kindScope {
			continue
		}
		first := 0
		for _, s := range p.rows.reach(r.sub, subjectAnyone) {
			if line := coveredBy(denies[p.rows.names[s.subject]], r); line > 0 && (first == 0 || line < first) {
				first = line
			}
		}
		if first > 0 {
			l.warn(r.line, r.column, rowText(r), fmt.Sprintf("a contradiction: line %d denies all that this row allows", first), "remove one of the two")
		}
	}
}

// coveredBy returns the line of a deny row that covers the patterns of r, 0 if none does.
func coveredBy(denies map[string]map[string]int, r rule) int {
	if len(denies) == 0 {
		return 0
	}
	for _, object := range covering(r.obj) {
		for _, action := range covering(r.act) {
			if line := denies[object][action]; line > 0 {
				return line
			}
		}
	}
	return 0
}

// covering returns every pattern that matches whatever the given one matches.
func covering(pattern string) []string {
	list := []string{pattern}
	base := strings.TrimSuffix(pattern, "*")
	for i := range len(base) + 1 {
		list = append(list, base[:i]+"*")
	}
	return list
}

// warnUnreachable reports declared permissions that no allow row could ever match.
func warnUnreachable(rules []rule, declared []Requirement, l *findings) {
	var wanted []Template
	for _, need := range declared {
		wanted = addTemplates(wanted, need.permissions)
	}
	for _, t := range wanted {
		reachable := slices.ContainsFunc(rules, func(r rule) bool {
			return r.eft == effectAllow && kindOf(r.sub) != kindScope && t.couldMatch(r.obj, r.act)
		})
		if !reachable {
			l.warn(0, 0, t.text, "no row allows a permission that an operation declares, so that nobody can use it", "write an allow row for it")
		}
	}
}
