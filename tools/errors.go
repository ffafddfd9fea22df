package tools

import (
	"errors"
	"fmt"
)

// JSON-RPC codes of a [ClientError].
const (
	codeInvalidParams = -32602
	codeInternalError = -32603
)

// publicError is an error whose text was written for the client.
type publicError struct {
	err      error
	notFound bool
}

func (e *publicError) Error() string { return e.err.Error() }
func (e *publicError) Unwrap() error { return e.err }

// Errorf returns an error whose text reaches the client, also after it was wrapped
// by another error; of the wrapping error's text the client sees nothing. The
// arguments, %w included, are as in fmt.Errorf: whatever is formatted in is shown.
func Errorf(format string, a ...any) error {
	return &publicError{err: fmt.Errorf(format, a...)}
}

// NotFoundf is [Errorf] for a target that does not exist, as a note with this id.
// For resources and prompts it becomes the JSON-RPC error -32602 (MCP 2026-07-28,
// server/resources, "Error Handling"), for tools a tool result like any other error.
func NotFoundf(format string, a ...any) error {
	return &publicError{err: fmt.Errorf(format, a...), notFound: true}
}

// ClientError is how reading a resource, getting a prompt and completing fail. Both
// fields may be sent to the client as they are.
type ClientError struct {
	// Code is -32602 for what the client asked wrongly or does not exist, and -32603
	// for everything else (JSON-RPC 2.0, section 5.1).
	Code int
	// Message is the text for the client.
	Message string
}

// Error returns the message.
func (e *ClientError) Error() string { return e.Message }

// badArguments is a refusal that names places and expectations, never a value.
type badArguments struct {
	problems []problem
}

func (e *badArguments) Error() string { return "invalid arguments: " + joinProblems(e.problems) }

// asPublic returns the outermost error whose text is for the client.
func asPublic(err error) (*publicError, bool) {
	var public *publicError
	ok := errors.As(err, &public)
	return public, ok
}
