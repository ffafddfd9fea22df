package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/sallyport-mcp/sallyport/internal/command"
	"github.com/sallyport-mcp/sallyport/server"
)

// operationsNote says what cannot be checked without a server.
const operationsNote = "(warnings about operations need the server's own binary: yourserver policy check)"

func policyCheckCommand() *cobra.Command {
	var model string
	var aliases []string
	check := &cobra.Command{
		Use:   "check [FILE]",
		Short: "Report every error and warning of a policy",
		Long: "Report every error and warning of a policy, each with its place and its repair.\n" +
			"Without FILE it is policy.csv in the working directory. Errors keep a server\n" +
			"from starting and an edit from taking effect, warnings never do. Those about\n" +
			"operations need the server's own binary: yourserver policy check.\n\n" +
			"Exit codes: 0 the policy loads, 1 it has errors, 2 wrong usage or a file that\n" +
			"cannot be read.",
		Example: "  sallyport policy check\n" +
			"  sallyport policy check deploy/policy.csv --model deploy/model.conf\n" +
			"  sallyport policy check --alias main --alias partner",
		Args: takes(0, 1, "one file at most"),
		RunE: func(cmd *cobra.Command, args []string) error {
			file := ""
			if len(args) > 0 {
				file = args[0]
			}
			return checkPolicy(cmd, model, file, aliases)
		},
	}
	check.ValidArgsFunction = command.CompleteFiles("csv")
	check.Flags().StringVar(&model, "model", "", "Casbin model `FILE` (model.conf, or the textbook's)")
	check.Flags().StringArrayVar(&aliases, "alias", nil, "`ALIAS` of an issuer, the first issuer's first, if there are several")
	command.CompleteFlag(check, "model", command.CompleteFiles("conf"))
	return check
}

func checkPolicy(cmd *cobra.Command, model, policy string, aliases []string) error {
	report := server.CheckPolicyFiles(model, policy, aliases...)
	err := command.Report(cmd.OutOrStdout(), report, operationsNote)
	if report.Unread {
		return command.UsageError{Err: errors.New("there is nothing to check")}
	}
	return err
}
