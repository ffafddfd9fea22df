package main

import (
	"github.com/spf13/cobra"

	"github.com/sallyport-mcp/sallyport/internal/command"
)

// rootCommand returns the program with all its commands, each of which has a file of its own.
func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "sallyport",
		Short: "Work with Sallyport servers, their policies and audits",
		Long: "Work with Sallyport servers, their policies and audits.\n\n" +
			"Exit codes: 0 nothing wrong, 1 failed or errors found, 2 wrong usage.",
		Example: "  sallyport policy check policy.csv",
		Args:    cobra.NoArgs,
		RunE:    help,
	}
	root.AddCommand(newCommand(), addCommand(), policyCommand(), command.Audit("sallyport"), doctorCommand(), versionCommand())
	root.AddCommand(clientCommands()...)
	root.CompletionOptions.HiddenDefaultCmd = true // it is there, and the help fits a screen
	return root
}

// help is what a command does that only holds others.
func help(cmd *cobra.Command, _ []string) error { return cmd.Help() }
