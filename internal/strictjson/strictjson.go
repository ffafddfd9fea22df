// Package strictjson reads JSON (RFC 8259) in exactly one way.
//
// Two readers that understand one text differently are how checks get bypassed:
// one sees the first of two equal names, the other the last; one matches names
// by case, the other does not. This package refuses every text on which readers
// are known to differ, so that what was checked is also what any later reader
// sees: duplicate names, names that differ only in case, invalid UTF-8, lone
// surrogates, a byte order mark, deep nesting and trailing data.
//
// All functions are safe for concurrent use and do not keep or modify their
// input. Errors tell what is wrong and where, never the content of the text.
package strictjson

import (
	"encoding/json"
	"fmt"
)

// MaxDepth is how deeply objects and arrays may be nested: [[]] has depth 2.
const MaxDepth = 64

// Error tells why a text was refused. Its text never holds anything of the
// refused text, so it may be logged and shown.
type Error struct {
	// Offset is the byte offset at or after which the mistake was found.
	Offset int64
	// Path is the JSON pointer (RFC 6901) to a value that does not fit the Go
	// type it was decoded into. It is empty for every other mistake.
	Path string
	// Reason is a short fixed text.
	Reason string
}

// Error returns the reason and the place.
func (e *Error) Error() string {
	if e.Path != "" {
		return fmt.Sprintf("JSON: %s at %q (byte %d)", e.Reason, e.Path, e.Offset)
	}
	return fmt.Sprintf("JSON: %s at byte %d", e.Reason, e.Offset)
}

// member is one member of an object: its name without escapes, and its value as it
// was written, without the white space around it.
type member struct {
	name  string
	value json.RawMessage // aliases the text it was read from
}

// Check reports as an *Error whether data is not exactly one strict JSON value.
// White space around the value is allowed; the value may be of any kind.
func Check(data []byte) error {
	_, err := scan(data, false)
	return err
}

// Object checks data as [Check] does, requires an object, and returns its
// members by name. The values alias data. The error is an *Error.
func Object(data []byte) (map[string]json.RawMessage, error) {
	members, err := scan(data, true)
	if err != nil {
		return nil, err
	}
	object := make(map[string]json.RawMessage, len(members))
	for _, m := range members {
		object[m.name] = m.value
	}
	return object, nil
}
