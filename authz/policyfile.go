package authz

import (
	"bytes"
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
// through it, and nothing else ever looks at their bytes. A file in another encoding has no lines.
func readLines(data []byte, l *findings) []string {
	if isUTF16(data) {
		l.fail(1, 1, "", "the file is not UTF-8 but UTF-16, as some editors and shells on Windows save it", "save it as UTF-8 without a byte order mark")
		return nil
	}
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

// isUTF16 reports whether a file starts with the byte order mark of UTF-16, or with two ASCII characters in it.
func isUTF16(data []byte) bool {
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		return true
	}
	return len(data) >= 4 && (data[0] == 0 && data[2] == 0 || data[1] == 0 && data[3] == 0) && data[0] != data[1]
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
		l.fail(n, column(line, at), line[at:at+size], "the comment holds "+runeTitle(r), runeFix(r))
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
	if at := otherSeparator(line); at >= 0 {
		l.fail(n, column(line, at), line[at:at+1], "fields that no comma separates", "write a comma between two fields")
		return row{line: n, fields: []field{{}}, broken: true}
	}
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

// otherSeparator finds what separates the fields of a row without a comma, in files for other programs.
func otherSeparator(line string) int {
	if strings.Contains(line, ",") {
		return -1
	}
	text := strings.TrimRight(line, " \t")
	lead := len(text) - len(strings.TrimLeft(text, " \t"))
	if at := strings.IndexAny(text[lead:], ";|\t"); at >= 0 {
		return lead + at
	}
	return -1
}

// checkField refuses what a field may not be made of, whatever its column means. The first fault of a field is enough.
func checkField(n int, f field, l *findings) bool {
	if f.text == "" {
		l.fail(n, f.column, "", "an empty field", "write a name or remove the comma")
		return false
	}
	if at := commentStart(f.text); at >= 0 {
		l.fail(n, f.column+utf8.RuneCountInString(f.text[:at]), f.text[at:], "a comment after a field would be part of the name",
			"put the comment on a line of its own, with # in front")
		return false
	}
	if at := quoteStart(f.text); at >= 0 {
		l.fail(n, f.column+utf8.RuneCountInString(f.text[:at]), f.text, "a quote: fields are not quoted and no name holds a comma or a quote",
			"remove the quotes")
		return false
	}
	if r, at, bad := badRune(f.text); bad {
		l.fail(n, f.column+utf8.RuneCountInString(f.text[:at]), f.text, "the field holds "+runeTitle(r), runeFix(r))
		return false
	}
	return true
}

// commentStart finds what somebody meant as a comment: a '#' first in the field, or behind white space a '#' or what starts a
// comment elsewhere. Inside a name it is a character like any other, as in bob_example.com#EXT#.
func commentStart(s string) int {
	previous := ' '
	for i, r := range s {
		if unicode.IsSpace(previous) && (r == '#' || i > 0 && startsComment(s[i:])) {
			return i
		}
		previous = r
	}
	return -1
}

func startsComment(s string) bool {
	return strings.HasPrefix(s, "//") || strings.HasPrefix(s, "--") || strings.HasPrefix(s, ";")
}

// quoteStart finds a quote: the plain one anywhere, and any other that opens the field. Inside a name those are characters
// like any other, as in o'brien.
func quoteStart(s string) int {
	if strings.ContainsRune("'`\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb", firstRune(s)) {
		return 0
	}
	return strings.IndexByte(s, '"')
}

func firstRune(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}
