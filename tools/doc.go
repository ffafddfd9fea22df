// Package tools is how a server author declares what an MCP server offers:
// tools, resources and prompts, each with the scopes and permissions it needs.
//
// A declaration is a value. [Compile] reads all of them together, infers the JSON
// Schemas, and returns either a [Catalogue] that is safe for concurrent use or one
// error that names every mistake with its place and its fix.
//
// Nothing here decides who may call what: a handler runs only after the gate has
// allowed the call, so handlers hold no checks. The order of one call is authorize
// (elsewhere), validate against the input schema, decode, call.
//
// # Two audiences
//
// The text of an error made by [Errorf] or [NotFoundf] is written for the client
// and reaches it. Every other error, and every panic, reaches the client as
// "internal error (ref ...)" and the log as one line with the same reference and
// the cause. If such an error was wrapped, the client sees only the text that was
// given to Errorf or NotFoundf, never the words around it.
package tools
