package policytest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/server"
)

// reader reads one file and collects what is wrong with it.
type reader struct {
	file   string
	review *server.Review
	found  []authz.Finding
}

// fail notes a mistake at the place of a node.
func (r *reader) fail(at *yaml.Node, found, reason, fix string) {
	r.found = append(r.found, authz.Finding{File: r.file, Line: at.Line, Column: at.Column, Found: found, Reason: reason, Fix: fix})
}

// target returns what a node stands for: itself, or what an alias like *bob names.
func target(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// field is a key of a mapping with its value.
type field struct{ key, value *yaml.Node }

// mapping returns the fields of a mapping, and false if the node is none. A key that is not one of those known, if any are,
// and one that stands twice is a mistake and left out.
func (r *reader) mapping(n *yaml.Node, fix string, known ...string) (map[string]field, bool) {
	m := target(n)
	if m.Kind != yaml.MappingNode {
		r.fail(n, shown(m), "this is "+kindOf(m)+" and not keys with values", fix)
		return nil, false
	}
	fields := map[string]field{}
	for i := 0; i+1 < len(m.Content); i += 2 {
		key, value := m.Content[i], m.Content[i+1]
		name, ok := r.text(key)
		first, twice := fields[name]
		switch {
		case !ok:
		case len(known) > 0 && !slices.Contains(known, name):
			r.fail(key, name, "there is no such key", oneOf(known))
		case twice:
			r.fail(key, name, fmt.Sprintf("the key stands in line %d already", first.key.Line), "remove one of the two")
		default:
			fields[name] = field{key, value}
		}
	}
	return fields, true
}

// text returns the text of a node. What YAML reads as something else is a mistake, and so is an empty text.
func (r *reader) text(n *yaml.Node) (string, bool) {
	t := target(n)
	switch {
	case t.Kind != yaml.ScalarNode, t.ShortTag() == "!!null":
		r.fail(n, shown(t), "this is "+kindOf(t)+" and not a text", "write one text")
	case t.ShortTag() != "!!str":
		r.fail(n, t.Value, "YAML reads this as "+kindOf(t)+" and not as a text", "write it in quotes: "+strconv.QuoteToASCII(t.Value))
	case t.Value == "":
		r.fail(n, "", "an empty text", "write what is meant, or remove the key")
	default:
		return t.Value, true
	}
	return "", false
}

// texts returns the texts of a list. Those that are none are left out.
func (r *reader) texts(n *yaml.Node) []string {
	l := target(n)
	if l.Kind != yaml.SequenceNode {
		r.fail(n, shown(l), "this is "+kindOf(l)+" and not a list", "write a list, also of one: [a] or [a, b]")
		return nil
	}
	var list []string
	for _, element := range l.Content {
		if text, ok := r.text(element); ok {
			list = append(list, text)
		}
	}
	return list
}

// choice returns the text of a node if it is one of those known.
func (r *reader) choice(n *yaml.Node, reason string, known ...string) string {
	t := target(n)
	if t.Kind == yaml.ScalarNode && t.ShortTag() == "!!str" && slices.Contains(known, t.Value) {
		return t.Value
	}
	r.fail(n, shown(t), reason, oneOf(known))
	return ""
}

// oneOf says what to write.
func oneOf(known []string) string {
	if len(known) == 1 {
		return "write " + known[0]
	}
	return "write one of " + strings.Join(known, ", ")
}

// shown is what a mistake repeats of a node: nothing but the text of a scalar.
func shown(n *yaml.Node) string {
	if n.Kind == yaml.ScalarNode {
		return n.Value
	}
	return ""
}

// kindOf says in words what YAML reads a node as.
func kindOf(n *yaml.Node) string {
	switch n.ShortTag() {
	case "!!str":
		return "a text"
	case "!!int", "!!float":
		return "a number"
	case "!!bool":
		return "a boolean"
	case "!!null":
		return "empty"
	case "!!timestamp":
		return "a date"
	case "!!seq":
		return "a list"
	case "!!map":
		return "keys with values"
	}
	return "a value of the kind " + n.ShortTag()
}
