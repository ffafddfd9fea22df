package message

import "encoding/json"

// readOlder reads the params of methods that only revisions before 2026-07-28
// have. In a message of a later one they mean nothing, for the method does not.
func (m *Message) readOlder(r *reader, params members) {
	switch m.Method {
	case "resources/subscribe", "resources/unsubscribe":
		m.Name = r.need(params, "uri")
	case "logging/setLevel":
		r.oneOf("level", r.need(params, "level"), levels())
	case "initialize":
		r.object(params, "clientInfo")
		m.Handshake = &Handshake{ProtocolVersion: r.str(params, "protocolVersion")}
		m.Can = r.capabilities(params, "capabilities")
	}
}

// id reads an optional id of another message.
func (r *reader) id(ms members, name string) json.RawMessage {
	raw := ms.get(name)
	if raw != nil && !validID(raw) {
		r.fail(CodeInvalidParams, name+" must be a string or an integer of at most 256 bytes")
		return nil
	}
	return raw
}
