package transport

import (
	"context"
	"net/http"

	mcpserver "github.com/mark3labs/mcp-go/server"
)

// HandlerError is the JSON-RPC error that a handler of a tool, resource or
// prompt wants its client to see.
type HandlerError struct {
	// Code is the JSON-RPC error code. The HTTP status follows from it: 404 for
	// -32601, 400 for the other codes that blame the request, else 200.
	Code int
	// Message and Data are sent as they are.
	Message string
	Data    map[string]any
}

// ReportError says what the client of this request gets if the handler fails.
// mcp-go turns every error of a handler into -32603 with the text of the error;
// this package sends neither, but the error last reported, and without one an
// internal error that names the request only. Outside of a request of this
// package it does nothing. It is safe for concurrent use; e must not be
// modified afterwards.
func ReportError(ctx context.Context, e *HandlerError) {
	s, ok := mcpserver.ClientSessionFromContext(ctx).(*session)
	if !ok {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reported = e
}

// failure returns the reported error, nil if there is none.
func (s *session) failure() *HandlerError {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reported
}

// statusOf maps the code of a JSON-RPC error to the HTTP status of revision
// 2026-07-28. What does not blame the request is an answer like any other.
func statusOf(code int) int {
	switch code {
	case CodeMethodNotFound:
		return http.StatusNotFound
	case CodeParse, CodeInvalidRequest, CodeInvalidParams,
		CodeHeaderMismatch, CodeMissingCapability, CodeUnsupportedProtocol:
		return http.StatusBadRequest
	}
	return http.StatusOK
}
