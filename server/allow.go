package server

import (
	"bytes"
	"context"
	"encoding/json"
	"reflect"

	"github.com/sallyport-mcp/sallyport/transport/message"
)

// allow is what the gate admitted: this operation with these arguments and
// nothing else. It travels in the context, and the guard in front of every
// handler asks for it. It is immutable.
type allow struct {
	op        *operation // nil for a list
	uri       string     // of resources/read: as asked for
	variables map[string]string
	arguments json.RawMessage // as read by the strict reader
	// rounds seals what the operation leaves with the client, and input is what
	// the client has brought back of it.
	rounds *rounds
	input  input
	// completion is set for completion/complete, and keep, if it is set too,
	// tells which suggested values the caller may see.
	completion *message.Completion
	keep       func(value string) bool
	// prompts are what prompts/list and prompts/get may see.
	prompts map[string]bool
}

type allowKey struct{}

func withAllow(ctx context.Context, a *allow) context.Context {
	return context.WithValue(ctx, allowKey{}, a)
}

// allowFrom returns what was admitted. Without it the zero value is returned,
// which admits nothing.
func allowFrom(ctx context.Context) *allow {
	if a, ok := ctx.Value(allowKey{}).(*allow); ok && a != nil {
		return a
	}
	return &allow{}
}

// runs tells whether a is the allow to run op, not to complete or list it.
func (a *allow) runs(op *operation) bool {
	return op != nil && a.op == op && a.completion == nil
}

// sameArguments tells whether the arguments about to be run are those that
// were decided about, whatever they have been decoded into since. The very
// bytes that were read need no decoding.
func (a *allow) sameArguments(arguments any) bool {
	if raw, ok := arguments.(json.RawMessage); ok && bytes.Equal(raw, a.arguments) {
		return true
	}
	admitted, err := decodedArguments(a.arguments)
	if err != nil {
		return false
	}
	running, err := decodedArguments(arguments)
	return err == nil && reflect.DeepEqual(running, admitted)
}

// decodedArguments returns the value that encoding/json makes of arguments, in
// each of the shapes that mcp-go hands them over in. No arguments are nil.
func decodedArguments(arguments any) (any, error) {
	switch given := arguments.(type) {
	case json.RawMessage:
		if len(given) == 0 {
			return nil, nil //nolint:nilnil // no arguments are no error
		}
		var value any
		err := json.Unmarshal(given, &value)
		return value, err
	case map[string]any:
		if given == nil {
			return nil, nil //nolint:nilnil // as above
		}
	case map[string]string: // of a prompt
		if given == nil {
			return nil, nil //nolint:nilnil // as above
		}
		value := make(map[string]any, len(given))
		for name, text := range given {
			value[name] = text
		}
		return value, nil
	}
	return arguments, nil
}
