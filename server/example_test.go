package server_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/tools"
)

func greeter() server.Config {
	type in struct {
		Name string `json:"name"`
	}
	return server.Config{
		Name:   "hello",
		Policy: "../policy.csv",
		Audit:  "stdout",
		Tools: []tools.Tool{{
			Name: "greet", Description: "Greet somebody.", Scopes: []string{"greet:use"}, ReadOnly: true,
			Handler: tools.Typed(func(_ context.Context, i in) (string, error) { return "Hello, " + i.Name, nil }),
		}},
	}
}

// Every mistake is in the one error, with what to write instead.
func ExampleNew() {
	cfg := greeter()
	cfg.Addr, cfg.Store = "8080", "redis"
	_, err := server.New(cfg)
	fmt.Println(err)
	// Output:
	// the server cannot start: 2 mistakes in its configuration
	//   - addr = "8080": it is not host:port; write for example 127.0.0.1:8080
	//   - store = "redis": this version keeps its state in memory only; write "memory" or leave it out
}

// A server can live in somebody else's router.
func ExampleServer_Handler() {
	srv, err := server.New(greeter())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer srv.Close()
	handler, err := srv.Handler("/mcp")
	if err != nil {
		fmt.Println(err)
		return
	}
	router := http.NewServeMux()
	router.Handle("/", handler)

	answer := httptest.NewRecorder()
	router.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "http://127.0.0.1:8080/.well-known/oauth-protected-resource/mcp", nil))
	fmt.Println(answer.Code, answer.Body)
	// Output:
	// 200 {"resource":"http://127.0.0.1:8080/mcp","authorization_servers":["http://127.0.0.1:8080"],"scopes_supported":["greet:use"],"bearer_methods_supported":["header"],"resource_name":"hello"}
}

// Run serves until its context ends. A program that wants a command line and
// configuration files calls cli.Main instead.
func ExampleRun() {
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // at once, for the sake of the example

	cfg := greeter()
	cfg.Name = ""
	fmt.Println(server.Run(ctx, cfg))
	// Output:
	// the server cannot start: 1 mistake in its configuration
	//   - Name = "": the server has no name; set Name, for example to "notes"
}
