// Package terminal is how text of others is shown to people: names of files, keys and operations that a terminal would otherwise obey.
package terminal

import (
	"strconv"
	"strings"
)

// Shown returns a text of several lines in which everything that a terminal would not print is escaped: control characters, escape
// sequences, characters that change the direction of what follows or have no width.
func Shown(text string) string {
	if isPlain(text) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if r == '\n' || r == '\t' || strconv.IsPrint(r) {
			b.WriteRune(r)
		} else {
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		}
	}
	return b.String()
}

func isPlain(text string) bool {
	for i := range len(text) {
		if c := text[i]; c != '\n' && c != '\t' && (c < ' ' || c > '~') {
			return false
		}
	}
	return true
}
