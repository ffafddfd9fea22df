// Package paramheader knows the headers that repeat arguments of a tool (MCP 2026-07-28, basic/transports/streamable-http,
// "Custom Headers from Tool Parameters"): which ones a schema asks for, and how a value is written into one. A server refuses
// to declare what a client would have to hide, so both read a schema here.
package paramheader

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/textproto"
	"slices"
	"strings"
)

// Keyword is the annotation of a property, and MaxSafe the largest integer that a header may carry.
const (
	Keyword = "x-mcp-header"
	MaxSafe = 1<<53 - 1

	prefix = "Mcp-Param-"
)

// Mistake is an annotation that the specification forbids. A client hides a tool that has one.
type Mistake struct {
	// Path leads to the annotated schema: names of properties, as far as they are some.
	Path []string
	// Reason and Fix are for the author of the tool.
	Reason, Fix string
}

// String says what is wrong, and where.
func (m Mistake) String() string { return strings.Join(m.Path, ".") + " " + m.Reason }

// Scan returns the headers that an input schema asks for, each with the path of the property it repeats, and the annotations
// that are mistakes. The error tells that the schema is no JSON.
func Scan(schema json.RawMessage) (map[string][]string, []Mistake, error) {
	var node any
	if err := json.Unmarshal(schema, &node); err != nil {
		return nil, nil, fmt.Errorf("the input schema cannot be read: %w", err)
	}
	s := &scan{headers: make(map[string][]string)}
	s.schema(node, nil, true)
	return s.headers, s.mistakes, nil
}

// scan reads the annotations of a schema wherever they are.
type scan struct {
	headers  map[string][]string // by canonical header name
	mistakes []Mistake
}

// schema reads one schema. It is reachable if only "properties" lead to it.
func (s *scan) schema(node any, path []string, reachable bool) {
	keywords, ok := node.(map[string]any)
	if !ok {
		return
	}
	if value, ok := keywords[Keyword]; ok {
		s.annotation(keywords, value, path, reachable && len(path) > 0)
	}
	for _, keyword := range slices.Sorted(maps.Keys(keywords)) {
		value := keywords[keyword]
		switch keyword {
		case "const", "default", "enum", "examples":
		case "properties":
			s.named(value, path, reachable)
		case "$defs", "definitions", "patternProperties", "dependentSchemas", "dependencies":
			s.named(value, path, false)
		case "allOf", "anyOf", "oneOf", "prefixItems":
			s.list(value, path)
		case "items":
			s.list(value, path)
			s.schema(value, path, false)
		default:
			s.schema(value, path, false)
		}
	}
}

func (s *scan) named(node any, path []string, reachable bool) {
	schemas, ok := node.(map[string]any)
	if !ok {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(schemas)) {
		s.schema(schemas[name], append(slices.Clone(path), name), reachable)
	}
}

func (s *scan) list(node any, path []string) {
	schemas, ok := node.([]any)
	if !ok {
		return
	}
	for _, one := range schemas {
		s.schema(one, path, false)
	}
}

func (s *scan) annotation(keywords map[string]any, value any, path []string, reachable bool) {
	mistake := func(reason, fix string) { s.mistakes = append(s.mistakes, Mistake{path, reason, fix}) }
	name, ok := value.(string)
	switch kind := keywords["type"]; {
	case !ok || !isToken(name):
		mistake(fmt.Sprintf("%s is not an HTTP field name", spelled(value)), "use letters, digits and hyphens")
		return
	case !reachable:
		mistake("is inside an array, a map or a composition", "move the header tag to a property of the arguments or of a nested struct")
		return
	case kind != "string" && kind != "integer" && kind != "boolean":
		mistake("only string, integer and boolean values can be mirrored",
			"remove the header tag, or make the field such a type (optional ones with omitempty, not with a pointer)")
		return
	}
	header := textproto.CanonicalMIMEHeaderKey(prefix + name)
	if _, ok := s.headers[header]; ok {
		mistake(fmt.Sprintf("the header %q is used twice", name), "give each its own name; case does not count")
		return
	}
	s.headers[header] = path
}

func spelled(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return "the value"
	}
	return string(text)
}

// isToken reports whether s is a field name (RFC 9110, section 5.6.2).
func isToken(s string) bool {
	const characters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~"
	return s != "" && strings.Trim(s, characters) == ""
}
