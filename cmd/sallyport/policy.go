package main

import "github.com/spf13/cobra"

// policyCommand holds the commands about a policy.
func policyCommand() *cobra.Command {
	policy := &cobra.Command{
		Use:     "policy",
		Short:   "Look at a policy without its server",
		Example: "  sallyport policy check policy.csv",
		Args:    cobra.NoArgs,
		RunE:    help,
	}
	policy.AddCommand(policyCheckCommand())
	return policy
}
