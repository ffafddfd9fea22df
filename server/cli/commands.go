package cli

import (
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/sallyport-mcp/sallyport/internal/command"
	"github.com/sallyport-mcp/sallyport/server"
)

func (p *program) serveCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Serve until SIGINT or SIGTERM (the default)",
		Long: "Serve until SIGINT or SIGTERM, which is also what happens without a command. A\n" +
			"first signal stops gracefully, a second one at once.\n\n" +
			"Exit codes: 0 stopped, 1 failed, 2 wrong usage or configuration.",
		Example: p.examples("serve --policy policy.csv --audit file:audit.jsonl"),
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, wrong := p.load(cmd.Flags())
			flush := p.exportTraces(&cfg)
			defer flush()
			srv, err := server.New(cfg)
			if err := p.merge(wrong, err); err != nil {
				if srv != nil {
					srv.Close()
				}
				return err
			}
			return p.located(srv.Run(cmd.Context()))
		},
	}
}

// merge puts the mistakes of the configuration's sources and those of the
// server's own check into one error.
func (p *program) merge(wrong []server.Mistake, err error) error {
	var config *server.ConfigError
	if errors.As(err, &config) {
		wrong = append(wrong, config.Mistakes...)
		err = nil
	}
	if len(wrong) > 0 {
		return usageError{Err: p.located(&server.ConfigError{Mistakes: wrong})}
	}
	return err
}

// located puts the settings in an error as the person wrote them.
func (p *program) located(err error) error {
	if config, ok := errors.AsType[*server.ConfigError](err); ok {
		return &server.ConfigError{Mistakes: p.spelling(config.Mistakes)}
	}
	return err
}

func (p *program) toolsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "tools",
		Short: "List the operations with the scopes and permissions they need",
		Long: "List the operations with the scopes and permissions they need, one to a line.\n\n" +
			"Exit codes: 0 listed, 1 failed, 2 wrong usage, configuration or declarations.",
		Example: p.examples("tools"),
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, wrong := p.load(cmd.Flags())
			operations, err := server.Operations(cfg)
			if err := p.merge(wrong, err); err != nil {
				return err
			}
			table := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
			_, _ = fmt.Fprintln(table, "KIND\tNAME\tSCOPES\tPERMISSIONS")
			for _, o := range operations {
				_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", o.Kind, o.Name, words(o.Scopes, o), words(o.Permissions, o))
			}
			return table.Flush()
		},
	}
}

// words joins scopes or permissions. An operation that needs none says so.
func words(list []string, o server.Operation) string {
	if o.AnyPrincipal {
		return "(any valid token)"
	}
	return strings.Join(list, " ")
}

func (p *program) policyCommand() *cobra.Command {
	policy := &cobra.Command{
		Use:     "policy",
		Short:   "Look at the policy",
		Long:    "Look at the policy: is it sound, what does it allow, why, and what would change.",
		Example: p.examples("policy check", "policy matrix --by user"),
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	policy.AddCommand(p.policyTestCommand(), &cobra.Command{
		Use:   "check",
		Short: "Report every error and warning of the policy",
		Long: "Report every error and warning of the policy, and what decides by it. Errors\n" +
			"keep a server from starting and an edit from taking effect, warnings never do.\n\n" +
			"Exit codes: 0 the policy loads, 1 it has errors, 2 wrong usage or configuration.",
		Example: p.examples("policy check", "policy check --policy edited.csv"),
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return p.checkPolicy(cmd) },
	})
	policy.AddCommand(p.explainCommand(), p.matrixCommand(), p.diffCommand())
	return policy
}

func (p *program) checkPolicy(cmd *cobra.Command) error {
	cfg, wrong := p.load(cmd.Flags())
	report, err := server.CheckPolicy(cfg)
	if err := p.merge(wrong, err); err != nil {
		return err
	}
	return command.Report(p.stdout, report)
}
