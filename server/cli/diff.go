package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/internal/command"
	"github.com/sallyport-mcp/sallyport/internal/terminal"
	"github.com/sallyport-mcp/sallyport/server"
)

func (p *program) diffCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "diff OLD [NEW]",
		Short: "Show whose answers differ between two policies",
		Long: `Show whose answers differ between two policy files: what NEW, or the configured
policy if there is none, gives and takes compared with OLD. Rows that say the
same in another way are no difference. Both are read under the configured model.

Exit codes: 0 no answer differs, 1 some do, 2 wrong usage, configuration or
policy.`,
		Example: p.examples("policy diff old.csv", "policy diff old.csv new.csv"),
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) < 1 || len(args) > 2 {
				return usageError{Err: errors.New("policy diff takes one policy file or two: OLD [NEW]")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			review, err := p.review(cmd)
			if err != nil {
				return err
			}
			paths := append(args, review.PolicyPath())[:2]
			before, after, err := p.both(review, paths)
			if err != nil {
				return err
			}
			d := authz.Diff(before, after, review.Operations())
			if asJSON {
				err = command.WriteJSON(p.stdout, differenceAsJSON(d))
			} else {
				_, err = fmt.Fprint(p.stdout, terminal.Shown(drawDifference(d, paths, review.Operations())))
			}
			if err == nil && len(d.Changes) > 0 {
				err = errors.New("the answers differ")
			}
			return err
		},
	}
	cmd.ValidArgsFunction = command.CompleteFiles("csv")
	cmd.Flags().BoolVar(&asJSON, "json", false, "write one JSON object, with every answer that differs")
	return cmd
}

// both loads two policies and reports everything that is wrong with either.
func (p *program) both(review *server.Review, paths []string) (*authz.Policy, *authz.Policy, error) {
	var policies [2]*authz.Policy
	var errs []error
	said := map[string]bool{} // what is wrong with the model is wrong twice
	for i, path := range paths {
		policy, err := review.Load(path)
		var lint *authz.LintError
		if errors.As(err, &lint) {
			for _, finding := range lint.Findings {
				if line := finding.String(); !said[line] {
					said[line] = true
					_, _ = fmt.Fprintln(p.stderr, terminal.Shown(line)) // nowhere left to report to
				}
			}
			err = fmt.Errorf("%s does not load", path)
		}
		errs = append(errs, err)
		policies[i] = policy
	}
	if err := errors.Join(errs...); err != nil {
		return nil, nil, usageError{Err: err}
	}
	return policies[0], policies[1], nil
}
