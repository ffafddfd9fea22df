// Package e2e runs MCP clients that other people wrote against a freshly started notes example and its embedded authorization
// server, over loopback and from nothing: a 401, metadata, registration, login and consent, a token, a call, a 403, a second
// authorization, a call that works.
//
// It holds tests only. They need no network beyond loopback and no browser: a person of the tests (person_test.go) fills in the forms
// over HTTP. The browser client is in the folder browser, clients that are not written
// in Go are in the folder interop, issuers of other people in the folder issuers.
package e2e
