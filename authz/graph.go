package authz

import (
	"cmp"
	"slices"
)

// maxChain is the longest chain of g rows. Casbin's role manager follows ten steps and cuts what is longer without a
// word; the caller of a request is the tenth.
const maxChain = 9

// graph is what g rows say: who gets what from whom. Subjects are numbers in it, so that following a chain compares no
// names. It is immutable once it is built.
type graph struct {
	ids   map[string]uint32
	names []string   // by number
	links []link     // the rows, in file order
	out   [][]uint32 // by number: the links that start there
}

// newGraph numbers the subjects of the links and any others that are named.
func newGraph(links []link, others ...string) *graph {
	g := &graph{ids: make(map[string]uint32, len(links)+len(others)), links: slices.Clone(links)}
	for _, name := range others {
		g.number(name)
	}
	for i := range g.links {
		l := &g.links[i]
		l.start, l.end = g.number(l.from), g.number(l.to)
		g.out[l.start] = append(g.out[l.start], uint32(i))
	}
	return g
}

// number returns the number of a name, a new one if it has none.
func (g *graph) number(name string) uint32 {
	id, known := g.ids[name]
	if !known {
		id = uint32(len(g.names)) //nolint:gosec // a policy file is far smaller than 4 GiB
		g.ids[name] = id
		g.names = append(g.names, name)
		g.out = append(g.out, nil)
	}
	return id
}

// noLink marks a subject that was not reached by a row: it is one of those the search began with.
const noLink = ^uint32(0)

// step is a subject that was reached, and the link that led there.
type step struct{ subject, link uint32 }

// steps are everything that some subjects are or get, by number, each reached by the fewest rows.
type steps []step

// reach returns everything that the named subjects are or get, themselves included. What no row names is left out: nothing
// depends on it.
func (g *graph) reach(names ...string) steps {
	var found steps
	seen := map[uint32]bool{}
	add := func(s step) {
		if !seen[s.subject] {
			seen[s.subject] = true
			found = append(found, s)
		}
	}
	for _, name := range names {
		if id, known := g.ids[name]; known {
			add(step{id, noLink})
		}
	}
	for next := 0; next < len(found); next++ { //nolint:intrange // the list grows meanwhile
		for _, l := range g.out[found[next].subject] {
			add(step{g.links[l].end, l})
		}
	}
	slices.SortFunc(found, func(a, b step) int { return cmp.Compare(a.subject, b.subject) })
	return found
}

// find returns where the subject is in the list, and whether it is.
func (s steps) find(subject uint32) (int, bool) {
	return slices.BinarySearchFunc(s, subject, func(e step, id uint32) int { return cmp.Compare(e.subject, id) })
}

// has reports whether a subject of that name was reached.
func (g *graph) has(s steps, name []byte) bool {
	id, known := g.ids[string(name)]
	if known {
		_, known = s.find(id)
	}
	return known
}

// chain returns the links that lead to a subject that was reached, the first one first; none if the search began there.
func (g *graph) chain(s steps, subject uint32) []link {
	var list []link
	for {
		i, reached := s.find(subject)
		if !reached || s[i].link == noLink {
			break
		}
		l := g.links[s[i].link]
		list = append(list, l)
		subject = l.start
	}
	slices.Reverse(list)
	return list
}

// leadingTo reports of each subject whether it is marked or gets something that is. There must be no loop.
func (g *graph) leadingTo(marked []bool) []bool {
	leads, done := slices.Clone(marked), make([]bool, len(marked))
	var visit func(subject uint32) bool
	visit = func(subject uint32) bool {
		if !done[subject] {
			done[subject] = true
			for _, l := range g.out[subject] {
				leads[subject] = visit(g.links[l].end) || leads[subject]
			}
		}
		return leads[subject]
	}
	for id := range leads {
		visit(uint32(id))
	}
	return leads
}
