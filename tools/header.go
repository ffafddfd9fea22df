package tools

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/textproto"
	"slices"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"
)

// The annotation of MCP 2026-07-28, basic/transports/streamable-http, "Schema
// Extension", and the prefix of the header it makes.
const (
	headerKeyword = "x-mcp-header"
	headerPrefix  = "Mcp-Param-"
	// maxSafe is the largest integer a header may carry.
	maxSafe = 1<<53 - 1
)

// addHeader annotates a property, and keeps an integer within what JavaScript can
// hold, as the specification demands of such integers.
func addHeader(s *jsonschema.Schema, header string) {
	s.Extra = map[string]any{headerKeyword: header}
	if s.Type != "integer" {
		return
	}
	if lowest := float64(-maxSafe); s.Minimum == nil {
		s.Minimum = &lowest
	}
	if highest := float64(maxSafe); s.Maximum == nil {
		s.Maximum = &highest
	}
}

// headerScan reads the annotations of a schema wherever they are.
type headerScan struct {
	d       declaration
	headers map[string][]string // by canonical header name
}

// scanHeaders returns the header bindings of a schema and reports the annotations the
// specification forbids: a client must hide a tool that has one.
func scanHeaders(d declaration, raw json.RawMessage) map[string][]string {
	var node any
	if err := json.Unmarshal(raw, &node); err != nil {
		d.mistake("Handler", "the input schema cannot be read: "+err.Error(), "correct the schema")
		return nil
	}
	scan := &headerScan{d: d, headers: make(map[string][]string)}
	scan.schema(node, nil, true)
	return scan.headers
}

// schema reads one schema. It is reachable if only "properties" lead to it.
func (h *headerScan) schema(node any, path []string, reachable bool) {
	keywords, ok := node.(map[string]any)
	if !ok {
		return
	}
	if value, ok := keywords[headerKeyword]; ok {
		h.annotation(keywords, value, path, reachable && len(path) > 0)
	}
	for _, keyword := range slices.Sorted(maps.Keys(keywords)) {
		value := keywords[keyword]
		switch keyword {
		case "const", "default", "enum", "examples":
		case "properties":
			h.named(value, path, reachable)
		case "$defs", "definitions", "patternProperties", "dependentSchemas", "dependencies":
			h.named(value, path, false)
		case "allOf", "anyOf", "oneOf", "prefixItems":
			h.list(value, path)
		case "items":
			h.list(value, path)
			h.schema(value, path, false)
		default:
			h.schema(value, path, false)
		}
	}
}

func (h *headerScan) named(node any, path []string, reachable bool) {
	schemas, ok := node.(map[string]any)
	if !ok {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(schemas)) {
		h.schema(schemas[name], append(slices.Clone(path), name), reachable)
	}
}

func (h *headerScan) list(node any, path []string) {
	schemas, ok := node.([]any)
	if !ok {
		return
	}
	for _, s := range schemas {
		h.schema(s, path, false)
	}
}

func (h *headerScan) annotation(keywords map[string]any, value any, path []string, reachable bool) {
	field := "Handler: header of " + strings.Join(path, ".")
	name, ok := value.(string)
	switch kind := keywords["type"]; {
	case !ok || !isToken(name):
		h.d.mistake(field, fmt.Sprintf("%s is not an HTTP field name", jsonText(value)), "use letters, digits and hyphens")
		return
	case !reachable:
		h.d.mistake(field, "is inside an array, a map or a composition", "move the header tag to a property of the arguments or of a nested struct")
		return
	case kind != "string" && kind != "integer" && kind != "boolean":
		h.d.mistake(field, "only string, integer and boolean values can be mirrored",
			"remove the header tag, or make the field such a type (optional ones with omitempty, not with a pointer)")
		return
	}
	header := textproto.CanonicalMIMEHeaderKey(headerPrefix + name)
	if _, ok := h.headers[header]; ok {
		h.d.mistake(field, fmt.Sprintf("the header %q is used twice", name), "give each its own name; case does not count")
		return
	}
	h.headers[header] = path
}

// isToken reports whether s is a field name (RFC 9110, section 5.6.2).
func isToken(s string) bool {
	const symbols = "!#$%&'*+-.^_`|~"
	return s != "" && only(s, alphanumeric+symbols)
}
