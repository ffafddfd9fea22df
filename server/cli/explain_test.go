package cli_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/server/cli"
	"github.com/sallyport-mcp/sallyport/tools"
)

// notesConfig declares what examples/notes does.
func notesConfig() server.Config {
	type noteIn struct {
		ID string `json:"id,omitempty"`
	}
	call := tools.Typed(func(context.Context, noteIn) (string, error) { return "", nil })
	return server.Config{
		Name: "notes",
		Tools: []tools.Tool{
			{Name: "notes_search", Description: "Search notes by text.", Scopes: []string{"notes:read"}, ReadOnly: true, Handler: call},
			{Name: "notes_create", Description: "Create notes.", Scopes: []string{"notes:write"}, Handler: call},
			{Name: "notes_delete", Description: "Delete one note for good.", Scopes: []string{"notes:write"}, Permissions: []string{"notes:delete"}, Handler: call},
		},
		Resources: []tools.Resource{{
			URI: "note://{id}", Name: "note", Description: "One note.", Scopes: []string{"notes:read"},
			Read: func(context.Context, tools.ResourceRequest) (tools.Contents, error) { return tools.Text(""), nil },
		}},
		Prompts: []tools.Prompt{{
			Name: "notes_summary", Description: "Summarize.", Scopes: []string{"notes:read"},
			Get: func(context.Context, map[string]string) ([]tools.Message, error) { return nil, nil },
		}},
	}
}

// TestNotesAreDeclaredAsInTheExample keeps notesConfig and the example the same, by the list in the example's comment.
func TestNotesAreDeclaredAsInTheExample(t *testing.T) {
	var out bytes.Buffer
	cli.Run(t.Context(), notesConfig(), []string{"tools"}, nil, &out, &out)
	source, err := os.ReadFile("../../examples/notes/main.go")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(out.String()) {
		if !strings.Contains(string(source), "//\t# "+strings.TrimRight(line, " \n")+"\n") {
			t.Errorf("the example does not list %q", line)
		}
	}
}

// TestPolicyDocument runs every command that docs/policy.md shows, and compares what it writes.
func TestPolicyDocument(t *testing.T) {
	document, err := os.ReadFile("../../docs/policy.md")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir("../..") // the policy of the examples
	const prompt = "```\n$ go run ./examples/notes policy explain "
	found := 0
	for _, block := range strings.Split(string(document), prompt)[1:] {
		found++
		block, _, _ = strings.Cut(block, "\n```\n")
		command, want, _ := strings.Cut(block, "\n")
		var out bytes.Buffer
		cli.Run(t.Context(), notesConfig(), append([]string{"policy", "explain"}, strings.Fields(command)...), nil, &out, &out)
		if diff := cmp.Diff(want+"\n", out.String()); diff != "" {
			t.Errorf("docs/policy.md, %s (-document +written):\n%s", command, diff)
		}
	}
	if found == 0 {
		t.Error("docs/policy.md shows no explanation")
	}
}

// TestExplain_OutputThatIsGone: what nobody can read is no yes.
func TestExplain_OutputThatIsGone(t *testing.T) {
	inDirectory(t, map[string]string{"policy.csv": everything})
	for _, flags := range [][]string{nil, {"--json"}} {
		args := append([]string{"policy", "explain", "--user", "bob", "--scope", "greet:use", "greet"}, flags...)
		var stderr bytes.Buffer
		if code := cli.Run(t.Context(), config(), args, nil, brokenPipe{}, &stderr); code != cli.ExitFailed || !strings.Contains(stderr.String(), "broken pipe") {
			t.Errorf("%v: exit code %d, %s", args, code, &stderr)
		}
		if code, stdout, stderr := run(t, args, nil); code != cli.ExitOK || !strings.Contains(strings.ToLower(stdout), "allowed") || stderr != "" {
			t.Errorf("the twin: exit code %d, %s%s", code, stdout, stderr)
		}
	}
}

// TestExplain_Terminal: names on the command line cannot move the cursor.
func TestExplain_Terminal(t *testing.T) {
	inDirectory(t, map[string]string{"policy.csv": everything})
	for _, args := range [][]string{{"--user", "\x1b[2Jbob", "--client", "a\u202eb", "--scope", "x\x07"}, {"--client", "\x1b[2J"}} {
		_, stdout, _ := run(t, append(append([]string{"policy", "explain"}, args...), "greet"), nil)
		if strings.ContainsFunc(stdout, func(r rune) bool { return r != '\n' && (r < ' ' || r > '~') }) || !strings.Contains(stdout, `\x1b[2J`) {
			t.Errorf("%q: %q", args, stdout)
		}
	}
}

// notesPolicy copies the policy of the examples for the scripts.
func notesPolicy(dir string) error {
	policy, err := os.ReadFile("../../policy.csv")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "notes.csv"), policy, 0o600)
}
