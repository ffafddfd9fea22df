package server

import (
	"sort"

	"github.com/sallyport-mcp/sallyport/internal/auditchain"
)

// lineKind says what a line of the audit is.
type lineKind int

const (
	// lineRecord is the record of one decision.
	lineRecord lineKind = iota
	// lineAggregate counts refusals before a verified token.
	lineAggregate
	// lineNote is about the audit itself, and no decision.
	lineNote
)

// mark is where a line of a page ends, and for how many decisions it stands.
type mark struct {
	end       int
	kind      lineKind
	decisions uint64
}

// page is a batch of whole lines for one write.
type page struct {
	text    []byte
	marks   []mark
	notes   int      // how many of the lines are notes; they stand in front
	waiting *waiting // who waits for the page, nil if nobody does
}

func (p *page) reset() {
	p.text, p.marks, p.notes, p.waiting = p.text[:0], p.marks[:0], 0, nil
}

// end marks the end of a line.
func (p *page) end(kind lineKind, decisions uint64) {
	p.marks = append(p.marks, mark{len(p.text), kind, decisions})
}

// whole returns how many lines n bytes of the page hold. One that lacks nothing but
// its end is there: it gets that with the next write.
func (p *page) whole(n int) int {
	return sort.Search(len(p.marks), func(i int) bool { return p.marks[i].end > n+1 })
}

// endOf returns where the first n lines end.
func (p *page) endOf(n int) int {
	if n == 0 {
		return 0
	}
	return p.marks[n-1].end
}

// line appends a line, which has no end yet, as one that follows at in the chain,
// if there is one.
func (p *page) line(line []byte, m mark, c *chain, at *auditchain.Place) {
	if c == nil {
		p.text = append(append(p.text, line...), '\n')
	} else {
		p.text = c.hasher.Append(p.text, line, at)
	}
	p.end(m.kind, m.decisions)
}

// note appends a line about the audit itself.
func (p *page) note(line []byte, c *chain, at *auditchain.Place) {
	p.line(line, mark{kind: lineNote}, c, at)
	p.notes++
}
