package main

import (
	"github.com/spf13/cobra"

	"github.com/sallyport-mcp/sallyport/internal/command"
)

// rootCommand returns the program with all its commands, each of which has a file of its own.
func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "sallyport",
		Short: "Write, check and use guarded MCP servers",
		Long: "Write, check and use guarded MCP servers.\n\n" +
			"Exit codes: 0 nothing wrong, 1 failed or errors found, 2 wrong usage.",
		Example: "  sallyport new notes\n  sallyport login http://127.0.0.1:8080/mcp",
		Args:    cobra.NoArgs,
		RunE:    help,
	}
	root.AddCommand(newCommand(), addCommand(), policyCommand(), command.Audit("sallyport"), doctorCommand(), versionCommand())
	root.AddCommand(clientCommands()...)
	return root
}

// help is what a command does that only holds others.
func help(cmd *cobra.Command, _ []string) error { return cmd.Help() }
