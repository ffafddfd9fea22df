package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport-mcp/sallyport/server/cli"
)

// TestPolicyDocument_Tests runs the tests that docs/policy.md shows, against the policy that it speaks of.
func TestPolicyDocument_Tests(t *testing.T) {
	document := read(t, "../../docs/policy.md")
	policy := read(t, "../../policy.csv")
	t.Chdir(t.TempDir())
	write(t, "policy_test.yaml", fenced(t, document, "yaml"))

	write(t, "policy.csv", policy)
	if code, output := policyTest(t); code != 0 {
		t.Errorf("exit code %d: %s", code, output)
	}
	write(t, "policy.csv", bobIsAdmin(policy))
	code, output := policyTest(t)
	if diff := cmp.Diff(fenced(t, document, "text"), output); code != 1 || diff != "" {
		t.Errorf("exit code %d, (-documented +printed):\n%s", code, diff)
	}
}

// TestPolicyDocument_Commands runs the commands that docs/policy.md shows of this example and compares what they say.
func TestPolicyDocument_Commands(t *testing.T) {
	document, policy := read(t, "../../docs/policy.md"), read(t, "../../policy.csv")
	t.Chdir(t.TempDir())
	write(t, "policy.csv", policy)
	write(t, "new.csv", bobIsAdmin(policy)+"\n\np, client:chat-bridge, notes, read, deny\n")
	shown := 0
	for _, block := range regexp.MustCompile("(?s)```\n(\\$ notes .*?)```").FindAllStringSubmatch(document, -1) {
		command, want, _ := strings.Cut(block[1], "\n")
		shown++
		var out bytes.Buffer
		cli.Run(t.Context(), config(), strings.Fields(command)[2:], nil, &out, &bytes.Buffer{})
		if diff := cmp.Diff(want, out.String()); diff != "" {
			t.Errorf("%s (-document +command):\n%s", command, diff)
		}
	}
	if shown != 2 {
		t.Errorf("%d commands are shown", shown)
	}
}

// bobIsAdmin is the policy after the edit that the document speaks of.
func bobIsAdmin(policy string) string {
	return strings.Replace(policy, "g, user:bob,    role:editor", "g, user:bob,    role:admin", 1)
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
