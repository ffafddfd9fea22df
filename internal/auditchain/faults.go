package auditchain

import (
	"fmt"
	"slices"
)

// strange takes a line that follows nothing. What is wrong with it the next line tells: that one follows the line as it was written,
// or the line before.
func (v *Verifier) strange(e *Entry) {
	v.settle(nil)
	last := v.places[0].Place
	should := last.Seq + 1
	kind := KindEdited
	switch {
	case e.Opens: // one that is as it was written tells itself what it follows
	case e.Seq > should:
		kind = KindMissing
	case e.Seq < should:
		kind = KindReordered
	}
	v.odd = &oddity{line: v.line, seq: e.Seq, after: last.Seq, kind: kind}
	v.places = v.places[:0]
	add := func(seq uint64, link Link, kind Kind) {
		v.places = append(v.places, option{Place: Place{seq, link}, folded: link, kind: kind})
	}
	if kind != KindReordered {
		add(e.Seq, e.Link, kind)
	}
	add(last.Seq, last.Link, KindReordered)
	if e.Seq != should {
		add(should, e.Link, KindEdited) // its number was edited
	}
	add(should, v.hasher.Next(last.Link, e.Body), KindEdited) // its link was
	if e.Opens {                                              // what it follows may have been edited, or its link
		add(e.Seq, e.Link, KindEdited)
		add(e.Seq, v.hasher.Next(e.Prev, e.Body), KindEdited)
	}
	v.any = true
}

// settle says what the odd line is, now that the line after it follows the place, or that nothing does. Then the first place counts.
func (v *Verifier) settle(by *option) {
	odd := v.odd
	if odd == nil {
		return
	}
	v.odd = nil
	kind := odd.kind
	if by != nil {
		kind = by.kind
	} else {
		v.places = v.places[:1]
	}
	switch kind {
	case KindMissing:
		v.missing(odd.line, odd.after, odd.seq)
	case KindReordered:
		v.outOfPlace(odd.line, odd.seq, odd.after)
	default:
		v.report.add(odd.line, KindEdited, "the line is not as it was written")
	}
}

// missing reports that the lines between two numbers are gone, save those that stand elsewhere.
func (v *Verifier) missing(line int, last, seq uint64) {
	if seq <= last+1 {
		v.report.add(line, KindMissing, "the line does not follow the one before: what was between them is gone")
		return
	}
	g := gap{from: last + 1, to: seq - 1, left: seq - last - 1}
	for early, fault := range v.strays {
		if early >= g.from && early <= g.to {
			v.moved(fault, early)
			delete(v.strays, early)
			g.left--
		}
	}
	if g.left == 0 {
		return
	}
	g.fault = v.report.add(line, KindMissing, "%s", missingText(g))
	if len(v.gaps) < maxRemembered && g.fault >= 0 {
		v.gaps = append(v.gaps, g)
	}
}

func missingText(g gap) string {
	if g.from == g.to {
		return fmt.Sprintf("the line in front of it, with seq %d, is gone", g.from)
	}
	return fmt.Sprintf("%d lines in front of it, with seq %d to %d, are gone", g.left, g.from, g.to)
}

// outOfPlace reports a line that was written elsewhere: it is one that is missing there, or there twice.
func (v *Verifier) outOfPlace(line int, seq, last uint64) {
	for i := range v.gaps {
		g := &v.gaps[i]
		if seq >= g.from && seq <= g.to && g.left > 0 {
			g.left--
			v.report.add(line, KindReordered, "%s", elsewhere(seq))
			return
		}
	}
	fault := v.report.add(line, KindRepeated, "the line with seq %d is there once more, or was never written", seq)
	if seq > last && len(v.strays) < maxRemembered {
		v.strays[seq] = fault
	}
}

// moved changes the fault of a line that came too early, now that it is missing where it should be.
func (v *Verifier) moved(fault int, seq uint64) {
	if fault >= 0 {
		v.report.Faults[fault].Kind, v.report.Faults[fault].Text = KindReordered, elsewhere(seq)
	}
}

func elsewhere(seq uint64) string {
	return fmt.Sprintf("the line with seq %d was written to another place", seq)
}

// tidy drops the gaps whose lines were all found elsewhere, and ends what is remembered of the file's faults.
func (v *Verifier) tidy() {
	var filled []int
	for _, g := range v.gaps {
		if g.left == 0 {
			filled = append(filled, g.fault)
		} else {
			v.report.Faults[g.fault].Text = missingText(g)
		}
	}
	slices.Sort(filled)
	for _, at := range slices.Backward(filled) {
		v.report.Faults = slices.Delete(v.report.Faults, at, at+1)
		v.report.Total--
	}
	v.gaps = nil
	clear(v.strays)
}
