package policytest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestMistakes compares every finding with its place, and checks that the repaired twin has none.
func TestMistakes(t *testing.T) {
	bundles(t, "testdata/mistakes/*.txtar", func(t *testing.T, b bundle) {
		_, found := Parse(b.review(t), "tests.yaml", []byte(b.sections["tests.yaml"]))
		var got strings.Builder
		for _, f := range found {
			fmt.Fprintln(&got, f)
		}
		b.check(t, "findings", got.String())
		cases, found := Parse(b.review(t), "tests.yaml", []byte(b.sections["tests.yaml repaired"]))
		if len(found) > 0 || len(cases) == 0 {
			t.Errorf("the repaired twin has %d cases and %v", len(cases), found)
		}
	})
}

// TestRun compares what is printed.
func TestRun(t *testing.T) {
	bundles(t, "testdata/run/*.txtar", func(t *testing.T, b bundle) {
		review := b.review(t)
		cases, found := Parse(review, "policy_test.yaml", []byte(b.sections["policy_test.yaml"]))
		if len(found) > 0 {
			t.Fatal(found)
		}
		dir, err := filepath.Abs(b.path)
		if err != nil {
			t.Fatal(err)
		}
		b.path = dir
		report := Run(compiled(t, review, b.sections["policy.csv"]), cases)
		for section, write := range map[string]func(*strings.Builder) error{
			"text": func(w *strings.Builder) error { return report.Print(w, false) },
			"rows": func(w *strings.Builder) error { return report.Print(w, true) },
			"json": func(w *strings.Builder) error { return report.PrintJSON(w) },
		} {
			if _, wanted := b.sections[section]; !wanted {
				continue
			}
			var got strings.Builder
			if err := write(&got); err != nil {
				t.Fatal(err)
			}
			b.check(t, section, got.String())
		}
	})
}

const oneTest = "tests:\n  - principal: {user: alice}\n    operation: version\n    expect: allow\n"

// TestSyntax holds files that are no YAML or none of one document, each with its twin.
func TestSyntax(t *testing.T) {
	many := strings.Repeat(strings.TrimPrefix(oneTest, "tests:\n"), 100)
	long := strings.Repeat("  - principal: {user: alice,\n      groups: [a,\n        b],\n      roles: []}\n    operation: version\n    expect: allow\n", 100)
	for _, tt := range []struct {
		name, bad, good string
		line, column    int
		reason          string
	}{
		{"empty", "", oneTest, 1, 1, "no tests"},
		{"comments only", "# nothing\n", "# nothing\n" + oneTest, 1, 1, "no tests"},
		{"a tab", "tests:\n  - principal: {user: alice}\n\toperation: version\n", oneTest, 3, 2, "not YAML: found character"},
		{"a brace in a list", strings.Replace(oneTest, "operation: version", "operations: [version, table://{table}]", 1), strings.Replace(oneTest, "operation: version", `operations: [version, "table://{table}"]`, 1), 3, 5, "not YAML: did not find expected"},
		{"a colon", "tests:\n  - name: alice: reads\n" + oneTest[9:], "tests:\n  - name: \"alice: reads\"\n" + "    " + oneTest[11:], 2, 3, "not YAML"},
		{"an open bracket", strings.Replace(oneTest, "alice}", "alice", 1), oneTest, 2, 3, "not YAML"},
		{"an open bracket after many lines", "tests:\n" + many + "  - principal: {user: alice\n" + many, "tests:\n" + many + many, 302, 3, "not YAML"},
		{"indentation after many lines", "tests:\n" + many + " - principal: {user: alice}\n", "tests:\n" + many, 302, 2, "not YAML"},
		{"indentation after lists of several lines", "tests:\n" + long + " - principal: {user: alice}\n", "tests:\n" + long, 602, 2, "not YAML"},
		{"an unknown anchor", strings.Replace(oneTest, "{user: alice}", "*alice", 1), strings.Replace(oneTest, "{user: alice}", "&alice {user: alice}", 1), 2, 3, "not YAML: unknown anchor"},
		{"a NUL", oneTest + "# \x00\n", oneTest + "# \n", 5, 1, "not YAML: control characters"},
		{"not UTF-8", oneTest + "# \xff\n", oneTest + "# \n", 5, 1, "not YAML"},
		{"two documents", oneTest + "---\n" + oneTest, oneTest, 5, 1, "a second YAML document"},
		{"an empty document behind", oneTest + "---\n", oneTest, 5, 1, "a second YAML document"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cases, found := Parse(reviewed(t), "tests.yaml", []byte(tt.bad))
			if len(found) != 1 || len(cases) > 0 {
				t.Fatalf("%d cases and %v, want one finding", len(cases), found)
			}
			if f := found[0]; f.Line != tt.line || f.Column != tt.column || !strings.Contains(f.Reason, tt.reason) || f.Fix == "" {
				t.Errorf("%v, want %q at %d:%d with a fix", f, tt.reason, tt.line, tt.column)
			}
			if cases, found := Parse(reviewed(t), "tests.yaml", []byte(tt.good)); len(cases) == 0 || len(found) > 0 {
				t.Errorf("the twin has %d cases and %v", len(cases), found)
			}
		})
	}
}

