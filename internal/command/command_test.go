package command

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/sallyport-mcp/sallyport/authz"
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
		{"work --slow", nil, 2, "", "demo: unknown flag: --slow; demo work --help lists the flags\n"},
		{"play", nil, 2, "", "demo: unknown command \"play\" for \"demo\"; demo --help lists the commands\n"},
		{"work hard", nil, 2, "", "demo: unknown command \"hard\" for \"demo work\"; demo --help lists the commands\n"},
	} {
		var stdout, stderr bytes.Buffer
		code := Run(t.Context(), program(tt.err), strings.Fields(tt.args), &stdout, &stderr)
		if code != tt.code || stdout.String() != tt.stdout || stderr.String() != tt.stderr {
			t.Errorf("%q, %v: %d, %q, %q; want %d, %q, %q", tt.args, tt.err, code, &stdout, &stderr, tt.code, tt.stdout, tt.stderr)
		}
	}
	if !errors.Is(UsageError{broken}, broken) {
		t.Error("the error itself is lost")
	}
}

func TestFindings(t *testing.T) {
	wrong := authz.Finding{File: "a.csv", Line: 1, Reason: "wrong", Fix: "mend it"}
	odd := authz.Finding{Severity: authz.SeverityWarning, File: "a.csv", Line: 2, Reason: "odd"}
	for _, tt := range []struct {
		list []authz.Finding
		out  string
		err  string
	}{
		{nil, "(note)\nit loads\n", ""},
		{[]authz.Finding{odd}, "a.csv:2: warning: odd\n(note)\nit loads\n", ""},
		{[]authz.Finding{odd, odd}, "a.csv:2: warning: odd\na.csv:2: warning: odd\n(note)\nit loads\n", ""},
		{[]authz.Finding{wrong, odd}, "a.csv:1: error: wrong; mend it\na.csv:2: warning: odd\n", "the policy has 1 error and does not load"},
		{[]authz.Finding{wrong, wrong}, "a.csv:1: error: wrong; mend it\na.csv:1: error: wrong; mend it\n", "the policy has 2 errors and does not load"},
	} {
		var out bytes.Buffer
		err := Findings(&out, tt.list, "(note)", "it loads")
		if out.String() != tt.out || (err != nil || tt.err != "") && fmt.Sprint(err) != tt.err {
			t.Errorf("%v: %q, %v; want %q, %q", tt.list, &out, err, tt.out, tt.err)
		}
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

func TestFindings_NowhereToWrite(t *testing.T) {
	odd := authz.Finding{Severity: authz.SeverityWarning, Reason: "odd"}
	for writes, fails := range map[narrow]bool{0: true, 1: true, 2: true, 3: false} {
		if err := Findings(&writes, []authz.Finding{odd}, "(note)", "it loads"); (err != nil) != fails {
			t.Errorf("after %d writes: %v", writes, err)
		}
	}
}
