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
		Args:  cobra.NoArgs,
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
		Args:  cobra.NoArgs,
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
		Use:   "policy",
		Short: "Look at the policy",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	policy.AddCommand(p.policyTestCommand(), &cobra.Command{
		Use:   "check",
		Short: "Report every error and warning of the policy",
		Long:  "Report every error and warning of the policy, and what decides by it. Errors keep a server from\nstarting and an edit from taking effect, warnings never do.",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return p.checkPolicy(cmd) },
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
