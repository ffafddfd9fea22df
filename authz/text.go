package authz

import (
	"unicode"
	"unicode/utf8"
)

// brailleBlank is a symbol by category and yet draws nothing.
const brailleBlank = '\u2800'

// visible reports whether r draws something, so that two names that look the same are the same. White space of every
// kind, control and format characters, and the letters and marks that Unicode lets a renderer ignore are not visible.
func visible(r rune) bool {
	return r != ' ' && unicode.IsPrint(r) && r != brailleBlank && r != utf8.RuneError &&
		!unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) &&
		!unicode.Is(unicode.Variation_Selector, r)
}

// badRune returns the first character of s that is not visible and its byte offset.
func badRune(s string) (rune, int, bool) {
	for i, r := range s {
		if !visible(r) {
			return r, i, true
		}
	}
	return 0, 0, false
}

// runeTitle says in words what kind of invisible character r is.
func runeTitle(r rune) string {
	switch {
	case r == 0:
		return "a NUL character"
	case r == '\t':
		return "a tab"
	case r == ' ':
		return "a space"
	case r == utf8.RuneError:
		return "a byte sequence that is not UTF-8"
	case unicode.IsSpace(r) || unicode.Is(unicode.Zs, r):
		return "a white-space character other than the plain space"
	case unicode.IsControl(r):
		return "a control character"
	}
	return "an invisible character"
}

// runeFix says what to do about it.
func runeFix(r rune) string {
	switch {
	case r == ' ', r == '\t':
		return "remove it, or put a comma if these are two fields"
	case r == utf8.RuneError:
		return "save the file as UTF-8, or remove it"
	case unicode.IsSpace(r) || unicode.Is(unicode.Zs, r):
		return "remove it, or type a plain space where one may stand"
	}
	return "remove it"
}
