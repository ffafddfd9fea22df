package authz

import (
	"slices"
	"strconv"
	"strings"
)

// maxChain is the longest chain of g rows. Casbin's role manager follows ten steps and cuts what is longer without a
// word; the caller of a request is the tenth.
const maxChain = 9

// graph is what the g rows say: who gets what from whom.
type graph struct {
	out map[string][]link
}

func newGraph(links []link) graph {
	g := graph{out: map[string][]link{}}
	for _, l := range links {
		g.out[l.from] = append(g.out[l.from], l)
	}
	return g
}

// reach returns everything that the subjects are or get, the subjects themselves included.
func (g graph) reach(subjects ...string) map[string]bool {
	seen := map[string]bool{}
	queue := slices.Clone(subjects)
	for len(queue) > 0 {
		name := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		if seen[name] {
			continue
		}
		seen[name] = true
		for _, l := range g.out[name] {
			queue = append(queue, l.to)
		}
	}
	return seen
}

// walk finds loops and chains that are too long, each at the row that makes it so.
type walk struct {
	graph  graph
	height map[string]int // longest chain of rows that starts at a finished name
	path   []string       // names from where the walk started to where it is
	onPath map[string]bool
	found  *findings
}

func checkGraph(links []link, l *findings) {
	w := walk{graph: newGraph(links), height: map[string]int{}, onPath: map[string]bool{}, found: l}
	for _, l := range links {
		w.visit(l.from)
	}
}

// visit returns the longest chain of rows that starts at name. Rows that close a loop are reported and left out.
func (w *walk) visit(name string) int {
	if h, done := w.height[name]; done {
		return h
	}
	w.path = append(w.path, name)
	w.onPath[name] = true
	longest := 0
	for _, l := range w.graph.out[name] {
		if w.onPath[l.to] {
			i := slices.Index(w.path, l.to)
			loop := strings.Join(append(slices.Clone(w.path[i:]), l.to), " -> ")
			w.found.fail(l.line, l.column, loop, "a loop of g rows", "remove one row of the loop")
			continue
		}
		below := w.visit(l.to)
		if below == maxChain {
			w.found.fail(l.line, l.column, l.from+", "+l.to, "a chain of more than "+strconv.Itoa(maxChain)+" g rows starts here",
				"give the lower roles directly")
		}
		longest = max(longest, below+1)
	}
	w.path = w.path[:len(w.path)-1]
	delete(w.onPath, name)
	w.height[name] = longest
	return longest
}
