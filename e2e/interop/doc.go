// Interop runs MCP clients that other people wrote against a fresh examples/notes with its embedded authorization server, one after
// the other: each discovers, registers, has bob log in and consent, lists tools, searches, steps up once to create a note, is refused
// by door two when it deletes one, and searches again.
//
// Nothing is taken on trust from a client. A proxy in front of the example records what passed, and the run fails if it is not what
// the table in clients.go expects: the statuses of every call, the consents bob was asked for, their scopes, the revision. What bob sees
// is kept in docs/interop.md, and a run that sees something else fails, or rewrites it with -update.
//
//	./e2e/interop/run                    # all clients; `make interop`
//	./e2e/interop/run -only mcp-remote   # those whose name contains this, with the transcript
//	./e2e/interop/run -update            # and write what was seen into docs/interop.md
//
// A client is started by a driver, one file for each in drivers/. A driver is told by the environment where the server is
// (INTEROP_URL), how to reach somebody at a browser (INTEROP_PERSON: POST an address there and bob opens it) how to have
// a right taken from bob (INTEROP_DENY: POST), and which revision to speak (INTEROP_MODE). It writes one JSON object a line: what each step returned, or what it would show to a person.
package main
