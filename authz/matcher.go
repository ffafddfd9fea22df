package authz

import (
	"slices"
	"strings"
	"unicode"
)

// asksCaller reports whether a matcher can only hold where g(r.sub, p.sub) does: in each of its alternatives that call
// stands as a condition of its own.
func asksCaller(matcher string) bool {
	code := squeeze(blankStrings(matcher))
	if len(splitTop(code, "?")) > 1 || len(splitTop(code, ",")) > 1 {
		return false // these bind weaker than the conditions
	}
	return !slices.ContainsFunc(splitTop(code, "||"), func(alternative string) bool {
		return !slices.Contains(splitTop(alternative, "&&"), "g(r.sub,p.sub)")
	})
}

// splitTop splits code where the separator stands outside all parentheses.
func splitTop(code, separator string) []string {
	var list []string
	depth, start := 0, 0
	for i := range len(code) {
		switch {
		case code[i] == '(':
			depth++
		case code[i] == ')':
			depth--
		case depth == 0 && i >= start && strings.HasPrefix(code[i:], separator):
			list = append(list, code[start:i])
			start = i + len(separator)
		}
	}
	return append(list, code[start:])
}

// squeeze removes the white space that only separates what is separate anyway, and shortens the rest to one space.
func squeeze(s string) string {
	var b strings.Builder
	previous, gap := ' ', false
	for _, r := range s {
		if r == ' ' || r == '\t' {
			gap = true
			continue
		}
		if gap && isWord(previous) && isWord(r) {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
		previous, gap = r, false
	}
	return b.String()
}

// isWord reports whether r can be part of a name in a matcher.
func isWord(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }

// nestsQuotes reports whether a text in quotes holds the other kind of quote. Casbin's evaluator ends a text at either
// kind, so that such a matcher is not what it looks like.
func nestsQuotes(matcher string) bool {
	open := byte(0)
	for _, c := range []byte(matcher) {
		switch {
		case c != '\'' && c != '"':
		case open == 0:
			open = c
		case c == open:
			open = 0
		default:
			return true
		}
	}
	return false
}

// blankStrings replaces what stands in string literals byte by byte, so that nothing in them is taken for code. None of
// them holds a quote: see nestsQuotes.
func blankStrings(s string) string {
	b := []byte(s)
	quote := byte(0)
	for i, c := range b {
		switch {
		case quote == 0 && (c == '\'' || c == '"'):
			quote = c
		case c == quote:
			quote = 0
		case quote != 0:
			b[i] = '.'
		}
	}
	return string(b)
}
