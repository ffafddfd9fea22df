// Hello is the smallest protected MCP server: one tool behind one scope.
//
//	go run ./examples/hello      # from the root: its policy.csv permits greet:use to anyone
//	curl -si -X POST http://127.0.0.1:8080/mcp | grep -i www-authenticate
//	# Www-Authenticate: Bearer resource_metadata="http://127.0.0.1:8080/...", scope="greet:use"
package main

import (
	"context"

	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/server/cli"
	"github.com/sallyport-mcp/sallyport/tools"
)

type greeting struct {
	Name string `json:"name" jsonschema:"whom to greet"`
}

func greet(_ context.Context, in greeting) (string, error) {
	return "Hello, " + in.Name, nil
}

func config() server.Config {
	return server.Config{
		Name: "hello",
		Tools: []tools.Tool{{
			Name:        "greet",
			Description: "Greet somebody by name.",
			Scopes:      []string{"greet:use"},
			ReadOnly:    true,
			Handler:     tools.Typed(greet),
		}},
	}
}

func main() { cli.Main(config()) }
