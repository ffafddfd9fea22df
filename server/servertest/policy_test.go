package servertest_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/server/servertest"
)

// childDirectory names the directory in which TestPolicy_Child tests a policy, in a process of its own.
const childDirectory = "SERVERTEST_CHILD_DIRECTORY"

// TestPolicy_Child is the test that TestPolicy runs in other processes, since it is to fail there. Here it has nothing to do.
func TestPolicy_Child(t *testing.T) {
	dir := os.Getenv(childDirectory)
	if dir == "" {
		return
	}
	t.Chdir(dir)
	cfg := notes()
	if _, err := os.Stat("twice"); err == nil {
		cfg.Tools = append(cfg.Tools, cfg.Tools...)
	}
	var files []string
	if _, err := os.Stat("other.yaml"); err == nil {
		files = []string{"other.yaml"}
	}
	servertest.TestPolicy(t, cfg, files...)
}

const (
	adminsDelete = "p, role:admin, notes, *, allow\ng, user:alice, role:admin\n"
	bobMayNot    = `tests:
  - name: bob may not delete
    principal: {user: bob, scopes: [notes:write]}
    operation: notes_delete
    expect: deny
    reason: permission_missing
`
)

func TestPolicy(t *testing.T) {
	for _, tt := range []struct {
		name   string
		files  map[string]string
		passes bool
		output []string
	}{
		{"as expected", map[string]string{"policy.csv": adminsDelete, "policy_test.yaml": bobMayNot}, true, []string{
			"--- PASS: TestPolicy_Child/bob_may_not_delete", "1 test, 0 failed; 0 of 2 rows exercised",
			"policy.csv:1: p, role:admin, notes, *, allow",
		}},
		{"not as expected", map[string]string{"policy.csv": adminsDelete + "g, user:bob, role:admin\n", "policy_test.yaml": bobMayNot}, false, []string{
			"--- FAIL: TestPolicy_Child/bob_may_not_delete", "policy_test.yaml:2: expected deny (permission_missing), got allow (allowed)",
			"policy.csv:3  g, user:bob, role:admin",
		}},
		{"another file", map[string]string{"policy.csv": adminsDelete, "other.yaml": bobMayNot}, true, []string{"1 test, 0 failed"}},
		{"no file", map[string]string{"policy.csv": adminsDelete}, false, []string{"policy_test.yaml: error: the file of tests cannot be read"}},
		{"an unknown operation", map[string]string{"policy.csv": adminsDelete, "policy_test.yaml": strings.Replace(bobMayNot, "delete\n    e", "delet\n    e", 1)}, false, []string{
			`policy_test.yaml:4:16: error: there is no operation "notes_delet"; is it notes_delete?`,
		}},
		{"a policy with errors", map[string]string{"policy.csv": strings.Replace(adminsDelete, "allow", "Allow", 1), "policy_test.yaml": bobMayNot}, false, []string{
			"the policy does not load", "policy.csv:1:26: error: ",
		}},
		{"a model beside the policy", map[string]string{"policy.csv": adminsDelete, "policy_test.yaml": bobMayNot, "model.conf": "[matchers]"}, false, []string{
			"the policy does not load", "model.conf:1:1: error: ",
		}},
		{"declarations with mistakes", map[string]string{"policy.csv": adminsDelete, "policy_test.yaml": bobMayNot, "twice": ""}, false, []string{"notes_delete"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, text := range tt.files {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestPolicy_Child$", "-test.v", "-test.timeout=1m")
			child.Env = append(os.Environ(), childDirectory+"="+dir)
			output, err := child.CombinedOutput()
			if passed := err == nil; passed != tt.passes {
				t.Errorf("it passed: %t, want %t\n%s", passed, tt.passes, output)
			}
			for _, want := range tt.output {
				if !strings.Contains(string(output), want) {
					t.Errorf("%q is not in\n%s", want, output)
				}
			}
		})
	}
}

// Coverage counts what runs in this process.
func TestPolicy_Here(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "rules.csv")
	for name, text := range map[string]string{path: adminsDelete, filepath.Join(dir, "rules_test.yaml"): bobMayNot} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	servertest.TestPolicy(t, server.Config{Tools: notes().Tools, Policy: path})
}

// A test of the policy is one line: it runs the tests of policy_test.yaml, beside policy.csv.
func ExampleTestPolicy() {
	_ = func(t *testing.T) {
		t.Helper()
		servertest.TestPolicy(t, notes())
	}
	// Output:
}
