package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func profile(blocks ...string) string { return "mode: set\n" + strings.Join(blocks, "\n") + "\n" }

func TestReport(t *testing.T) {
	const line = "github.com/sallyport-mcp/sallyport/"
	tests := []struct {
		name, profile string
		good          bool
		says          []string
	}{
		{"all of authz", profile(line+"authz/a.go:1.1,2.2 999 1", line+"authz/a.go:3.1,4.2 1 7"), true, []string{"ok   100.00 % of 100 %  authz"}},
		{
			"one statement of authz in a thousand",
			profile(line+"authz/a.go:1.1,2.2 999 1", line+"authz/a.go:3.1,4.2 1 0"), false,
			[]string{"FAIL  99.90 % of 100 %  authz", "not reached: authz/a.go:3.1,4.2"},
		},
		{"all of transport/token", profile(line + "transport/token/a.go:1.1,2.2 3 1"), true, nil},
		{"not all of transport/token", profile(line+"transport/token/a.go:1.1,2.2 99 1", line+"transport/token/b.go:1.1,2.2 1 0"), false, nil},
		{"85 of 100 elsewhere", profile(line+"server/a.go:1.1,2.2 85 1", line+"server/b.go:1.1,2.2 15 0"), true, nil},
		{"84 of 100 elsewhere", profile(line+"server/a.go:1.1,2.2 84 1", line+"server/b.go:1.1,2.2 16 0"), false, nil},
		{"an example", profile(line + "examples/notes/main.go:1.1,2.2 10 0"), true, []string{"-      0.00 %"}},
		{"a package without statements", profile(line + "server/a.go:1.1,2.2 0 0"), true, []string{"ok   100.00 %"}},
		{"nothing at all", profile(), false, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			packages, err := readProfile(strings.NewReader(strings.TrimSpace(tt.profile)))
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			if got := report(&out, packages); got != tt.good {
				t.Errorf("report says %t, want %t:\n%s", got, tt.good, out.String())
			}
			for _, want := range tt.says {
				if !strings.Contains(out.String(), want) {
					t.Errorf("report does not say %q:\n%s", want, out.String())
				}
			}
		})
	}
}

func TestReadProfile_BadLine(t *testing.T) {
	for _, line := range []string{"a.go:1.1,2.2 1", "a.go:1.1,2.2 one 1", "a.go:1.1,2.2 1 once"} {
		if _, err := readProfile(strings.NewReader(profile(line))); err == nil {
			t.Errorf("%q was accepted", line)
		}
	}
	got, err := readProfile(strings.NewReader(profile("m/a.go:1.1,2.2 1 1")))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]coverage{"m": {statements: 1, reached: 1}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(coverage{})); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestRun(t *testing.T) {
	const tested = "package m\n\nimport \"testing\"\n\nfunc TestOne(t *testing.T) { one() }\n"
	tests := []struct {
		name, code, test string
		want             int
	}{
		{"covered", "package m\n\nfunc one() int { return 1 }\n", tested, 0},
		{"not covered", "package m\n\nfunc one() int { return 1 }\n\nfunc two() int { return 2 }\n", tested, 1},
		{"failing test", "package m\n\nfunc one() int { panic(1) }\n", tested, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, text := range map[string]string{"go.mod": "module m\n\ngo 1.26\n", "m.go": tt.code, "m_test.go": tt.test} {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			var out, errs bytes.Buffer
			if got := run(t.Context(), &out, &errs, dir); got != tt.want {
				t.Errorf("exit code %d, want %d\n%s%s", got, tt.want, out.String(), errs.String())
			}
		})
	}
}
