package message

import (
	"encoding/json"
	"slices"
	"strings"
)

// memberTask asks for the execution of a call as a task, which is not offered.
const memberTask = "task"

// The reserved names of _meta ("Base Protocol", "_meta").
const (
	metaVersion      = "io.modelcontextprotocol/protocolVersion"
	metaClientInfo   = "io.modelcontextprotocol/clientInfo"
	metaCapabilities = "io.modelcontextprotocol/clientCapabilities"
	metaLogLevel     = "io.modelcontextprotocol/logLevel"
)

func topMembers() []string {
	return []string{"jsonrpc", "id", "method", "params", "result", "error"}
}

func paramsMembers() []string {
	return []string{
		"_meta", "name", "arguments", "uri", "cursor", "ref", "argument", "context", memberTask,
		"inputResponses", "requestState", "notifications", "level", "requestId", "progressToken",
		"protocolVersion", "capabilities", "clientInfo", "taskId",
	}
}

func metaMembers() []string {
	return []string{
		"progressToken", metaVersion, metaClientInfo, metaCapabilities, metaLogLevel,
		"io.modelcontextprotocol/subscriptionId", "traceparent", "tracestate", "baggage",
	}
}

func levels() []string {
	return []string{"debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"}
}

// twin reports a member that is spelled like a protocol member in another
// case. Case folding is Unicode's simple folding, which is what readers that
// ignore case use: U+017F is an "s", U+212A a "k".
func twin(members map[string]json.RawMessage, known []string) string {
	for name := range members {
		for _, k := range known {
			if name != k && strings.EqualFold(name, k) {
				return "a member is spelled like " + k + " in another case"
			}
		}
	}
	return ""
}

// reader collects the first mistake while typed members are read.
type reader struct {
	err *Error
}

func (r *reader) fail(code int, reason string) {
	if r.err == nil {
		r.err = &Error{Code: code, Reason: reason}
	}
}

// str reads an optional string member.
func (r *reader) str(members map[string]json.RawMessage, name string) string {
	raw, ok := members[name]
	if !ok {
		return ""
	}
	s, ok := text(raw)
	if !ok {
		r.fail(CodeInvalidParams, name+" must be a string")
	}
	return s
}

// need reads a required string member.
func (r *reader) need(members map[string]json.RawMessage, name string) string {
	if _, ok := members[name]; !ok {
		r.fail(CodeInvalidParams, name+" is missing")
	}
	return r.str(members, name)
}

// object reads an optional object member.
func (r *reader) object(members map[string]json.RawMessage, name string) json.RawMessage {
	raw, ok := members[name]
	if ok && raw[0] != '{' {
		r.fail(CodeInvalidParams, name+" must be an object")
	}
	return raw
}

// open reads an optional object member and refuses twins of known members in it.
func (r *reader) open(members map[string]json.RawMessage, name string, known []string) map[string]json.RawMessage {
	inner := split(r.object(members, name))
	if reason := twin(inner, known); reason != "" {
		r.fail(CodeInvalidRequest, reason)
	}
	return inner
}

// readParams reads the typed members of params. It returns nil when all is well.
func (m *Message) readParams(params map[string]json.RawMessage) *Error {
	r := new(reader)
	m.Meta = r.meta(r.open(params, "_meta", metaMembers()))
	m.Arguments = r.object(params, "arguments")
	m.Cursor = r.str(params, "cursor")
	r.object(params, "inputResponses")
	r.str(params, "requestState")
	name, uri := r.str(params, "name"), r.str(params, "uri")
	switch m.Method {
	case "tools/call":
		r.need(params, "name")
		m.Name = name
	case "prompts/get":
		r.need(params, "name")
		r.texts(m.Arguments)
		m.Name = name
	case "resources/read":
		r.need(params, "uri")
		m.Name = uri
	case "completion/complete":
		m.Name, m.Completion = r.completion(params)
	}
	return r.err
}

func (r *reader) meta(members map[string]json.RawMessage) Meta {
	m := Meta{
		ProtocolVersion:    r.str(members, metaVersion),
		ClientInfo:         r.object(members, metaClientInfo),
		ClientCapabilities: r.object(members, metaCapabilities),
		LogLevel:           r.str(members, metaLogLevel),
		ProgressToken:      members["progressToken"],
		Traceparent:        r.str(members, "traceparent"),
	}
	if m.LogLevel != "" || members[metaLogLevel] != nil {
		r.oneOf(metaLogLevel, m.LogLevel, levels())
	}
	if m.ProgressToken != nil && !validID(m.ProgressToken) {
		r.fail(CodeInvalidParams, "progressToken must be a string or an integer of at most 256 bytes")
	}
	return m
}

func (r *reader) oneOf(name, value string, allowed []string) {
	if slices.Contains(allowed, value) {
		return
	}
	r.fail(CodeInvalidParams, name+" must be one of "+strings.Join(allowed, ", "))
}

// completion reads ref, argument and context, all of which a careless reader
// dereferences without looking.
func (r *reader) completion(params map[string]json.RawMessage) (string, *Completion) {
	ref := r.open(params, "ref", []string{"type", "name", "uri"})
	argument := r.open(params, "argument", []string{"name", "value"})
	context := r.open(params, "context", []string{"arguments"})
	c := &Completion{
		RefType:  r.need(ref, "type"),
		Argument: r.need(argument, "name"),
		Value:    r.need(argument, "value"),
		Context:  r.texts(r.object(context, "arguments")),
	}
	if c.RefType == "ref/prompt" {
		return r.need(ref, "name"), c
	}
	r.oneOf("ref.type", c.RefType, []string{"ref/prompt", "ref/resource"})
	return r.need(ref, "uri"), c
}

// texts reads an object whose values are all strings.
func (r *reader) texts(raw json.RawMessage) map[string]string {
	members := split(raw)
	if len(members) == 0 {
		return nil
	}
	values := make(map[string]string, len(members))
	for name, raw := range members {
		value, ok := text(raw)
		if !ok {
			r.fail(CodeInvalidParams, "every one of the arguments must be a string")
		}
		values[name] = value
	}
	return values
}
