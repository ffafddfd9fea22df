package tools

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/sallyport-mcp/sallyport/internal/strictjson"
)

// maxProblems is how many problems one answer names.
const maxProblems = 10

// problem is a place in the arguments and what was expected there. Neither holds a
// value; names of members are part of the place.
type problem struct {
	path, expected string
}

func joinProblems(problems []problem) string {
	texts := make([]string, 0, len(problems))
	for _, p := range problems {
		texts = append(texts, p.path+": "+p.expected)
	}
	return strings.Join(texts, "; ")
}

// explainer finds out where an instance breaks its schema. It decides nothing.
type explainer struct {
	root   *jsonschema.Schema
	sure   []problem // places that certainly break a keyword
	unsure []problem // places with keywords that are not followed here
}

// explain returns at least one problem of a value that the validator has refused.
func explain(root *jsonschema.Schema, value any) []problem {
	e := &explainer{root: root}
	e.walk(root, value, "$", 0)
	found := e.sure
	if len(found) == 0 {
		found = e.unsure
	}
	if len(found) == 0 {
		return []problem{{path: "$", expected: "does not fit the input schema"}}
	}
	return found[:min(len(found), maxProblems)]
}

// full reports whether enough has been found. Nobody reads more, and a client
// could have it computed for every one of a hundred thousand members.
func (e *explainer) full() bool { return len(e.sure) >= maxProblems }

func (e *explainer) add(path, format string, a ...any) {
	e.sure = append(e.sure, problem{path: path, expected: fmt.Sprintf(format, a...)})
}

func (e *explainer) doubt(path, expected string) {
	if len(e.unsure) < maxProblems {
		e.unsure = append(e.unsure, problem{path: path, expected: expected})
	}
}

func (e *explainer) walk(s *jsonschema.Schema, value any, path string, depth int) {
	if s == nil || e.full() || depth > strictjson.MaxDepth {
		return
	}
	if never(s) {
		e.add(path, "is not allowed")
		return
	}
	if !hasType(s, value) {
		e.add(path, "expected %s", typeNames(s))
		return
	}
	e.choices(s, value, path)
	switch v := value.(type) {
	case string:
		e.text(s, v, path)
	case []any:
		e.array(s, v, path, depth)
	case map[string]any:
		e.object(s, v, path, depth)
	case int64, uint64, float64:
		e.number(s, v, path)
	}
	e.references(s, value, path, depth)
}

// references follows what certainly holds, and remembers the rest as unsure.
func (e *explainer) references(s *jsonschema.Schema, value any, path string, depth int) {
	for _, part := range s.AllOf {
		e.walk(part, value, path, depth+1)
	}
	if s.Ref != "" {
		e.walk(definition(e.root, s.Ref), value, path, depth+1)
	}
	for _, keyword := range []struct {
		name string
		used bool
	}{
		{"anyOf", s.AnyOf != nil}, {"oneOf", s.OneOf != nil}, {"not", s.Not != nil}, {"if", s.If != nil},
		{"contains", s.Contains != nil}, {"propertyNames", s.PropertyNames != nil},
		{"dependentSchemas", s.DependentSchemas != nil}, {"dependentRequired", s.DependentRequired != nil},
		{"dependencies", s.DependencySchemas != nil || s.DependencyStrings != nil},
		{"unevaluatedItems", s.UnevaluatedItems != nil}, {"unevaluatedProperties", s.UnevaluatedProperties != nil},
	} {
		if keyword.used {
			e.doubt(path, "does not fit "+keyword.name+" of the input schema")
		}
	}
}

func (e *explainer) choices(s *jsonschema.Schema, value any, path string) {
	same := func(choice any) bool { return jsonschema.Equal(choice, value) }
	if s.Enum != nil && !slices.ContainsFunc(s.Enum, same) {
		e.add(path, "expected one of %s", jsonText(s.Enum))
	}
	if s.Const != nil && !same(*s.Const) {
		e.add(path, "expected %s", jsonText(*s.Const))
	}
}

func (e *explainer) text(s *jsonschema.Schema, text, path string) {
	n := len([]rune(text))
	if s.MinLength != nil && n < *s.MinLength {
		e.add(path, "expected at least %d characters", *s.MinLength)
	}
	if s.MaxLength != nil && n > *s.MaxLength {
		e.add(path, "expected at most %d characters", *s.MaxLength)
	}
	if s.Pattern != "" {
		e.doubt(path, "expected a string that matches "+s.Pattern)
	}
}

func (e *explainer) number(s *jsonschema.Schema, value any, path string) {
	f := asFloat(value)
	if s.Minimum != nil && f < *s.Minimum {
		e.add(path, "expected at least %s", decimal(*s.Minimum))
	}
	if s.Maximum != nil && f > *s.Maximum {
		e.add(path, "expected at most %s", decimal(*s.Maximum))
	}
	if s.ExclusiveMinimum != nil && f <= *s.ExclusiveMinimum {
		e.add(path, "expected more than %s", decimal(*s.ExclusiveMinimum))
	}
	if s.ExclusiveMaximum != nil && f >= *s.ExclusiveMaximum {
		e.add(path, "expected less than %s", decimal(*s.ExclusiveMaximum))
	}
	if s.MultipleOf != nil {
		e.doubt(path, "expected a multiple of "+decimal(*s.MultipleOf))
	}
	if s.Minimum != nil || s.Maximum != nil {
		// A float64 cannot tell 2^53 from its neighbour; the validator can.
		e.doubt(path, "expected "+typeNames(s)+" within its bounds")
	}
}

