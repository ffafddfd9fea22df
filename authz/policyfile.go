package authz

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	byteOrderMark = "\ufeff"
	// maxLine is the longest line of a policy or a model, in bytes.
	maxLine = 64 << 10
)

// field is one column of a row with the place where its text starts.
type field struct {
	text   string
	column int
}

// row is one line of the policy that is neither blank nor a comment.
type row struct {
	line   int
	fields []field
	broken bool // a character in it was refused, so that its meaning is not worth looking at
}

// text returns column i of a row.
func (r row) text(i int) string { return r.fields[i].text }

// readLines cuts a file into lines and reports what no line of a model or a policy may hold. Both files are read
// through it, and nothing else ever looks at their bytes.
func readLines(data []byte, l *findings) []string {
	text := string(data)
	if strings.HasPrefix(text, byteOrderMark) {
		l.fail(1, 1, byteOrderMark, "the file starts with a byte order mark", "save it as UTF-8 without one")
		text = strings.TrimPrefix(text, byteOrderMark)
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		line = strings.TrimSuffix(line, "\r")
		lines[i] = line
		if len(line) > maxLine {
			l.fail(i+1, 1, line, "the line is longer than 65536 bytes", "split it into several rows")
			lines[i] = ""
			continue
		}
		if at := strings.IndexByte(line, '\r'); at >= 0 {
			l.fail(i+1, column(line, at), "\r", "a carriage return inside a line", `end lines with \n or \r\n`)
			lines[i] = ""
		}
	}
	return lines
}

// column turns a byte offset into a column that counts characters from 1.
func column(line string, offset int) int { return utf8.RuneCountInString(line[:offset]) + 1 }

// isComment reports whether the line is blank or a comment; comments stand on their own lines only.
func isComment(line string) bool {
	trimmed := strings.Trim(line, " \t")
	return trimmed == "" || trimmed[0] == '#'
}

// checkComment refuses what could make a comment hide or show something else than what is there.
func checkComment(n int, line string, l *findings) {
	at := strings.IndexFunc(line, func(r rune) bool {
		return r == utf8.RuneError || (r != '\t' && unicode.In(r, unicode.Cc, unicode.Cf))
	})
	if at >= 0 {
		r, size := utf8.DecodeRuneInString(line[at:])
		l.fail(n, column(line, at), line[at:at+size], "the comment holds "+runeTitle(r), "remove it")
	}
}

// readRows reads the rows of a policy: fields between commas, plain spaces and tabs in front of them and at the end of
// the line ignored. Those before a comma Casbin's own reader takes as part of the name, so that the row does nothing.
func readRows(data []byte, l *findings) []row {
	var rows []row
	for i, line := range readLines(data, l) {
		if isComment(line) {
			checkComment(i+1, line, l)
			continue
		}
		rows = append(rows, readRow(i+1, line, l))
	}
	return rows
}

func readRow(n int, line string, l *findings) row {
	r := row{line: n}
	offset := 0
	for _, raw := range strings.Split(line, ",") {
		text := strings.Trim(raw, " \t")
		lead := len(raw) - len(strings.TrimLeft(raw, " \t"))
		f := field{text: text, column: column(line, offset+lead)}
		end := offset + lead + len(text)
		offset += len(raw) + 1
		r.fields = append(r.fields, f)
		if !checkField(n, f, l) {
			r.broken = true
		} else if end < offset-1 && offset <= len(line) {
			l.fail(n, column(line, end), text, "white space before a comma, which Casbin would take as part of the name", "put it behind the comma")
			r.broken = true
		}
	}
	return r
}

// checkField refuses what a field may not be made of, whatever its column means. The first fault of a field is enough.
func checkField(n int, f field, l *findings) bool {
	if f.text == "" {
		l.fail(n, f.column, "", "an empty field", "write a name or remove the comma")
		return false
	}
	if at := commentStart(f.text); at >= 0 {
		l.fail(n, f.column+utf8.RuneCountInString(f.text[:at]), f.text[at:], "a comment after a field would be part of the name",
			"put the comment on its own line")
		return false
	}
	if at := strings.IndexByte(f.text, '"'); at >= 0 {
		l.fail(n, f.column+utf8.RuneCountInString(f.text[:at]), f.text, "a quote: fields are not quoted and no name holds a comma or a quote",
			"remove the quotes")
		return false
	}
	if r, at, bad := badRune(f.text); bad {
		l.fail(n, f.column+utf8.RuneCountInString(f.text[:at]), f.text, "the field holds "+runeTitle(r), "remove it")
		return false
	}
	return true
}

// commentStart finds a '#' that somebody meant as a comment: first in the field or after white space. Inside a name it
// is a character like any other, as in bob_example.com#EXT#.
func commentStart(s string) int {
	previous := ' '
	for i, r := range s {
		if r == '#' && unicode.IsSpace(previous) {
			return i
		}
		previous = r
	}
	return -1
}
