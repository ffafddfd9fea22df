package transport

import (
	"net/http"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/sallyport-mcp/sallyport/transport/message"
)

// served is the one revision of the protocol this handler speaks.
const served = mcp.ProtocolVersion20260728

// maxEcho bounds how much of a version the client named is repeated to it.
const maxEcho = 64

// revision decides which revision of the protocol a request is in. It is the
// only place that does. A body that names no revision in _meta is of one before
// 2026-07-28, and those are not served; the session id such a request may carry
// means nothing (MCP 2026-07-28, "Versioning", "Streamable HTTP").
func revision(h http.Header, msg *message.Message) *Refusal {
	headers := h.Values(mcp.HeaderProtocolVersion)
	if len(headers) > 1 {
		return mismatch("MCP-Protocol-Version was sent more than once")
	}
	var header string
	if len(headers) == 1 {
		header = headers[0]
	}
	switch {
	case msg.ProtocolVersion == "" && header == served:
		return InvalidParams("_meta lacks io.modelcontextprotocol/protocolVersion")
	case msg.ProtocolVersion == "":
		return unsupported(header)
	case header == "" && msg.ProtocolVersion == served:
		return mismatch("MCP-Protocol-Version is missing")
	case header != "" && header != msg.ProtocolVersion:
		return mismatch("MCP-Protocol-Version is not the version in _meta")
	case msg.ProtocolVersion != served:
		return unsupported(msg.ProtocolVersion)
	case msg.ClientCapabilities == nil:
		return InvalidParams("_meta lacks io.modelcontextprotocol/clientCapabilities")
	}
	return nil
}

func unsupported(requested string) *Refusal {
	if len(requested) > maxEcho {
		requested = requested[:maxEcho]
	}
	r := plain(http.StatusBadRequest, CodeUnsupportedProtocol, "unsupported protocol version", "protocol_version")
	r.Data = map[string]any{"supported": []string{served}, "requested": requested}
	return r
}
