package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// inModule makes a module with one function and a test of it, and works there.
func inModule(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, text := range map[string]string{
		"go.mod":    "module m\n\ngo 1.26\n",
		"a.go":      "package m\n\nfunc ok(n int) bool {\n\tif n < 0 {\n\t\treturn false\n\t}\n\treturn n < 10\n}\n",
		"a_test.go": "package m\n\nimport \"testing\"\n\nfunc TestOK(t *testing.T) {\n\tif ok(-1) || !ok(1) {\n\t\tt.Fail()\n\t}\n}\n",
	} {
		if err := os.WriteFile(filepath.Clean(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRun(t *testing.T) {
	inModule(t)
	for name, tt := range map[string]struct {
		m    mutant
		want string // in the error, empty for none
	}{
		"noticed":      {mutant{"a.go", "n < 0", "false", ""}, ""},
		"not noticed":  {mutant{"a.go", "n < 10", "true", ""}, "every test passed"},
		"no Go":        {mutant{"a.go", "n < 0", "n <", ""}, "syntax error"},
		"gone":         {mutant{"a.go", "n < 5", "true", ""}, "0 times"},
		"in two":       {mutant{"a.go", "return", "return ", ""}, "2 times"},
		"no file":      {mutant{"b.go", "n", "m", ""}, "no such file"},
		"another test": {mutant{"a.go", "n < 0", "false", "./nowhere"}, "nowhere"},
	} {
		var out bytes.Buffer
		err := run(&out, []mutant{tt.m}, "", goTest)
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v\n%s", name, err, &out)
		}
	}
	if err := run(&bytes.Buffer{}, all(), "no such file", goTest); err == nil {
		t.Error("no mutant at all is no error")
	}
}

// TestAll: the list keeps up with the code, and holds as many as are promised.
func TestAll(t *testing.T) {
	t.Chdir("../..")
	count := map[string]int{}
	for _, m := range all() {
		text, err := os.ReadFile(m.file)
		if err != nil || strings.Count(string(text), m.from) != 1 || m.from == m.to {
			t.Errorf("%s: not exactly once in the file, or no change: %s (%v)", m.file, oneLine(m.from), err)
		}
		count[filepath.ToSlash(filepath.Dir(m.file))]++
	}
	if count["transport/token"] < 40 {
		t.Errorf("%d mutants of transport/token", count["transport/token"])
	}
}
