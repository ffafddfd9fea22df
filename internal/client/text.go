package client

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// longestText bounds what is shown of one text that a server chose.
const longestText = 300

// Printable returns a text of several lines as a terminal may show it: characters that move a cursor, colour, ring, hide or turn
// text around are replaced.
func Printable(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r == utf8.RuneError, unicode.IsControl(r), unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp):
			return '?'
		}
		return r
	}, text)
}

// clean returns a text of a server as one short line.
func clean(text string) string {
	text = Printable(strings.Join(strings.Fields(text), " "))
	if utf8.RuneCountInString(text) > longestText {
		text = string([]rune(text)[:longestText]) + "..."
	}
	return text
}

// Quoted writes a word so that a shell reads it as one, whatever it holds: commands that are proposed have words in them that a
// server chose.
func Quoted(word string) string {
	plain := word != "" && !strings.ContainsFunc(word, func(r rune) bool {
		return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("._:/@%+,-{}", r)
	})
	if plain {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
