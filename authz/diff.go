package authz

import (
	"fmt"
	"slices"
)

// Difference is what two policies answer differently.
type Difference struct {
	// Changes are the answers that differ, in the order of the operations and of what each needs; for each anyone, users,
	// groups, roles, clients and scopes, sorted by name. Nil if none differs.
	Changes []Change
	// Incomplete says, a sentence each, what was not compared, so that answers may differ in it and not be in Changes. Nil
	// means that Changes are all there are.
	Incomplete []string
}

// Change is an answer that differs: about one permission of an operation, or one scope if Subject is a scope.
type Change struct {
	// Subject is whom it is about, as rows name it, for example "role:editor"; or "anyone". It is a caller who is this
	// subject and nothing else but anyone, as in a [MatrixRow].
	Subject string
	// Through says that it is about users through the client that Subject is, and whether the client stands in the way: yes
	// means that it does not.
	Through bool
	// Operation is one of those given.
	Operation Operation
	// Need is the permission or scope, as the operation declares it.
	Need string
	// Values are the values of its placeholders that the change is about, sorted by name; nil if it has none.
	Values []Value
	// Before and After are the answers. [AnswerSome] is one of door one: covered if the request has the right value for a
	// placeholder of another operation.
	Before, After Verdict
	// Decides says that for the caller who is this subject alone the operation opens or closes. If not, something else it
	// needs keeps it shut before and after, or a denial came or went where nothing allows: then the change shows only together
	// with what else a caller is.
	Decides bool
}

// Gain reports whether After lets more through than Before: a change that is none is a loss. A denial that is no more is a
// gain, since what another subject of a caller is allowed can now count.
func (c Change) Gain() bool { return c.After.Answer.rank() > c.Before.Answer.rank() }

func (a Answer) rank() int {
	return slices.Index([]Answer{AnswerDenied, AnswerError, AnswerNo, AnswerSome, AnswerYes}, a)
}

// Diff compares the answers of two policies, which have to be compiled with the same Options. A nil Policy denies everything.
//
// It compares, for every subject that either policy names, the answer about each permission and scope that the operations
// declare, and so finds every change of a decision about whoever it is. For the answer of door two about a permission is a
// function of the answers about the single subjects of the caller: denied if one of them is denied, or else allowed
// if one is allowed. Adding anyone to each, whom every caller is, changes nothing in that. The client of a user is such a
// subject of its own. Door one covers a scope if one of the token's scopes does. So if a decision differs, it differs in a
// permission or scope, and there for one of the caller's subjects, client or scopes; a subject that neither policy names is
// answered as anyone is. Whole operations would not do: of two permissions that an operation needs, two roles of a
// caller can give one each.
//
// Of placeholders it compares one value out of each class that the rows about the subject, of both policies, do not tell apart.
//
// Under a model other than the textbook one none of this need hold; Incomplete then says so.
func Diff(before, after *Policy, ops []Operation) Difference {
	d := differ{before: newLookout(before), after: newLookout(after), changes: make([][]Change, len(ops))}
	d.before.wide, d.after.wide = true, true
	if d.before.casbin != nil || d.after.casbin != nil {
		d.cut = append(d.cut, "the model is not the textbook one: compared are callers who are one subject, with values that rows name "+
			"letter by letter; what several subjects together or other values are answered may differ")
	}
	for _, c := range d.callers() {
		rows := slices.Concat(d.before.patterns(c.names(d.before.aliases)), d.after.patterns(c.names(d.after.aliases)))
		for i, op := range ops {
			d.compare(c, rows, i, op)
		}
	}
	return Difference{Changes: slices.Concat(d.changes...), Incomplete: d.cut}
}

// differ compares two policies.
type differ struct {
	before, after lookout
	changes       [][]Change // by operation
	cut           []string
}

// pair is the verdicts before and after.
type pair struct{ before, after Verdict }

// callers are all that either policy names, and anyone.
func (d *differ) callers() []*lone {
	aliases := d.after.aliases
	if len(aliases) == 0 {
		aliases = d.before.aliases
	}
	list := []*lone{newLone(subjectAnyone, false, aliases)}
	for _, kind := range []string{kindUser, kindGroup, kindRole, kindClient, kindScope} {
		names := slices.Concat(d.before.subjects(kind), d.after.subjects(kind))
		slices.Sort(names)
		for _, name := range slices.Compact(names) {
			list = append(list, newLone(name, false, aliases))
			if kind == kindClient {
				list = append(list, newLone(name, true, aliases))
			}
		}
	}
	return list
}

// compare compares the answers about one caller and the operation of that number.
func (d *differ) compare(c *lone, rows []Permission, number int, op Operation) {
	if op.Need.anyPrincipal {
		return
	}
	list := c.needs(op.Need)
	for i := range list {
		t := &list[i]
		g := guesses{}
		complete := g.addAll(list[i:i+1], rows)
		answers, all := tell(g, namesOf(list[i:i+1]), func(v []Value) pair {
			return pair{d.before.say(c, op.Need, t, v), d.after.say(c, op.Need, t, v)}
		})
		if !complete || !all {
			d.note(fmt.Sprintf("%s: there are more values for the placeholders of %s than can be compared", op.Name, t.text))
		}
		for _, a := range answers {
			if a.answer.before.Answer == a.answer.after.Answer {
				continue
			}
			change := Change{
				Subject: c.subject, Through: c.through, Operation: op, Need: t.text, Values: a.values,
				Before: a.answer.before, After: a.answer.after,
			}
			change.Decides = d.decides(c, rows, change)
			d.changes[number] = append(d.changes[number], change)
		}
	}
}

// note keeps a sentence once.
func (d *differ) note(sentence string) {
	if !slices.Contains(d.cut, sentence) {
		d.cut = append(d.cut, sentence)
	}
}

// decides reports whether the operation as a whole opens or closes to a caller with some values for what else it needs.
func (d *differ) decides(c *lone, rows []Permission, change Change) bool {
	need := change.Operation.Need
	list := c.needs(need)
	if len(list) == 1 || c.through {
		return opens(change.Before) != opens(change.After)
	}
	g := guesses{}
	g.addAll(list, rows)
	other := slices.DeleteFunc(namesOf(list), func(name string) bool {
		return slices.ContainsFunc(change.Values, func(v Value) bool { return v.Name == name })
	})
	answers, _ := tell(g, other, func(v []Value) bool {
		all := slices.Concat(v, change.Values)
		return opens(d.before.sayAll(c, need, all)) != opens(d.after.sayAll(c, need, all))
	})
	return slices.ContainsFunc(answers, func(a told[bool]) bool { return a.answer })
}

// opens tells apart what can let a caller in: surely, perhaps, or never.
func opens(v Verdict) Answer {
	if v.Answer == AnswerYes || v.Answer == AnswerSome {
		return v.Answer
	}
	return AnswerNo
}

// couldCover reports whether a scope that a token does not cover in this request is one that it covers in the other spelling
// in a request with the right value for something else.
func (l lookout) couldCover(d *delegation, token []string, need Requirement, t *Template, v []Value) bool {
	f := t.fill(nil, given(v))
	if string(f.action) != defaultAction || !l.holds(d, token, f.otherwise(nil, t.short)) {
		return false
	}
	known := map[string]guess{}
	for _, one := range v {
		known[one.Name] = guess{text: one.Example}
	}
	means := func(other Template) bool {
		return other.short != t.short && other.matches(string(f.object), defaultAction, known, func(map[string]guess) bool { return true })
	}
	return slices.ContainsFunc(l.implicit, means) || slices.ContainsFunc(need.scopes, means)
}
