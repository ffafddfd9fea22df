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

// Twin returns the first of names that is not one of known but that a
// case-insensitive reader would take for one of them: "Sub" where "sub" is
// known. A text without a known name's twin reads the same to every reader.
func Twin(names, known []string) (string, bool) {
	folded := make(map[string]bool, len(known))
	exact := make(map[string]bool, len(known))
	for _, k := range known {
		folded[Fold(k)] = true
		exact[k] = true
	}
	for _, name := range names {
		if folded[Fold(name)] && !exact[name] {
			return name, true
		}
	}
	return "", false
}
