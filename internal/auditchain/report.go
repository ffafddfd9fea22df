package auditchain

import (
	"fmt"
	"time"
)

// Kind says what is wrong with a line.
type Kind string

// The kinds of faults.
const (
	KindEdited    Kind = "edited"     // the line is not as it was written
	KindMissing   Kind = "missing"    // lines in front of this one are gone
	KindReordered Kind = "reordered"  // the line stands at another place than it was written to
	KindRepeated  Kind = "repeated"   // the line, or its number, is there twice
	KindCutOff    Kind = "cut off"    // the last line has no end
	KindNotJSON   Kind = "not JSON"   // no record, and no write that failed explains it
	KindNoChain   Kind = "no chain"   // a record without a place in the chain
	KindNotInside Kind = "not inside" // a link that was expected is not in the file
)

// Fault is one thing that is wrong with a file. It holds nothing of the file's text.
type Fault struct {
	// Line counts from 1; 0 is the file as a whole.
	Line int    `json:"line"`
	Kind Kind   `json:"kind"`
	Text string `json:"text"`
}

// Start says what a file begins with that is not the start of a chain.
type Start struct {
	Seq  uint64 `json:"seq"`
	Prev string `json:"prev"`
}

// Report is what a file holds, and what is wrong with it.
type Report struct {
	// Name is the file, as the caller called it.
	Name  string `json:"file"`
	Lines int    `json:"lines"`
	// First and Last are the earliest and the latest time of the lines in the chain.
	First string `json:"first"`
	Last  string `json:"last"`
	// Opened counts how often a process opened the file, Chains how often that began a chain.
	Opened int `json:"opened"`
	Chains int `json:"chains"`
	// Continues is set if the file goes on with a chain that began in a file which was not read.
	Continues *Start `json:"continues,omitempty"`
	// Torn counts lines that failed writes have cut off, and for which the chain accounts; Lost the decisions for which notes account.
	Torn int    `json:"torn"`
	Lost uint64 `json:"lost"`
	// Seq and Head are the number and the link of the last line in the chain.
	Seq  uint64 `json:"seq"`
	Head string `json:"head"`
	// Faults holds the first of them, Total is how many there are.
	Faults []Fault `json:"faults"`
	Total  int     `json:"total"`
}

// maxFaults bounds the faults of a file that are kept.
const maxFaults = 100

// add keeps a fault and returns its place, or -1 if there are too many.
func (r *Report) add(line int, kind Kind, format string, a ...any) int {
	r.Total++
	if len(r.Faults) == maxFaults {
		return -1
	}
	r.Faults = append(r.Faults, Fault{line, kind, fmt.Sprintf(format, a...)})
	return len(r.Faults) - 1
}

// saw notes the time of a line. Lines are written a little out of order, and the texts compare as the times do.
func (r *Report) saw(at string) {
	if at == "" {
		return
	}
	if r.First == "" || at < r.First {
		r.First = at
	}
	r.Last = max(r.Last, at)
}

// timeOf returns the time of a line, empty if it has none.
func timeOf(body []byte) string {
	const start, layout = `{"time":"`, "2006-01-02T15:04:05.000000Z"
	if len(body) < len(start)+len(layout) || string(body[:len(start)]) != start {
		return ""
	}
	text := string(body[len(start):][:len(layout)])
	if _, err := time.Parse(layout, text); err != nil {
		return ""
	}
	return text
}
