package authserver

import (
	"strings"
	"unicode"
)

// nameRunes bounds how much of a client's name the consent page shows.
const nameRunes = 64

// brailleBlank is a symbol that shows nothing.
const brailleBlank = '\u2800'

// visible reports whether a rune may appear in text that people read. Control,
// format (zero-width, bidirectional), private and unassigned runes may not: they
// can hide text or turn it around. Nor may letters and marks that show nothing,
// such as the Hangul fillers: a name of them would be no name.
func visible(r rune) bool {
	if r == unicode.ReplacementChar || r == brailleBlank || unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) {
		return false
	}
	return r == ' ' || unicode.IsGraphic(r) && !unicode.In(r, unicode.Zs, unicode.Co)
}

// plainText makes text that somebody else chose fit to be shown in one line:
// only visible runes, single spaces, at most nameRunes runes. Runs of combining
// marks, which can paint over other lines, are cut to two.
func plainText(s string) string {
	var b strings.Builder
	runes, marks, space := 0, 0, false
	for _, r := range strings.ToValidUTF8(s, "") {
		if unicode.IsSpace(r) {
			space = true
			continue
		}
		if !visible(r) {
			continue
		}
		if unicode.In(r, unicode.Mn, unicode.Me) {
			if marks++; marks > 2 {
				continue
			}
		} else {
			marks = 0
		}
		if space && b.Len() > 0 {
			b.WriteByte(' ')
			runes++
		}
		space = false
		if runes++; runes > nameRunes {
			b.WriteRune('…')
			break
		}
		b.WriteRune(r)
	}
	return b.String()
}
