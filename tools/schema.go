package tools

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/sallyport-mcp/sallyport/internal/strictjson"
)

// Schema is a JSON Schema of a [Raw] handler. [SchemaFor] and [SchemaJSON] make one;
// the zero value is a start-up mistake.
type Schema struct {
	infer func() (*jsonschema.Schema, error)
}

// SchemaFor returns the schema of a struct, exactly as [Typed] infers it.
func SchemaFor[T any]() Schema {
	return Schema{infer: func() (*jsonschema.Schema, error) { return inferObject[T]() }}
}

// SchemaJSON returns the schema that is written in text: JSON Schema 2020-12 or, if
// $schema says so, draft-07, without references to other documents. Its type must be
// "object".
func SchemaJSON(text string) Schema {
	return Schema{infer: func() (*jsonschema.Schema, error) { return parseSchema(text) }}
}

func parseSchema(text string) (*jsonschema.Schema, error) {
	if err := strictjson.Check([]byte(text)); err != nil {
		return nil, err
	}
	s := new(jsonschema.Schema)
	if err := json.Unmarshal([]byte(text), s); err != nil {
		return nil, err
	}
	if s.Type != "object" {
		return nil, errors.New(`the type of the schema is not "object"`)
	}
	return s, nil
}

// schema is a compiled schema. It is immutable.
type schema struct {
	root     *jsonschema.Schema
	resolved *jsonschema.Resolved
	raw      json.RawMessage
	open     bool // may take undeclared members: their names are then checked for twins
}

// compileSchema prepares s for validation.
func compileSchema(s *jsonschema.Schema) (*schema, error) {
	switch s.Schema {
	case "", "https://json-schema.org/draft/2020-12/schema",
		"http://json-schema.org/draft-07/schema#", "https://json-schema.org/draft-07/schema#":
	default:
		return nil, fmt.Errorf("the dialect %q is not supported", s.Schema)
	}
	if err := checkReferences(s); err != nil {
		return nil, err
	}
	resolved, err := s.Resolve(&jsonschema.ResolveOptions{ValidateDefaults: true})
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	return &schema{root: s, resolved: resolved, raw: raw}, nil
}

// check validates arguments and returns what is wrong with them, or nil.
func (s *schema) check(arguments json.RawMessage) error {
	value, err := instance(arguments)
	if err != nil {
		return &badArguments{problems: []problem{{path: "$", expected: unreadable(err)}}}
	}
	if err := s.resolved.Validate(value); err != nil {
		// The validator decides. Its own text quotes values, so it goes nowhere.
		return &badArguments{problems: explain(s.root, value)}
	}
	if s.open {
		if twins := findTwins(s.root, value, "$"); len(twins) > 0 {
			return &badArguments{problems: twins}
		}
	}
	return nil
}

// conforms reports whether what a handler returned fits.
func (s *schema) conforms(output []byte) error {
	value, err := instance(output)
	if err != nil {
		return err
	}
	return s.resolved.Validate(value)
}

// unreadable says what is expected of arguments that are no strict JSON.
func unreadable(err error) string {
	var strict *strictjson.Error
	if errors.As(err, &strict) {
		return "expected strict JSON: " + strict.Reason
	}
	return "expected " + "numbers within the range of a float64"
}
