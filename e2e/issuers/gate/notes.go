package main

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/tools"
)

// notebook is what examples/notes has, as far as it takes to have something to protect.
type notebook struct {
	mu    sync.Mutex
	notes map[string]string // by id
	last  int
}

func newNotebook(texts ...string) *notebook {
	book := &notebook{notes: map[string]string{}}
	for _, text := range texts {
		book.create(text)
	}
	return book
}

func (b *notebook) create(text string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.last++
	id := strconv.Itoa(b.last)
	b.notes[id] = text
	return id
}

func (b *notebook) count(query string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for _, text := range b.notes {
		if strings.Contains(text, query) {
			n++
		}
	}
	return n
}

func (b *notebook) remove(id string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, had := b.notes[id]
	delete(b.notes, id)
	return had
}

type searchNotes struct {
	Query string `json:"query"`
}

type foundNotes struct {
	Found int `json:"found"`
}

type createNote struct {
	Text string `json:"text"`
}

type oneNote struct {
	ID string `json:"id"`
}

// caller is what a token was read as.
type caller struct {
	Subject string   `json:"subject"`
	Client  string   `json:"client"`
	Machine bool     `json:"machine"`
	Groups  []string `json:"groups"`
	Roles   []string `json:"roles"`
	Scopes  []string `json:"scopes"`
}

func declared(book *notebook) []tools.Tool {
	return []tools.Tool{
		{
			Name: "notes_search", Description: "Search notes by text.",
			Scopes: []string{"notes:read"}, ReadOnly: true,
			Handler: tools.Typed(func(_ context.Context, in searchNotes) (foundNotes, error) {
				return foundNotes{book.count(in.Query)}, nil
			}),
		},
		{
			Name: "notes_create", Description: "Create notes.",
			Scopes: []string{"notes:write"},
			Handler: tools.Typed(func(_ context.Context, in createNote) (oneNote, error) {
				return oneNote{book.create(in.Text)}, nil
			}),
		},
		{
			Name: "notes_delete", Description: "Delete one note for good.",
			Scopes: []string{"notes:write"}, Permissions: []string{"notes:delete"}, Destructive: true,
			Handler: tools.Typed(func(_ context.Context, in oneNote) (string, error) {
				if !book.remove(in.ID) {
					return "", tools.NotFoundf("there is no note %q", in.ID)
				}
				return "deleted", nil
			}),
		},
		{
			Name: "whoami", Description: "What the token was read as.",
			AnyPrincipal: true, ReadOnly: true,
			Handler: tools.Typed(whoami),
		},
	}
}

func whoami(ctx context.Context, _ struct{}) (caller, error) {
	who, ok := authz.PrincipalFrom(ctx)
	if !ok {
		return caller{}, errors.New("a call without a principal")
	}
	return caller{
		Subject: who.Subject, Client: who.Client, Machine: who.Machine,
		Groups: none(who.Groups), Roles: none(who.Roles), Scopes: none(who.Scopes),
	}, nil
}

// none makes an empty list of no list, as JSON schemas of lists ask for.
func none(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
