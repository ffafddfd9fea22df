// Package message reads the body of one MCP request, strictly and once.
//
// JSON that two readers can understand differently is how a gate and the code
// behind it come to disagree about what was asked: a duplicate member of which
// one reader takes the first and the other the last, a member "Name" that one
// reader takes for "name", a byte sequence that one of them replaces. [Read]
// refuses all of it, and hands out a [Message] that holds both what a decision
// needs and, in Raw, the bytes that are dispatched. Raw is rebuilt from the
// members that were read, so nothing that was not read is ever dispatched.
//
// The rules are those of JSON-RPC 2.0, RFC 8259 and the Model Context Protocol,
// revision 2026-07-28, "Base Protocol", "Messages".
package message

import (
	"bytes"
	"encoding/json"
	"slices"
)

// Message is one strictly read JSON-RPC request, notification or response. It is a value
// to look at: nothing in it may be modified, and then it is safe for
// concurrent use. Its byte slices may share memory with the body it was read
// from. The zero value is not a valid message; only [Read] makes one.
type Message struct {
	// Revision is the revision of the protocol that the request is in, set by
	// package transport before anything is decided; [Read] leaves it empty.
	Revision string
	// Can is what the client can be asked for: what _meta or initialize declares,
	// or, in a session, what its initialize declared, set by package transport.
	Can Capabilities
	// ID is the request id exactly as it was sent, a JSON string or a JSON
	// integer of any size. It is nil for a notification.
	ID json.RawMessage
	// Method is the JSON-RPC method, never checked against a list here.
	Method string
	// Params is the params object exactly as sent, nil when there was none.
	Params json.RawMessage
	// Name is what the message is about: params.name of tools/call and
	// prompts/get, params.uri of resources/read, resources/subscribe and
	// resources/unsubscribe, and the name or URI of the reference of
	// completion/complete. It is empty for every other method.
	Name string
	// Arguments is the object params.arguments as sent, nil when there was none.
	Arguments json.RawMessage
	// Texts are the arguments of prompts/get, all of which are strings, nil when
	// there were none and for other methods.
	Texts map[string]string
	// Cursor is params.cursor of a list request, empty when there was none.
	Cursor string
	// Completion is what completion/complete asks for, nil for other methods.
	Completion *Completion
	// Filter is what subscriptions/listen asks to be told, nil for other methods.
	Filter *Filter
	// Handshake is what initialize says in a revision that has it, else nil.
	Handshake *Handshake
	// Cancels is params.requestId of notifications/cancelled, a string or an
	// integer exactly as sent, nil for other methods.
	Cancels json.RawMessage
	// Response is the answer to a request of the server. A message that has one
	// has an ID and no Method.
	Response *Response
	// InputResponses is the object params.inputResponses, nil when there was
	// none: what the client answers to what it was asked, or says it was
	// ("Multi Round-Trip Requests").
	InputResponses json.RawMessage
	// RequestState is params.requestState, unverified and from a stranger. It is
	// empty when there was none; an empty one that was sent is refused.
	RequestState string
	// Meta is params._meta; its fields are promoted.
	Meta
	// Raw is the message to dispatch: the members jsonrpc, id, method and
	// params, without the params member "task", which this server does not
	// offer. It is nil for a response, which is not dispatched.
	Raw []byte
}

// Meta is what a message says about itself in params._meta. Nothing of it is
// verified: it must not be used to decide who the caller is.
type Meta struct {
	// ProtocolVersion is io.modelcontextprotocol/protocolVersion, empty when
	// absent, as it is in revisions before 2026-07-28.
	ProtocolVersion string
	// ClientInfo is the object io.modelcontextprotocol/clientInfo, nil when absent.
	ClientInfo json.RawMessage
	// ClientCapabilities is the object
	// io.modelcontextprotocol/clientCapabilities, nil when absent.
	ClientCapabilities json.RawMessage
	// LogLevel is io.modelcontextprotocol/logLevel: one of the eight syslog
	// levels of the specification, or empty for "send no log messages".
	LogLevel string
	// ProgressToken is a JSON string or integer exactly as sent, nil when the
	// caller does not want progress notifications.
	ProgressToken json.RawMessage
	// Traceparent is the W3C trace context of the caller as sent, unchecked.
	Traceparent string
	// Tracestate goes with Traceparent, as sent, unchecked; empty also when it is
	// no string, since it is nothing a request should fail for.
	Tracestate string
}

