package cli

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/sallyport-mcp/sallyport/authz"
)

// shown is a name of a policy or a declaration as a terminal may have it: what is not plain ASCII is escaped, so that two
// names that look the same read differently.
func shown(name string) string {
	quoted := strconv.QuoteToASCII(name)
	if quoted == `"`+name+`"` {
		return name
	}
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}

// titles returns what each operation is called, which is also what other commands know it by: its name, behind its kind if
// another operation has the same.
func titles(ops []authz.Operation) []string {
	count := map[string]int{}
	for _, op := range ops {
		count[op.Name]++
	}
	list := make([]string, len(ops))
	for i, op := range ops {
		list[i] = shown(op.Name)
		if count[op.Name] > 1 {
			list[i] = op.Kind + ":" + list[i]
		}
	}
	return list
}

// wrapped joins words with commas into lines of the screen's width, the first behind a label and the others below it.
func wrapped(label string, list []string) string {
	words := slices.Clone(list)
	for i := range len(words) - 1 {
		words[i] += ","
	}
	return flowed(label, words)
}

// flowed does so without commas.
func flowed(label string, words []string) string {
	var text strings.Builder
	line := label
	for i, word := range words {
		switch {
		case i == 0:
			line += word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > screen:
			text.WriteString(line + "\n")
			line = strings.Repeat(" ", utf8.RuneCountInString(label)) + word
		default:
			line += " " + word
		}
	}
	return text.String() + line + "\n"
}
