package authz

import (
	"strconv"
	"strings"
)

// proseWidth is how many columns prose takes.
const proseWidth = 80

// prose writes text for a terminal. What a caller or a policy chose is written by its own methods, so that nothing in it can
// move the cursor, break a line or pass for something else.
type prose struct{ strings.Builder }

// say writes words, broken between them into lines that begin at a column.
func (w *prose) say(indent int, words ...string) {
	margin := strings.Repeat(" ", indent)
	column := 0
	for _, word := range strings.Fields(strings.Join(words, " ")) {
		switch {
		case column == 0:
			w.WriteString(margin)
			column = indent
		case column+1+len(word) > proseWidth:
			w.WriteString("\n" + margin)
			column = indent
		default:
			w.WriteByte(' ')
			column++
		}
		w.WriteString(word)
		column += len(word)
	}
	w.WriteByte('\n')
}

// rows writes rows of the policy, which are never broken, behind their places.
func (w *prose) rows(indent int, list ...PolicyRow) {
	widest := 0
	for _, row := range list {
		widest = max(widest, len(row.At))
	}
	for _, row := range list {
		w.WriteString(strings.Repeat(" ", indent) + row.At + strings.Repeat(" ", widest-len(row.At)+2) + plainRow(row.Text) + "\n")
	}
}

// path writes the rows of a path.
func (w *prose) path(indent int, p Path) {
	w.rows(indent, p.rows()...)
}

// rows returns all rows of a path, in its order.
func (p Path) rows() []PolicyRow {
	list := append([]PolicyRow{}, p.Links...)
	if p.Rule != nil {
		list = append(list, *p.Rule)
	}
	return list
}

// places names the files and lines of rows.
func places(list []PolicyRow) []string {
	all := make([]string, len(list))
	for i, row := range list {
		all[i] = row.At
	}
	return all
}

// plainRow is a row as it may be copied; one with characters that others look like is quoted.
func plainRow(text string) string {
	if isPlain(text) {
		return text
	}
	return strconv.QuoteToASCII(text)
}

// plain is a name as it stands; one that could be taken for more than a name is quoted and cut.
func plain(name string) string {
	const most = 256
	if len(name) <= most && isPlain(name) && !strings.ContainsAny(name, `,>"`) && !strings.Contains(name, "  ") {
		return name
	}
	return strconv.QuoteToASCII(clip(name))
}

// isPlain reports whether a text is printable ASCII.
func isPlain(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) < 0
}

// plainAll returns names as plain has them.
func plainAll(names []string) []string {
	list := make([]string, len(names))
	for i, name := range names {
		list[i] = plain(name)
	}
	return list
}

// plains writes names one after the other.
func plains(names []string) string { return strings.Join(plainAll(names), ", ") }
