// Conformance runs the official MCP conformance suite against examples/conformance, through the gate and with real tokens.
//
// The suite knows no tokens, so it speaks to a proxy on loopback that adds one. The proxy starts without a token, does what a client
// does (metadata, registration, login and consent as alice), and asks for nothing but what the server's own challenges name: first
// those of the 401, then those of each 403. What it passes on is otherwise untouched, the Host header included.
//
//	./e2e/conformance/run                        # what each revision requires; `make conformance`
//	RUNS=10 ./e2e/conformance/run                # ten times in a row
//	./e2e/conformance/run --scenario tools-list  # any options of `conformance server` instead
package main
