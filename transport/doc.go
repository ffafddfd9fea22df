// Package transport serves the Model Context Protocol over HTTP, revisions
// 2026-07-28, 2025-11-25 and 2025-06-18, to callers that a [Verifier] has verified
// and for messages that a [Gate] has admitted.
//
// [New] makes one http.Handler of a [Config]: the MCP endpoint and the protected
// resource metadata (RFC 9728). It reads every message once, strictly
// (transport/message), and what it read is what is decided about and what is
// dispatched, through MCPServer.HandleMessage of mcp-go with a session that
// holds nothing but what the [Pass] allows. Every refusal has the shape
// [Refusal] and is written in one place.
//
// Which revision a message is in is decided in one place (revision.go); from there
// on all go the same way. The sessions of older revisions are sealed in their ids
// (sessions.go); in memory is only what runs in one (live.go).
//
// Streams of changes, which subscriptions/listen and the GET of a session open
// (listen.go, end.go), are told what [Endpoint.Announce] hears (changes.go).
// [Endpoint.Recheck] has everything that runs asked again whether it may, and
// [Endpoint.Drain] ends the streams.
package transport
