package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport-mcp/sallyport/server/cli"
)

// TestPolicyDocument runs the tests that docs/policy.md shows, against the policy that it speaks of.
func TestPolicyDocument(t *testing.T) {
	document := read(t, "../../docs/policy.md")
	policy := read(t, "../../policy.csv")
	t.Chdir(t.TempDir())
	write(t, "policy_test.yaml", fenced(t, document, "yaml"))

	write(t, "policy.csv", policy)
	if code, output := policyTest(t); code != 0 {
		t.Errorf("exit code %d: %s", code, output)
	}
	changed := strings.Replace(policy, "g, user:bob,    role:editor", "g, user:bob,    role:admin", 1)
	write(t, "policy.csv", changed)
	code, output := policyTest(t)
	if diff := cmp.Diff(fenced(t, document, "text"), output); code != 1 || diff != "" {
		t.Errorf("exit code %d, (-documented +printed):\n%s", code, diff)
	}
}

func policyTest(t *testing.T) (int, string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := cli.Run(t.Context(), config(), []string{"policy", "test"}, nil, &stdout, &stderr)
	return code, stdout.String()
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.FromSlash(path))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// fenced returns the first block of code in a language.
func fenced(t *testing.T, document, language string) string {
	t.Helper()
	_, rest, found := strings.Cut(document, "```"+language+"\n")
	text, _, closed := strings.Cut(rest, "```")
	if !found || !closed {
		t.Fatalf("the document has no block of %s", language)
	}
	return text
}
