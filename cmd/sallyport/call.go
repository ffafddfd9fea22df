package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport-mcp/sallyport/internal/client"
	"github.com/sallyport-mcp/sallyport/internal/command"
	"github.com/sallyport-mcp/sallyport/internal/terminal"
)

// maxArguments bounds arguments from the standard input; a server takes less.
const maxArguments = 16 << 20

// calling holds the flags of the command.
type calling struct {
	access
	words          []string
	object         string
	stepUp, asJSON bool
	limit          time.Duration
}

func callCommand() *cobra.Command {
	var how calling
	call := &cobra.Command{
		Use:   "call URL TOOL",
		Short: "Call a tool of an MCP server",
		Long: "Call a tool of an MCP server. The tool's schema types the arguments; lists and objects are JSON. Text\n" +
			"goes to the standard output; with --json it is the structured content, or the whole result without one.\n\n" +
			"Exit codes: 0 done, 1 refused, failed, or an error of the tool, 2 wrong usage.",
		Example: "  sallyport call http://127.0.0.1:8080/mcp notes_search --arg query=milk\n" +
			"  sallyport call http://127.0.0.1:8080/mcp notes_create --args - <note.json",
		Args: takes(2, 2, "the URL of a server and the name of a tool"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return how.run(cmd, func(ctx context.Context, c *client.Client) error {
				return refusedInJSON(cmd.OutOrStdout(), how.asJSON, how.call(ctx, cmd, c, args[0], args[1]))
			})
		},
	}
	flags := call.Flags()
	flags.StringArrayVar(&how.words, "arg", nil, "one argument, as `NAME=VALUE`; may be repeated")
	flags.StringVar(&how.object, "args", "", "arguments as a `JSON` object, or - for the standard input")
	flags.BoolVar(&how.stepUp, "step-up", false, "if a scope is missing, log in for it without asking")
	flags.DurationVar(&how.limit, "timeout", 5*time.Minute, "how long the call may take")
	flags.DurationVar(&how.wait, "wait", 5*time.Minute, "how long to wait for the browser")
	flags.BoolVar(&how.noBrowser, "no-browser", false, "print the address of a login and open nothing")
	flags.BoolVar(&how.asJSON, "json", false, "print the result, or the refusal, as JSON")
	return call
}

func (h calling) call(ctx context.Context, cmd *cobra.Command, c *client.Client, url, tool string) error {
	asked := client.CallRequest{URL: url, Tool: tool, Words: h.words, Limit: h.limit, StepUp: h.stepUpFor(cmd, attended(cmd))}
	switch h.object {
	case "":
	case "-":
		text, err := io.ReadAll(io.LimitReader(cmd.InOrStdin(), maxArguments))
		if err != nil {
			return fmt.Errorf("the arguments on the standard input: %w", err)
		}
		asked.Object = text
	default:
		asked.Object = []byte(h.object)
	}
	if command.IsTerminal(cmd.ErrOrStderr()) {
		asked.Progress = func(p client.Progress) { _, _ = fmt.Fprintln(cmd.ErrOrStderr(), progressLine(p)) }
	}
	result, err := c.Call(ctx, asked)
	if err != nil {
		return err
	}
	return h.write(cmd.OutOrStdout(), cmd.ErrOrStderr(), result)
}

// stepUpFor decides about another authorization: by the flag, by asking a person, or else not.
func (h calling) stepUpFor(cmd *cobra.Command, attended bool) func(context.Context, *client.Refusal) (bool, error) {
	return func(_ context.Context, refused *client.Refusal) (bool, error) {
		if h.stepUp {
			return true, nil
		}
		if !attended || h.object == "-" {
			return false, nil
		}
		missing := refused.Missing()
		if len(missing) == 0 {
			missing = refused.Scopes
		}
		return ask(cmd, "Door one is shut: this needs "+terminal.Shown(strings.Join(missing, " "))+". Authorize now?"), nil
	}
}

// write prints a result. What a tool calls an error goes to the standard error, and the answer is no.
func (h calling) write(stdout, stderr io.Writer, result *client.Result) error {
	switch {
	case result.IsError && h.asJSON:
		if err := command.WriteJSON(stdout, result.Raw); err != nil {
			return err
		}
		return errors.Join(writeContent(stderr, result), command.AnswerNo{})
	case result.IsError:
		return errors.Join(writeContent(stderr, result), command.AnswerNo{})
	case h.asJSON && result.Structured != nil:
		return command.WriteJSON(stdout, result.Structured)
	case h.asJSON:
		return command.WriteJSON(stdout, result.Raw)
	case result.Structured != nil && (len(result.Content) == 0 || command.IsTerminal(stdout) && isRepeated(result)):
		return command.WriteJSON(stdout, result.Structured)
	}
	return writeContent(stdout, result)
}

// isRepeated tells whether the text of a result is the structured content over again, in one line that nobody can read.
func isRepeated(result *client.Result) bool {
	return len(result.Content) == 1 && json.Valid([]byte(result.Content[0].Text))
}

func writeContent(w io.Writer, result *client.Result) error {
	for _, block := range result.Content {
		text := block.Text
		switch {
		case block.Type == "text":
		case block.URI != "":
			text = "[" + terminal.Shown(block.Type+" "+block.URI) + "]"
		default:
			text = fmt.Sprintf("[%s, %d bytes in Base64; --json shows it]", terminal.Shown(strings.TrimSpace(block.Type+" "+block.MIME)), len(block.Data))
		}
		if err := writeText(w, text); err != nil {
			return err
		}
	}
	return nil
}

func progressLine(p client.Progress) string {
	line := fmt.Sprintf("... %g", p.Done)
	if p.Total != nil {
		line += fmt.Sprintf(" of %g", *p.Total)
	}
	if p.Message != "" {
		line += "  " + firstLine(p.Message)
	}
	return line
}
