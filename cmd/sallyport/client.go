package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport-mcp/sallyport/internal/client"
	"github.com/sallyport-mcp/sallyport/internal/command"
	"github.com/sallyport-mcp/sallyport/internal/terminal"
)

// clientCommands are the commands that use servers, as a client.
func clientCommands() []*cobra.Command {
	return []*cobra.Command{loginCommand(), toolsCommand(), callCommand(), logoutCommand()}
}

// access is how a command comes to its tokens.
type access struct {
	noBrowser bool
	wait      time.Duration
}

// run runs a command with a client, whose errors it tells apart by who has to act.
func (a access) run(cmd *cobra.Command, do func(context.Context, *client.Client) error) error {
	home, err := client.Home()
	if err == nil {
		c := client.New(a.config(cmd, home))
		defer c.Close()
		err = do(cmd.Context(), c)
	}
	var mistake client.Mistake
	if errors.As(err, &mistake) {
		return command.UsageError{Err: err}
	}
	return err
}

func (a access) config(cmd *cobra.Command, home string) client.Config {
	cfg := client.Config{Home: home, LoginTime: a.wait, Version: "dev", Tell: func(line string) {
		_, _ = fmt.Fprintln(cmd.ErrOrStderr(), line) // nowhere left to report to
	}}
	if info, known := debug.ReadBuildInfo(); known && info.Main.Version != "" {
		cfg.Version = info.Main.Version
	}
	if !a.noBrowser {
		cfg.Open = client.OpenBrowser
	}
	return cfg
}

// writeText prints what a server said, with an end of line. A terminal gets no character that would do something to it; a
// program gets every byte.
func writeText(w io.Writer, text string) error {
	if command.IsTerminal(w) {
		text = terminal.Shown(text)
	}
	_, err := fmt.Fprintln(w, strings.TrimSuffix(text, "\n"))
	return err
}

// refusedInJSON also prints a refusal for programs.
func refusedInJSON(w io.Writer, asJSON bool, err error) error {
	var refused *client.Refusal
	if !asJSON || !errors.As(err, &refused) {
		return err
	}
	return errors.Join(command.WriteJSON(w, map[string]any{"error": refused}), err)
}

// attended tells whether a person is there to be asked.
func attended(cmd *cobra.Command) bool {
	in, ok := cmd.InOrStdin().(*os.File)
	return ok && command.IsTerminal(in) && command.IsTerminal(cmd.ErrOrStderr())
}

// ask puts a question whose answer is yes unless it says otherwise. No answer at all is no.
func ask(cmd *cobra.Command, question string) bool {
	_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "%s [Y/n] ", question) // the answer tells whether it was seen
	line, err := bufio.NewReader(cmd.InOrStdin()).ReadString('\n')
	if err != nil {
		_, _ = fmt.Fprintln(cmd.ErrOrStderr())
		return false
	}
	switch strings.ToLower(strings.TrimSpace(line)) {
	case "", "y", "yes":
		return true
	}
	return false
}
