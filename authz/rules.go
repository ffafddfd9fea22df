package authz

import (
	"slices"
	"strconv"
	"strings"
)

// The effects of a row, and the two kinds of rows.
const (
	effectAllow = "allow"
	effectDeny  = "deny"

	rowRule = "p"
	rowLink = "g"
)

// rule is a p row: a subject, patterns of object and action, an effect.
type rule struct {
	line, column       int
	sub, obj, act, eft string
}

// fields returns the rule as Casbin stores it.
func (r rule) fields() []string { return []string{r.sub, r.obj, r.act, r.eft} }

// link is a g row: from has everything that to has.
type link struct {
	line, column int
	from, to     string
	start, end   uint32 // the same two by number, in a graph
}

// rulebook is everything a policy says, in file order, with the names that Casbin gets to see.
type rulebook struct {
	rules []rule
	links []link
}

// readPolicy reads and checks a policy. Under the textbook model objects and actions follow the pattern rule.
func readPolicy(data []byte, textbook bool, aliases []string, l *findings) rulebook {
	var book rulebook
	rows := readRows(data, l)
	if len(rows) == 0 && !l.failed() {
		l.fail(1, 1, "", "the policy has no rows", "write at least one p row; without one nobody may do anything")
	}
	for _, r := range rows {
		book.addRow(r, textbook, aliases, l)
	}
	return book
}

func (b *rulebook) addRow(r row, textbook bool, aliases []string, l *findings) {
	kind := r.text(0)
	var want int
	var reason string
	switch kind {
	case rowRule:
		want, reason = 5, "a p row has 4 fields after p: subject, object, action, effect; this one has "
	case rowLink:
		want, reason = 3, "a g row has 2 fields after g: who gets, and what; this one has "
	case headerKind:
		l.fail(r.line, r.fields[0].column, kind, "a line of headings, which would be read as a row", "remove the line")
		return
	default:
		if !r.broken {
			l.fail(r.line, r.fields[0].column, kind, "an unknown kind of row", "start the row with p or g")
		}
		return
	}
	if len(r.fields) != want {
		if filled := slices.DeleteFunc(slices.Clone(r.fields), func(f field) bool { return f.text == "" }); len(filled) != want {
			l.fail(r.line, r.fields[len(r.fields)-1].column, lastText(r), reason+strconv.Itoa(len(r.fields)-1), shapeFix(r))
		}
		return // without its empty fields, which are reported, the row is complete
	}
	if r.broken {
		return
	}
	if kind == rowRule {
		b.addRule(r, textbook, aliases, l)
	} else {
		b.addLink(r, aliases, l)
	}
}

// headerKind is the heading of the first column in files that other programs write.
const headerKind = "ptype"

// shapeFix says what a row with too few or too many fields seems to lack.
func shapeFix(r row) string {
	if r.text(0) == rowLink {
		return "write g, WHO, WHAT"
	}
	const whole = "write p, SUBJECT, OBJECT, ACTION, allow or deny"
	if len(r.fields) != 4 {
		return whole
	}
	if last := lastText(r); last != effectAllow && last != effectDeny {
		return "write the effect behind it: allow or deny"
	}
	if strings.Contains(r.text(2), ":") {
		return "write the object and the action as two fields: a comma in place of the last colon"
	}
	return whole
}

// lastText is the last field of a row, which tells best where it was cut short or went on.
func lastText(r row) string { return r.text(len(r.fields) - 1) }

func (b *rulebook) addRule(r row, textbook bool, aliases []string, l *findings) {
	ok := true
	report := func(i int, f *fault) {
		if f != nil {
			ok = false
			l.fail(r.line, r.fields[i].column, r.text(i), f.reason, f.fix)
		}
	}
	report(1, checkSubject(r.text(1), aliases))
	if textbook || kindOf(r.text(1)) == kindScope { // door one is decided by the textbook model, whatever the file says
		report(2, checkPattern(r.text(2)))
		report(3, checkPattern(r.text(3)))
		report(3, checkAction(r.text(3)))
	}
	report(4, checkEffect(r.text(4), kindOf(r.text(1))))
	if ok {
		b.rules = append(b.rules, rule{
			line: r.line, column: r.fields[1].column,
			sub: expand(r.text(1), aliases), obj: r.text(2), act: r.text(3), eft: r.text(4),
		})
	}
}

// checkPattern returns what is wrong with an object or action: exact, or one trailing '*'.
func checkPattern(s string) *fault {
	if i := strings.IndexByte(s, '*'); i >= 0 && i != len(s)-1 {
		return &fault{"a '*' that is not the last character, after which everything would match", "write the exact name, or one '*' at its end"}
	}
	if strings.ContainsAny(s, "{}'`") {
		return &fault{"a character that no declared name can have, so that the row never matches", "write the value itself, or a prefix and '*'"}
	}
	return nil
}

// checkAction refuses a colon: permissions are split at their last colon, so no action ever has one.
func checkAction(s string) *fault {
	if strings.Contains(s, ":") {
		return &fault{"a colon in an action, which no request has", "write the object in the field before, and only the action here"}
	}
	return nil
}

func checkEffect(effect, kind string) *fault {
	const unknown = "an unknown effect, under which the row would do nothing"
	switch small := strings.ToLower(effect); {
	case small != effect && (small == effectAllow || small == effectDeny):
		return &fault{unknown, "write " + small + " in small letters"}
	case effect != effectAllow && effect != effectDeny:
		return &fault{unknown, "write allow or deny"}
	case effect == effectDeny && kind == kindScope:
		return &fault{"a deny row for a scope, which a client evades by asking for less", "deny the user, group, role, client or anyone instead"}
	}
	return nil
}

func (b *rulebook) addLink(r row, aliases []string, l *findings) {
	ok := true
	for i := 1; i <= 2; i++ {
		if f := checkSubject(r.text(i), aliases); f != nil {
			ok = false
			l.fail(r.line, r.fields[i].column, r.text(i), f.reason, f.fix)
		}
	}
	if !ok {
		return
	}
	if f := checkEdge(r.text(1), r.text(2)); f != nil {
		l.fail(r.line, r.fields[1].column, r.text(1)+", "+r.text(2), f.reason, f.fix)
		return
	}
	b.links = append(b.links, link{
		line: r.line, column: r.fields[1].column,
		from: expand(r.text(1), aliases), to: expand(r.text(2), aliases),
	})
}
