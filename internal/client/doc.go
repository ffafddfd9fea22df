// Package client is the client side of protected MCP servers, for the commands of cmd/sallyport: it discovers how to
// authorize, logs in through a browser, keeps tokens in a file, lists and calls tools, and asks for more scopes when a call
// needs them. It speaks MCP 2026-07-28, and 2025-11-25 or 2025-06-18 to servers that do not.
//
// # Whom it trusts
//
// The person who names a URL trusts that server with what they send it, and nobody else. So the server's metadata must be on
// its own origin and name its own URL (RFC 9728, section 3.3), the authorization server's must name the issuer it was looked up
// by (RFC 8414, section 3.3), and the answer in the browser must come from that issuer (RFC 9207) and to this login (state,
// PKCE). Plain http is for this machine only, and only a server on this machine may lead there. Redirects are followed within
// one origin and for metadata only. Everything is bounded: sizes, times, pages.
//
// # What it never says
//
// Tokens, codes and verifiers are in no error and no output. What a server says is shown without the characters that move a
// cursor or hide text.
package client
