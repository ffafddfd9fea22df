package transport

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/sallyport-mcp/sallyport/transport/message"
)

// JSON-RPC error codes of a refusal. Codes that have no meaning in JSON-RPC or
// the Model Context Protocol are the HTTP status itself, which lies outside the
// range JSON-RPC reserves.
const (
	CodeParse               = message.CodeParse
	CodeInvalidRequest      = message.CodeInvalidRequest
	CodeInvalidParams       = message.CodeInvalidParams
	CodeMethodNotFound      = -32601
	CodeInternal            = -32603
	CodeHeaderMismatch      = -32020 // MCP 2026-07-28, "Error Codes"
	CodeMissingCapability   = -32021
	CodeUnsupportedProtocol = -32022
)

// Refusal is the one shape of every answer that says no. Its exported fields
// are what the client gets, except Reason, which goes to the audit only. The
// zero value is written as an internal error. A Refusal is not modified once it
// has been handed over, so one value may be shared by many requests.
type Refusal struct {
	// Status is the HTTP status, Code the JSON-RPC error code.
	Status, Code int
	// Message is the text of the JSON-RPC error. It never holds anything that
	// was sent, nor anything about why a token was not accepted.
	Message string
	// Data is the data member of the JSON-RPC error, left out when nil.
	Data map[string]any
	// Challenge, if not nil, becomes the WWW-Authenticate header.
	Challenge *Challenge
	// RetryAfter, if positive, becomes the Retry-After header in whole seconds.
	RetryAfter time.Duration
	// Allow, if not empty, becomes the Allow header of a 405.
	Allow string
	// Reason is a short snake_case code for the audit: why, and for a token
	// which check failed. It is never sent.
	Reason string
	// PolicyRevision names, for the audit, the policy that refused what another
	// one had admitted. Empty is the one in force. It is never sent.
	PolicyRevision string

	// id is the id of a request whose reading failed after the id was read.
	id json.RawMessage
	// hangUp closes the connection after the answer.
	hangUp bool
}

// Error returns Message, so that a Refusal can be the cause of a cancelled
// context.
func (r *Refusal) Error() string { return r.Message }

// NoToken answers a request without credentials: 401 with a challenge that
// names no error (RFC 6750, section 3.1).
func NoToken() *Refusal {
	return &Refusal{
		Status: http.StatusUnauthorized, Code: http.StatusUnauthorized,
		Message: "a bearer token is required", Challenge: &Challenge{}, Reason: "token_missing",
	}
}

// InvalidToken answers every request whose token is no good, with one text
// whatever is wrong with it. Reason says which check failed, for the audit.
func InvalidToken(reason string) *Refusal {
	return &Refusal{
		Status: http.StatusUnauthorized, Code: http.StatusUnauthorized,
		Message:   "the bearer token is not accepted",
		Challenge: &Challenge{Error: "invalid_token", Description: "the access token is not accepted by this server"},
		Reason:    reason,
	}
}

// InsufficientScope answers a request whose token was not delegated what the
// operation needs: 403 with all scopes of the operation in one challenge, as
// the MCP specification asks for ("Authorization", "Scope Challenge
// Handling"). The scopes are those to ask the issuer for, in declared order.
func InsufficientScope(scopes []string) *Refusal {
	return &Refusal{
		Status: http.StatusForbidden, Code: http.StatusForbidden,
		Message: "the token lacks a scope this operation needs",
		Data:    map[string]any{"door": 1, "scopes": scopes},
		Challenge: &Challenge{
			Error: "insufficient_scope", Description: "this operation needs more scopes", Scopes: scopes,
		},
		Reason: "scope_missing",
	}
}

// Denied answers a request that the policy denies: 403 without
// insufficient_scope, since no scope can help. Permission is the one missing.
func Denied(permission string) *Refusal {
	return &Refusal{
		Status: http.StatusForbidden, Code: http.StatusForbidden,
		Message: "the policy does not permit this operation",
		Data:    map[string]any{"door": 2, "permission": permission},
		Reason:  "permission_missing",
	}
}

// UnknownOperation answers a request for a tool, resource or prompt that does
// not exist; kind is one of these words. It is also the answer to a concealed
// denial, so it says nothing about the name that was asked for.
func UnknownOperation(kind string) *Refusal {
	return &Refusal{
		Status: http.StatusBadRequest, Code: CodeInvalidParams,
		Message: "unknown " + kind, Reason: "unknown_operation",
	}
}

// UnknownMethod answers a method that does not exist or that nothing guards.
func UnknownMethod() *Refusal {
	return &Refusal{
		Status: http.StatusNotFound, Code: CodeMethodNotFound,
		Message: "method not found", Reason: "unknown_method",
	}
}

// InvalidParams answers a request whose params are wrong; text reaches the
// client.
func InvalidParams(text string) *Refusal {
	return &Refusal{
		Status: http.StatusBadRequest, Code: CodeInvalidParams, Message: text, Reason: "invalid_params",
	}
}

// MissingCapability answers a request that needs client capabilities the
// request did not declare. Required is a ClientCapabilities object.
func MissingCapability(required map[string]any) *Refusal {
	return &Refusal{
		Status: http.StatusBadRequest, Code: CodeMissingCapability,
		Message: "the request needs client capabilities it did not declare",
		Data:    map[string]any{"requiredCapabilities": required}, Reason: "capability_missing",
	}
}

// Unavailable answers a request that cannot be decided now: 503, never 401 and
// never allowed. After is when to try again, at least a second.
func Unavailable(after time.Duration, reason string) *Refusal {
	return &Refusal{
		Status: http.StatusServiceUnavailable, Code: http.StatusServiceUnavailable,
		Message: "tokens cannot be verified now", RetryAfter: max(after, time.Second), Reason: reason,
	}
}

// TooManyRequests answers a request beyond one of the [Limits]: 429. After is
// when the next one is welcome, at least a second.
func TooManyRequests(after time.Duration, reason string) *Refusal {
	return &Refusal{
		Status: http.StatusTooManyRequests, Code: http.StatusTooManyRequests,
		Message: "too many requests", RetryAfter: max(after, time.Second), Reason: reason,
	}
}

// Internal answers a request that failed through no fault of the client. What
// went wrong is not told.
func Internal(reason string) *Refusal {
	return &Refusal{
		Status: http.StatusInternalServerError, Code: CodeInternal, Message: "internal error", Reason: reason,
	}
}

// plain builds a refusal whose JSON-RPC code says no more than its status.
func plain(status, code int, text, reason string) *Refusal {
	return &Refusal{Status: status, Code: code, Message: text, Reason: reason}
}

// mismatch answers headers that do not mirror the body (MCP 2026-07-28,
// "Streamable HTTP", "Server Validation").
func mismatch(text string) *Refusal {
	return plain(http.StatusBadRequest, CodeHeaderMismatch, "header mismatch: "+text, "header_mismatch")
}

// malformed turns an error of message.Read into its answer.
func malformed(err error) *Refusal {
	var bad *message.Error
	if !errors.As(err, &bad) {
		return Internal("message")
	}
	r := plain(http.StatusBadRequest, bad.Code, bad.Reason, "malformed_message")
	r.id = bad.ID
	return r
}
