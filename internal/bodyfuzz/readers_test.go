package bodyfuzz

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	jsonv2 "github.com/go-json-experiment/json"
)

// reading is what some reader sees in a body.
type reading struct {
	method, name string
	arguments    json.RawMessage // nil for none
	id           json.RawMessage // nil for none
	// argument and value are those of a completion, refType says of what.
	refType, argument, value string
}

// decoder is a library that decodes JSON.
type decoder func([]byte, any) error

func v1(data []byte, v any) error { return json.Unmarshal(data, v) }
func v2(data []byte, v any) error { return jsonv2.Unmarshal(data, v) }

// read reads a body with a library, and of the params only what the method means.
func (d decoder) read(body []byte) (reading, error) {
	var top struct {
		ID     json.RawMessage `json:"id"`
		Method string          `json:"method"`
		Params json.RawMessage `json:"params"`
	}
	if err := d(body, &top); err != nil {
		return reading{}, err
	}
	r := reading{method: top.Method, id: top.ID}
	if top.Params == nil {
		return r, nil
	}
	switch r.method {
	case "tools/call", "prompts/get":
		var p struct {
			Name      string          `json:"name"`
			Arguments json.RawMessage `json:"arguments"`
		}
		err := d(top.Params, &p)
		r.name, r.arguments = p.Name, p.Arguments
		return r, err
	case "resources/read":
		var p struct {
			URI string `json:"uri"`
		}
		err := d(top.Params, &p)
		r.name = p.URI
		return r, err
	case "completion/complete":
		err := d.completion(top.Params, &r)
		return r, err
	}
	return r, nil
}

func (d decoder) completion(params []byte, r *reading) error {
	var p struct {
		Ref      json.RawMessage `json:"ref"`
		Argument struct {
			Name  string `json:"name"`
			Value string `json:"value"`
		} `json:"argument"`
	}
	var kind struct {
		Type string `json:"type"`
	}
	var prompt struct {
		Name string `json:"name"`
	}
	var resource struct {
		URI string `json:"uri"`
	}
	if err := d(params, &p); err != nil {
		return err
	}
	if err := d(p.Ref, &kind); err != nil {
		return err
	}
	r.refType, r.argument, r.value = kind.Type, p.Argument.Name, p.Argument.Value
	if r.refType == "ref/resource" {
		err := d(p.Ref, &resource)
		r.name = resource.URI
		return err
	}
	err := d(p.Ref, &prompt)
	r.name = prompt.Name
	return err
}

// lastWins reads as encoding/json does: without regard to case, and the last of several wins.
func lastWins(body []byte) (reading, error) { return decoder(v1).read(body) }

// strict reads as the second version of that library does.
func strict(body []byte) (reading, error) { return decoder(v2).read(body) }

// firstWins takes the first member of exactly a name, and does not look at what follows the message.
func firstWins(body []byte) (reading, error) {
	top, err := members(body)
	if err != nil {
		return reading{}, err
	}
	params, _ := members(first(top, "params")) // what is no object has no members
	ref, _ := members(first(params, "ref"))
	argument, _ := members(first(params, "argument"))
	r := reading{method: text(first(top, "method")), id: first(top, "id")}
	switch r.method {
	case "tools/call", "prompts/get":
		r.name, r.arguments = text(first(params, "name")), first(params, "arguments")
	case "resources/read":
		r.name = text(first(params, "uri"))
	case "completion/complete":
		r.refType, r.argument, r.value = text(first(ref, "type")), text(first(argument, "name")), text(first(argument, "value"))
		r.name = text(first(ref, "name"))
		if r.refType == "ref/resource" {
			r.name = text(first(ref, "uri"))
		}
	}
	return r, nil
}

// text returns the value of a string, and nothing for anything else.
func text(raw json.RawMessage) string {
	var s string
	if len(raw) > 0 {
		_ = json.Unmarshal(raw, &s) // as it says
	}
	return s
}

type pair struct {
	name  string
	value json.RawMessage
}

var errNoObject = errors.New("no object")

// members returns the members of an object in their order.
func members(raw []byte) ([]pair, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return nil, errNoObject
	}
	var all []pair
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, err
		}
		text, ok := name.(string)
		if !ok {
			return nil, errNoObject
		}
		p := pair{name: text}
		if err := d.Decode(&p.value); err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	_, err := d.Token()
	return all, err
}

func first(all []pair, name string) json.RawMessage {
	for _, p := range all {
		if p.name == name {
			return p.value
		}
	}
	return nil
}

// canonical writes a value so that readers can be compared: names without regard to case and sorted, numbers with all their
// digits. Of several members of a name one that takes the first has the first, any other the last.
func canonical(raw json.RawMessage, takesFirst bool) string {
	trimmed := bytes.TrimSpace(raw)
	if len(trimmed) == 0 {
		return ""
	}
	switch trimmed[0] {
	case '{':
		all, err := members(trimmed)
		if err != nil {
			return "unreadable"
		}
		object := map[string]string{}
		for _, p := range all {
			name := folded(p.name)
			if _, there := object[name]; !there || !takesFirst {
				object[name] = canonical(p.value, takesFirst)
			}
		}
		var b strings.Builder
		for _, name := range slices.Sorted(maps.Keys(object)) {
			fmt.Fprintf(&b, "%q:%s,", name, object[name])
		}
		return "{" + b.String() + "}"
	case '[':
		var items []json.RawMessage
		if json.Unmarshal(trimmed, &items) != nil {
			return "unreadable"
		}
		var b strings.Builder
		for _, item := range items {
			b.WriteString(canonical(item, takesFirst) + ",")
		}
		return "[" + b.String() + "]"
	case '"':
		return fmt.Sprintf("%q", text(trimmed))
	}
	return string(trimmed)
}

func folded(name string) string {
	return strings.ToLower(strings.NewReplacer("ſ", "s", "\u212a", "k").Replace(name))
}

// agreed returns what all readers see in a body, or how they differ.
func agreed(body []byte) (reading, error) {
	last, err := lastWins(body)
	if err != nil {
		return last, fmt.Errorf("encoding/json: %w", err)
	}
	exact, err := strict(body)
	if err != nil {
		return last, fmt.Errorf("go-json-experiment: %w", err)
	}
	early, err := firstWins(body)
	if err != nil {
		return last, fmt.Errorf("the first of each: %w", err)
	}
	for by, r := range map[string]reading{"go-json-experiment": exact, "the first of each": early} {
		takesFirst := by == "the first of each"
		switch {
		case r.method != last.method:
			return last, fmt.Errorf("encoding/json sees the method %q, %s %q", last.method, by, r.method)
		case r.name != last.name:
			return last, fmt.Errorf("encoding/json sees the name %q, %s %q", last.name, by, r.name)
		case r.refType != last.refType, r.argument != last.argument, r.value != last.value:
			return last, fmt.Errorf("encoding/json sees the completion of %q %q %q, %s of %q %q %q",
				last.refType, last.argument, last.value, by, r.refType, r.argument, r.value)
		case canonical(r.arguments, takesFirst) != canonical(last.arguments, false):
			return last, fmt.Errorf("encoding/json sees the arguments %q, %s %q", last.arguments, by, r.arguments)
		case !bytes.Equal(r.id, last.id):
			return last, fmt.Errorf("encoding/json sees the id %q, %s %q", last.id, by, r.id)
		}
	}
	return last, nil
}
