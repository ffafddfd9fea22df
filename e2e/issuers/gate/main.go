// Gate is the server that the tokens of other people's issuers are tried at: the tools of examples/notes, and whoami, which says what a
// token was read as. The runner of e2e/issuers starts it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/transport/token"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	cfg, err := config(os.Args[1:])
	if err == nil {
		err = server.Run(ctx, cfg)
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "gate:", err)
		os.Exit(1)
	}
}

// config is the whole server.
func config(args []string) (server.Config, error) {
	cfg := server.Config{Name: "notes", Tools: declared(newNotebook("Water the plants", "Buy oat milk"))}
	flags := flag.NewFlagSet("gate", flag.ContinueOnError)
	flags.StringVar(&cfg.Addr, "addr", "", "where the MCP endpoint listens; also its public address")
	flags.StringVar(&cfg.AdminAddr, "admin", "", "where /readyz listens")
	flags.StringVar(&cfg.Policy, "policy", "", "the policy")
	flags.StringVar(&cfg.Audit, "audit", "", "where decisions are recorded")
	issuer := flags.String("issuer", "", "the URL of the issuer")
	kind := flags.String("profile", "", "what the issuer is: keycloak or oidc-provider")
	ahead := flags.Duration("ahead", 0, "how far the clock is put forward, so that tokens have expired without anybody waiting")
	if err := flags.Parse(args); err != nil {
		return cfg, err
	}
	profile, known := profileOf(*kind)
	if !known {
		return cfg, errors.New("-profile: keycloak or oidc-provider")
	}
	cfg.Issuers = []token.Issuer{{URL: *issuer, Profile: profile}}
	if *ahead != 0 {
		cfg.Now = func() time.Time { return time.Now().Add(*ahead) }
	}
	return cfg, nil
}
