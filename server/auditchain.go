package server

import (
	"time"

	"github.com/sallyport-mcp/sallyport/internal/auditchain"
)

// headInterval is how often the log tells where the chain of the audit stands, if
// it has moved.
const headInterval = 10 * time.Minute

// chain is the chain of the audit, as far as the sink has it. A nil one is none.
type chain struct {
	hasher *auditchain.Hasher
	at     auditchain.Place
	fresh  bool // the next line is the first one in its file, or of this process

	told     auditchain.Place
	toldTime time.Time
}

func newChain(at auditchain.Place, now time.Time) *chain {
	return &chain{hasher: auditchain.NewHasher(), at: at, fresh: true, told: at, toldTime: now}
}

func (c *chain) place() auditchain.Place {
	if c == nil {
		return auditchain.Place{}
	}
	return c.at
}

// opens tells whether a note is due that says what the file goes on with.
func (c *chain) opens() bool { return c != nil && c.fresh }

// open has the next line be one that opens a file.
func (c *chain) open() {
	if c != nil {
		c.fresh = true
	}
}

// advance moves the chain to the last of the lines that were written.
func (c *chain) advance(lines []byte) {
	if c == nil || len(lines) == 0 {
		return
	}
	if last, ok := auditchain.Split(lastLine(lines)); ok {
		c.at, c.fresh = last.Place, false
	}
}

// lastLine returns the last line of lines without its end.
func lastLine(lines []byte) []byte {
	lines = lines[:len(lines)-1]
	for i := len(lines) - 1; i >= 0; i-- {
		if lines[i] == '\n' {
			return lines[i+1:]
		}
	}
	return lines
}

// ended takes into the chain what a failed write has left of a line, now that it has
// an end.
func (c *chain) ended(torn []byte) {
	if c != nil && len(torn) > 0 {
		c.at = c.hasher.Ended(c.at, torn)
	}
}

// tellHead tells the log where the chain stands, so that somebody who keeps the log
// elsewhere can hold the audit against it. It is due every headInterval, and at
// the end.
func (a *auditLog) tellHead(last bool) {
	a.writing.Lock()
	defer a.writing.Unlock()
	c := a.chain
	if c == nil || c.at == c.told || !last && a.now().Sub(c.toldTime) < headInterval {
		return
	}
	c.told, c.toldTime = c.at, a.now()
	a.logger.Info("the audit's chain stands here", "seq", c.at.Seq, "head", c.at.Link.String())
}

// appendOpened appends the note with which a process begins to write a file: it
// says what the file goes on with.
func appendOpened(dst []byte, at time.Time, prev auditchain.Link) []byte {
	r := record{time: at, reason: auditchain.NoteOpened}
	return append(auditchain.AppendPrev(r.appendMembers(dst, ""), prev), '}')
}

// appendLost appends the note that so many decisions have no record.
func appendLost(dst []byte, at time.Time, lost uint64) []byte {
	r := record{time: at, reason: auditchain.NoteLost}
	return append(appendNumber(r.appendMembers(dst, ""), "lost", int64(lost)), '}') //nolint:gosec // nobody loses so many
}
