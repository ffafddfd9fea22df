package command

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sallyport-mcp/sallyport/internal/auditchain"
	"github.com/sallyport-mcp/sallyport/internal/terminal"
)

// Audit returns the command about the audit, for a program that is called as name.
func Audit(name string) *cobra.Command {
	audit := &cobra.Command{
		Use:     "audit",
		Short:   "Look at the records of decisions",
		Example: "  " + name + " audit verify audit.jsonl",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	audit.AddCommand(auditVerify(name))
	return audit
}

func auditVerify(name string) *cobra.Command {
	var v verification
	verify := &cobra.Command{
		Use:   "verify FILE...",
		Short: "Find lines of an audit that were edited, removed or moved",
		Long: "Find lines of an audit that were edited, removed, added or moved. It needs a server with audit_chain on.\n" +
			"Several files are those of one audit, the oldest first; - is standard input.\n\n" +
			"What was removed at the end, or written anew as a whole, only a head tells that was kept elsewhere:\n" +
			"with --expect it has to be in the files. docs/audit.md says what is promised.\n\n" +
			"Exit codes: 0 nothing wrong, 1 faults found, 2 wrong usage or a file that cannot be read.",
		Example: "  " + name + " audit verify audit.jsonl\n" +
			"  " + name + " audit verify --expect HEAD audit.jsonl.1 audit.jsonl",
		RunE: func(cmd *cobra.Command, files []string) error { return v.run(cmd, files) },
	}
	verify.Flags().StringArrayVar(&v.expect, "expect", nil, "`HEAD` that has to be in the files; may be repeated")
	verify.Flags().BoolVar(&v.json, "json", false, "print one JSON object instead of text")
	return verify
}

// verification is one run of `audit verify`.
type verification struct {
	expect []string
	json   bool
}

// verified is what it says.
type verified struct {
	Files    []*auditchain.Report `json:"files"`
	Expected []expected           `json:"expected,omitempty"`
	Faults   int                  `json:"faults"`
}

// expected is a head, and whether it is in the files.
type expected struct {
	Head  string `json:"head"`
	Found bool   `json:"found"`
}

func (v verification) run(cmd *cobra.Command, files []string) error {
	if len(files) == 0 {
		return UsageError{fmt.Errorf("name a file, or - for standard input; %s --help shows how", cmd.CommandPath())}
	}
	heads, err := v.heads()
	if err != nil {
		return err
	}
	verifier := auditchain.NewVerifier(heads...)
	var result verified
	for _, name := range files {
		report, err := verifyFile(cmd, verifier, name)
		if err != nil {
			return UsageError{err}
		}
		result.Files = append(result.Files, report)
		result.Faults += report.Total
	}
	missing := verifier.Missing()
	for _, head := range heads {
		result.Expected = append(result.Expected, expected{head.String(), !slices.Contains(missing, head)})
	}
	result.Faults += len(missing)
	return v.print(cmd.OutOrStdout(), result)
}

// heads reads the heads that were given.
func (v verification) heads() ([]auditchain.Link, error) {
	var heads []auditchain.Link
	for _, text := range v.expect {
		head, ok := auditchain.ParseLink([]byte(text))
		if !ok {
			return nil, UsageError{fmt.Errorf("--expect %q: not a head; it has 64 digits of 0-9 and a-f", text)}
		}
		heads = append(heads, head)
	}
	return heads, nil
}

func verifyFile(cmd *cobra.Command, verifier *auditchain.Verifier, name string) (*auditchain.Report, error) {
	in := cmd.InOrStdin()
	if name == "-" {
		return verifier.File("(standard input)", in)
	}
	file, err := os.Open(name)
	if err == nil {
		defer func() { _ = file.Close() }() // it was only read
		var report *auditchain.Report
		if report, err = verifier.File(name, file); err == nil {
			return report, nil
		}
	}
	var at *fs.PathError
	if errors.As(err, &at) {
		err = at.Err
	}
	return nil, fmt.Errorf("%s cannot be read: %w", name, err)
}

func (v verification) print(w io.Writer, result verified) error {
	var err error
	if v.json {
		err = WriteJSON(w, result)
	} else {
		_, err = io.WriteString(w, terminal.Shown(result.String()))
	}
	if err != nil {
		return err
	}
	switch {
	case result.Faults == 0:
		return nil
	case v.json:
		return AnswerNo{}
	}
	return fmt.Errorf("the audit has %s", count(result.Faults, "fault"))
}

// String returns the result as text.
func (r verified) String() string {
	var b strings.Builder
	for _, file := range r.Files {
		writeReport(&b, file)
	}
	for _, e := range r.Expected {
		if e.Found {
			fmt.Fprintf(&b, "expected head %s: it is there\n", e.Head)
		} else {
			fmt.Fprintf(&b, "expected head %s: missing: lines are gone, or the chain was written anew\n", e.Head)
		}
	}
	return b.String()
}

func writeReport(b *strings.Builder, r *auditchain.Report) {
	for _, f := range r.Faults {
		fmt.Fprintf(b, "%s:%d: %s: %s\n", r.Name, f.Line, f.Kind, f.Text)
	}
	if more := r.Total - len(r.Faults); more > 0 {
		fmt.Fprintf(b, "%s: and %s\n", r.Name, count(more, "more fault"))
	}
	fmt.Fprintf(b, "%s: %s", r.Name, count(r.Lines, "line"))
	if r.First != "" {
		fmt.Fprintf(b, ", from %s to %s", r.First, r.Last)
	}
	b.WriteString("\n")
	say := func(format string, a ...any) { fmt.Fprintf(b, "  "+format+"\n", a...) }
	if r.Continues != nil {
		say("goes on with an older file at seq %d, behind %s", r.Continues.Seq, r.Continues.Prev)
	}
	say("opened %s, %s", count(r.Opened, "time"), begins(r.Chains))
	if r.Torn > 0 {
		say("%s cut off by failed writes, which the chain accounts for", count(r.Torn, "line"))
	}
	if r.Lost > 0 {
		say("%s without a record, as notes say", count(r.Lost, "decision"))
	}
	if r.Head != "" {
		say("head %s, seq %d", r.Head, r.Seq)
	}
}

func begins(chains int) string {
	if chains == 1 {
		return "1 chain begins"
	}
	return fmt.Sprintf("%d chains begin", chains)
}

func count[N int | uint64](n N, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
