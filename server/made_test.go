package server_test

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/server/cli"
)

// TestMade proves that a program gets the server it serves with, once, before
// anything is served, and none that was refused.
func TestMade(t *testing.T) {
	var made []*server.Server
	keep := func(s *server.Server) { made = append(made, s) }
	f := start(t, func(c *server.Config) { c.Made = keep })
	if len(made) != 1 || made[0] != f.Server.Server() {
		t.Fatalf("made: %v, want the one server that serves", made)
	}
	bad := fixtureConfig(f.runs)
	bad.Policy, bad.Name, bad.Made = f.policy, "", keep
	if _, err := server.New(bad); err == nil || len(made) != 1 {
		t.Errorf("a configuration with a mistake: %v, %d servers", err, len(made))
	}
}

// TestMadeFromCLI proves that the server of a command line is handed over too.
func TestMadeFromCLI(t *testing.T) {
	policy := filepath.Join(t.TempDir(), "policy.csv")
	writeFile(t, policy, fixturePolicy)
	bounded, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	ctx, stop := context.WithCancelCause(bounded)
	defer stop(nil)
	reached := errors.New("reached")
	cfg := fixtureConfig(nil)
	cfg.Policy, cfg.Made = policy, func(s *server.Server) {
		s.NotifyToolsChanged() // to nobody: no client is there yet
		stop(reached)
	}
	var out, log bytes.Buffer
	args := []string{"--addr", "127.0.0.1:0", "--public-url", "http://127.0.0.1:1", "--admin-addr", ""}
	if code := cli.Run(ctx, cfg, args, nil, &out, &log); code != cli.ExitOK || !errors.Is(context.Cause(ctx), reached) {
		t.Errorf("exit %d, ended by %v, want 0 and the function reached:\n%s", code, context.Cause(ctx), strings.TrimSpace(log.String()))
	}
}
