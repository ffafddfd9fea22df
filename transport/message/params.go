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
func twin(ms members, known []string) string {
	for _, m := range ms {
		for _, k := range known {
			if m.name != k && strings.EqualFold(m.name, k) {
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
func (r *reader) str(ms members, name string) string {
	raw := ms.get(name)
	if raw == nil {
		return ""
	}
	s, ok := text(raw)
	if !ok {
		r.fail(CodeInvalidParams, name+" must be a string")
	}
	return s
}

// need reads a required string member.
func (r *reader) need(ms members, name string) string {
	if ms.get(name) == nil {
		r.fail(CodeInvalidParams, name+" is missing")
	}
	return r.str(ms, name)
}

// object reads an optional object member.
func (r *reader) object(ms members, name string) json.RawMessage {
	raw := ms.get(name)
	if raw != nil && raw[0] != '{' {
		r.fail(CodeInvalidParams, name+" must be an object")
	}
	return raw
}

// open reads an optional object member and refuses twins of known members in it.
func (r *reader) open(ms members, name string, known []string) members {
	inner, _ := split(r.object(ms, name))
	if reason := twin(inner, known); reason != "" {
		r.fail(CodeInvalidRequest, reason)
	}
	return inner
}

// readParams reads the typed members of params. It returns nil when all is well.
func (m *Message) readParams(params members) *Error {
	r := new(reader)
	meta := r.open(params, "_meta", metaMembers())
	m.Meta, m.Can = r.meta(meta), r.capabilities(meta, metaCapabilities)
	m.Arguments = r.object(params, "arguments")
	m.Cursor = r.str(params, "cursor")
	m.InputResponses = r.object(params, "inputResponses")
	m.RequestState = r.str(params, "requestState")
	if m.RequestState == "" && params.get("requestState") != nil {
		r.fail(CodeInvalidParams, "requestState must not be empty")
	}
	name, uri := r.str(params, "name"), r.str(params, "uri")
	switch m.Method {
	case "tools/call":
		r.need(params, "name")
		m.Name = name
	case "prompts/get":
		r.need(params, "name")
		m.Name, m.Texts = name, r.texts(m.Arguments)
	case "resources/read":
		r.need(params, "uri")
		m.Name = uri
	case "completion/complete":
		m.Name, m.Completion = r.completion(params)
	case "subscriptions/listen":
		m.Filter = r.filter(params)
	case "notifications/cancelled":
		m.Cancels = r.id(params, "requestId")
	default:
		if m.ProtocolVersion == "" {
			m.readOlder(r, params)
		}
	}
	return r.err
}

func (r *reader) meta(ms members) Meta {
	tracestate, _ := text(ms.get("tracestate"))
	m := Meta{
		ProtocolVersion:    r.str(ms, metaVersion),
		ClientInfo:         r.object(ms, metaClientInfo),
		ClientCapabilities: r.object(ms, metaCapabilities),
		LogLevel:           r.str(ms, metaLogLevel),
		ProgressToken:      ms.get("progressToken"),
		Traceparent:        r.str(ms, "traceparent"),
		Tracestate:         tracestate,
	}
	if m.ProtocolVersion == "" && ms.get(metaVersion) != nil {
		r.fail(CodeInvalidParams, metaVersion+" must not be empty") // or it would look as if it were absent
	}
	if m.LogLevel != "" || ms.get(metaLogLevel) != nil {
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
func (r *reader) completion(params members) (string, *Completion) {
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
	ms, _ := split(raw)
	if len(ms) == 0 {
		return nil
	}
	values := make(map[string]string, len(ms))
	for _, m := range ms {
		value, ok := text(m.value)
		if !ok {
			r.fail(CodeInvalidParams, "every one of the arguments must be a string")
		}
		values[m.name] = value
	}
	return values
}
