package authz

import (
	"cmp"
	"slices"
	"sync/atomic"
)

// ruleIndex is the rows of a policy in the shape that questions are asked in: what an answer costs depends on the roles of
// who is asked about, and not on how many rows there are. It decides as the textbook model does, and is immutable.
type ruleIndex struct {
	*graph
	rules            []rule // in file order
	own              [][]uint32
	objects, actions *patterns
	cells            map[cell]span
	holdings         []holding
	fitting          []atomic.Pointer[[]bool] // by subject, see fits
}

// cell is a pair of patterns: of the object and of the action.
type cell struct{ object, action uint32 }

// span is a part of holdings.
type span struct{ start, end uint32 }

// holding says what one subject has in one cell: its first rule of either effect, noRule if there is none.
type holding struct {
	cell
	subject     uint32
	allow, deny uint32
}

// noRule is larger than the number of any rule, so that the first of two is the smaller.
const noRule = ^uint32(0)

func newRuleIndex(rules []rule, links []link) *ruleIndex {
	subjects := make([]string, len(rules))
	for i, r := range rules {
		subjects[i] = r.sub
	}
	c := &ruleIndex{graph: newGraph(links, subjects...), rules: rules, objects: newPatterns(), actions: newPatterns()}
	c.own = make([][]uint32, len(c.names))
	c.fitting = make([]atomic.Pointer[[]bool], len(c.names))
	list := make([]holding, len(rules))
	for i, r := range rules {
		n := uint32(i)
		h := holding{cell{c.objects.number(r.obj), c.actions.number(r.act)}, c.ids[r.sub], noRule, noRule}
		if r.eft == effectDeny {
			h.deny = n
		} else {
			h.allow = n
			c.own[h.subject] = append(c.own[h.subject], n)
		}
		list[i] = h
	}
	c.fill(list)
	return c
}

// fill sorts the holdings, joins those of one subject in one cell, and notes where each cell is.
func (c *ruleIndex) fill(list []holding) {
	slices.SortFunc(list, func(a, b holding) int {
		return cmp.Or(cmp.Compare(a.object, b.object), cmp.Compare(a.action, b.action), cmp.Compare(a.subject, b.subject))
	})
	c.cells = map[cell]span{}
	for _, h := range list {
		at := c.cells[h.cell]
		if at.end > 0 && c.holdings[at.end-1].subject == h.subject {
			last := &c.holdings[at.end-1]
			last.allow, last.deny = min(last.allow, h.allow), min(last.deny, h.deny)
			continue
		}
		c.holdings = append(c.holdings, h)
		n := uint32(len(c.holdings)) //nolint:gosec // no more than there are rules
		if at.end == 0 {
			at.start = n - 1
		}
		c.cells[h.cell] = span{at.start, n}
	}
}

// matched are the rules that match a question: the first of either effect in file order.
type matched struct{ allow, deny uint32 }

// ask returns the rules that are about one of the subjects and match what is asked.
func (c *ruleIndex) ask(who steps, object, action []byte) matched {
	m := matched{noRule, noRule}
	c.matching(object, action, func(list []holding) { m.meet(who, list) })
	return m
}

// allowsSomebody reports whether any allow row of door two matches what is asked.
func (c *ruleIndex) allowsSomebody(f filled) bool {
	somebody := false
	c.matching(f.object, f.action, func(list []holding) {
		somebody = somebody || slices.ContainsFunc(list, func(h holding) bool {
			return h.allow != noRule && kindOf(c.names[h.subject]) != kindScope
		})
	})
	return somebody
}

// matching passes on what is held in each cell that matches what is asked.
func (c *ruleIndex) matching(object, action []byte, yield func([]holding)) {
	var objects, actions [8]uint32
	on := c.actions.matching(actions[:0], action)
	for _, o := range c.objects.matching(objects[:0], object) {
		for _, a := range on {
			at := c.cells[cell{o, a}]
			yield(c.holdings[at.start:at.end])
		}
	}
}

// meet looks for the subjects that are in both lists, which are both in the order of subjects: it walks through the shorter
// and searches the longer, so that neither a caller with many roles nor a right that many have is slow.
func (m *matched) meet(who steps, list []holding) {
	if len(who) <= len(list) {
		for _, s := range who {
			i, has := slices.BinarySearchFunc(list, s.subject, func(h holding, id uint32) int { return cmp.Compare(h.subject, id) })
			if has {
				m.add(list[i])
			}
			list = list[i:]
		}
		return
	}
	for _, h := range list {
		i, is := who.find(h.subject)
		if is {
			m.add(h)
		}
		who = who[i:]
	}
}

func (m *matched) add(h holding) { m.allow, m.deny = min(m.allow, h.allow), min(m.deny, h.deny) }

// fits reports which of the templates an allow rule of the subject itself could match for some value. It is worked out when it
// is first asked for, and the same templates have to be given each time.
func (c *ruleIndex) fits(subject uint32, list []Template) []bool {
	if known := c.fitting[subject].Load(); known != nil {
		return *known
	}
	fits := make([]bool, len(list))
	for i, t := range list {
		fits[i] = c.fitsOne(subject, &t)
	}
	c.fitting[subject].Store(&fits)
	return fits
}

// fitsOne reports whether an allow rule of the subject itself could match a template for some value.
func (c *ruleIndex) fitsOne(subject uint32, t *Template) bool {
	return slices.ContainsFunc(c.own[subject], func(n uint32) bool { return t.couldMatch(c.rules[n].obj, c.rules[n].act) })
}
