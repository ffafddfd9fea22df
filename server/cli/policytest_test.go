package cli_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/sallyport-mcp/sallyport/server/cli"
)

// TestPolicyTest_OutputThatIsGone: what nobody can read is no yes.
func TestPolicyTest_OutputThatIsGone(t *testing.T) {
	inDirectory(t, map[string]string{
		"policy.csv": everything, "policy_test.yaml": "tests: [{principal: {user: bob}, operation: version, expect: allow}]",
	})
	for _, flags := range [][]string{nil, {"--json"}} {
		args := append([]string{"policy", "test"}, flags...)
		var stderr bytes.Buffer
		if code := cli.Run(t.Context(), config(), args, nil, brokenPipe{}, &stderr); code != cli.ExitFailed || !strings.Contains(stderr.String(), "broken pipe") {
			t.Errorf("%v: exit code %d, %s", args, code, &stderr)
		}
		if code, stdout, stderr := run(t, args, nil); code != cli.ExitOK || stdout == "" || stderr != "" {
			t.Errorf("the twin: exit code %d, %s%s", code, stdout, stderr)
		}
	}
}

// TestPolicyTest_Terminal: names in a file of tests cannot move the cursor.
func TestPolicyTest_Terminal(t *testing.T) {
	inDirectory(t, map[string]string{
		"policy.csv": everything,
		"policy_test.yaml": `tests: [{name: "\x1b[2Ja", principal: {user: "\x1b[2Jbob", client: "a\u202eb", scopes: ["x\x07"]},
  operation: version, expect: deny, reason: placeholder}]`,
	})
	_, stdout, _ := run(t, []string{"policy", "test"}, nil)
	if strings.ContainsFunc(stdout, func(r rune) bool { return r != '\n' && (r < ' ' || r > '~') }) || strings.Count(stdout, `\x1b[2J`) < 2 {
		t.Errorf("%q", stdout)
	}
}
