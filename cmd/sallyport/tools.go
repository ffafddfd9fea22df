package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sallyport-mcp/sallyport/internal/client"
	"github.com/sallyport-mcp/sallyport/internal/command"
	"github.com/sallyport-mcp/sallyport/internal/terminal"
)

// screen is how wide a line is for a person.
const screen = 80

func toolsCommand() *cobra.Command {
	var asJSON bool
	list := &cobra.Command{
		Use:   "tools URL",
		Short: "List the tools of an MCP server that you may see",
		Long: "List the tools of an MCP server that you may see, each with the arguments it takes (those in brackets\n" +
			"may be left out). A tool may be listed that needs another scope; calling it says which.\n\n" +
			"Exit codes: 0 listed, 1 refused or failed, 2 wrong usage.",
		Example: "  sallyport tools http://127.0.0.1:8080/mcp\n" +
			"  sallyport tools http://127.0.0.1:8080/mcp --json | jq -r '.[].name'",
		Args: takes(1, 1, "the URL of a server"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return access{}.run(cmd, func(ctx context.Context, c *client.Client) error {
				found, err := c.Tools(ctx, args[0])
				if err != nil {
					return refusedInJSON(cmd.OutOrStdout(), asJSON, err)
				}
				if asJSON {
					return writeRawTools(cmd.OutOrStdout(), found)
				}
				return writeTools(cmd.OutOrStdout(), found)
			})
		},
	}
	list.Flags().BoolVar(&asJSON, "json", false, "print the definitions as the server sent them")
	return list
}

func writeRawTools(w io.Writer, list []client.Tool) error {
	raw := []json.RawMessage{}
	for _, tool := range list {
		raw = append(raw, tool.Raw)
	}
	return command.WriteJSON(w, raw)
}

func writeTools(w io.Writer, list []client.Tool) error {
	paint := command.PaintFor(w)
	var b strings.Builder
	if len(list) == 0 {
		b.WriteString("There is no tool here that you may see.\n")
	}
	for _, tool := range list {
		name := terminal.Shown(tool.Name)
		about := firstLine(tool.Description)
		if about == "" {
			about = firstLine(tool.Title)
		}
		b.WriteString(paint.Strong(name))
		if about != "" {
			b.WriteString("  " + fit(w, about, len(name)+2))
		}
		b.WriteString("\n")
		for _, argument := range tool.Arguments {
			words := usage(argument)
			b.WriteString("  " + words)
			if about := firstLine(argument.Description); about != "" {
				b.WriteString("  " + paint.Quiet(fit(w, about, len(words)+4)))
			}
			b.WriteString("\n")
		}
	}
	_, err := fmt.Fprint(w, b.String())
	return err
}

// usage is how an argument is given.
func usage(a client.Argument) string {
	kind := strings.ToUpper(a.Type)
	if kind == "" || strings.ContainsAny(kind, " ") {
		kind = "VALUE"
	}
	words := "--arg " + client.Quoted(terminal.Shown(a.Name)) + "=" + terminal.Shown(kind)
	if !a.Required {
		words = "[" + words + "]"
	}
	return words
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return terminal.Shown(strings.TrimSpace(line))
}

// fit cuts a text for a person at a terminal, where so much of the line is taken.
func fit(w io.Writer, text string, taken int) string {
	runes := []rune(text)
	if room := max(screen-taken, 20); command.IsTerminal(w) && len(runes) > room {
		return string(runes[:room-3]) + "..."
	}
	return text
}
