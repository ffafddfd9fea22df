package main

import (
	"flag"
	"os"
	"path/filepath"
	"runtime/debug"
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
