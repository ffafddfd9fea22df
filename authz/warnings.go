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
		p.warnUnreachable(declared, l)
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
	ruled := make([]bool, len(p.rows.names))
	for _, r := range book.rules {
		ruled[p.rows.ids[r.sub]] = true
	}
	gives := p.rows.leadingTo(ruled)
	for _, m := range roleMentions(book) {
		if _, has := given.find(p.rows.ids[m.from]); !has {
			l.warn(m.line, m.column, m.from, "no row gives this role to anybody; only a role claim of a token could", "give it with a g row, or remove it")
		}
		if !gives[p.rows.ids[m.from]] {
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
	denies, denying := p.denies(rules)
	under := p.rows.leadingTo(denying)
	everybody, named := p.rows.ids[subjectAnyone]
	for _, r := range rules {
		id := p.rows.ids[r.sub]
		mayBeDenied := under[id] || named && under[everybody]
		if r.eft != effectAllow || kindOf(r.sub) == kindScope || !mayBeDenied {
			continue
		}
		first := 0
		for _, s := range p.rows.reach(r.sub, subjectAnyone) {
			if line := denies[s.subject].covering(r); line > 0 && (first == 0 || line < first) {
				first = line
			}
		}
		if first > 0 {
			l.warn(r.line, r.column, rowText(r), fmt.Sprintf("a contradiction: line %d denies all that this row allows", first), "remove one of the two")
		}
	}
}

// denyLines are the lines of a subject's deny rows, by object and action.
type denyLines map[Permission]int

// denies returns the deny rows by subject, and which subjects have any.
func (p *Policy) denies(rules []rule) (map[uint32]denyLines, []bool) {
	list, has := map[uint32]denyLines{}, make([]bool, len(p.rows.names))
	for _, r := range rules {
		if r.eft != effectDeny {
			continue
		}
		id := p.rows.ids[r.sub]
		if !has[id] {
			list[id], has[id] = denyLines{}, true
		}
		if at := (Permission{r.obj, r.act}); list[id][at] == 0 {
			list[id][at] = r.line
		}
	}
	return list, has
}

// covering returns the line of a deny row that covers the patterns of r, 0 if none does.
func (d denyLines) covering(r rule) int {
	if len(d) == 0 {
		return 0
	}
	for _, object := range covering(r.obj) {
		for _, action := range covering(r.act) {
			if line := d[Permission{object, action}]; line > 0 {
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
