package auditchain

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
)

const (
	// NoteOpened is the reason of the line with which a process opens a file.
	NoteOpened = "audit_opened"
	// NoteLost is the reason of the line that says how many decisions have no record.
	NoteLost = "records_lost"

	// maxLine bounds what is kept of a line. A record is much shorter.
	maxLine = 1 << 20
	// maxRemembered bounds what is remembered to tell one kind of fault from another.
	maxRemembered = 10_000
)

// Verifier reads the files of one audit, the oldest first, and finds what is wrong with them. It keeps no more than a line of a file.
type Verifier struct {
	hasher   *Hasher
	expected []Link
	found    map[Link]bool
	starts   map[Link]bool // the first lines of the chains so far

	any    bool // there was a line in the chain
	places []option
	odd    *oddity // the line that followed nothing, until the next one explains it

	loose []int // lines without a place in the chain since the last one that has one, and are no JSON
	mixed bool  // there was a line without a place since

	gaps   []gap
	strays map[uint64]int // lines that came too early, by number: their faults

	report *Report
	line   int
}

// option is a place that the next line may follow, and what it says about the odd line before it if it does.
type option struct {
	Place
	folded Link // the link, with the lines behind it that have no place
	kind   Kind // of the odd line, empty if there is none
}

// oddity is a line that followed nothing.
type oddity struct {
	line  int
	seq   uint64
	after uint64 // the number it should have followed
	kind  Kind   // what it is if the next line does not tell
}

// gap is a range of numbers that are missing, with its fault.
type gap struct {
	from, to uint64
	left     uint64
	fault    int
}

// NewVerifier returns a Verifier that expects to find lines with these links.
func NewVerifier(expected ...Link) *Verifier {
	return &Verifier{
		hasher: NewHasher(), expected: expected, found: map[Link]bool{}, starts: map[Link]bool{}, strays: map[uint64]int{},
		places: make([]option, 1, 8), // the start
	}
}

// File reads the next file. The error is one of reading it.
func (v *Verifier) File(name string, r io.Reader) (*Report, error) {
	v.report, v.line = &Report{Name: name, Faults: []Fault{}}, 0
	v.places[0].folded = v.places[0].Link
	in := bufio.NewReaderSize(r, 1<<16)
	for {
		line, ended, err := readLine(in)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		v.line++
		v.report.Lines++
		v.one(line, ended)
	}
	v.settle(nil)
	v.dropLoose(true)
	v.tidy()
	if v.any {
		last := v.places[0].Place
		v.report.Seq, v.report.Head = last.Seq, last.Link.String()
	}
	return v.report, nil
}

// Missing returns the expected links that were in none of the files, within a chain that holds.
func (v *Verifier) Missing() []Link {
	return slices.DeleteFunc(slices.Clone(v.expected), func(l Link) bool { return v.found[l] })
}

// readLine returns the next line without its end. Of one that is too long it returns the start.
func readLine(in *bufio.Reader) ([]byte, bool, error) {
	var line []byte
	for {
		part, err := in.ReadSlice('\n')
		if len(line) < maxLine {
			line = append(line, part...)
		}
		switch {
		case err == nil:
			return bytes.TrimSuffix(line, []byte{'\n'}), true, nil
		case errors.Is(err, io.EOF) && len(line) > 0:
			return line, false, nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, false, err
		}
	}
}

// one looks at one line.
func (v *Verifier) one(line []byte, ended bool) {
	if !ended {
		v.report.add(v.line, KindCutOff, "the last line has no end: a write was cut off, or the file was")
	}
	e, ok := Split(line)
	switch {
	case ok:
		v.chained(&e)
	case ended:
		v.unchained(line)
	}
}

// unchained looks at a line without a place in the chain. If a write was cut off, the next line accounts for it.
func (v *Verifier) unchained(line []byte) {
	for i := range v.places {
		v.places[i].folded = v.hasher.Next(v.places[i].folded, line)
	}
	v.mixed = true
	if json.Valid(line) {
		v.report.add(v.line, KindNoChain, "a line of JSON without a place in the chain")
		return
	}
	if len(v.loose) == maxFaults {
		v.dropLoose(true)
	}
	v.loose = append(v.loose, v.line)
}

// dropLoose reports the lines that are no JSON as faults, or counts them as torn.
func (v *Verifier) dropLoose(fault bool) {
	for _, line := range v.loose {
		if fault {
			v.report.add(line, KindNotJSON, "no record, and no write that failed explains it")
		} else {
			v.report.Torn++
		}
	}
	v.loose, v.mixed = v.loose[:0], false
}

// chained looks at a line with a place in the chain.
func (v *Verifier) chained(e *Entry) {
	for i, o := range v.places {
		if e.Seq != o.Seq+1 {
			continue
		}
		if v.hasher.Next(o.Link, e.Body) == e.Link {
			v.follows(e, i, true)
			return
		}
		if v.mixed && v.hasher.Next(o.folded, e.Body) == e.Link {
			v.follows(e, i, false)
			return
		}
	}
	v.dropLoose(true)
	if e.Opens && v.hasher.Next(e.Prev, e.Body) == e.Link {
		v.opens(e)
		return
	}
	v.strange(e)
}

// follows takes a line that follows one of the places.
func (v *Verifier) follows(e *Entry, place int, loose bool) {
	v.settle(&v.places[place])
	v.dropLoose(loose)
	v.take(e)
}

// take goes on from a line that is as it was written.
func (v *Verifier) take(e *Entry) {
	delete(v.strays, e.Seq) // what came too early was a copy
	v.any = true
	if e.Opens {
		v.report.Opened++
	}
	if e.Seq == 1 {
		v.report.Chains++
		v.remember(e.Link)
	}
	v.places = append(v.places[:0], option{Place: e.Place, folded: e.Link})
	if slices.Contains(v.expected, e.Link) {
		v.found[e.Link] = true
	}
	v.report.saw(timeOf(e.Body))
	if bytes.Contains(e.Body, []byte(`"reason":"`+NoteLost+`"`)) {
		v.report.Lost += lostBy(e.Body)
	}
}

// lostBy returns how many decisions a note says are lost.
func lostBy(body []byte) uint64 {
	var note struct {
		Reason string
		Lost   uint64
	}
	if json.Unmarshal(append(slices.Clone(body), '}'), &note) != nil || note.Reason != NoteLost {
		return 0
	}
	return note.Lost
}

// opens takes a line that opens a file or a chain, and does not follow the line before.
func (v *Verifier) opens(e *Entry) {
	fresh := e.Prev == Link{} && e.Seq == 1
	v.settle(nil)
	last := v.places[0].Seq
	switch {
	case fresh && v.starts[e.Link], v.any && !fresh && e.Seq <= last:
		v.outOfPlace(v.line, e.Seq, last)
		return
	case fresh:
		v.tidy()
	case !v.any:
		v.report.Continues = &Start{e.Seq, e.Prev.String()}
	default:
		v.missing(v.line, last, e.Seq)
	}
	v.take(e)
}

// remember keeps the first line of a chain, so that a copy of it is no other chain.
func (v *Verifier) remember(start Link) {
	if len(v.starts) < maxRemembered {
		v.starts[start] = true
	}
}
