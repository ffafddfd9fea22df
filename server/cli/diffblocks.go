package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sallyport-mcp/sallyport/authz"
)

// shift is what changes have to have in common to be told in one: how the answer was, and how it is.
type shift struct {
	gain, decides, through, delegated bool
	before, after                     authz.Answer
}

// block is what is told in one: how the answers of some subjects about some operations shifted.
type block struct {
	shift
	what       []string // the operations, with the permission and the values if they matter
	operations []string // their names alone
	who        []string
	was, now   []string // rules
}

func blockOf(c authz.Change, title string) block {
	b := block{
		shift: shift{
			gain: c.Gain(), decides: c.Decides, through: c.Through, delegated: strings.HasPrefix(c.Subject, "scope:"),
			before: c.Before.Answer, after: c.After.Answer,
		},
		who: []string{shown(c.Subject)}, was: rulesOf(c.Before), now: rulesOf(c.After),
	}
	if c.Through {
		b.who[0] = "users via " + b.who[0]
	}
	b.operations, b.what = []string{title}, []string{title}
	if needs := needsOf(b.shift, c.Operation); len(needs) > 1 {
		b.what[0] = inPart(title, c.Need)
	}
	if slices.ContainsFunc(c.Values, func(v authz.Value) bool { return v.Pattern != "*" || len(v.Except) > 0 }) {
		b.what[0] += " with " + valuesText(c.Values)
	}
	return b
}

// needsOf returns what an operation needs of the door that was asked.
func needsOf(s shift, op authz.Operation) []authz.Template {
	if s.delegated {
		return op.Need.Scopes()
	}
	return op.Need.Permissions()
}

// inPart names an operation of which one thing that it needs is told.
func inPart(title, need string) string { return title + " (for " + shown(need) + ")" }

func rulesOf(v authz.Verdict) []string {
	if v.Rule == "" {
		return nil
	}
	return []string{shown(v.Rule)}
}

// gathered puts changes together: first what shifted in the same way for several subjects, then what did so in several
// operations for the same subjects.
func gathered(changes []authz.Change, ops []authz.Operation) []block {
	byWhat := joined(blocksOf(changes, ops), func(b block) []string { return b.what })
	for i, b := range byWhat {
		if slices.Contains(b.who, "anyone") {
			byWhat[i].who = []string{"anyone"} // everybody else is, too
		}
	}
	blocks := joined(byWhat, func(b block) []string { return b.who })
	for i := range blocks {
		blocks[i].unite(ops)
	}
	return blocks
}

// unite names operations of which everything that they need is told as a whole.
func (b *block) unite(ops []authz.Operation) {
	for i, title := range titles(ops) {
		var all []string
		for _, need := range needsOf(b.shift, ops[i]) {
			all = append(all, inPart(title, need.String()))
		}
		at := slices.Index(b.what, append(all, "")[0])
		missing := func(part string) bool { return !slices.Contains(b.what, part) }
		if at < 0 || slices.ContainsFunc(all, missing) {
			continue
		}
		b.what[at] = title
		b.what = slices.DeleteFunc(b.what, func(s string) bool { return slices.Contains(all, s) })
	}
}

// blocksOf makes a block of each change. That a client's own token is denied, or no more, is told once, of users through it.
func blocksOf(changes []authz.Change, ops []authz.Operation) []block {
	title := map[string]string{}
	for i, name := range titles(ops) {
		title[ops[i].Kind+ops[i].Name] = name
	}
	var list []block
	for _, c := range changes {
		denied := c.Before.Answer == authz.AnswerDenied || c.After.Answer == authz.AnswerDenied
		if strings.HasPrefix(c.Subject, "client:") && !c.Through && !c.Decides && denied {
			continue
		}
		list = append(list, blockOf(c, title[c.Operation.Kind+c.Operation.Name]))
	}
	return list
}

// joined makes one of all blocks with the same shift that have the same of something.
func joined(blocks []block, same func(block) []string) []block {
	var list []block
	at := map[string]int{}
	for _, b := range blocks {
		key := fmt.Sprintf("%v %q", b.shift, same(b))
		i, known := at[key]
		if !known {
			i = len(list)
			at[key] = i
			list = append(list, block{shift: b.shift})
		}
		one := &list[i]
		one.what, one.operations = append(one.what, b.what...), append(one.operations, b.operations...)
		one.who, one.was, one.now = append(one.who, b.who...), append(one.was, b.was...), append(one.now, b.now...)
	}
	for i := range list {
		for _, texts := range []*[]string{&list[i].what, &list[i].operations, &list[i].who, &list[i].was, &list[i].now} {
			*texts = distinct(*texts)
		}
	}
	return list
}

// distinct keeps the first of each text.
func distinct(list []string) []string {
	var kept []string
	seen := map[string]bool{}
	for _, s := range list {
		if !seen[s] {
			seen[s] = true
			kept = append(kept, s)
		}
	}
	return kept
}
