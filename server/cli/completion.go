package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sallyport-mcp/sallyport/internal/command"
	"github.com/sallyport-mcp/sallyport/server"
)

// proposer lists what may be typed, as far as the configuration tells.
type proposer func(*server.Review) []string

// completeExplain completes what is asked about: operations, and callers that the policy names.
func (p *program) completeExplain(cmd *cobra.Command) {
	operation := p.proposed(operationTitles)
	cmd.ValidArgsFunction = func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return operation(cmd, args, typed)
	}
	command.CompleteFlag(cmd, "arg", p.proposed(placeholders))
	command.CompleteFlag(cmd, "issuer", p.proposed((*server.Review).Aliases))
	for _, kind := range []string{"user", "group", "role", "client", "scope"} {
		command.CompleteFlag(cmd, kind, p.proposed(func(review *server.Review) []string { return subjectNames(review, kind) }))
	}
}

// proposed completes with what a proposer lists. Where the configuration cannot be read there is nothing to propose: a command
// that is run says what is wrong with it.
func (p *program) proposed(list proposer) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		review, err := p.review(cmd)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return command.CompleteWords(list(review)...)(cmd, args, typed)
	}
}

func operationTitles(review *server.Review) []string { return titles(review.Operations()) }

// placeholders returns the arguments on which some operation depends.
func placeholders(review *server.Review) []string {
	var list []string
	for _, op := range review.Operations() {
		for _, name := range op.Need.Names() {
			list = append(list, name+"=")
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// subjectNames returns the names of one kind in the rows of the policy; of scopes, those that operations declare as well.
func subjectNames(review *server.Review, kind string) []string {
	var list []string
	if policy, err := review.Load(""); err == nil {
		for _, row := range policy.Rows() {
			for _, field := range strings.Split(row.Text, ", ") {
				if name, is := strings.CutPrefix(field, kind+":"); is {
					list = append(list, name)
				}
			}
		}
	}
	for _, op := range review.Operations() {
		for _, scope := range op.Need.Scopes() {
			if kind == "scope" && len(scope.Names()) == 0 {
				list = append(list, scope.String())
			}
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}
