// Package command is what the command lines of this project share: how a command runs and ends, its help and its completion, how JSON,
// colours and the findings about a policy are printed, and `audit verify`, which every one of them has.
package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sallyport-mcp/sallyport/internal/terminal"
)

// Exit codes. Those of package cli, which are public, are the same.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

// UsageError marks what the caller must repair before anything can start: the exit code is 2 then.
type UsageError struct{ Err error }

// Error returns the text of the error itself.
func (e UsageError) Error() string { return e.Err.Error() }

// Unwrap returns the error itself.
func (e UsageError) Unwrap() error { return e.Err }

// AnswerNo ends a command whose answer is no and was written: the exit code is 1, and nothing is added.
type AnswerNo struct{}

// Error says what it is.
func (AnswerNo) Error() string { return "the answer is no" }

// Run runs the command that the arguments name, says on stderr what went wrong, and returns the exit code: 0 if nothing did,
// 1 if the command failed or found errors, 2 if it was called in a wrong way.
func Run(ctx context.Context, root *cobra.Command, args []string, stdout, stderr io.Writer) int {
	root.SilenceUsage, root.SilenceErrors = true, true
	root.SetHelpFunc(writeHelp)
	root.AddCommand(completionCommand(root.Name()))
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return UsageError{fmt.Errorf("%w; %s%s --help lists the flags", err, meantFlag(cmd, err), cmd.CommandPath())}
	})
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, AnswerNo{}):
		return exitFailed // it is written already
	}
	hint := ""
	if isCommandLine(err) {
		hint = "; " + meantCommand(root, args) + root.Name() + " --help lists the commands"
	}
	_, _ = fmt.Fprintln(stderr, PaintFor(stderr).Bad(root.Name()+":"), terminal.Shown(fmt.Sprintf("%v%s", err, hint))) // nowhere left to report to
	return exitCode(err)
}

// meantFlag asks about the flag that is nearest to an unknown one.
func meantFlag(cmd *cobra.Command, err error) string {
	unknown, ok := errors.AsType[*pflag.NotExistError](err)
	if !ok {
		return ""
	}
	var known []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, f.Name) })
	if name := Nearest(unknown.GetSpecifiedName(), known); name != "" {
		return "is it --" + name + "? "
	}
	return ""
}

// meantCommand asks about the command that is nearest to an unknown one.
func meantCommand(root *cobra.Command, args []string) string {
	parent, rest, err := root.Find(args)
	if err != nil {
		parent = root
	}
	for _, word := range rest {
		if strings.HasPrefix(word, "-") {
			continue
		}
		var known []string
		for _, sub := range parent.Commands() {
			known = append(known, sub.Name())
		}
		if name := Nearest(word, known); name != "" {
			return "is it " + name + "? "
		}
		break
	}
	return ""
}

// exitCode tells a mistake of the caller from a failure.
func exitCode(err error) int {
	var usage UsageError
	if errors.As(err, &usage) || isCommandLine(err) {
		return exitUsage
	}
	return exitFailed
}

// isCommandLine tells whether cobra refused a word of the command line, which
// it reports as plain text.
func isCommandLine(err error) bool {
	return strings.HasPrefix(err.Error(), "unknown command ")
}
