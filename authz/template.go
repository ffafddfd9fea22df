package authz

import (
	"errors"
	"fmt"
	"strings"
)

// maxValue is the longest text, in characters, that may stand for a placeholder.
const maxValue = 128

// Template is a declared scope or permission that may hold placeholders: "table/{table}:read".
//
// A placeholder is a name of 1 to 128 letters, digits, '.', '_' and '-' in braces. The zero value is empty, has no
// placeholders and fills to the empty text, which no rule matches. A Template is immutable.
type Template struct {
	text           string
	object, action []part
	short          bool // written without an action
}

// part is a piece of a template: literal text or the name of a placeholder.
type part struct {
	text string
	hole bool
}

// FillError reports a placeholder that one request could not fill. It never holds the value: that is an argument of the
// caller and belongs in no log.
type FillError struct {
	// Template is the scope or permission as declared.
	Template string
	// Name is the placeholder's name.
	Name string
	// Missing tells a value that is not there from one that is not allowed.
	Missing bool
}

// Error says which placeholder of which template could not be filled and what would fill it.
func (e *FillError) Error() string {
	if e.Missing {
		return fmt.Sprintf("%q: the request has no value for {%s}", e.Template, e.Name)
	}
	return fmt.Sprintf("%q: the value for {%s} is not 1 to %d of the characters A-Z a-z 0-9 . _ -", e.Template, e.Name, maxValue)
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
	return Template{text: s, object: object, action: action, short: !strings.Contains(s, ":")}, nil
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

// Fill returns the text with every placeholder replaced by what value returns for its name. A name without a value, a
// nil function, and a value that is not 1 to 128 of the characters A-Z a-z 0-9 . _ - give a [*FillError].
func (t Template) Fill(value func(name string) (string, bool)) (string, error) {
	f, err := t.fill(value)
	return f.text, err
}

// String returns the template as it was declared.
func (t Template) String() string { return t.text }

// filled is a template with the values of one request: its text as declared and what it means.
type filled struct {
	text string
	perm Permission
}

// fill puts the parts together without parsing the result again, so that no value can move the colon.
func (t Template) fill(value func(name string) (string, bool)) (filled, error) {
	object, err := t.join(t.object, value)
	if err != nil {
		return filled{}, err
	}
	action, err := t.join(t.action, value)
	if err != nil {
		return filled{}, err
	}
	f := filled{text: object, perm: Permission{Object: object, Action: action}}
	if !t.short {
		f.text = f.perm.String()
	}
	return f, nil
}

func (t Template) join(parts []part, value func(name string) (string, bool)) (string, error) {
	if len(parts) == 1 && !parts[0].hole {
		return parts[0].text, nil // nothing to put together
	}
	var b strings.Builder
	for _, p := range parts {
		if !p.hole {
			b.WriteString(p.text)
			continue
		}
		v, found := "", false
		if value != nil {
			v, found = value(p.text)
		}
		if !found || !isValue(v) {
			return "", &FillError{Template: t.text, Name: p.text, Missing: !found}
		}
		b.WriteString(v)
	}
	return b.String(), nil
}
