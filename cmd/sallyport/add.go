package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sallyport-mcp/sallyport/internal/command"
	"github.com/sallyport-mcp/sallyport/internal/scaffold"
)

// addCommand holds the commands that add to a server.
func addCommand() *cobra.Command {
	add := &cobra.Command{
		Use:   "add",
		Short: "Add a tool, a resource or a prompt to a server",
		Long: "Add a tool, a resource or a prompt to the server in the working directory: a\n" +
			"file with its handler, a test, a line that lists it in operations/, and a row in\n" +
			"policy.csv for one role. Files that were there keep every other byte. What is\n" +
			"there already, or fails, changes nothing.",
		Example: "  sallyport add tool report --scope reports:read\n" +
			"  sallyport add resource 'note://{id}' --scope notes:read\n" +
			"  sallyport add prompt summary --scope notes:read --role reader",
		Args: cobra.NoArgs,
		RunE: help,
	}
	add.AddCommand(
		addKindCommand(scaffold.Tool, "tool NAME", "name", "Add a tool",
			"Add a tool: a typed function that a client can call. A {name} in a scope or a\npermission becomes an argument of it.",
			"  sallyport add tool report --scope reports:read",
			"  sallyport add tool query --scope tables:read --permission 'table/{table}:read'"),
		addKindCommand(scaffold.Resource, "resource URI", "URI", "Add a resource, or a template of resources",
			"Add a resource that a client can read. A URI with {variables} is a template, and\nthey may stand in a scope or a permission.",
			"  sallyport add resource config://limits --scope config:read",
			"  sallyport add resource 'note://{id}' --scope notes:read --name note"),
		addKindCommand(scaffold.Prompt, "prompt NAME", "name", "Add a prompt",
			"Add a prompt: messages for a model that a person can choose. A {name} in a scope\nor a permission becomes an argument of it.",
			"  sallyport add prompt summary --scope notes:read"),
	)
	return add
}

func addKindCommand(kind scaffold.Kind, use, what, short, long string, examples ...string) *cobra.Command {
	o := scaffold.AddOptions{Dir: ".", Kind: kind}
	add := &cobra.Command{
		Use:   use,
		Short: short,
		Long: long + "\n\n" +
			"The role that may use it is the one of --role, else one that may already, else\n" +
			"the one that includes all others.\n\n" +
			"Exit codes: 0 added, 1 there already or failed, 2 wrong usage, or no server and\n" +
			"policy here that it could be added to.",
		Example: strings.Join(examples, "\n"),
		Args:    takes(1, 1, "one "+what),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Name = args[0]
			added, err := scaffold.Add(o)
			if err != nil {
				return refused(err)
			}
			w := cmd.OutOrStdout()
			_, err = io.WriteString(w, addedText(command.PaintFor(w), added))
			return err
		},
	}
	flags := add.Flags()
	flags.SortFlags = false
	flags.StringArrayVar(&o.Scopes, "scope", nil, "`SCOPE` that the client needs; may be repeated")
	flags.StringArrayVar(&o.Permissions, "permission", nil, "`PERMISSION` that the caller needs; likewise\n(default those of the scopes)")
	flags.StringVar(&o.Role, "role", "", "`ROLE` of the policy that may use it")
	if kind == scaffold.Resource {
		flags.StringVar(&o.As, "name", "", "`NAME` of the resource (default from its URI)")
	}
	return add
}

// addedText says what is new, line by line, and who may use it.
func addedText(paint command.Paint, a scaffold.Added) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("Added %s.", paint.Strong(a.What))
	line("")
	line("  new  %s", a.Files[0])
	line("  new  %s", a.Files[1])
	for _, e := range a.Edits {
		for _, added := range e.Added {
			line("  %s:%d", e.Path, added.Line)
			line("       %s", paint.Good("+ "+added.Text))
		}
	}
	line("")
	line("%s", whoMay(a))
	line("Its work is for you to write, in %s.", a.Handler)
	line("")
	line("Next:")
	line("  go test ./...")
	if !a.Anyone && !a.AlreadyAllowed {
		line("  go run . policy test --cover   %s", paint.Quiet("# policy_test.yaml has no test of the row yet"))
	}
	return b.String()
}

// whoMay says for whom the second door opens.
func whoMay(a scaffold.Added) string {
	switch {
	case a.Anyone:
		return "Everybody may use it: policy.csv says so already."
	case a.AlreadyAllowed:
		return fmt.Sprintf("role:%s may use it: policy.csv says so already.", a.Role)
	}
	return fmt.Sprintf("Only who has role:%s may use it, until policy.csv says more.", a.Role)
}
