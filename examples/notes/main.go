// Notes is a shared notebook behind both doors: scopes say what a client was
// delegated, policy.csv says what its user may do.
//
//	make run                       # from the root: its policy.csv serves this example
//	# log in as alice (admin), bob (editor) or carol (reader)
//
//	go run ./examples/notes tools
//	# KIND      NAME           SCOPES       PERMISSIONS
//	# tool      notes_create   notes:write  notes:write
//	# tool      notes_delete   notes:write  notes:delete
//	# tool      notes_search   notes:read   notes:read
//	# resource  note://{id}    notes:read   notes:read
//	# prompt    notes_summary  notes:read   notes:read
package main

import (
	"context"
	"strings"

	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/server/cli"
	"github.com/sallyport-mcp/sallyport/tools"
)

type searchNotes struct {
	Query string `json:"query" jsonschema:"text to look for; empty finds all notes"`
}

type foundNotes struct {
	Notes []note `json:"notes"`
}

type createNote struct {
	Text string `json:"text" jsonschema:"the text of the new note"`
}

type deleteNote struct {
	ID string `json:"id" jsonschema:"the id of the note to delete"`
}

// declared returns the tools of a notebook. None of them checks anything: what a call needs is said beside it.
func declared(book *notebook) []tools.Tool {
	return []tools.Tool{
		{
			Name:        "notes_search",
			Description: "Search notes by text.",
			Scopes:      []string{"notes:read"},
			ReadOnly:    true,
			Handler: tools.Typed(func(_ context.Context, in searchNotes) (foundNotes, error) {
				return foundNotes{book.search(in.Query)}, nil
			}),
		},
		{
			Name:        "notes_create",
			Description: "Create notes.",
			Scopes:      []string{"notes:write"},
			Handler: tools.Typed(func(_ context.Context, in createNote) (note, error) {
				return book.create(in.Text), nil
			}),
		},
		{
			Name:        "notes_delete",
			Description: "Delete one note for good.",
			Scopes:      []string{"notes:write"},  // what the user consents to for the client (coarse)
			Permissions: []string{"notes:delete"}, // what the caller's role must hold (fine)
			Destructive: true,
			Handler: tools.Typed(func(_ context.Context, in deleteNote) (string, error) {
				if !book.remove(in.ID) {
					return "", tools.NotFoundf("there is no note %q", in.ID)
				}
				return "deleted note " + in.ID, nil
			}),
		},
	}
}

// config is the whole server: what it offers, and what that needs.
func config() server.Config {
	book := newNotebook("Water the plants", "Call the plumber about the tap", "Buy oat milk")
	return server.Config{
		Name:         "notes",
		Instructions: "A notebook that everybody shares. Search before you create.",
		Tools:        declared(book),
		Resources:    []tools.Resource{book.resource()},
		Prompts:      []tools.Prompt{book.summary()},
	}
}

func main() { cli.Main(config()) }

// lines writes notes as a list, one on a line.
func lines(notes []note) string {
	var b strings.Builder
	for _, n := range notes {
		b.WriteString(n.ID + ": " + n.Text + "\n")
	}
	return b.String()
}
