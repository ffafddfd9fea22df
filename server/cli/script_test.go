package cli_test

import (
	"context"
	"errors"
	"flag"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
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

// office is a server with more operations than a screen has columns, two of one name among them.
func office() server.Config {
	type on struct {
		Table string `json:"table"`
	}
	tool := func(name, scope string, permissions ...string) tools.Tool {
		return tools.Tool{
			Name: name, Description: name, Scopes: []string{scope}, Permissions: permissions,
			Handler: tools.Typed(func(context.Context, on) (string, error) { return "", nil }),
		}
	}
	return server.Config{
		Name: "office",
		Tools: []tools.Tool{
			tool("customers_search", "crm:read"), tool("customers_update", "crm:write"), tool("customers_delete", "crm:write", "crm:delete"),
			tool("invoices_list", "billing:read"), tool("invoices_approve", "billing:write", "billing:approve"),
			tool("payments_payout", "billing:write", "billing:payout", "ledger:post"), tool("ledger_post", "ledger:post"),
			tool("employees_get_salary", "hr:read", "hr:salary"), tool("deploy_production", "deploy:write", "deploy/production:run"),
			tool("warehouse_query", "table/{table}:read"), tool("summary", "crm:read"),
		},
		Prompts: []tools.Prompt{{
			Name: "summary", Description: "Summarize.", Scopes: []string{"crm:read"},
			Get: func(context.Context, map[string]string) ([]tools.Message, error) { return nil, nil },
		}},
	}
}

// TestMain has no name looked up: a server that a test starts may trust an issuer that is nowhere, and begins to fetch its keys.
func TestMain(m *testing.M) {
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("tests look up no names")
	}}
	testscript.Main(m, map[string]func(){
		"demo":   func() { cli.Main(config()) },
		"held":   held,
		"notes":  func() { cli.Main(notesConfig()) },
		"office": func() { cli.Main(office()) },
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
		// touch-mcp is a caller without a token.
		"touch-mcp": func() {
			resp, err := http.Post("http://"+os.Args[1]+"/mcp", "application/json", strings.NewReader("{}"))
			if err != nil || resp.StatusCode != http.StatusUnauthorized {
				os.Exit(1)
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
