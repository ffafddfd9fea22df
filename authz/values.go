package authz

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// Value is what a placeholder stands for in an answer: one value, or all values that the rows do not tell apart.
type Value struct {
	// Name is the name of the placeholder.
	Name string
	// Pattern is the value, or what it begins with and one trailing '*', which no value holds; "*" is any value.
	Pattern string
	// Except are the patterns of values that Pattern would cover and that are not meant, sorted; nil if there are none.
	Except []string
	// Example is one of the values: the one that was asked about.
	Example string
}

// String returns the name and the pattern, with what is excepted: "table=or* except orders".
func (v Value) String() string {
	text := v.Name + "=" + v.Pattern
	if len(v.Except) > 0 {
		text += " except " + strings.Join(v.Except, ", ")
	}
	return text
}

// class is a Value among those of one placeholder, which together cover all values and of which no two overlap.
type class struct {
	Value
	parent int // the class it is excepted from; -1 if it is from none
}

// guesses are what rows tell apart about each placeholder: whether its value is a text, or begins with one.
type guesses map[string]map[guess]bool

// maxGuesses bounds how many ways a row can match are looked at. Only templates with placeholders side by side have many.
const maxGuesses = 10_000

// add notes what a row tells apart about the placeholders of a template. It reports whether that is all noted.
func (g guesses) add(t *Template, row Permission) bool {
	return !t.matches(row.Object, row.Action, nil, g.noter())
}

// noter returns what notes the ways in which something can match, and stops when there are too many.
func (g guesses) noter() func(map[string]guess) bool {
	ways := 0
	return func(known map[string]guess) bool {
		for name, is := range known {
			if g[name] == nil {
				g[name] = map[guess]bool{}
			}
			g[name][is] = true
		}
		ways++
		return ways == maxGuesses
	}
}

// rank puts a guess that begins with a text before the one that is the text.
func (g guess) rank() int {
	if g.open {
		return 0
	}
	return 1
}

// classes splits the values of a placeholder so that within a class no row tells one from another: each text that a value
// may have to be, and for each that it may have to begin with, those that begin so and with nothing longer. A class
// comes after the one it is excepted from; a class that has no values is left out.
func (g guesses) classes(name string) []class {
	known := map[guess]bool{{open: true}: true}
	maps.Copy(known, g[name])
	texts := slices.SortedFunc(maps.Keys(known), func(a, b guess) int {
		return cmp.Or(cmp.Compare(a.text, b.text), cmp.Compare(a.rank(), b.rank()))
	})
	var list []class
	within := -1 // the class that was split last
	for _, is := range texts {
		c := class{Value: Value{Name: name, Pattern: is.text, Example: is.text}}
		if is.open {
			c.Pattern += "*"
			c.Example = fresh(is.text, known, texts)
		}
		if c.Example == "" {
			continue
		}
		for within >= 0 && !strings.HasPrefix(is.text, strings.TrimSuffix(list[within].Pattern, "*")) {
			within = list[within].parent
		}
		c.parent = within
		if within >= 0 {
			list[within].Except = append(list[within].Except, c.Pattern)
		}
		if is.open {
			within = len(list)
		}
		list = append(list, c)
	}
	return list
}

// fresh returns a value that begins with the prefix and with no longer text of those known, and is none of them either;
// empty if there is none.
func fresh(prefix string, known map[guess]bool, texts []guess) string {
	// A value that is as long as it may be has nothing behind it and may be the prefix itself.
	if len(prefix) == maxValue {
		if known[guess{text: prefix}] {
			return ""
		}
		return prefix
	}
	const letters = "xyzabcdefghijklmnopqrstuvwXYZABCDEFGHIJKLMNOPQRSTUVW0123456789_-."
	for i := range len(letters) {
		longer := prefix + letters[i:i+1]
		at, _ := slices.BinarySearchFunc(texts, longer, func(g guess, text string) int { return cmp.Compare(g.text, text) })
		if at == len(texts) || !strings.HasPrefix(texts[at].text, longer) {
			return longer
		}
	}
	if prefix != "" && !known[guess{text: prefix}] {
		return prefix
	}
	for i := range len(letters) {
		longer := prefix + letters[i:i+1]
		if known[guess{text: longer, open: true}] {
			continue
		}
		if value := fresh(longer, known, texts); value != "" {
			return value
		}
	}
	return ""
}
