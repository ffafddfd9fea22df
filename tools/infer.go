package tools

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"time"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/sallyport-mcp/sallyport/internal/strictjson"
)

// inferObject returns the schema of a struct type.
func inferObject[T any]() (*jsonschema.Schema, error) {
	t := reflect.TypeFor[T]()
	if t.Kind() != reflect.Struct {
		return nil, fmt.Errorf("%s is no struct, whose fields would be the arguments", t)
	}
	if special(t) != nil {
		return nil, fmt.Errorf("%s has JSON methods of its own, so that its fields say nothing", t)
	}
	s, err := inferSchema(t)
	if err != nil {
		return nil, err
	}
	addHeaders(t, s)
	return s, nil
}

// inferSchema returns the schema of what encoding/json makes of t. Where jsonschema-go
// sees it otherwise (byte slices, nil slices, types with methods) this package wins.
func inferSchema(t reflect.Type) (*jsonschema.Schema, error) {
	types := make(map[reflect.Type]*jsonschema.Schema)
	if err := collect(t, types, make(map[reflect.Type]bool)); err != nil {
		return nil, err
	}
	s, err := jsonschema.ForType(t, &jsonschema.ForOptions{TypeSchemas: types})
	if err != nil {
		return nil, err
	}
	refine(t, s)
	return s, nil
}

// special returns the schema of a type that encoding/json does not treat by its kind,
// or nil. A type with JSON methods of its own may be anything.
func special(t reflect.Type) *jsonschema.Schema {
	switch t {
	case reflect.TypeFor[time.Time]():
		return &jsonschema.Schema{Type: "string", Format: "date-time"}
	case reflect.TypeFor[slog.Level]():
		return &jsonschema.Schema{Type: "string"}
	}
	if t.Kind() == reflect.Pointer || t.Kind() == reflect.Interface {
		return nil
	}
	p := reflect.PointerTo(t)
	if p.Implements(reflect.TypeFor[json.Marshaler]()) || p.Implements(reflect.TypeFor[json.Unmarshaler]()) {
		return &jsonschema.Schema{}
	}
	if p.Implements(reflect.TypeFor[encoding.TextMarshaler]()) || p.Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
		return &jsonschema.Schema{Type: "string"}
	}
	if t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8 {
		return &jsonschema.Schema{Type: "string", ContentEncoding: "base64"}
	}
	return nil
}

// collect fills types with the special types that t reaches, and refuses what cannot
// be read back the way the schema says.
func collect(t reflect.Type, types map[reflect.Type]*jsonschema.Schema, seen map[reflect.Type]bool) error {
	if seen[t] {
		return nil
	}
	seen[t] = true
	if t == reflect.TypeFor[json.Number]() {
		return errors.New("json.Number is not supported; use int64, float64 or json.RawMessage")
	}
	if s := special(t); s != nil {
		// jsonschema-go takes a type without "type" behind a pointer for null only;
		// refine puts the right schema in its place.
		types[t] = &jsonschema.Schema{Type: "string"}
		return nil
	}
	switch t.Kind() {
	case reflect.Chan, reflect.Func, reflect.Complex64, reflect.Complex128, reflect.UnsafePointer:
		return &unfit{fmt.Sprintf("JSON has nothing for the type %s", t), `choose another one, or leave it out with the tag json:"-"`}
	case reflect.Interface:
		if t.NumMethod() > 0 {
			return fmt.Errorf("nothing can be decoded into the interface %s; use any or a struct", t)
		}
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return collect(t.Elem(), types, seen)
	case reflect.Struct:
		if err := errors.Join(checkHidden(t), checkFields(t)); err != nil {
			return err
		}
		for _, field := range jsonFields(t) {
			if err := collect(field.Type, types, seen); err != nil {
				return fmt.Errorf("field %s: %w", field.Name, err)
			}
		}
	}
	return nil
}

// jsonField is a field as encoding/json sees it.
type jsonField struct {
	reflect.StructField
	name    string
	options []string
}

