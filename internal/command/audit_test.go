package command

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestL04_AuditVerify asks about a file of two runs of a server, untouched and changed.
func TestL04_AuditVerify(t *testing.T) {
	text, err := os.ReadFile("testdata/audit.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(text), "\n")
	const head = "79f49c5f0a170dfa7239ed55eb1014f6977ec5f9c731e63f8291482536787363"
	other := strings.Repeat("0", 64)
	t.Chdir(t.TempDir())
	for name, content := range map[string]string{
		"good": string(text), "edited": strings.Replace(string(text), "carol", "alice", 1), "second": strings.Join(lines[5:], ""),
		"many": strings.Repeat("{}\n", 150), "\x1b[2Jevil": string(text),
	} {
		if err := os.WriteFile(filepath.Join(".", name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		args   string
		code   int
		stdout string
		stderr string
	}{
		{"good", 0, "opened 2 times, 1 chain begins\n  head " + head + ", seq 8\n", ""},
		{"--expect " + head + " good", 0, "expected head " + head + ": it is there\n", ""},
		{"edited", 1, "edited:4: edited: the line is not as it was written\n", "demo: the audit has 1 fault\n"},
		{"--expect " + other + " good", 1, "expected head " + other + ": missing", "demo: the audit has 1 fault\n"},
		{"--json good", 0, `"faults": 0`, ""},
		{"--json --expect " + other + " edited", 1, `"found": false`, ""},
		{"second", 0, "goes on with an older file at seq 6, behind fe618e", ""},
		{"good second", 1, "second:1: repeated", "demo: the audit has"},
		{"many", 1, "many: and 50 more faults\nmany: 150 lines\n  opened 0 times, 0 chains begin\n", "150 faults"},
		{"\x1b[2Jevil", 0, `\x1b[2Jevil: 8 lines`, ""},
		{"-", 0, "(standard input): 8 lines", ""},
		{"", 2, "", "demo: name a file"},
		{"nowhere", 2, "", "demo: nowhere cannot be read: no such file or directory\n"},
		{".", 2, "", "demo: . cannot be read: is a directory\n"},
		{"--expect x good", 2, "", "not a head"},
	} {
		var stdout, stderr bytes.Buffer
		root := &cobra.Command{Use: "demo"}
		root.AddCommand(Audit("demo"))
		root.SetIn(bytes.NewReader(text))
		code := Run(t.Context(), root, append([]string{"audit", "verify"}, strings.Fields(c.args)...), &stdout, &stderr)
		if code != c.code || !strings.Contains(stdout.String(), c.stdout) || !strings.Contains(stderr.String(), c.stderr) || c.stderr == "" && stderr.Len() > 0 {
			t.Errorf("%q: %d\n%s%s", c.args, code, &stdout, &stderr)
		}
		if strings.Contains(c.args, "--json") && !json.Valid(stdout.Bytes()) {
			t.Errorf("%q: not JSON: %s", c.args, &stdout)
		}
	}
}

func TestAuditVerify_NowhereToWrite(t *testing.T) {
	for _, flag := range []string{"--json=false", "--json"} {
		full := narrow(0)
		root := &cobra.Command{Use: "demo"}
		root.AddCommand(Audit("demo"))
		var stderr bytes.Buffer
		if code := Run(t.Context(), root, []string{"audit", "verify", flag, "testdata/audit.jsonl"}, &full, &stderr); code != 1 || !strings.Contains(stderr.String(), "full") {
			t.Errorf("%s: %d, %s", flag, code, &stderr)
		}
	}
	var stdout bytes.Buffer
	if code := Run(t.Context(), Audit("demo"), nil, &stdout, &stdout); code != 0 || !strings.Contains(stdout.String(), "verify") {
		t.Errorf("%d, %s", code, &stdout)
	}
}
