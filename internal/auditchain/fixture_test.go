package auditchain

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// book writes logs as a server does.
type book struct {
	bytes.Buffer
	hasher *Hasher
	at     Place
	hour   int
}

func newBook() *book { return &book{hasher: NewHasher()} }

func (b *book) add(line string) {
	b.Write(b.hasher.Append(nil, []byte(line), &b.at))
}

func (b *book) line(rest string) string {
	b.hour++
	return fmt.Sprintf(`{"time":"2026-01-02T%02d:%02d:00.000000Z",%s`, b.hour/60%24, b.hour%60, rest)
}

func (b *book) open() {
	b.add(string(AppendPrev([]byte(b.line(`"reason":"audit_opened"`)), b.at.Link)) + "}")
}

func (b *book) record(name string) { b.add(b.line(`"decision":"allow","name":"` + name + `"}`)) }

func (b *book) lost(n int) { b.add(b.line(fmt.Sprintf(`"reason":"records_lost","lost":%d}`, n))) }

// tear writes a part of a record, and the end of the line with which a server goes on.
func (b *book) tear() {
	torn := b.line(`"decision":"al`)
	b.WriteString(torn + "\n")
	b.at = b.hasher.Ended(b.at, []byte(torn))
}

// simple is a chain of a start and n records.
func simple(n int) *book {
	b := newBook()
	b.open()
	for i := range n {
		b.record(fmt.Sprint("tool", i))
	}
	return b
}

func random(r *rand.Rand) *book {
	b := simple(1 + r.IntN(4))
	for range r.IntN(12) {
		switch r.IntN(8) {
		case 0:
			b.open()
		case 1:
			b.tear()
		case 2:
			b.lost(1 + r.IntN(9))
		default:
			b.record(fmt.Sprint("tool", r.IntN(9)))
		}
	}
	b.record("last")
	return b
}

func verify(t testing.TB, text string, expected ...Link) (*Report, *Verifier) {
	t.Helper()
	v := NewVerifier(expected...)
	r, err := v.File("audit", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return r, v
}

// told returns the faults as text.
func told(r *Report) string {
	var b strings.Builder
	for _, f := range r.Faults {
		fmt.Fprintf(&b, "%d %s: %s\n", f.Line, f.Kind, f.Text)
	}
	return b.String()
}
