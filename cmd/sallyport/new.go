package main

import (
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sallyport-mcp/sallyport/internal/command"
	"github.com/sallyport-mcp/sallyport/internal/scaffold"
)

func newCommand() *cobra.Command {
	o := scaffold.NewOptions{Parent: "."}
	var checkout string
	c := &cobra.Command{
		Use:   "new NAME",
		Short: "Write a new server that builds, is tested and runs",
		Long: "Write a new server into the directory NAME, which must be empty or not there.\n" +
			"It builds, passes its tests and runs at once, and asks nothing.\n\n" +
			"minimal has one tool, and a policy to learn from. full has three tools, a\n" +
			"resource template, a prompt, and a row of every kind in its policy.\n\n" +
			"Exit codes: 0 written, 1 it failed, 2 wrong usage, or the directory is taken.",
		Example: "  sallyport new notes\n" +
			"  sallyport new notes --template full --module example.com/you/notes\n" +
			"  sallyport new notes --issuer https://id.example.com",
		Args: takes(1, 1, "one name"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Name = args[0]
			return create(cmd.OutOrStdout(), o, checkout)
		},
	}
	flags := c.Flags()
	flags.SortFlags = false
	flags.StringVar(&o.Template, "template", scaffold.Minimal, "`KIND` of server: minimal or full")
	flags.StringVar(&o.Module, "module", "", "`PATH` of the Go module (default NAME)")
	flags.StringVar(&o.Issuer, "issuer", "", "`URL` of whose tokens to trust\n(default an embedded authorization server)")
	flags.StringVar(&checkout, "framework", "", "`DIR` of a checkout of the framework\n(default what this program was built from)")
	return c
}

// create writes a server and says what to do with it.
func create(w io.Writer, o scaffold.NewOptions, checkout string) error {
	info, _ := debug.ReadBuildInfo()
	var err error
	if o.Framework, err = scaffold.Locate(checkout, info); err != nil {
		return refused(err)
	}
	created, err := scaffold.New(o)
	if err != nil {
		return refused(err)
	}
	_, err = io.WriteString(w, createdText(command.PaintFor(w), o, created))
	return err
}

// createdText says what was written, and what comes next.
func createdText(paint command.Paint, o scaffold.NewOptions, c scaffold.Created) string {
	var b strings.Builder
	line := func(format string, a ...any) { fmt.Fprintf(&b, format+"\n", a...) }
	line("%s, a protected MCP server in %d files:", paint.Strong(o.Name), len(c.Files))
	line("")
	line("  operations/     tools, resources and prompts, a file each, with their tests")
	line("  policy.csv      who may do what; policy_test.yaml tests it")
	line("  sallyport.yaml  settings, each explained")
	line("  README.md       the rest")
	line("")
	if o.Framework.Version == "" {
		line("The framework is a checkout. go.mod takes it from there, so that other")
		line("machines cannot build this yet:")
		line("  %s", o.Framework.Source)
		line("")
	}
	if o.Issuer != "" {
		line("Tokens come from %s.", o.Issuer)
		line("Nobody has a role yet: put names into policy.csv, as it says there.")
		line("")
	}
	line("Next:")
	line("  cd %s", o.Name)
	if !c.Complete {
		line("  go mod tidy     %s", paint.Quiet("# needs the network: the versions are not known here"))
	}
	line("  go run .        %s", paint.Quiet("# it says how to connect and who can log in"))
	line("  go test ./...   %s", paint.Quiet("# a call that passes, a refusal at each door, the policy"))
	line("  sallyport add tool report --scope reports:read")
	return b.String()
}

// refused tells what the caller can repair from what failed.
func refused(err error) error {
	var wrong scaffold.Mistake
	if errors.As(err, &wrong) {
		return command.UsageError{Err: err}
	}
	return err
}
