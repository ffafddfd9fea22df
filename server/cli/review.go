package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/server"
)

// review reads the configuration for a command that looks at the policy and serves nothing.
func (p *program) review(cmd *cobra.Command) (*server.Review, error) {
	cfg, wrong := p.load(cmd.Flags())
	review, err := server.NewReview(cfg)
	return review, p.merge(wrong, err)
}

// configured loads the configured policy. For who asks something of it, one that does not load is a mistake to repair first.
func configured(review *server.Review) (*authz.Policy, error) {
	policy, err := review.Load("")
	if err != nil {
		return nil, usageError{Err: fmt.Errorf("the policy does not load:\n%w", err)}
	}
	return policy, nil
}
