// Package auditchain chains the lines of an audit, so that a line which was edited, removed, added or moved later is found. Each line
// carries its number and a link: SHA-256 over the link of the line before it and over this line. Who keeps one link elsewhere can
// tell later whether everything up to that line is still as it was. docs/audit.md says what that promises and what not.
package auditchain

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"strconv"
)

const (
	seqMember   = `,"seq":`
	chainMember = `,"chain":"`
	prevMember  = `,"prev":"`
	ending      = `"}`
	hexSize     = 2 * sha256.Size
)

// Link is what a line adds to the chain. The zero value is what the first line of a chain follows.
type Link [sha256.Size]byte

// String returns the link as it stands in a line.
func (l Link) String() string { return hex.EncodeToString(l[:]) }

// ParseLink reads a link as String writes it, and no other spelling of it.
func ParseLink(text []byte) (Link, bool) {
	var l Link
	if len(text) != hexSize || bytes.ContainsAny(text, "ABCDEF") {
		return Link{}, false
	}
	if _, err := hex.Decode(l[:], text); err != nil {
		return Link{}, false
	}
	return l, true
}

// Hasher makes links. It is for one goroutine.
type Hasher struct {
	hash hash.Hash
	link Link // on its way in or out, so that none is allocated
}

// NewHasher returns a Hasher.
func NewHasher() *Hasher { return &Hasher{hash: sha256.New()} }

// Next returns the link of a line that follows prev. Body is the line up to its chain member; of a line that has none, as one that a
// failed write has cut off, it is the whole line without its end.
func (h *Hasher) Next(prev Link, body []byte) Link {
	h.hash.Reset()
	h.link = prev
	h.hash.Write(h.link[:])
	h.hash.Write(body)
	h.hash.Sum(h.link[:0])
	return h.link
}

// Place is a place in a chain: the number and the link of the line that was the last one there. The zero value is the start.
type Place struct {
	Seq  uint64
	Link Link
}

// Append appends line, an object of JSON without its end of line, as the one that follows p, with its number, its link and the end of
// the line, and moves p to it.
func (h *Hasher) Append(dst, line []byte, p *Place) []byte {
	start := len(dst)
	dst = append(dst, line[:len(line)-1]...)
	dst = append(dst, seqMember...)
	dst = strconv.AppendUint(dst, p.Seq+1, 10)
	*p = Place{p.Seq + 1, h.Next(p.Link, dst[start:])}
	dst = append(dst, chainMember...)
	dst = hex.AppendEncode(dst, p.Link[:])
	return append(dst, ending+"\n"...)
}

// AppendPrev appends to an object of JSON, which is not closed yet, the member that says what its line follows. With it a line opens
// a file, or a chain.
func AppendPrev(dst []byte, prev Link) []byte {
	dst = append(dst, prevMember...)
	dst = hex.AppendEncode(dst, prev[:])
	return append(dst, '"')
}

// Entry is a line of a chain, taken apart.
type Entry struct {
	Place
	// Body is the line up to its chain member.
	Body []byte
	// Prev is the link of the line before, which a line that opens a file repeats.
	Prev  Link
	Opens bool
}

// Split takes a line without its end apart, and returns false if it has no place in a chain.
func Split(line []byte) (Entry, bool) {
	body, text, ok := cutEnd(line, chainMember, hexSize, ending)
	if !ok {
		return Entry{}, false
	}
	link, ok := ParseLink(text)
	at := bytes.LastIndex(body, []byte(seqMember))
	if !ok || at < 0 || body[0] != '{' {
		return Entry{}, false
	}
	digits := string(body[at+len(seqMember):])
	seq, err := strconv.ParseUint(digits, 10, 64)
	if err != nil || strconv.FormatUint(seq, 10) != digits {
		return Entry{}, false
	}
	e := Entry{Place: Place{seq, link}, Body: body}
	if _, text, ok := cutEnd(body[:at], prevMember, hexSize, `"`); ok {
		e.Prev, e.Opens = ParseLink(text)
	}
	return e, true
}

// cutEnd cuts start, size bytes and end off the end of text, and returns what is in front and the bytes between.
func cutEnd(text []byte, start string, size int, end string) ([]byte, []byte, bool) {
	at := len(text) - len(start) - size - len(end)
	if at < 0 || !bytes.HasPrefix(text[at:], []byte(start)) || !bytes.HasSuffix(text, []byte(end)) {
		return nil, nil, false
	}
	return text[:at], text[at+len(start) : at+len(start)+size], true
}

// Resume finds where the chain in a file stands that ends with tail. Whole says that tail is the whole file, else its first line is
// passed over. Torn is the end of the file behind its last end of line: a write was cut off there. The result is false if there is no
// chain to go on with.
func Resume(tail []byte, whole bool) (Place, []byte, bool) {
	lines := bytes.SplitAfter(tail, []byte{'\n'})
	torn := lines[len(lines)-1]
	lines = lines[:len(lines)-1]
	if !whole && len(lines) > 0 {
		lines = lines[1:]
	}
	h := NewHasher()
	var at Place
	found := false
	for _, line := range lines {
		line = line[:len(line)-1]
		if e, ok := Split(line); ok {
			at, found = e.Place, true
		} else {
			at.Link = h.Next(at.Link, line)
		}
	}
	if _, ok := Split(torn); ok {
		found = true // it lacks nothing but its end
	}
	return at, torn, found
}

// Ended returns where a chain at p stands once the torn line behind it has been ended: a line that lacks nothing but its end is one of
// the chain.
func (h *Hasher) Ended(p Place, torn []byte) Place {
	if e, ok := Split(torn); ok {
		return e.Place
	}
	return Place{p.Seq, h.Next(p.Link, torn)}
}
