package command

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/server"
)

// program has a command that ends with err, and takes a flag.
func program(err error) *cobra.Command {
	root := &cobra.Command{Use: "demo", Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error { return nil }}
	sub := &cobra.Command{Use: "work", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		_, _ = fmt.Fprint(cmd.OutOrStdout(), "worked")
		return err
	}}
	sub.Flags().Bool("fast", false, "be fast")
	root.AddCommand(sub)
	return root
}

func TestRun(t *testing.T) {
	broken := errors.New("broken")
	for _, tt := range []struct {
		args           string
		err            error
		code           int
		stdout, stderr string
	}{
		{"", nil, 0, "", ""},
		{"work", nil, 0, "worked", ""},
		{"work --fast", nil, 0, "worked", ""},
		{"work", broken, 1, "worked", "demo: broken\n"},
		{"work", UsageError{broken}, 2, "worked", "demo: broken\n"},
		{"work", fmt.Errorf("for this: %w", UsageError{broken}), 2, "worked", "demo: for this: broken\n"},
		{"work", AnswerNo{}, 1, "worked", ""},
		{"work --slow", nil, 2, "", "demo: unknown flag: --slow; demo work --help lists the flags\n"},
		{"work --fas", nil, 2, "", "demo: unknown flag: --fas; is it --fast? demo work --help lists the flags\n"},
		{"wor", nil, 2, "", "demo: unknown command \"wor\" for \"demo\"; is it work? demo --help lists the commands\n"},
		{"play", nil, 2, "", "demo: unknown command \"play\" for \"demo\"; demo --help lists the commands\n"},
		{"work hard", nil, 2, "", "demo: unknown command \"hard\" for \"demo work\"; demo --help lists the commands\n"},
	} {
		var stdout, stderr bytes.Buffer
		code := Run(t.Context(), program(tt.err), strings.Fields(tt.args), &stdout, &stderr)
		if code != tt.code || stdout.String() != tt.stdout || stderr.String() != tt.stderr {
			t.Errorf("%q, %v: %d, %q, %q; want %d, %q, %q", tt.args, tt.err, code, &stdout, &stderr, tt.code, tt.stdout, tt.stderr)
		}
	}
	if !errors.Is(UsageError{broken}, broken) || AnswerNo.Error(AnswerNo{}) == "" {
		t.Error("an error is lost")
	}
}

func TestReport(t *testing.T) {
	wrong := authz.Finding{File: "a.csv", Line: 1, Reason: "wrong", Fix: "mend it"}
	odd := authz.Finding{Severity: authz.SeverityWarning, File: "a.csv", Line: 2, Reason: "odd"}
	for _, tt := range []struct {
		report server.PolicyReport
		out    string
		err    string
	}{
		{server.PolicyReport{Rows: 1}, "(note)\nthe policy loads: 1 row, compiled decisions (textbook model); 0 warnings\n", ""},
		{
			server.PolicyReport{Rows: 2, Findings: []authz.Finding{odd}},
			"a.csv:2: warning: odd\n(note)\nthe policy loads: 2 rows, compiled decisions (textbook model); 1 warning\n", "",
		},
		{
			server.PolicyReport{Errors: 1, Findings: []authz.Finding{wrong, odd}},
			"a.csv:1: error: wrong; mend it\na.csv:2: warning: odd\n", "the policy has 1 error and does not load",
		},
	} {
		var out bytes.Buffer
		err := Report(&out, tt.report, "(note)")
		if out.String() != tt.out || (err != nil || tt.err != "") && fmt.Sprint(err) != tt.err {
			t.Errorf("%+v: %q, %v; want %q, %q", tt.report, &out, err, tt.out, tt.err)
		}
	}
}

func TestPaintOfFindings(t *testing.T) {
	f := authz.Finding{File: "a: error: b.csv", Line: 1, Reason: "wrong: error: so", Fix: "mend it"}
	on := Paint{on: true}
	if got, want := on.finding(f), "a: error: b.csv:1: \x1b[31merror\x1b[0m: wrong: error: so; mend it"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	f.Severity = authz.SeverityWarning
	if got, want := on.finding(f), "a: error: b.csv:1: \x1b[33mwarning\x1b[0m: wrong: error: so; mend it"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if (Paint{}).finding(f) != f.String() {
		t.Error("a finding that is not painted is another one")
	}
}

// narrow is a writer that takes so many writes.
type narrow int

func (n *narrow) Write(p []byte) (int, error) {
	if *n--; *n < 0 {
		return 0, errors.New("full")
	}
	return len(p), nil
}

func TestReport_NowhereToWrite(t *testing.T) {
	odd := authz.Finding{Severity: authz.SeverityWarning, Reason: "odd"}
	for writes, fails := range map[narrow]bool{0: true, 1: true, 2: true, 3: false} {
		if err := Report(&writes, server.PolicyReport{Findings: []authz.Finding{odd}}, "(note)"); (err != nil) != fails {
			t.Errorf("after %d writes: %v", writes, err)
		}
	}
}
