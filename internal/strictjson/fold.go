package strictjson

import (
	"unicode"
	"unicode/utf8"
)

// Fold returns a key that is equal for two names exactly if encoding/json's
// case-insensitive matching takes one for the other: Unicode simple folding, so
// that "ſub" (U+017F) folds like "sub" and "toKen" with U+212A like "token". The
// key itself means nothing.
func Fold(name string) string {
	return string(appendFold(nil, name))
}

func appendFold[T ~[]byte | ~string](out []byte, name T) []byte {
	for i := 0; i < len(name); {
		if c := name[i]; c < utf8.RuneSelf {
			if 'a' <= c && c <= 'z' {
				c -= 'a' - 'A'
			}
			out = append(out, c)
			i++
			continue
		}
		// A slice of at most one rune's bytes converts without allocating.
		r, n := utf8.DecodeRuneInString(string(name[i:min(len(name), i+utf8.UTFMax)]))
		out = utf8.AppendRune(out, foldRune(r))
		i += n
	}
	return out
}

// foldRune returns the smallest rune among those that fold to each other.
func foldRune(r rune) rune {
	for {
		next := unicode.SimpleFold(r)
		if next <= r {
			return next
		}
		r = next
	}
}

// Names is a fixed set of names that a reader knows, with which it asks whether
// another name is a case twin of one of them. The zero value knows none.
type Names struct {
	exact, folded map[string]bool
}

// NewNames returns the set of the known names.
func NewNames(known ...string) Names {
	n := Names{exact: make(map[string]bool, len(known)), folded: make(map[string]bool, len(known))}
	for _, name := range known {
		n.exact[name] = true
		n.folded[Fold(name)] = true
	}
	return n
}

// Twin reports whether name is none of the known names but one that a
// case-insensitive reader would take for one of them: "Sub" where "sub" is
// known. A text without such names reads the same to every reader.
func (n Names) Twin(name string) bool {
	return !n.exact[name] && n.folded[Fold(name)]
}
