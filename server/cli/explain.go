package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/internal/command"
	"github.com/sallyport-mcp/sallyport/internal/question"
	"github.com/sallyport-mcp/sallyport/server"
)

// explainCommand asks the policy one question.
type explainCommand struct {
	caller    callerFlags
	arguments []string
	json      bool
}

func (p *program) explainCommand() *cobra.Command {
	var c explainCommand
	cmd := &cobra.Command{
		Use:   "explain [flags] OPERATION",
		Short: "Say why a caller may or may not use an operation",
		Long: `Say whether a caller may use an operation, through which rows of the policy, and
what would have to be different. The flags say what a token would say, scopes as
the policy names them. OPERATION is the name of a tool or prompt (tool:NAME or
prompt:NAME if both have it), a URI or a URI template.

Exit codes: 0 allowed, 1 denied, 2 wrong usage, configuration or policy.`,
		Example: p.examples(
			"policy explain --user bob --scope notes:read notes_delete",
			"policy explain --client nightly --arg table=orders --json query",
		),
		Args: oneOperation,
		RunE: func(cmd *cobra.Command, args []string) error { return p.explain(cmd, &c, args[0]) },
	}
	c.caller.declare(cmd.Flags())
	cmd.Flags().StringArrayVar(&c.arguments, "arg", nil, "`NAME=VALUE` of an argument; may be repeated")
	cmd.Flags().BoolVar(&c.json, "json", false, "write the explanation as JSON")
	p.completeExplain(cmd)
	return cmd
}

// examples are command lines as they are typed.
func (p *program) examples(lines ...string) string {
	for i, line := range lines {
		lines[i] = "  " + p.name() + " " + line
	}
	return strings.Join(lines, "\n")
}

func oneOperation(cmd *cobra.Command, args []string) error {
	switch len(args) {
	case 0:
		return usageError{Err: fmt.Errorf("name an operation: %s OPERATION; %s tools lists them", cmd.CommandPath(), cmd.Root().Name())}
	case 1:
		return nil
	}
	return usageError{Err: fmt.Errorf("one operation at a time, not %q; each flag stands in front of its value", args)}
}

func (p *program) explain(cmd *cobra.Command, c *explainCommand, name string) error {
	review, err := p.review(cmd)
	if err != nil {
		return err
	}
	policy, err := configured(review)
	if err != nil {
		return err
	}
	who, op, values, err := c.read(review, name)
	if err != nil {
		return usageError{Err: fmt.Errorf("%w; see %s --help", err, cmd.CommandPath())}
	}
	explained := explained{Operation: describedOperation{op.Kind, op.Name, name}, Explanation: policy.Explain(who, op.Need, values)}
	write := explained.writeText
	if c.json {
		write = explained.writeJSON
	}
	if err := write(p.stdout, who); err != nil {
		return err
	}
	if !explained.Allowed {
		return command.AnswerNo{}
	}
	return nil
}

// read makes the question of what was written on the command line.
func (c *explainCommand) read(review *server.Review, name string) (authz.Principal, authz.Operation, authz.Values, error) {
	who, whoErr := c.caller.principal(review.Aliases())
	arguments, argErr := readArguments(c.arguments)
	op, values, opErr := review.Find(name, arguments)
	err := errors.Join(whoErr, argErr, opErr)
	if err == nil {
		err = checkArguments(arguments, op)
	}
	return who, op, values, err
}

// explained is an explanation with what was asked for.
type explained struct {
	Operation describedOperation `json:"operation"`
	authz.Explanation
}

// describedOperation is an operation, and what it was asked for by.
type describedOperation struct {
	Kind  string `json:"kind"`
	Name  string `json:"name"`
	Asked string `json:"asked"`
}

func (e explained) writeJSON(w io.Writer, _ authz.Principal) error {
	return command.WriteJSON(w, e)
}

func (e explained) writeText(w io.Writer, who authz.Principal) error {
	var b strings.Builder
	asked := question.String(authz.Operation{Kind: e.Operation.Kind, Name: e.Operation.Name}, who)
	fmt.Fprintf(&b, "%s\n%s\n", asked, e.Explanation)
	for _, p := range e.Placeholders {
		if !p.Usable {
			fmt.Fprintf(&b, "\nGive a value with --arg %s=VALUE.\n", p.Name)
		}
	}
	paint := command.PaintFor(w)
	text := paint.Lines(paint.Lines(b.String(), "ALLOWED:", paint.Good), "DENIED", paint.Bad)
	_, err := io.WriteString(w, text)
	return err
}