func (e *explainer) array(s *jsonschema.Schema, items []any, path string, depth int) {
	if s.MinItems != nil && len(items) < *s.MinItems {
		e.add(path, "expected at least %d items", *s.MinItems)
	}
	if s.MaxItems != nil && len(items) > *s.MaxItems {
		e.add(path, "expected at most %d items", *s.MaxItems)
	}
	if s.UniqueItems {
		e.doubt(path, "expected items that all differ")
	}
	listed, rest := s.PrefixItems, s.Items
	if s.ItemsArray != nil {
		listed, rest = s.ItemsArray, s.AdditionalItems
	}
	for i, item := range items {
		if e.full() {
			return
		}
		of := rest
		if i < len(listed) {
			of = listed[i]
		}
		e.walk(of, item, path+"["+strconv.Itoa(i)+"]", depth+1)
	}
}

func (e *explainer) object(s *jsonschema.Schema, members map[string]any, path string, depth int) {
	for _, name := range s.Required {
		if _, ok := members[name]; !ok {
			e.add(child(path, name), "is required: expected %s", typeNames(s.Properties[name]))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if e.full() {
			return
		}
		if of, ok := s.Properties[name]; ok {
			e.walk(of, members[name], child(path, name), depth+1)
			continue
		}
		if s.PatternProperties != nil {
			e.doubt(child(path, name), "does not fit patternProperties of the input schema")
			continue
		}
		if s.AdditionalProperties != nil && never(s.AdditionalProperties) {
			e.add(child(path, name), "%s", unknownMember(s, name))
			continue
		}
		e.walk(s.AdditionalProperties, members[name], child(path, name), depth+1)
	}
	if s.MinProperties != nil && len(members) < *s.MinProperties {
		e.add(path, "expected at least %d members", *s.MinProperties)
	}
	if s.MaxProperties != nil && len(members) > *s.MaxProperties {
		e.add(path, "expected at most %d members", *s.MaxProperties)
	}
}

// findTwins returns the members a reader that ignores case would take for declared
// ones. A schema that allows undeclared members lets them through, and a handler that
// decodes with encoding/json would then read what was never validated.
func findTwins(s *jsonschema.Schema, value any, path string) []problem {
	e := &explainer{root: s}
	e.twins(s, value, path)
	return e.sure
}

func (e *explainer) twins(s *jsonschema.Schema, value any, path string) {
	if items, ok := value.([]any); ok && s.Items != nil {
		for i, item := range items {
			if e.full() {
				return
			}
			e.twins(s.Items, item, path+"["+strconv.Itoa(i)+"]")
		}
	}
	members, ok := value.(map[string]any)
	if !ok || len(s.Properties) == 0 {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if e.full() {
			return
		}
		if of, declared := s.Properties[name]; declared {
			e.twins(of, members[name], child(path, name))
		} else if _, twin := twinOf(s, name); twin {
			e.add(child(path, name), "%s", unknownMember(s, name))
		}
	}
}

func unknownMember(s *jsonschema.Schema, name string) string {
	if declared, ok := twinOf(s, name); ok {
		return fmt.Sprintf("unknown; expected exactly %q", declared)
	}
	return "unknown; not one of the declared names"
}

func twinOf(s *jsonschema.Schema, name string) (string, bool) {
	folded := strictjson.Fold(name)
	for _, declared := range slices.Sorted(maps.Keys(s.Properties)) {
		if strictjson.Fold(declared) == folded {
			return declared, true
		}
	}
	return "", false
}

// never reports whether s is the schema false.
func never(s *jsonschema.Schema) bool {
	if s.Not == nil {
		return false
	}
	text, err := json.Marshal(s)
	return err == nil && string(text) == "false"
}

// allowedTypes returns the type names of s, none if any will do.
func allowedTypes(s *jsonschema.Schema) []string {
	if s == nil {
		return nil
	}
	if s.Type != "" {
		return []string{s.Type}
	}
	return s.Types
}

func typeNames(s *jsonschema.Schema) string {
	names := allowedTypes(s)
	if len(names) == 0 {
		return "a value"
	}
	return strings.Join(names, " or ")
}

func hasType(s *jsonschema.Schema, value any) bool {
	names := allowedTypes(s)
	kind := typeOf(value)
	return len(names) == 0 || slices.Contains(names, kind) ||
		kind == "integer" && slices.Contains(names, "number")
}

// typeOf returns the JSON Schema type of a value that instance returned.
func typeOf(value any) string {
	switch v := value.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case []any:
		return "array"
	case map[string]any:
		return "object"
	case float64:
		if v != math.Trunc(v) {
			return "number"
		}
	}
	return "integer"
}

func asFloat(value any) float64 {
	switch v := value.(type) {
	case int64:
		return float64(v)
	case uint64:
		return float64(v)
	}
	return value.(float64)
}

func decimal(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

func jsonText(v any) string {
	text, err := marshal(v)
	if err != nil {
		return "a value of the input schema"
	}
	return string(text)
}

// child appends a member's name to a path. A name that is not a plain word is
// quoted, and cut if it is long, since the client chose it.
func child(path, name string) string {
	const longest = 64
	plain := name != "" && len(name) <= longest && only(name, nameCharacters)
	if plain {
		return path + "." + name
	}
	if runes := []rune(name); len(runes) > longest {
		name = string(runes[:longest]) + "..."
	}
	return path + "[" + strconv.QuoteToASCII(name) + "]"
}
