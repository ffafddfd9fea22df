package main

import (
	"context"
	"strings"

	"github.com/sallyport-mcp/sallyport/tools"
)

// resource lets clients read one note, and completes its id.
func (b *notebook) resource() tools.Resource {
	return tools.Resource{
		URI:         "note://{id}",
		Name:        "note",
		Description: "Read one note.",
		Scopes:      []string{"notes:read"},
		Read: func(_ context.Context, request tools.ResourceRequest) (tools.Contents, error) {
			n, ok := b.read(request.Variables["id"])
			if !ok {
				return tools.Contents{}, tools.NotFoundf("there is no such note")
			}
			return tools.Text(n.Text), nil
		},
		Complete: map[string]tools.CompleteFunc{"id": b.completeID},
	}
}

// completeID suggests the ids that begin with what was typed.
func (b *notebook) completeID(_ context.Context, typed string) ([]string, error) {
	var ids []string
	for _, n := range b.search("") {
		if strings.HasPrefix(n.ID, typed) {
			ids = append(ids, n.ID)
		}
	}
	return ids, nil
}

// summary is a prompt that asks a model about all notes.
func (b *notebook) summary() tools.Prompt {
	return tools.Prompt{
		Name:        "notes_summary",
		Description: "Summarize all notes.",
		Scopes:      []string{"notes:read"},
		Get: func(context.Context, map[string]string) ([]tools.Message, error) {
			return []tools.Message{tools.User("Summarize these notes in one paragraph:\n\n" + lines(b.search("")))}, nil
		},
	}
}
