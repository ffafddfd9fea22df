package message

import (
	"bytes"
	"encoding/json"
	"slices"
	"unicode/utf8"

	"github.com/sallyport-mcp/sallyport/internal/strictjson"
)

// maxID bounds an id as it is written, quotes included. An id is echoed in
// every answer and kept while the request runs.
const maxID = 256

// Read reads a request body: exactly one JSON-RPC request, notification or
// response in UTF-8. It refuses what [strictjson.Check] refuses (duplicate members and
// case twins anywhere, invalid UTF-8, a byte order mark, lone surrogates, text
// after the value, nesting deeper than [strictjson.MaxDepth]), and also
// batches, what is a request and a response at once, an id that is not a string
// or an integer, params that are not an object, protocol members in another spelling ("Name"), and
// protocol members of a wrong type, and numbers that no double can hold.
// Members the protocol does not know are ignored. The error is always an *[Error].
func Read(body []byte) (*Message, error) {
	if err := strictjson.Check(body); err != nil {
		return nil, unreadable(body)
	}
	top, ok := split(body)
	if !ok {
		return nil, &Error{Code: CodeInvalidRequest, Reason: "the body is not one JSON-RPC message: it is no JSON object"}
	}
	m := new(Message)
	if reason := m.readEnvelope(top); reason != "" {
		return nil, &Error{Code: CodeInvalidRequest, Reason: reason, ID: m.ID}
	}
	if !finite(body) {
		return nil, &Error{Code: CodeInvalidRequest, Reason: "a number is larger than any double", ID: m.ID}
	}
	if m.IsResponse() {
		return m, nil
	}
	params, _ := split(m.Params)
	if reason := twin(params, paramsMembers()); reason != "" {
		return nil, &Error{Code: CodeInvalidRequest, Reason: reason, ID: m.ID}
	}
	if err := m.readParams(params); err != nil {
		err.ID = m.ID
		return nil, err
	}
	m.Raw = m.assemble(dispatched(m.Params, params))
	return m, nil
}

// unreadable tells text that is not JSON from JSON that is ambiguous.
func unreadable(body []byte) *Error {
	if !utf8.Valid(body) || !json.Valid(body) {
		return &Error{Code: CodeParse, Reason: "the body is not one JSON value in UTF-8"}
	}
	return &Error{
		Code:   CodeInvalidRequest,
		Reason: "the JSON is ambiguous or too deep: duplicate names, names that differ in case only, a lone surrogate, or nesting over the limit",
	}
}

// readEnvelope reads the members of the top level, the id before all others so
// that every later error can carry it. It returns what is wrong, or "".
func (m *Message) readEnvelope(top members) string {
	if reason := twin(top, topMembers()); reason != "" {
		return reason
	}
	if id := top.get("id"); id != nil {
		if !validID(id) {
			return "id must be a string or an integer of at most 256 bytes"
		}
		m.ID = id
	}
	if version, ok := text(top.get("jsonrpc")); !ok || version != "2.0" {
		return `jsonrpc must be "2.0"`
	}
	if top.get("method") == nil && (top.get("result") != nil || top.get("error") != nil) {
		return m.readResponse(top)
	}
	for _, name := range []string{"result", "error"} {
		if top.get(name) != nil {
			return "a request has no member " + name
		}
	}
	method, ok := text(top.get("method"))
	if !ok {
		return "method must be a string"
	}
	m.Method = method
	if params := top.get("params"); params != nil {
		if params[0] != '{' {
			return "params must be an object"
		}
		m.Params = params
	}
	return ""
}

// readResponse reads what answers a request of the server. It returns what is
// wrong, or "".
func (m *Message) readResponse(top members) string {
	result, failure := top.get("result"), top.get("error")
	switch {
	case m.ID == nil:
		return "a response has no id"
	case result != nil && failure != nil:
		return "a response has a result or an error, not both"
	case result != nil && result[0] != '{', failure != nil && failure[0] != '{':
		return "the result or error of a response must be an object"
	}
	m.Response = &Response{Result: result, Error: failure}
	return ""
}

// dispatched returns params without what is not dispatched.
func dispatched(raw json.RawMessage, params members) json.RawMessage {
	if params.get(memberTask) == nil {
		return raw
	}
	return join(params.without(memberTask))
}

// validID reports whether raw is an id of MCP: a string or an integer, not
// null ("Base Protocol", "Requests").
func validID(raw json.RawMessage) bool {
	return len(raw) <= maxID && (raw[0] == '"' || isInteger(raw))
}

// isInteger reports whether raw, a JSON value, is an integer without fraction,
// exponent or negative zero.
func isInteger(raw json.RawMessage) bool {
	digits := bytes.TrimPrefix(raw, []byte("-"))
	if len(digits) == 0 || string(raw) == "-0" {
		return false
	}
	return !slices.ContainsFunc(digits, func(b byte) bool { return b < '0' || b > '9' })
}
