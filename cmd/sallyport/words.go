package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sallyport-mcp/sallyport/internal/command"
)

// takes is for a command that takes from least to most words, which are what it is told. Whoever gives another number sees the
// first of its examples.
func takes(least, most int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if least <= len(args) && len(args) <= most {
			return nil
		}
		example, _, _ := strings.Cut(strings.TrimSpace(cmd.Example), "\n")
		return command.UsageError{Err: fmt.Errorf("%s takes %s, as in: %s", cmd.CommandPath(), what, example)}
	}
}
