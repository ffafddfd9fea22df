package transport

import (
	"context"
	"errors"
	"net/http"

	"github.com/mark3labs/mcp-go/mcp"
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
	s := sessionFrom(ctx)
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reported = e
}

// sessionFrom returns the session of the request that ctx belongs to, or nil.
func sessionFrom(ctx context.Context) *session {
	switch s := mcpserver.ClientSessionFromContext(ctx).(type) {
	case *session:
		return s
	case *olderSession:
		return s.session
	}
	return nil
}

// errOver is what a notification gets that comes too late.
var errOver = errors.New("transport: the request is over, or never was")

// Notify sends a notification to the client of the request that ctx belongs to, on
// the stream of its answer. It waits while the client is slow to read. Of what the
// client did not ask for, progress or a level of log messages, nothing is sent. The
// error is not nil if the request is over. It is safe for concurrent use.
func Notify(ctx context.Context, method string, params map[string]any) error {
	s := sessionFrom(ctx)
	if s == nil {
		return errOver
	}
	events := s.NotificationChannel()
	if events == nil {
		return errOver
	}
	events <- mcp.JSONRPCNotification{ // has room: a place is reserved
		JSONRPC:      mcp.JSONRPC_VERSION,
		Notification: mcp.Notification{Method: method, Params: mcp.NotificationParams{AdditionalFields: params}},
	}
	return nil
}

// failure returns the reported error, nil if there is none.
func (s *session) failure() *HandlerError {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reported
}

// statusOf maps the code of a JSON-RPC error of a handler to the HTTP status. What
// does not blame the request is an answer like any other, and before 2026-07-28
// everything is.
func (q *request) statusOf(code int) int {
	if q.msg.Older() {
		return http.StatusOK
	}
	switch code {
	case CodeMethodNotFound:
		return http.StatusNotFound
	case CodeParse, CodeInvalidRequest, CodeInvalidParams,
		CodeHeaderMismatch, CodeMissingCapability, CodeUnsupportedProtocol:
		return http.StatusBadRequest
	}
	return http.StatusOK
}
