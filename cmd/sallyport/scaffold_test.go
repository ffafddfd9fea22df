package main

import (
	"bytes"
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

// TestScaffoldHelp keeps the help of these commands on a screen of 80 columns and 24 lines.
func TestScaffoldHelp(t *testing.T) {
	for _, words := range []string{"new", "add", "add tool", "add resource", "add prompt"} {
		var stdout, stderr bytes.Buffer
		if code := run(t.Context(), append(strings.Fields(words), "--help"), &stdout, &stderr); code != 0 || stderr.Len() > 0 {
			t.Errorf("%q: exit code %d, %s", words, code, &stderr)
		}
		lines := strings.Split(strings.TrimSuffix(stdout.String(), "\n"), "\n")
		if len(lines) > 24 {
			t.Errorf("%q: %d lines of help do not fit a screen", words, len(lines))
		}
		for _, line := range lines {
			if len(line) > 80 {
				t.Errorf("%q: a line of %d characters: %s", words, len(line), line)
			}
		}
		if !strings.Contains(stdout.String(), "Examples:\n  sallyport "+words+" ") {
			t.Errorf("%q: no example of its own in\n%s", words, &stdout)
		}
	}
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
