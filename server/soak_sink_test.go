package server_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync"

	"github.com/sallyport-mcp/sallyport/server/servertest"
)

// mark names a request of the campaign: who sent it, when, and what it is. It goes with the request as its trace id.
type mark struct{ worker, round, seq, part, kind int }

// String returns the trace id.
func (m mark) String() string {
	return fmt.Sprintf("%04x%08x%012x%02x%06x", m.worker+1, m.round, m.seq, m.part, m.kind)
}

// markOf reads it back. What is none is nobody's.
func markOf(id string) mark {
	if len(id) != 32 {
		return mark{worker: -1}
	}
	number := func(from, to int) int {
		n, err := strconv.ParseInt(id[from:to], 16, 64)
		if err != nil {
			return -1
		}
		return int(n)
	}
	return mark{number(0, 4) - 1, number(4, 12), number(12, 24), number(24, 26), number(26, 32)}
}

// reading is what the sink found in the records that reached it.
type reading struct {
	records, aggregated uint64
	told                uint64 // decisions that notes call lost
	outcomes            map[string]float64
	wrong               complaints
}

// failingSink is the place of the audit. Now and then it takes nothing, or half. It reads the records as they come.
type failingSink struct {
	mu     sync.Mutex
	kinds  []kind
	mended bool
	writes int
	tail   []byte

	marks     map[mark]bool
	requests  map[string]bool
	revisions map[int]string // by the round
	reading
}

func newFailingSink() *failingSink {
	return &failingSink{
		kinds: soakKinds(), marks: map[mark]bool{}, requests: map[string]bool{}, revisions: map[int]string{},
		reading: reading{outcomes: map[string]float64{}},
	}
}

// Write implements [io.Writer].
func (f *failingSink) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.writes++
	switch {
	case f.mended || f.writes%8 != 3 && f.writes%8 != 5:
		f.take(p)
		return len(p), nil
	case f.writes%8 == 3:
		return 0, errors.New("no space left on device")
	}
	half := len(p) / 2
	for half > 0 && p[half] == '\n' { // a whole line without its end would count as one here
		half--
	}
	f.take(p[:half])
	return half, nil
}

// mend has the sink take everything from now on.
func (f *failingSink) mend() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mended = true
}

func (f *failingSink) take(p []byte) {
	f.tail = append(f.tail, p...)
	for {
		line, rest, found := bytes.Cut(f.tail, []byte{'\n'})
		if !found {
			return
		}
		f.line(line)
		f.tail = append(f.tail[:0], rest...)
	}
}

// auditLine is what the campaign looks at in a record.
type auditLine struct {
	RequestID string `json:"request_id"`
	TraceID   string `json:"trace_id"`
	TokenID   string `json:"token_id"`
	Revision  string `json:"policy_revision"`
	Issuer    string
	Subject   string
	Client    string
	Method    string
	Name      string
	Decision  string
	Reason    string
	Door      int
	Count     uint64
	Lost      uint64 // of a note, which is no decision
}

// line reads one line. The rest of one that was cut off is none.
func (f *failingSink) line(text []byte) {
	var l auditLine
	if json.Unmarshal(text, &l) != nil {
		return
	}
	if l.Lost > 0 {
		f.told += l.Lost
		return
	}
	outcome := l.Decision + " " + l.Reason
	if l.Count > 0 {
		f.aggregated += l.Count
		f.outcomes[outcome] += float64(l.Count)
		return
	}
	f.records++
	f.outcomes[outcome]++
	m := markOf(l.TraceID)
	if m.worker < 0 || m.worker >= soakers || m.kind < 0 || m.kind >= len(f.kinds) {
		f.wrong.add("nobody sent %s", text)
		return
	}
	if f.marks[m] || f.requests[l.RequestID] {
		f.wrong.add("a second record of one request: %s", text)
	}
	f.marks[m], f.requests[l.RequestID] = true, true
	if want := f.kinds[m.kind].record(m); l != want.with(l) {
		f.wrong.add("%s, want %+v", text, want)
	}
	if before, ok := f.revisions[m.round]; ok && before != l.Revision {
		f.wrong.add("another revision than %s: %s", before, text)
	}
	f.revisions[m.round] = l.Revision
}

// with returns the record with what another one says of itself and nobody can foresee.
func (l auditLine) with(other auditLine) auditLine {
	l.RequestID, l.TraceID, l.Revision = other.RequestID, other.TraceID, other.Revision
	return l
}

// record is what the audit has to say of a request of this kind.
func (k kind) record(m mark) auditLine {
	l := auditLine{
		Issuer: servertest.DefaultIssuer, Subject: fmt.Sprint("user-", m.worker), Client: fmt.Sprint("client-", m.worker), TokenID: fmt.Sprint("token-", m.worker),
		Method: k.method, Name: k.name, Decision: "deny", Reason: k.reason, Door: k.door,
	}
	if k.greedy {
		l.Subject, l.TokenID = fmt.Sprint("greedy-", m.worker), fmt.Sprint("greed-", m.worker)
	}
	if k.allow {
		l.Decision = "allow"
	}
	if k.moving && !moves(m.round) {
		l.Decision, l.Reason, l.Door = "deny", "permission_missing", 2
	}
	return l
}

// check returns what was read, compared with the revisions that were in force.
func (f *failingSink) check(s *soak) *reading {
	f.mu.Lock()
	defer f.mu.Unlock()
	for round, revision := range f.revisions {
		if s.revisions[round] != revision {
			f.wrong.add("the records of round %d name revision %s, and %s was in force", round, revision, s.revisions[round])
		}
	}
	return &f.reading
}
