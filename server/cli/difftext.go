package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sallyport-mcp/sallyport/authz"
)

// part is a part of what is told: gains or losses, with the answers that decide a call alone or those that do not.
type part struct {
	title, sum    string // sum is what stands before whom it concerns, with how many operations
	gain, decides bool
}

// parts returns the parts in their order. Gains come first: they are the risk.
func parts() []part {
	return []part{
		{"GAINS", "more operations for:  ", true, true},
		{"GAINS IN PART: alone they open nothing, with another role, group or permission they may", "", true, false},
		{"LOSSES", "fewer operations for: ", false, true},
		{"LOSSES IN PART: alone they close nothing, with another role, group or permission they may", "", false, false},
	}
}

// drawDifference tells whose answers differ.
func drawDifference(d authz.Difference, paths []string, ops []authz.Operation) string {
	text := shown(paths[0]) + " -> " + shown(paths[1]) + "\n\n"
	if len(d.Changes) == 0 {
		text += "no answer differs\n"
	} else {
		blocks := gathered(d.Changes, ops)
		text += noticed(blocks)
		for _, p := range parts() {
			text += p.draw(blocks)
		}
	}
	for _, sentence := range d.Incomplete {
		text += "\n" + flowed("not compared: ", strings.Fields(shown(sentence)))
	}
	return text
}

// noticed sums up who can call more or less, as far as rows alone say.
func noticed(blocks []block) string {
	text, roles := "", false
	for _, p := range parts() {
		order, operations := []string(nil), map[string][]string{}
		for _, b := range blocks {
			if !b.decides || !p.decides || b.gain != p.gain {
				continue
			}
			for _, who := range b.who {
				if strings.HasPrefix(who, "role:") {
					roles = true
					continue
				}
				order, operations[who] = append(order, who), append(operations[who], b.operations...)
			}
		}
		order = distinct(order)
		for i, who := range order {
			order[i] = fmt.Sprintf("%s (%d)", who, len(distinct(operations[who])))
		}
		if len(order) > 0 {
			text += wrapped(p.sum, people(order))
		}
	}
	switch {
	case text != "":
		return text
	case roles:
		return "only roles change, which reach those who get them from a token\n"
	}
	return "no change opens or closes an operation by itself\n"
}

// people cuts a list of subjects after so many users; groups, roles and clients are all there.
func people(list []string) []string {
	user := func(s string) bool { return strings.HasPrefix(s, "user:") }
	users := slices.DeleteFunc(slices.Clone(list), func(s string) bool { return !user(s) })
	return append(cut(users, "users"), slices.DeleteFunc(slices.Clone(list), user)...)
}

// cut keeps as much of a list as a reader can take in, and says what it leaves out.
func cut(list []string, of string) []string {
	const enough = 20
	if len(list) <= enough {
		return list
	}
	return append(list[:enough:enough], fmt.Sprintf("and %d more %s (see --json)", len(list)-enough, of))
}

// draw draws the blocks that belong to a part; nothing if none does.
func (p part) draw(blocks []block) string {
	text := ""
	for _, b := range blocks {
		if b.gain == p.gain && b.decides == p.decides {
			text += "\n" + b.draw()
		}
	}
	if text == "" {
		return ""
	}
	return "\n" + p.title + "\n" + text
}

// draw tells what, who, how it was and how it is now.
func (b block) draw() string {
	text := ""
	long := func(s string) bool { return strings.Contains(s, " ") }
	if plain := slices.DeleteFunc(slices.Clone(b.what), long); len(plain) > 0 {
		text = wrapped("  ", plain)
	}
	for _, what := range b.what {
		if long(what) {
			text += "  " + what + "\n"
		}
	}
	return text + wrapped("    who  ", people(b.who)) + b.verdict("    was  ", b.before, b.was) + b.verdict("    now  ", b.after, b.now)
}

// verdict tells an answer and the rows behind it.
func (b block) verdict(label string, a authz.Answer, rules []string) string {
	said := label + b.said(a)
	if len(rules) == 0 {
		return said + "\n"
	}
	return wrapped(said+" by ", cut(rules, "rows"))
}

// said puts an answer into words.
func (s shift) said(a authz.Answer) string {
	switch {
	case a == authz.AnswerDenied:
		return "denied"
	case a == authz.AnswerError:
		return "the model cannot be asked, calls are denied"
	case a == authz.AnswerSome:
		return "delegated, if the request has the right value for something else"
	case s.delegated && a == authz.AnswerYes:
		return "delegated"
	case s.delegated:
		return "not delegated"
	case s.through && a == authz.AnswerYes:
		return "not stopped"
	case s.through:
		return "no row admits the client"
	case a == authz.AnswerYes:
		return "allowed"
	}
	return "no row allows it"
}
