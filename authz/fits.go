package authz

import "strings"

// guess is what a placeholder has to be for a pattern to match: exactly text, or, if open, text and then anything.
type guess struct {
	text string
	open bool
}

// couldMatch reports whether some values for the placeholders make the patterns of a row match: each exact, or a prefix
// with one trailing '*'. A placeholder that stands twice has one value.
func (t Template) couldMatch(object, action string) bool {
	return t.matches(object, action, nil, func(map[string]guess) bool { return true })
}

// matches calls found with every way in which the patterns of a row can match, given what is known of the placeholders, until
// found returns true; it reports whether found did. What found gets are the values for which the row matches in that way,
// no more and no fewer.
func (t Template) matches(object, action string, known map[string]guess, found func(map[string]guess) bool) bool {
	return fits(t.object, object, known, func(known map[string]guess) bool {
		return fits(t.action, action, known, found)
	})
}

// fits tries to match the parts against a pattern and asks next whether the rest can hold with what was guessed.
func fits(parts []part, pattern string, known map[string]guess, next func(map[string]guess) bool) bool {
	text, open := strings.CutSuffix(pattern, "*")
	if open && text == "" {
		return next(known)
	}
	if len(parts) == 0 {
		return text == "" && next(known)
	}
	first := parts[0]
	if first.hole {
		return fitsHole(first.text, parts[1:], text, open, known, next)
	}
	if rest, ok := strings.CutPrefix(pattern, first.text); ok {
		return fits(parts[1:], rest, known, next)
	}
	return open && strings.HasPrefix(first.text, text) && next(known)
}

func fitsHole(name string, parts []part, text string, open bool, known map[string]guess, next func(map[string]guess) bool) bool {
	star := ""
	if open {
		star = "*"
	}
	for n := 1; n <= len(text) && isValue(text[:n]); n++ {
		if open && n == len(text) {
			break // the guess below says this and more
		}
		merged, ok := assume(known, name, guess{text: text[:n]})
		if ok && fits(parts, text[n:]+star, merged, next) {
			return true
		}
	}
	if !open || !isValue(text) {
		return false
	}
	merged, ok := assume(known, name, guess{text: text, open: true})
	return ok && next(merged)
}

// assume adds a guess about a placeholder to what is known, unless the two cannot both hold.
func assume(known map[string]guess, name string, g guess) (map[string]guess, bool) {
	old, guessed := known[name]
	if guessed {
		longer, shorter := g, old
		if len(old.text) > len(g.text) || len(old.text) == len(g.text) && g.open {
			longer, shorter = old, g
		}
		agree := longer == shorter || shorter.open && strings.HasPrefix(longer.text, shorter.text)
		if !agree {
			return nil, false
		}
		g = longer
	}
	merged := map[string]guess{name: g}
	for k, v := range known {
		if k != name {
			merged[k] = v
		}
	}
	return merged, true
}
