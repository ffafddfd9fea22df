package main

import (
	"flag"
	"runtime/debug"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "rewrite golden files")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"sallyport": main})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata", UpdateScripts: *update})
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