// jsonFields returns the fields of a struct that JSON has, promoted ones included.
func jsonFields(t reflect.Type) []jsonField {
	var fields []jsonField
	for _, field := range reflect.VisibleFields(t) {
		tag := field.Tag.Get("json")
		if field.Anonymous || !field.IsExported() || tag == "-" {
			continue
		}
		parts := strings.Split(tag, ",")
		fields = append(fields, jsonField{StructField: field, name: first(parts[0], field.Name), options: parts[1:]})
	}
	return fields
}

// checkHidden refuses a struct all of whose fields JSON passes over: it would have no
// members, which nobody means who gives it fields.
func checkHidden(t reflect.Type) error {
	first := ""
	for field := range t.Fields() {
		switch {
		case field.IsExported() || field.Anonymous:
			return nil
		case first == "" && field.Name != "_":
			first = field.Name
		}
	}
	if first == "" {
		return nil
	}
	return &unfit{
		fmt.Sprintf("%s has no field that begins with a capital letter, and JSON passes over the others", t),
		"rename " + first + ", and name the argument in a json tag",
	}
}

// unfit is a type that no schema fits, with what to do about it.
type unfit struct{ reason, fix string }

func (u *unfit) Error() string { return u.reason }

// checkFields refuses tags under which schema and decoder would differ.
func checkFields(t reflect.Type) error {
	names := make(map[string]string)
	for _, field := range jsonFields(t) {
		for _, option := range field.options {
			if option != "omitempty" && option != "omitzero" {
				return fmt.Errorf("the json tag of %s.%s has the option %q, which has no schema", t, field.Name, option)
			}
		}
		folded := strictjson.Fold(field.name)
		if other, ok := names[folded]; ok {
			return fmt.Errorf("%s has the members %q and %q, which differ at most in case", t, other, field.name)
		}
		names[folded] = field.name
	}
	for _, field := range reflect.VisibleFields(t) {
		// A tag makes an embedded struct a member, a nil pointer leaves members out, and
		// other types have no members to promote: jsonschema-go sees none of that.
		plain := field.Type.Kind() == reflect.Struct && special(field.Type) == nil && field.Tag.Get("json") == ""
		if field.Anonymous && !plain {
			return fmt.Errorf("the embedded field %s.%s is not a plain struct without a tag; give the field a name", t, field.Name)
		}
	}
	return nil
}

// refine corrects the schema of t where jsonschema-go differs from how this package
// encodes and decodes.
func refine(t reflect.Type, s *jsonschema.Schema) {
	pointer := t.Kind() == reflect.Pointer
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if own := special(t); own != nil {
		replace(s, own, pointer)
		return
	}
	switch t.Kind() {
	case reflect.Slice:
		if !pointer {
			s.Type, s.Types = "array", nil
		}
		refine(t.Elem(), s.Items)
	case reflect.Array:
		refine(t.Elem(), s.Items)
	case reflect.Map:
		refine(t.Elem(), s.AdditionalProperties)
	case reflect.Struct:
		for _, field := range jsonFields(t) {
			refine(field.Type, s.Properties[field.name])
		}
	}
}

// addHeaders annotates every property whose field has a header tag, wherever it is:
// the scan of the finished schema finds those that may not have one.
func addHeaders(t reflect.Type, s *jsonschema.Schema) {
	switch {
	case s == nil || special(t) != nil:
	case t.Kind() == reflect.Pointer:
		addHeaders(t.Elem(), s)
	case t.Kind() == reflect.Slice || t.Kind() == reflect.Array:
		addHeaders(t.Elem(), s.Items)
	case t.Kind() == reflect.Map:
		addHeaders(t.Elem(), s.AdditionalProperties)
	case t.Kind() == reflect.Struct:
		for _, field := range jsonFields(t) {
			property := s.Properties[field.name]
			addHeaders(field.Type, property)
			if header, ok := field.Tag.Lookup("header"); ok {
				addHeader(property, header)
			}
		}
	}
}

// replace puts what own says into s, which keeps its description.
func replace(s, own *jsonschema.Schema, nullable bool) {
	description := s.Description
	*s = *own
	s.Description = description
	if nullable && s.Type != "" {
		s.Types, s.Type = []string{"null", s.Type}, ""
	}
}
