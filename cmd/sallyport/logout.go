package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport-mcp/sallyport/internal/client"
	"github.com/sallyport-mcp/sallyport/internal/command"
)

func logoutCommand() *cobra.Command {
	var all, asJSON bool
	logout := &cobra.Command{
		Use:   "logout [URL]",
		Short: "Forget a login, and have its tokens revoked",
		Long: "Forget a login, and have its tokens revoked by the authorization server. URL may be left out if there is\n" +
			"one login only.\n\n" +
			"Exit codes: 0 logged out, 1 tokens are deleted and could not be revoked, or it failed, 2 wrong usage.",
		Example: "  sallyport logout http://127.0.0.1:8080/mcp\n  sallyport logout --all",
		Args:    takes(0, 1, "one URL at most"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return access{}.run(cmd, func(ctx context.Context, c *client.Client) error {
				whom, err := whomToLeave(c, args, all)
				if err != nil {
					return err
				}
				return leave(ctx, cmd, c, whom, asJSON)
			})
		},
	}
	logout.Flags().BoolVar(&all, "all", false, "log out everywhere")
	logout.Flags().BoolVar(&asJSON, "json", false, "print what was done as JSON")
	return logout
}

// whomToLeave returns the servers to log out from.
func whomToLeave(c *client.Client, args []string, all bool) ([]string, error) {
	if len(args) == 1 {
		if all {
			return nil, command.UsageError{Err: errors.New("it is a URL or --all, not both")}
		}
		resource, err := client.Resource(args[0])
		return []string{resource}, err
	}
	logins, err := c.Logins()
	if err == nil && len(logins) > 1 && !all {
		err = command.UsageError{Err: fmt.Errorf("there are several logins; name one, or all with --all:\n  %s", strings.Join(logins, "\n  "))}
	}
	return logins, err
}

// leave logs out from each, and fails in the end if tokens live on somewhere.
func leave(ctx context.Context, cmd *cobra.Command, c *client.Client, whom []string, asJSON bool) error {
	done := []client.Farewell{}
	var failed error
	for _, resource := range whom {
		bye, ok, err := c.Logout(ctx, resource)
		if err != nil {
			return err
		}
		if ok {
			done = append(done, bye)
		}
		if bye.Problem != "" {
			failed = command.AnswerNo{}
		}
	}
	if asJSON {
		return errors.Join(command.WriteJSON(cmd.OutOrStdout(), done), failed)
	}
	return errors.Join(writeFarewells(cmd.OutOrStdout(), whom, done), failed)
}

func writeFarewells(w io.Writer, whom []string, done []client.Farewell) error {
	paint := command.PaintFor(w)
	if len(done) == 0 {
		where := "anywhere"
		if len(whom) == 1 {
			where = "to " + whom[0]
		}
		_, err := fmt.Fprintln(w, "You were not logged in "+where+".")
		return err
	}
	for _, bye := range done {
		text := paint.Good("Logged out") + " from " + bye.Resource + ": the tokens are revoked and deleted."
		if bye.Problem != "" {
			text = paint.Odd("Deleted") + " the tokens for " + bye.Resource + ", but they are not revoked: " + bye.Problem + "." + until(bye.Expires)
		}
		if _, err := fmt.Fprintln(w, text); err != nil {
			return err
		}
	}
	return nil
}

// until says how long a token that was not revoked is good.
func until(expires time.Time) string {
	if expires.IsZero() {
		return ""
	}
	return " The last access token ends at " + expires.Local().Format(time.TimeOnly) + "."
}
