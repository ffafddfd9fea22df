package cli_test

import (
	"context"

	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/tools"
)

// declared is a mistake in a declaration and the same without it.
type declared struct{ wrong, right server.Config }

// declarations are the mistakes that are made in Go, by the name of their archive in testdata/teach.
func declarations() map[string]declared {
	search := func(edit func(*tools.Tool)) server.Config {
		t := tools.Tool{Name: "notes_search", Description: "Search notes.", Scopes: []string{"notes:read"}, Handler: tools.Typed(withText)}
		edit(&t)
		return notebook(t)
	}
	right := search(func(*tools.Tool) {})
	tool := func(edit func(*tools.Tool)) declared { return declared{search(edit), right} }
	return map[string]declared{
		"declare-nothing":       {server.Config{}, right},
		"declare-nobody":        tool(func(t *tools.Tool) { t.Scopes = nil }),
		"declare-anybody":       tool(func(t *tools.Tool) { t.AnyPrincipal = true }),
		"declare-name":          tool(func(t *tools.Tool) { t.Name = "notes search" }),
		"declare-star":          tool(func(t *tools.Tool) { t.Scopes = []string{"notes:*"} }),
		"declare-placeholder":   {search(func(t *tools.Tool) { t.Scopes = []string{"notes/{txt}:read"} }), search(func(t *tools.Tool) { t.Scopes = []string{"notes/{text}:read"} })},
		"declare-description":   tool(func(t *tools.Tool) { t.Description = "" }),
		"declare-handler":       tool(func(t *tools.Tool) { t.Handler = nil }),
		"declare-field-kind":    tool(func(t *tools.Tool) { t.Handler = tools.Typed(withChannel) }),
		"declare-field-hidden":  tool(func(t *tools.Tool) { t.Handler = tools.Typed(withHidden) }),
		"declare-input":         tool(func(t *tools.Tool) { t.Handler = tools.Typed(withString) }),
		"declare-readonly":      tool(func(t *tools.Tool) { t.ReadOnly, t.Destructive = true, true }),
		"declare-space":         tool(func(t *tools.Tool) { t.Scopes = []string{"notes:read notes:write"} }),
		"declare-twice":         {twoTools("notes_search", "notes:read"), twoTools("notes_list", "notes:read")},
		"declare-two-spellings": {twoTools("notes_list", "notes:read", "search", "search:use"), twoTools("notes_list", "notes:read", "search")},
		"declare-overlap":       {templates("note://{id}", "note://{name}"), templates("note://{id}", "note://by-name/{name}")},
	}
}

func notebook(list ...tools.Tool) server.Config { return server.Config{Name: "demo", Tools: list} }

// twoTools are a tool that searches and another one.
func twoTools(name string, scopes ...string) server.Config {
	search := tools.Tool{Name: "notes_search", Description: "Search notes.", Scopes: []string{"notes:read"}, Handler: tools.Typed(withText)}
	other := search
	other.Name, other.Scopes = name, scopes
	if len(scopes) > 1 {
		search.Scopes, other.Scopes = scopes[1:2], append(scopes[:1:1], scopes[2:]...)
	}
	return notebook(search, other)
}

// templates are two resource templates.
func templates(one, other string) server.Config {
	read := func(context.Context, tools.ResourceRequest) (tools.Contents, error) { return tools.Contents{}, nil }
	return server.Config{Name: "demo", Resources: []tools.Resource{
		{Name: "note", URI: one, Description: "One note.", Scopes: []string{"notes:read"}, Read: read},
		{Name: "named", URI: other, Description: "A note by name.", Scopes: []string{"notes:read"}, Read: read},
	}}
}

type (
	textIn struct {
		Text string `json:"text"`
	}
	channelIn struct {
		Updates chan string `json:"updates"`
	}
	hiddenIn struct {
		text string
	}
)

func withText(_ context.Context, in textIn) (string, error)       { return in.Text, nil }
func withChannel(_ context.Context, in channelIn) (string, error) { return <-in.Updates, nil }
func withHidden(_ context.Context, in hiddenIn) (string, error)   { return in.text, nil }
func withString(_ context.Context, in string) (string, error)     { return in, nil }
