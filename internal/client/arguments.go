package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport-mcp/sallyport/internal/strictjson"
)

// Argument is an argument of a tool, for a person.
type Argument struct {
	Name     string
	Type     string // as the schema says; empty if it does not
	Required bool
	// Description is the schema's own.
	Description string
}

// inputSchema is what is read of the schema of a tool's arguments.
type inputSchema struct {
	Properties map[string]json.RawMessage `json:"properties"`
	Required   []string                   `json:"required"`
}

// property is what is read of one of its properties. A property that is no object says nothing.
type property struct {
	Type        json.RawMessage `json:"type"`
	Description string          `json:"description"`
}

// arguments lists those that the schema names: the required ones first, each group in order.
func (s inputSchema) arguments() []Argument {
	var list []Argument
	for name, raw := range s.Properties {
		var p property
		_ = strictjson.Decode(raw, &p) // what cannot be read is not known
		list = append(list, Argument{name, strings.Join(types(raw), " or "), slices.Contains(s.Required, name), p.Description})
	}
	slices.SortFunc(list, func(a, b Argument) int {
		if a.Required != b.Required {
			if a.Required {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Name, b.Name)
	})
	return list
}

// types returns the types that a property may have, none if its schema does not say.
func types(raw json.RawMessage) []string {
	var p property
	if strictjson.Decode(raw, &p) != nil {
		return nil
	}
	var one string
	if json.Unmarshal(p.Type, &one) == nil {
		return []string{one}
	}
	var several []string
	if json.Unmarshal(p.Type, &several) != nil {
		return nil
	}
	return several
}

// build makes the arguments of a call: of an object in JSON, if there is one, and of words "name=value", each typed as the schema
// says. The errors are Mistakes.
func (s inputSchema) build(object []byte, words []string) (json.RawMessage, error) {
	arguments := map[string]json.RawMessage{}
	if object != nil {
		read, err := strictjson.Object(object)
		if err != nil {
			return nil, Mistake{fmt.Errorf("the arguments are no JSON object: %w", err)}
		}
		arguments = maps.Clone(read)
	}
	for _, word := range words {
		name, text, ok := strings.Cut(word, "=")
		if !ok || name == "" {
			return nil, Mistake{fmt.Errorf("%q is no argument; write name=value", word)}
		}
		if _, twice := arguments[name]; twice {
			return nil, Mistake{fmt.Errorf("the argument %q is given twice", name)}
		}
		value, err := s.value(name, text)
		if err != nil {
			return nil, Mistake{fmt.Errorf("the argument %s: %w", name, err)}
		}
		arguments[name] = value
	}
	return json.Marshal(arguments)
}

// value types a text. Of several types the first fits that is not a text, and a text otherwise; without any, JSON is JSON and the
// rest a text. The server has the last word: it validates.
func (s inputSchema) value(name, text string) (json.RawMessage, error) {
	raw, known := s.Properties[name]
	kinds := types(raw)
	if !known {
		kinds = []string{"string"}
	}
	asText, err := json.Marshal(text)
	if err != nil {
		return nil, err
	}
	if len(kinds) == 0 {
		if strictjson.Check([]byte(text)) == nil {
			return json.RawMessage(text), nil
		}
		return asText, nil
	}
	for _, kind := range kinds {
		if kind != "string" && isOf(kind, text) {
			return json.RawMessage(text), nil
		}
	}
	if slices.Contains(kinds, "string") {
		return asText, nil
	}
	return nil, errors.New("has to be " + wanted(kinds))
}

// isOf tells whether a text is JSON of a type of JSON Schema.
func isOf(kind, text string) bool {
	if strictjson.Check([]byte(text)) != nil || strings.TrimSpace(text) != text {
		return false
	}
	switch kind {
	case "integer":
		_, err := strconv.ParseFloat(text, 64)
		return err == nil && !strings.ContainsAny(text, ".eE")
	case "number":
		_, err := strconv.ParseFloat(text, 64)
		return err == nil
	case "boolean":
		return text == "true" || text == "false"
	case "null":
		return text == "null"
	case "array":
		return text[0] == '['
	case "object":
		return text[0] == '{'
	}
	return false
}

// wanted says what a value has to be.
func wanted(kinds []string) string {
	words := map[string]string{
		"integer": "an integer, such as 3", "number": "a number, such as 0.5", "boolean": "true or false", "null": "null",
		"array": `a list in JSON, such as '["a","b"]'`, "object": `an object in JSON, such as '{"a":1}'`,
	}
	var list []string
	for _, kind := range kinds {
		if word, ok := words[kind]; ok {
			list = append(list, word)
		}
	}
	if len(list) == 0 {
		return "of a type that is not known here; use --args"
	}
	return strings.Join(list, ", or ")
}
