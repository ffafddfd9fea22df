package server

import (
	"context"
	"crypto/sha256"
	"encoding/json"

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
	digest    [sha256.Size]byte
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
// were decided about.
func (a *allow) sameArguments(arguments any) bool {
	digest, err := argumentsDigest(arguments)
	return err == nil && digest == a.digest
}

// argumentsDigest identifies arguments whatever shape they have been decoded
// into: as read from the wire, or as the value encoding/json makes of it.
func argumentsDigest(arguments any) ([sha256.Size]byte, error) {
	if raw, ok := arguments.(json.RawMessage); ok {
		arguments = nil
		if raw != nil {
			if err := json.Unmarshal(raw, &arguments); err != nil {
				return [sha256.Size]byte{}, err
			}
		}
	}
	canonical, err := json.Marshal(arguments)
	if err != nil {
		return [sha256.Size]byte{}, err
	}
	return sha256.Sum256(canonical), nil
}
