package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "rewrite golden files")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"sallyport": main, "person": person})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata", UpdateScripts: *update, Setup: func(env *testscript.Env) error {
		audit, err := os.ReadFile("../../internal/command/testdata/audit.jsonl")
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(env.WorkDir, "audit.jsonl"), audit, 0o600)
	}})
}

// TestHelp keeps every help on one screen, with an example of its own in it.
func TestHelp(t *testing.T) {
	for _, words := range []string{"", "policy", "policy check", "version", "doctor", "login", "tools", "call", "logout"} {
		var stdout, stderr bytes.Buffer
		if code := run(t.Context(), append(strings.Fields(words), "--help"), &stdout, &stderr); code != 0 || stderr.Len() > 0 {
			t.Errorf("%q: exit code %d, %s", words, code, &stderr)
		}
		text := stdout.String()
		if lines := strings.Count(text, "\n"); lines > 24 {
			t.Errorf("%q: %d lines of help do not fit a screen of 24", words, lines)
		}
		if !strings.Contains(text, "Examples:\n  sallyport ") {
			t.Errorf("%q: no example in\n%s", words, text)
		}
		for line := range strings.Lines(text) {
			if len(line) > 121 {
				t.Errorf("%q: a line of %d characters: %s", words, len(line), line)
			}
		}
	}
}

func TestVersion(t *testing.T) {
	info := &debug.BuildInfo{GoVersion: "go1.26.0", Main: debug.Module{Version: "v1.2.3"}}
	if got := version(info, true); got != "sallyport v1.2.3, built with go1.26.0" {
		t.Error(got)
	}
	for _, known := range []bool{true, false} {
		if got := version(&debug.BuildInfo{}, known); got != "sallyport, of an unknown version" {
			t.Error(got)
		}
	}
}
