// Conformance offers what the official MCP conformance suite asks a server for,
// every operation behind a scope of its own. All of it is permitted to alice.
//
//	make conformance               # runs the suite against it, see docs/conformance.md
//
//	export SALLYPORT_POLICY=examples/conformance/policy.csv
//	go run ./examples/conformance  # serves it on 127.0.0.1:8080; log in as alice
//	go run ./examples/conformance policy check
//	# the policy loads: 2 rows, compiled decisions (textbook model); 0 warnings
package main

import (
	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/server/cli"
	"github.com/sallyport-mcp/sallyport/tools"
)

// What is done to an operation is one scope, which of them is another. A client needs both.
const (
	call = "mcp:conformance:tools:call"
	read = "mcp:conformance:resources:read"
	get  = "mcp:conformance:prompts:get"
)

// config is the whole server: what the suite asks for, and what that needs.
func config() server.Config {
	var declared []tools.Tool
	declared = append(declared, contents()...)
	declared = append(declared, notifying()...)
	declared = append(declared, schemas()...)
	declared = append(declared, inputs()...)
	declared = append(declared, rounds()...)
	declared = append(declared, forms()...)
	changes := &changing{}
	declared = append(declared, changes.tools()...)
	for i := range declared {
		declared[i].Scopes = []string{call, "mcp:conformance:tools:" + declared[i].Name}
	}
	offered := prompts()
	for i := range offered {
		offered[i].Scopes = []string{get, "mcp:conformance:prompts:" + offered[i].Name}
	}
	return server.Config{
		Name:          "conformance",
		Tools:         declared,
		Resources:     append(resources(), changes.resource()),
		Prompts:       offered,
		Made:          changes.made,
		InitialScopes: []string{call}, // suffices for no operation, so that every one needs a step-up
	}
}

func main() { cli.Main(config()) }
