package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport-mcp/sallyport/internal/client"
	"github.com/sallyport-mcp/sallyport/internal/command"
	"github.com/sallyport-mcp/sallyport/internal/terminal"
)

func loginCommand() *cobra.Command {
	var how access
	var asked client.LoginRequest
	var scopes []string
	var asJSON bool
	login := &cobra.Command{
		Use:   "login URL",
		Short: "Log in to an MCP server through a browser",
		Long: "Log in to an MCP server through a browser, and keep the tokens in a file that only you may read.\n" +
			"Without --scope it asks for what the server names. A login replaces the one before it.\n\n" +
			"Exit codes: 0 logged in, 1 refused or failed, 2 wrong usage.",
		Example: "  sallyport login http://127.0.0.1:8080/mcp\n" +
			"  sallyport login https://notes.example.com/mcp --scope notes:read",
		Args: takes(1, 1, "the URL of a server"),
		RunE: func(cmd *cobra.Command, args []string) error {
			asked.URL = args[0]
			if cmd.Flags().Changed("scope") {
				asked.Scopes = strings.Fields(strings.Join(scopes, " "))
			}
			return how.run(cmd, func(ctx context.Context, c *client.Client) error {
				session, err := c.Login(ctx, asked)
				if err != nil {
					return err
				}
				if asJSON {
					return command.WriteJSON(cmd.OutOrStdout(), session)
				}
				return writeSession(cmd.OutOrStdout(), session)
			})
		},
	}
	flags := login.Flags()
	flags.StringArrayVar(&scopes, "scope", nil, "`SCOPE` to ask for; may be repeated")
	flags.StringVar(&asked.ClientID, "client-id", "", "`ID` of a client registered beforehand (default: registers itself)")
	flags.StringVar(&asked.Issuer, "issuer", "", "`URL` of the authorization server, if there are several")
	flags.IntVar(&asked.Port, "port", 0, "`PORT` on 127.0.0.1 that the browser comes back to (default any)")
	flags.DurationVar(&how.wait, "wait", 5*time.Minute, "how long to wait for the browser")
	flags.BoolVar(&how.noBrowser, "no-browser", false, "print the address and open nothing")
	flags.BoolVar(&asJSON, "json", false, "print the login as JSON")
	return login
}

func writeSession(w io.Writer, s client.Session) error {
	paint := command.PaintFor(w)
	scopes := strings.Join(s.Scopes, " ")
	if scopes == "" {
		scopes = "none"
	}
	expires := "not said"
	if !s.Expires.IsZero() {
		expires = fmt.Sprintf("in %d min", int(time.Until(s.Expires).Round(time.Minute).Minutes()))
	}
	if s.Renews {
		expires += ", renewed by itself"
	}
	text := paint.Good("Logged in") + " to " + s.Resource + "\n" +
		"  scopes   " + terminal.Shown(scopes) + "\n"
	if len(s.NotGranted) > 0 {
		text += "  " + paint.Odd("denied   "+terminal.Shown(strings.Join(s.NotGranted, " "))) + "\n"
	}
	text += "  issuer   " + terminal.Shown(s.Issuer) + "\n" +
		"  expires  " + expires + "\n" +
		"What is there: sallyport tools " + client.Quoted(s.Resource) + "\n"
	_, err := fmt.Fprint(w, text)
	return err
}
