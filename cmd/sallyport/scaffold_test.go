package main

import (
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/sallyport-mcp/sallyport/internal/command"
	"github.com/sallyport-mcp/sallyport/internal/scaffold"
)

// TestNewProject builds what `sallyport new` writes and goes through its gate, as somebody does who has just come. It takes the module
// and build caches of whoever runs it, and no network.
func TestNewProject(t *testing.T) {
	env := map[string]string{"GOPROXY": "off", "GOFLAGS": "-mod=readonly -ldflags=-w", "GOTOOLCHAIN": "local", "GOWORK": "off"}
	for _, name := range []string{"GOMODCACHE", "GOCACHE"} {
		value, err := exec.CommandContext(t.Context(), "go", "env", name).Output()
		if err != nil {
			t.Fatal(err)
		}
		env[name] = strings.TrimSpace(string(value))
	}
	began := time.Now()
	t.Run("script", func(t *testing.T) {
		testscript.Run(t, testscript.Params{
			Dir:           "testdata/project",
			UpdateScripts: *update,
			Cmds:          map[string]func(*testscript.TestScript, bool, []string){"gate": throughTheGate},
			Setup: func(e *testscript.Env) error {
				for name, value := range env {
					e.Setenv(name, value)
				}
				return nil
			},
		})
	})
	t.Logf("from nothing to a server with seven additions, built and tested: %s", time.Since(began).Round(time.Second))
}

// TestNewText_Incomplete is for a server whose modules are not known.
func TestNewText_Incomplete(t *testing.T) {
	o := scaffold.NewOptions{Name: "demo", Framework: scaffold.Framework{Version: "v1.2.3"}}
	text := createdText(command.Paint{}, o, scaffold.Created{})
	if !strings.Contains(text, "\n  go mod tidy ") || strings.Contains(text, "checkout") {
		t.Errorf("a released version without its modules:\n%s", text)
	}
	if text = createdText(command.Paint{}, o, scaffold.Created{Complete: true}); strings.Contains(text, "go mod tidy") {
		t.Errorf("a released version with its modules:\n%s", text)
	}
	for line := range strings.Lines(text) {
		if len(line) > 81 {
			t.Errorf("a line of %d characters: %s", len(line), line)
		}
	}
}
