package cli_test

import (
	"context"
	"flag"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/server/cli"
	"github.com/sallyport-mcp/sallyport/tools"
)

var update = flag.Bool("update", false, "rewrite what the scripts compare with")

type in struct {
	Name string `json:"name"`
}

func config() server.Config {
	return server.Config{
		Name: "demo",
		Tools: []tools.Tool{
			{
				Name: "greet", Description: "Greet.", Scopes: []string{"greet:use"}, ReadOnly: true,
				Handler: tools.Typed(func(_ context.Context, i in) (string, error) { return "Hello, " + i.Name, nil }),
			},
			{
				Name: "part", Description: "Say goodbye.", Scopes: []string{"greet:use"}, Permissions: []string{"greet/{name}:part"},
				Handler: tools.Typed(func(_ context.Context, i in) (string, error) { return "Goodbye, " + i.Name, nil }),
			},
			{
				Name: "version", Description: "Tell the version.", AnyPrincipal: true,
				Handler: tools.Typed(func(context.Context, struct{}) (string, error) { return "1", nil }),
			},
		},
	}
}

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"demo":  func() { cli.Main(config()) },
		"held":  held,
		"notes": func() { cli.Main(notesConfig()) },
		// unnamed is a program whose own settings are wrong.
		"unnamed": func() { cli.Main(server.Config{}) },
		// wait-for returns once something listens at the address.
		"wait-for": func() {
			for range time.Tick(5 * time.Millisecond) {
				if conn, err := net.Dial("tcp", os.Args[1]); err == nil {
					_ = conn.Close()
					return
				}
			}
		},
		// hold listens at the address and does nothing.
		"hold": func() {
			listener, err := net.Listen("tcp", os.Args[1])
			for err == nil {
				// Whoever connects is not answered.
				_, err = listener.Accept()
			}
		},
	})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           filepath.Join("testdata"),
		UpdateScripts: *update,
		Setup: func(env *testscript.Env) error {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				return err
			}
			defer listener.Close()
			env.Setenv("FREE", listener.Addr().String())
			return notesPolicy(env.WorkDir)
		},
	})
}
