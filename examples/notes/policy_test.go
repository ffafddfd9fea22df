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

// TestPolicyDocument runs the commands that docs/policy.md shows of this example and compares what they say.
func TestPolicyDocument(t *testing.T) {
	document, err := os.ReadFile(filepath.Join("..", "..", "docs", "policy.md"))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := os.ReadFile(filepath.Join("..", "..", "policy.csv"))
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	edited := strings.Replace(string(rows), "g, user:bob,    role:editor", "g, user:bob,    role:admin", 1) + "\n\np, client:chat-bridge, notes, read, deny\n"
	for name, text := range map[string]string{"policy.csv": string(rows), "new.csv": edited} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	shown := 0
	for i, block := range strings.Split(string(document), "```\n") {
		command, want, _ := strings.Cut(block, "\n")
		args, is := strings.CutPrefix(command, "$ notes ")
		if i%2 == 0 || !is || !strings.Contains(args, "matrix") && !strings.Contains(args, "diff") {
			continue
		}
		shown++
		var out bytes.Buffer
		cli.Run(t.Context(), config(), strings.Fields(args), nil, &out, &bytes.Buffer{})
		if diff := cmp.Diff(want, out.String()); diff != "" {
			t.Errorf("%s (-document +command):\n%s", command, diff)
		}
	}
	if shown != 2 {
		t.Errorf("%d commands are shown", shown)
	}
}
