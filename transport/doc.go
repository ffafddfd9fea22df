// Package transport serves the Model Context Protocol over HTTP, revision
// 2026-07-28, to callers that a [Verifier] has verified and for messages that a
// [Gate] has admitted.
//
// [New] makes one http.Handler of a [Config]: the MCP endpoint and the protected
// resource metadata (RFC 9728). It reads every message once, strictly
// (transport/message), and what it read is what is decided about and what is
// dispatched, through MCPServer.HandleMessage of mcp-go with a session that
// holds nothing but what the [Pass] allows. Every refusal has the shape
// [Refusal] and is written in one place.
package transport
