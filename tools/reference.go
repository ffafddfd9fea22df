package tools

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"
)

// definition returns what a reference names: the whole schema or one definition at its
// root; nil for every other reference.
func definition(root *jsonschema.Schema, ref string) *jsonschema.Schema {
	if ref == "#" {
		return root
	}
	if name, ok := strings.CutPrefix(ref, "#/$defs/"); ok {
		return root.Defs[name]
	}
	if name, ok := strings.CutPrefix(ref, "#/definitions/"); ok {
		return root.Definitions[name]
	}
	return nil
}

// references checks the references of a schema. Only the plain kind is taken, so that
// a loop that consumes nothing of the instance can be found: on one the validator would
// exhaust the stack, which ends the process.
type references struct {
	root *jsonschema.Schema
	done map[*jsonschema.Schema]bool // true when it was left, false while it is open
}

// checkReferences reports references to elsewhere and loops.
func checkReferences(root *jsonschema.Schema) error {
	r := &references{root: root, done: make(map[*jsonschema.Schema]bool)}
	return r.visit(root)
}

func (r *references) visit(s *jsonschema.Schema) error {
	if s == nil || r.done[s] {
		return nil
	}
	if _, open := r.done[s]; open {
		return errors.New("its references lead in a circle")
	}
	r.done[s] = false
	if err := r.plain(s); err != nil {
		return err
	}
	for _, same := range r.sameInstance(s) {
		if err := r.visit(same); err != nil {
			return err
		}
	}
	r.done[s] = true
	for _, part := range parts(s) {
		if err := r.visit(part); err != nil {
			return err
		}
	}
	return nil
}

// plain reports the keywords under which a reference could mean something else. An $anchor
// is none of them: a reference to it is not one of those that are supported.
func (r *references) plain(s *jsonschema.Schema) error {
	switch {
	case s.DynamicRef != "" || s.DynamicAnchor != "":
		return errors.New("dynamic references are not supported")
	case s.ID != "" && s != r.root:
		return fmt.Errorf("$id %q below the root is not supported", s.ID)
	case s.Ref != "" && definition(r.root, s.Ref) == nil:
		return fmt.Errorf("$ref %q is not #, #/$defs/NAME or #/definitions/NAME of this schema", s.Ref)
	}
	return nil
}

// sameInstance returns the schemas that are applied to the instance s is applied to.
func (r *references) sameInstance(s *jsonschema.Schema) []*jsonschema.Schema {
	all := slices.Concat(s.AllOf, s.AnyOf, s.OneOf)
	all = append(all, s.Not, s.If, s.Then, s.Else)
	if s.Ref != "" {
		all = append(all, definition(r.root, s.Ref))
	}
	for _, named := range []map[string]*jsonschema.Schema{s.DependentSchemas, s.DependencySchemas} {
		for _, part := range named {
			all = append(all, part)
		}
	}
	return all
}

// parts returns the schemas of members and items, and the definitions.
func parts(s *jsonschema.Schema) []*jsonschema.Schema {
	all := slices.Concat(s.PrefixItems, s.ItemsArray)
	all = append(all, s.Items, s.AdditionalItems, s.Contains, s.UnevaluatedItems,
		s.AdditionalProperties, s.PropertyNames, s.UnevaluatedProperties, s.ContentSchema)
	for _, named := range []map[string]*jsonschema.Schema{s.Defs, s.Definitions, s.Properties, s.PatternProperties} {
		for _, part := range named {
			all = append(all, part)
		}
	}
	return all
}