func TestRead(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, text := range map[string]string{"good.yaml": oneTest, "bad.yaml": strings.Replace(oneTest, "expect", "expects", 1)} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_, err := Read(reviewed(t), "good.yaml", "none.yaml", "bad.yaml")
	var wrong *Error
	if !errors.As(err, &wrong) {
		t.Fatal(err)
	}
	want := `none.yaml: error: the file of tests cannot be read: no such file or directory; create it, or name the file that there is
bad.yaml:2:5: error: the test does not say what it expects; write expect: allow, or expect: deny and a reason
bad.yaml:4:5: error: there is no such key (found "expects"); write one of name, principal, operation, operations, arguments, expect, reason`
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	cases, err := Read(reviewed(t), "good.yaml", "good.yaml")
	if err != nil || len(cases) != 2 || cases[0].Name != "user alice: version" || cases[0].File != "good.yaml" || cases[0].Line != 2 {
		t.Errorf("%+v, %v", cases, err)
	}
}

func TestPath(t *testing.T) {
	for policy, want := range map[string]string{
		"policy.csv": "policy_test.yaml", "/etc/notes.d/rules.csv": "/etc/notes.d/rules_test.yaml", "policy": "policy_test.yaml",
	} {
		if got := Path(policy); got != want {
			t.Errorf("Path(%q) = %q, want %q", policy, got, want)
		}
	}
}

func TestReport_Covers(t *testing.T) {
	review := reviewed(t)
	policy := compiled(t, review, "p, user:alice, notes, read, allow\np, user:bob, notes, read, allow\np, anyone, data, read, allow\n")
	cases, found := Parse(review, "tests.yaml", []byte(strings.Replace(strings.Replace(oneTest, "alice", "alice, scopes: [notes:read]", 1), "version", "notes_search", 1)))
	if len(found) > 0 {
		t.Fatal(found)
	}
	r := Run(policy, cases)
	for percent, want := range map[int]bool{0: true, 33: true, 34: false, 100: false} {
		if got := r.Covers(percent); got != want {
			t.Errorf("%s covers %d %%: %t", r.Summary(), percent, got)
		}
	}
	if got := r.Summary(); got != "1 test, 0 failed; 1 of 3 rows exercised" {
		t.Error(got)
	}
}

// failingWriter takes nothing.
type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, errors.New("full") }

func TestPrint_Fails(t *testing.T) {
	if (Report{}).Print(failingWriter{}, true) == nil || (Report{}).PrintJSON(failingWriter{}) == nil {
		t.Error("a report was printed to nowhere")
	}
}
