package authz

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// maxValue is the longest text, in characters, that may stand for a placeholder.
const maxValue = 128

// Template is a declared scope or permission that may hold placeholders: "table/{table}:read".
//
// A placeholder is a name of 1 to 128 letters, digits, '.', '_' and '-' in braces. The zero value is empty, has no
// placeholders and means a permission that no rule matches. A Template is immutable.
type Template struct {
	text           string
	object, action []part
	short          bool   // written without an action
	open           bool   // has placeholders
	plain          filled // what it means if it has none
}

// part is a piece of a template: literal text or the name of a placeholder.
type part struct {
	text string
	hole bool
}

// ParseTemplate reads a declared scope or permission. What is outside braces follows the rules of [ParsePermission].
func ParseTemplate(s string) (Template, error) {
	p := splitPermission(s)
	object, objectErr := parseParts(p.Object)
	action, actionErr := parseParts(p.Action)
	if err := errors.Join(objectErr, actionErr); err != nil {
		return Template{}, fmt.Errorf("%q %w", clip(s), err)
	}
	if len(object) == 0 || len(action) == 0 {
		return Template{}, fmt.Errorf("%q has an empty part; write object:action", clip(s))
	}
	t := Template{text: s, object: object, action: action, short: !strings.Contains(s, ":")}
	t.open = slices.ContainsFunc(slices.Concat(object, action), func(p part) bool { return p.hole })
	if !t.open {
		t.plain = t.fill(nil, nil)
	}
	return t, nil
}

func parseParts(s string) ([]part, error) {
	var parts []part
	for s != "" {
		literal, rest, found := strings.Cut(s, "{")
		if err := checkPlain(literal); err != nil {
			return nil, err
		}
		if literal != "" {
			parts = append(parts, part{text: literal})
		}
		if !found {
			break
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed || !isValue(name) {
			return nil, errors.New("holds a '{' that starts no placeholder; write {name} with a name of A-Z a-z 0-9 . _ -")
		}
		parts = append(parts, part{text: name, hole: true})
		s = after
	}
	return parts, nil
}

// isValue reports whether s may stand for a placeholder, and also whether it may name one.
func isValue(s string) bool {
	if s == "" || len(s) > maxValue {
		return false
	}
	for i := range len(s) {
		if !isValueByte(s[i]) {
			return false
		}
	}
	return true
}

func isValueByte(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	}
	return c == '.' || c == '_' || c == '-'
}

// Names returns the placeholders' names in the order in which they stand, a repeated one once; nil if there are none.
func (t Template) Names() []string {
	var names []string
	seen := map[string]bool{}
	for _, list := range [][]part{t.object, t.action} {
		for _, p := range list {
			if p.hole && !seen[p.text] {
				seen[p.text] = true
				names = append(names, p.text)
			}
		}
	}
	return names
}

// String returns the template as it was declared.
func (t Template) String() string { return t.text }

// filled is a template with the values of one request: its text, spelled as it was declared, the subject that a scope of this
// name is, and the permission it means.
type filled struct{ text, scope, object, action []byte }

// fill puts the parts together in space, without reading the result again, so that no value can move the colon. Every
// placeholder needs a usable value in given.
func (t Template) fill(space []byte, given arguments) filled {
	if t.plain.text != nil {
		return t.plain
	}
	scope := append(space[:0], kindScope+":"...)
	start := len(scope)
	scope = join(scope, t.object, given)
	colon := len(scope)
	if t.short {
		return filled{scope[start:], scope, scope[start:], []byte(defaultAction)}
	}
	scope = join(append(scope, ':'), t.action, given)
	return filled{scope[start:], scope, scope[start:colon], scope[colon+1:]}
}

func join(space []byte, parts []part, given arguments) []byte {
	for _, p := range parts {
		text := p.text
		if p.hole {
			text = given.find(p.text).value
		}
		space = append(space, text...)
	}
	return space
}

// unfillable returns the name of the first placeholder without a usable value; empty if there is none.
func (t Template) unfillable(given arguments) string {
	for _, list := range [][]part{t.object, t.action} {
		for _, p := range list {
			if p.hole && !given.find(p.text).usable {
				return p.text
			}
		}
	}
	return ""
}
