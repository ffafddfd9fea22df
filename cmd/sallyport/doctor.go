package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport-mcp/sallyport/internal/command"
	"github.com/sallyport-mcp/sallyport/internal/doctor"
)

// doctorFlags are what `sallyport doctor` takes besides the URL.
type doctorFlags struct {
	tokenFile             string
	json, verbose, strict bool
	timeout               time.Duration
}

func doctorCommand() *cobra.Command {
	var flags doctorFlags
	examine := &cobra.Command{
		Use:   "doctor URL",
		Short: "Examine the authorization of any MCP server from outside",
		Long: "Examine the authorization of any MCP server from outside: what is right, what is missing, why it matters\n" +
			"and what mends it. It only reads: no tool is called, no client registered. Examine your own servers.\n\n" +
			"Exit codes: 0 no problem (with --strict no warning either), 1 there is one, 2 wrong usage, no answer, or\n" +
			"checks that could not be made.",
		Example: "  sallyport doctor https://mcp.example.com/mcp\n" +
			"  sallyport doctor https://mcp.example.com/mcp --token-file token --json",
		Args: takes(1, 1, "the URL of a server"),
		RunE: func(cmd *cobra.Command, args []string) error { return examineServer(cmd, args[0], flags) },
	}
	examine.Flags().StringVar(&flags.tokenFile, "token-file", "", "`FILE` with an access token, - for standard input: look behind the gate, too")
	examine.Flags().BoolVar(&flags.json, "json", false, "write the report as JSON (docs/doctor.md)")
	examine.Flags().BoolVarP(&flags.verbose, "verbose", "v", false, "one line for everything that is right")
	examine.Flags().BoolVar(&flags.strict, "strict", false, "exit with 1 on warnings as well")
	examine.Flags().DurationVar(&flags.timeout, "timeout", doctor.DefaultTimeout, "how long the whole examination may take")
	return examine
}

func examineServer(cmd *cobra.Command, url string, flags doctorFlags) error {
	token, err := readToken(flags.tokenFile, cmd.InOrStdin())
	if err != nil {
		return command.UsageError{Err: err}
	}
	report, err := doctor.Examine(cmd.Context(), doctor.Options{URL: url, Token: token, Timeout: flags.timeout})
	if err != nil {
		return command.UsageError{Err: err}
	}
	if err := writeReport(cmd.OutOrStdout(), report, flags); err != nil {
		return err
	}
	return outcome(report, flags.strict)
}

// outcome is what a report means for whoever asked: no answer is not a good one.
func outcome(report *doctor.Report, strict bool) error {
	switch {
	case report.Counts.Problems > 0 || strict && report.Counts.Warnings > 0:
		return command.AnswerNo{}
	case report.Unseen > 0:
		return command.UsageError{Err: fmt.Errorf("%d checks could not be made; the report says why, under skipped", report.Unseen)}
	}
	return nil
}

func writeReport(w io.Writer, report *doctor.Report, flags doctorFlags) error {
	if !flags.json {
		return report.WriteText(w, command.PaintFor(w), flags.verbose)
	}
	return command.WriteJSON(w, report)
}

// tokenLimit is more than any server should accept.
const tokenLimit = 64 << 10

// readToken reads a token from a file, or from standard input for "-". The command line is no place for one: other users of the
// machine can read it.
func readToken(name string, stdin io.Reader) (string, error) {
	if name == "" {
		return "", nil
	}
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return "", fmt.Errorf("the token cannot be read: %w", err)
		}
		defer func() { _ = file.Close() }() // it was only read
		stdin = file
	}
	text, err := io.ReadAll(io.LimitReader(stdin, tokenLimit))
	if err != nil {
		return "", fmt.Errorf("the token cannot be read: %w", err)
	}
	token := strings.TrimSpace(string(text))
	if token == "" {
		return "", errors.New("the file for the token is empty")
	}
	return token, nil
}
