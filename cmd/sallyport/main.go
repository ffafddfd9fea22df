// Sallyport is the command for people who work with Sallyport servers and have none at hand: it checks a policy without
// the server that it is for, and verifies an audit.
//
//	go install github.com/sallyport-mcp/sallyport/cmd/sallyport@latest
//	sallyport policy check policy.csv
//	sallyport audit verify audit.jsonl
//
// A server's own binary has more commands about its policy, since it knows its operations: package server/cli.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"

	"github.com/sallyport-mcp/sallyport/internal/command"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	context.AfterFunc(ctx, stop) // gives the second signal its usual meaning
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run runs one command line and returns its exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	return command.Run(ctx, rootCommand(), args, stdout, stderr)
}
