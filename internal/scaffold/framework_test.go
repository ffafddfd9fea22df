package scaffold

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func goEnv(t *testing.T, name string) string {
	t.Helper()
	value, err := exec.CommandContext(t.Context(), "go", "env", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(value))
}

// TestLocate tells builds apart by what they say about themselves.
func TestLocate(t *testing.T) {
	source := checkout(t).Source
	main := func(version, sum string) *debug.BuildInfo {
		return &debug.BuildInfo{Main: debug.Module{Path: framework, Version: version, Sum: sum}}
	}
	dependency := func(m debug.Module) *debug.BuildInfo {
		m.Path = framework
		return &debug.BuildInfo{Main: debug.Module{Path: "example.com/x", Version: "v9.9.9"}, Deps: []*debug.Module{{Path: "example.com/y", Sum: "h1:y"}, &m}}
	}
	for name, tt := range map[string]struct {
		source string
		info   *debug.BuildInfo
		want   Framework
		fails  bool
	}{
		"go run in a checkout":            {source, main("(devel)", ""), Framework{Source: source}, false},
		"go build in a checkout":          {source, main("v0.0.0-20261127144349-038c1b5abcde+dirty", ""), Framework{Source: source}, false},
		"go build in a checkout of a tag": {source, main("v1.2.3", ""), Framework{Source: source}, false},
		"nothing known but the source":    {source, nil, Framework{Source: source}, false},
		"go install at a version":         {source, main("v1.2.3", "h1:x"), Framework{Source: source, Version: "v1.2.3", Sum: "h1:x"}, false},
		"installed, the cache is gone":    {"/gone", main("v1.2.3", "h1:x"), Framework{Version: "v1.2.3", Sum: "h1:x"}, false},
		"go tool in another module":       {source, dependency(debug.Module{Version: "v1.2.3", Sum: "h1:x"}), Framework{Source: source, Version: "v1.2.3", Sum: "h1:x"}, false},
		"replaced in another module":      {source, dependency(debug.Module{Version: "v1.2.3", Sum: "h1:x", Replace: &debug.Module{Path: "../x"}}), Framework{Source: source}, false},
		"released without paths":          {framework, main("v1.2.3", ""), Framework{Version: "v1.2.3"}, false},
		"stripped, of a commit":           {framework, main("v0.0.0-20261127144349-038c1b5abcde", ""), Framework{}, true},
		"stripped, of somebody's changes": {framework, main("v1.2.3+dirty", ""), Framework{}, true},
		"stripped and unknown":            {framework, main("(devel)", ""), Framework{}, true},
		"another module lies there":       {filepath.Join(source, "e2e"), main("(devel)", ""), Framework{}, true},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := locate(tt.source, tt.info)
			if diff := cmp.Diff(tt.want, got); diff != "" || (err != nil) != tt.fails {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
	if f, err := Locate("", nil); err != nil || f.Source != source {
		t.Errorf("what this test was built from: %+v, %v", f, err)
	}
	if _, err := Locate(t.TempDir(), nil); !errors.As(err, new(Mistake)) {
		t.Errorf("an empty directory: %v", err)
	}
}

// TestModules_Version is for a program that was installed at a version: nothing is replaced, and go.sum knows the framework.
func TestModules_Version(t *testing.T) {
	m, err := modulesOf("demo", Framework{Source: checkout(t).Source, Version: "v1.2.3", Sum: "h1:abc="})
	if err != nil {
		t.Fatal(err)
	}
	if !m.complete || !strings.Contains(m.mod, "\nrequire "+framework+" v1.2.3\n") || strings.Contains(m.mod, "replace") {
		t.Errorf("go.mod:\n%s", m.mod)
	}
	lines := strings.Split(m.sum, "\n")
	if !slices.Contains(lines, framework+" v1.2.3 h1:abc=") || !strings.Contains(m.sum, "\n"+framework+" v1.2.3/go.mod h1:") {
		t.Errorf("go.sum:\n%s", m.sum)
	}
	if m, err = modulesOf("demo", Framework{Version: "v1.2.3"}); err != nil || m.complete || m.sum != "" ||
		m.mod != "module demo\n\ngo 1.26.0\n\nrequire "+framework+" v1.2.3\n" {
		t.Errorf("without its source: %v\n%s", err, m.mod)
	}
	if _, err = modulesOf("demo", Framework{Source: t.TempDir()}); err == nil {
		t.Error("no go.mod, and no error")
	}
}

func TestModules_OddPath(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a checkout, (mine)")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "go.mod"), "module "+framework+"\n")
	if _, err := modulesOf("demo", Framework{Source: dir}); err == nil {
		t.Error("no go.sum, and no error")
	}
	write(t, filepath.Join(dir, "go.sum"), "")
	f, err := Locate(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	m, err := modulesOf("demo", f)
	if err != nil || !strings.Contains(m.mod, `=> "`+dir+`"`) || !strings.Contains(m.mod, "\ngo "+defaultGo+"\n") {
		t.Errorf("%v\n%s", err, m.mod)
	}
}

// TestSumOfFile computes a checksum that the framework's go.sum has.
func TestSumOfFile(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(goEnv(t, "GOMODCACHE"), "cache/download/github.com/google/go-cmp/@v/v0.7.0.mod"))
	if err != nil {
		t.Fatal(err)
	}
	sums, err := os.ReadFile("../../go.sum")
	if err != nil {
		t.Fatal(err)
	}
	if line := "github.com/google/go-cmp v0.7.0/go.mod " + sumOfFile("go.mod", data) + "\n"; !strings.Contains(string(sums), line) {
		t.Errorf("go.sum has no %s", line)
	}
}