// Filter is what a client wants to be told about (MCP 2026-07-28, "Subscriptions",
// "Notification Filter").
type Filter struct {
	// Tools, Prompts and Resources ask for changes of these lists.
	Tools, Prompts, Resources bool
	// URIs are the resources whose changes are asked for, each once.
	URIs []string
}

// Handshake is what a client of a revision before 2026-07-28 says about itself
// (MCP 2025-11-25, "Lifecycle", "Initialization").
type Handshake struct {
	// ProtocolVersion is the revision the client asks for.
	ProtocolVersion string
}

// Response is the answer of a client to a request that the server sent in a
// revision before 2026-07-28. Exactly one of its fields is not nil.
type Response struct {
	// Result is the object of a success, Error that of a failure.
	Result, Error json.RawMessage
}

// Completion is the question of a completion/complete request.
type Completion struct {
	// RefType is "ref/prompt" or "ref/resource".
	RefType string
	// Argument is the name of the argument or template variable, Value what
	// has been typed of it so far.
	Argument, Value string
	// Context holds the arguments that were filled in before, nil for none.
	Context map[string]string
}

// Codes of [Error], as JSON-RPC 2.0, section 5.1, defines them.
const (
	CodeParse          = -32700 // not JSON
	CodeInvalidRequest = -32600 // JSON, but ambiguous or not a valid request
	CodeInvalidParams  = -32602 // a valid request whose params have a wrong shape
)

// Error says why a body is not a message. Its text never repeats anything of
// the body, so it may be logged and sent to the client.
type Error struct {
	// Code is one of the Code constants.
	Code int
	// Reason says what is wrong in a few words.
	Reason string
	// ID is the id of the request if it had been read when the mistake was
	// found, else nil.
	ID json.RawMessage
}

// Error returns the reason.
func (e *Error) Error() string { return e.Reason }

// IsNotification reports whether the message has no id and so gets no answer
// (JSON-RPC 2.0, section 4.1).
func (m *Message) IsNotification() bool { return m.ID == nil }

// Older reports whether the request is of a revision before 2026-07-28.
func (m *Message) Older() bool { return m.Revision != "" && m.Revision < "2026-07-28" }

// IsResponse reports whether the message answers a request of the server.
func (m *Message) IsResponse() bool { return m.Response != nil }

// maxSafeInteger is the largest integer that every JSON reader keeps exactly
// (RFC 8259, section 6).
const maxSafeInteger = 1<<53 - 1

// Argument returns the top-level argument of that name as text: the value of a
// string, or the digits of an integer between -(2^53-1) and 2^53-1 that is
// written without fraction, exponent or negative zero. Anything else, and an
// absent argument, gives false: a value with two spellings, or one that readers
// round differently, must not fill a placeholder of a permission.
func (m *Message) Argument(name string) (string, bool) {
	arguments, _ := split(m.Arguments)
	raw := arguments.get(name)
	if s, ok := text(raw); ok {
		return s, true
	}
	n, err := json.Number(raw).Int64()
	if err != nil || !isInteger(raw) || n > maxSafeInteger || n < -maxSafeInteger {
		return "", false
	}
	return string(raw), true
}

// ArgumentAt returns the argument at a path of names as it was written, nil when
// there is none.
func (m *Message) ArgumentAt(path []string) json.RawMessage {
	value := m.Arguments
	for _, name := range path {
		inner, _ := split(value) // what is no object has no members
		value = inner.get(name)
	}
	return value
}

// Text returns the value of a JSON string that was read, and false for any other
// value.
func Text(raw json.RawMessage) (string, bool) { return text(raw) }

// assemble builds the message to dispatch around params, which may be nil.
func (m *Message) assemble(params json.RawMessage) []byte {
	var b bytes.Buffer
	b.Grow(len(params) + len(m.ID) + len(m.Method) + 64)
	b.WriteString(`{"jsonrpc":"2.0"`)
	if m.ID != nil {
		b.WriteString(`,"id":`)
		b.Write(m.ID)
	}
	b.WriteString(`,"method":`)
	b.Write(quote(m.Method))
	if params != nil {
		b.WriteString(`,"params":`)
		b.Write(params)
	}
	b.WriteByte('}')
	return b.Bytes()
}

// without returns ms without the members of those names, in place.
func (ms members) without(names ...string) members {
	return slices.DeleteFunc(ms, func(m member) bool { return slices.Contains(names, m.name) })
}

// join writes an object.
func join(ms members) json.RawMessage {
	b := []byte{'{'}
	for i, m := range ms {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(append(b, quote(m.name)...), ':'), m.value...)
	}
	return append(b, '}')
}
