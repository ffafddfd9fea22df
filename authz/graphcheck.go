package authz

import (
	"slices"
	"strconv"
	"strings"
)

// walk finds loops and chains that are too long, each at the row that makes it so.
type walk struct {
	graph  *graph
	height []int    // by subject: the longest chain of rows that starts there, -1 while it is not known
	path   []uint32 // from where the walk started to where it is
	onPath []bool   // by subject
	found  *findings
}

func checkGraph(g *graph, l *findings) {
	w := walk{graph: g, height: make([]int, len(g.names)), onPath: make([]bool, len(g.names)), found: l}
	for i := range w.height {
		w.height[i] = -1
	}
	for _, l := range g.links {
		w.visit(l.start)
	}
}

// visit returns the longest chain of rows that starts at a subject. Rows that close a loop are reported and left out.
func (w *walk) visit(subject uint32) int {
	if w.height[subject] >= 0 {
		return w.height[subject]
	}
	w.path = append(w.path, subject)
	w.onPath[subject] = true
	longest := 0
	for _, i := range w.graph.out[subject] {
		l := w.graph.links[i]
		if w.onPath[l.end] {
			w.found.fail(l.line, l.column, w.loop(l.end), "a loop of g rows", "remove one row of the loop")
			continue
		}
		below := w.visit(l.end)
		if below == maxChain {
			w.found.fail(l.line, l.column, l.from+", "+l.to, "a chain of more than "+strconv.Itoa(maxChain)+" g rows starts here",
				"give the lower roles directly")
		}
		longest = max(longest, below+1)
	}
	w.path = w.path[:len(w.path)-1]
	w.onPath[subject] = false
	w.height[subject] = longest
	return longest
}

// loop names the subjects of the loop that ends where it began.
func (w *walk) loop(subject uint32) string {
	var names []string
	for _, id := range w.path[slices.Index(w.path, subject):] {
		names = append(names, w.graph.names[id])
	}
	return strings.Join(append(names, w.graph.names[subject]), " -> ")
}
