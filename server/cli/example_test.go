package cli_test

import (
	"context"
	"fmt"
	"os"

	"github.com/sallyport-mcp/sallyport/server/cli"
)

// A test may run a server's command line with arguments, environment and
// outputs of its own. A program's main function calls [cli.Main] instead.
func ExampleRun() {
	code := cli.Run(context.Background(), config(), []string{"tools"}, nil, os.Stdout, os.Stdout)
	fmt.Println("exit code", code)
	// Output:
	// KIND  NAME     SCOPES             PERMISSIONS
	// tool  greet    greet:use          greet:use
	// tool  part     greet:use          greet/{name}:part
	// tool  version  (any valid token)  (any valid token)
	// exit code 0
}
