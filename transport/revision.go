package transport

import (
	"net/http"
	"slices"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/transport/message"
)

const (
	// stateless is the revision in which every request stands for itself.
	stateless = mcp.ProtocolVersion20260728
	// preferred is the older revision that is offered to whoever asks for one that
	// is not served.
	preferred = mcp.ProtocolVersion20251125

	methodInitialize = "initialize"

	headerSession = "Mcp-Session-Id"

	// maxEcho bounds how much of a version the client named is repeated to it.
	maxEcho = 64
)

// older are the revisions before 2026-07-28 that can be served.
func older() []string { return []string{preferred, mcp.ProtocolVersion20250618} }

// served are the revisions this endpoint speaks, the newest first.
func (e *endpoint) served() []string {
	if !e.Legacy {
		return []string{stateless}
	}
	return append([]string{stateless}, older()...)
}

// revision decides which revision of the protocol a message is in, and in which
// session, if any. Together with verb, which does so for requests that are no
// message, it is the only place that does. A body that names a revision in _meta
// is of 2026-07-28 or later, and the session id it may come with means nothing;
// otherwise initialize and what comes in a session are of one before (MCP
// 2026-07-28, "Versioning"; 2025-11-25, "Session Management").
func (e *endpoint) revision(h http.Header, who authz.Principal, msg *message.Message) (*peer, *Refusal) {
	version, why := versionHeader(h)
	if why != nil {
		return nil, why
	}
	switch {
	case msg.ProtocolVersion != "" || version == stateless || !e.Legacy:
		msg.Revision = stateless
		return nil, e.checkStateless(version, msg)
	case version != "" && !slices.Contains(older(), version):
		return nil, e.unsupported(version)
	case msg.Method == methodInitialize && !msg.IsNotification():
		msg.Revision = agreed(msg.Handshake.ProtocolVersion)
		return nil, nil
	case msg.IsNotification() && len(h.Values(headerSession)) == 0:
		// In whatever revision: accepted, and nothing comes of it.
		msg.Revision = stateless
		return nil, nil
	}
	p, why := e.session(h, who, version)
	if p != nil {
		msg.Revision, msg.Can = p.revision, p.can
	}
	return p, why
}

// agreed is the revision a session gets whose client asks for that one.
func agreed(asked string) string {
	if slices.Contains(older(), asked) {
		return asked
	}
	return preferred
}

// versionHeader returns the version that the header names, if there is one.
func versionHeader(h http.Header) (string, *Refusal) {
	values := h.Values(mcp.HeaderProtocolVersion)
	switch len(values) {
	case 0:
		return "", nil
	case 1:
		return values[0], nil
	}
	return "", mismatch("MCP-Protocol-Version was sent more than once")
}

// checkStateless checks that a message is of revision 2026-07-28.
func (e *endpoint) checkStateless(header string, msg *message.Message) *Refusal {
	switch {
	case msg.IsResponse():
		return notARequest()
	case msg.IsNotification():
		// This revision has no notification a client could send over HTTP:
		// accepted, and nothing comes of it.
		return nil
	case msg.ProtocolVersion == "" && header == stateless:
		return InvalidParams("_meta lacks io.modelcontextprotocol/protocolVersion")
	case msg.ProtocolVersion == "":
		return e.unsupported(header)
	case header == "" && msg.ProtocolVersion == stateless:
		return mismatch("MCP-Protocol-Version is missing")
	case header != "" && header != msg.ProtocolVersion:
		return mismatch("MCP-Protocol-Version is not the version in _meta")
	case msg.ProtocolVersion != stateless:
		return e.unsupported(msg.ProtocolVersion)
	case msg.ClientCapabilities == nil:
		return InvalidParams("_meta lacks io.modelcontextprotocol/clientCapabilities")
	}
	return nil
}

// session returns the session that a request of an older revision is in.
func (e *endpoint) session(h http.Header, who authz.Principal, version string) (*peer, *Refusal) {
	ids := h.Values(headerSession)
	if len(ids) != 1 || ids[0] == "" {
		return nil, plain(http.StatusBadRequest, CodeInvalidRequest, "Mcp-Session-Id is missing or repeated", "session_missing")
	}
	p := e.sessions.open(ids[0], who)
	if p == nil {
		return nil, noSession()
	}
	if version != "" && version != p.revision {
		return nil, mismatch("MCP-Protocol-Version is not the version of the session")
	}
	return p, nil
}

func noSession() *Refusal {
	return plain(http.StatusNotFound, http.StatusNotFound, "there is no such session; start a new one", "session_unknown")
}

func notARequest() *Refusal {
	return plain(http.StatusBadRequest, CodeInvalidRequest, "a response to nothing that was asked is not accepted", "response_unasked")
}

func (e *endpoint) unsupported(requested string) *Refusal {
	if len(requested) > maxEcho {
		requested = requested[:maxEcho]
	}
	r := plain(http.StatusBadRequest, CodeUnsupportedProtocol, "unsupported protocol version", "protocol_version")
	r.Data = map[string]any{"supported": e.served(), "requested": requested}
	return r
}
