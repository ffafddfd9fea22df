package cli_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport-mcp/sallyport/server/cli"
)

// TestAuditDocument runs the commands that docs/audit.md shows, on the files that it speaks of.
func TestAuditDocument(t *testing.T) {
	document, err := os.ReadFile("../../docs/audit.md")
	if err != nil {
		t.Fatal(err)
	}
	audit, err := os.ReadFile("../../internal/command/testdata/audit.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(audit), "\n")
	less := strings.Join(append(lines[:2:2], lines[3:]...), "")
	inDirectory(t, map[string]string{
		"audit.jsonl":  string(audit),
		"edited.jsonl": strings.Replace(less, `"name":"notes_delete","decision":"deny"`, `"name":"notes_delete","decision":"allow"`, 1),
		"short.jsonl":  strings.Join(lines[:5], ""),
	})
	const prompt = "```\n$ notes "
	blocks := strings.Split(string(document), prompt)[1:]
	for _, block := range blocks {
		block, _, _ = strings.Cut(block, "\n```\n")
		command, want, _ := strings.Cut(block, "\n")
		var out bytes.Buffer
		cli.Run(t.Context(), notesConfig(), strings.Fields(command), nil, &out, &out)
		if diff := cmp.Diff(want+"\n", out.String()); diff != "" {
			t.Errorf("docs/audit.md, %s (-document +written):\n%s", command, diff)
		}
	}
	if len(blocks) != 3 {
		t.Errorf("docs/audit.md shows %d commands, want 3", len(blocks))
	}
	if len(lines) != 9 {
		t.Errorf("the audit has %d lines", len(lines)-1)
	}
}
