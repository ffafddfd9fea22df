package client

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sallyport-mcp/sallyport/internal/terminal"
)

// longestText bounds what is shown of one text that a server chose.
const longestText = 300

// clean returns a text of a server as one short line.
func clean(text string) string {
	text = terminal.Shown(strings.Join(strings.Fields(text), " "))
	if utf8.RuneCountInString(text) > longestText {
		text = string([]rune(text)[:longestText]) + "..."
	}
	return text
}

// Quoted writes a word so that a shell reads it as one, whatever it holds: commands that are proposed have words in them that a
// server chose.
func Quoted(word string) string {
	plain := word != "" && !strings.ContainsFunc(word, func(r rune) bool {
		return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("._:/@%+-{}", r)
	}) && !strings.Contains(word, "..") // {a,b} and {1..9} would be several words, some of them flags
	if plain {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
