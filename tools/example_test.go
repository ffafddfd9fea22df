package tools_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"log/slog"
	"os"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/sallyport-mcp/sallyport/tools"
)

// Search is what notes_search takes.
type Search struct {
	Query string `json:"query" jsonschema:"text to look for"`
	Limit int    `json:"limit,omitempty" jsonschema:"how many notes at most"`
}

// Found is what notes_search returns.
type Found struct {
	Notes []string `json:"notes"`
}

func search(_ context.Context, in Search) (Found, error) {
	if in.Query == "" {
		return Found{}, tools.Errorf("an empty query finds everything; say what to look for")
	}
	return Found{Notes: []string{"a note on " + in.Query}}, nil
}

// compile is what the server does with the declarations.
func compile(tool tools.Tool) *tools.CompiledTool {
	catalogue, err := tools.Compile(tools.Options{}, []tools.Tool{tool}, nil, nil)
	if err != nil {
		panic(err)
	}
	compiled, _ := catalogue.Tool(tool.Name)
	return compiled
}

func text(result *mcp.CallToolResult) string {
	return result.Content[0].(mcp.TextContent).Text
}

func ExampleTyped() {
	tool := compile(tools.Tool{
		Name:        "notes_search",
		Description: "Search notes by text.",
		Scopes:      []string{"notes:read"},
		ReadOnly:    true,
		Handler:     tools.Typed(search),
	})
	for _, arguments := range []string{`{"query":"doors"}`, `{"query":""}`, `{"Query":"doors","limit":"ten"}`} {
		fmt.Println(text(tool.Call(context.Background(), mcp.CallToolRequest{}, json.RawMessage(arguments))))
	}
	// Output:
	// {"notes":["a note on doors"]}
	// an empty query finds everything; say what to look for
	// invalid arguments: $.query: is required: expected string; $.Query: unknown; expected exactly "query"; $.limit: expected integer
}

func ExampleRaw() {
	picture := func(_ context.Context, request mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		in, err := tools.Arguments[Search](request)
		if err != nil {
			return nil, err
		}
		return &mcp.CallToolResult{Content: []mcp.Content{
			mcp.NewTextContent("a picture of " + in.Query),
			mcp.NewImageContent("aGVsbG8=", "image/png"),
		}}, nil
	}
	tool := compile(tools.Tool{
		Name: "picture", Description: "Draw a picture.", Scopes: []string{"pictures:draw"},
		Handler: tools.Raw(tools.SchemaFor[Search](), picture),
	})
	result := tool.Call(context.Background(), mcp.CallToolRequest{}, json.RawMessage(`{"query":"a door"}`))
	fmt.Println(len(result.Content), result.IsError)
	// Output: 2 false
}

func ExampleSchemaJSON() {
	schema := tools.SchemaJSON(`{
		"type": "object",
		"properties": {"size": {"enum": ["small", "large"]}},
		"additionalProperties": false
	}`)
	tool := compile(tools.Tool{
		Name: "order", Description: "Order a door.", AnyPrincipal: true,
		Handler: tools.Raw(schema, func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return mcp.NewToolResultText("ordered"), nil
		}),
	})
	fmt.Println(text(tool.Call(context.Background(), mcp.CallToolRequest{}, json.RawMessage(`{"size":"large"}`))))
	fmt.Println(text(tool.Call(context.Background(), mcp.CallToolRequest{}, json.RawMessage(`{"size":"huge"}`))))
	// Output:
	// ordered
	// invalid arguments: $.size: expected one of ["small","large"]
}

func ExampleErrorf() {
	plain := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		},
	}))
	declare := func(name string, err error) tools.Tool {
		return tools.Tool{Name: name, Description: "Fail.", AnyPrincipal: true,
			Handler: tools.Typed(func(context.Context, struct{}) (string, error) { return "", err })}
	}
	catalogue, err := tools.Compile(tools.Options{Logger: plain, Ref: func() string { return "K7Q2" }}, []tools.Tool{
		declare("known", tools.Errorf("note %d is locked", 7)),
		declare("unknown", fmt.Errorf("dial tcp 10.0.0.7:5432: connection refused")),
	}, nil, nil)
	if err != nil {
		log.Fatal(err)
	}
	for _, tool := range catalogue.Tools() {
		fmt.Println(text(tool.Call(context.Background(), mcp.CallToolRequest{}, nil)))
	}
	// Output:
	// note 7 is locked
	// level=ERROR msg="internal error" ref=K7Q2 declared="tool \"unknown\"" error="dial tcp 10.0.0.7:5432: connection refused"
	// internal error (ref K7Q2)
}

func ExampleResource() {
	notes := map[string]string{"7": "Mend the door."}
	catalogue, err := tools.Compile(tools.Options{}, nil, []tools.Resource{{
		URI: "note://{id}", Name: "note", Description: "One note.", MIMEType: "text/markdown",
		Scopes: []string{"notes:read"},
		Read: func(_ context.Context, r tools.ResourceRequest) (tools.Contents, error) {
			text, ok := notes[r.Variables["id"]]
			if !ok {
				return tools.Contents{}, tools.NotFoundf("there is no note %q", r.Variables["id"])
			}
			return tools.Text(text), nil
		},
		Complete: map[string]tools.CompleteFunc{"id": func(_ context.Context, typed string) ([]string, error) {
			if strings.HasPrefix("7", typed) {
				return []string{"7"}, nil
			}
			return nil, nil
		}},
	}}, nil)
	if err != nil {
		log.Fatal(err)
	}
	for _, uri := range []string{"note://7", "note://8"} {
		note, variables, _ := catalogue.Resource(uri)
		contents, err := note.Read(context.Background(), uri, variables)
		fmt.Printf("%+v %v\n", contents, err)
	}
	// Output:
	// [{Meta:map[] URI:note://7 MIMEType:text/markdown Text:Mend the door.}] <nil>
	// [] there is no note "8"
}

func ExamplePrompt() {
	catalogue, err := tools.Compile(tools.Options{}, nil, nil, []tools.Prompt{{
		Name: "notes_summary", Description: "Summarise the notes.", Scopes: []string{"notes:read"},
		Arguments: []tools.Argument{{Name: "tone", Description: "How to sound.", Required: true}},
		Get: func(_ context.Context, arguments map[string]string) ([]tools.Message, error) {
			return []tools.Message{tools.User("Summarise my notes in a " + arguments["tone"] + " tone.")}, nil
		},
	}})
	if err != nil {
		log.Fatal(err)
	}
	summary, _ := catalogue.Prompt("notes_summary")
	var request mcp.GetPromptRequest
	request.Params.Arguments = map[string]string{"tone": "calm"}
	result, err := summary.Get(context.Background(), request)
	fmt.Println(result.Messages[0].Content.(mcp.TextContent).Text, err)
	_, err = summary.Get(context.Background(), mcp.GetPromptRequest{})
	fmt.Println(err)
	// Output:
	// Summarise my notes in a calm tone. <nil>
	// invalid arguments: $.tone: is required: expected string
}

// printer stands for the server's side of notifications.
type printer struct{ to io.Writer }

func (p printer) Notify(method string, params map[string]any) error {
	text, err := json.Marshal(params)
	if err == nil {
		_, err = fmt.Fprintf(p.to, "%s %s\n", method, text)
	}
	return err
}

func ExampleProgress() {
	ctx := tools.WithNotifier(context.Background(), printer{os.Stdout}) // the server does this
	for i := range 2 {
		tools.Progress(ctx, float64(i+1), 2, "")
	}
	tools.Log(ctx, tools.LevelInfo, "done", slog.Int("notes", 2))
	// Output:
	// notifications/progress {"progress":1,"total":2}
	// notifications/progress {"progress":2,"total":2}
	// notifications/message {"data":{"message":"done","notes":2},"level":"info"}
}

func ExampleCompile() {
	_, err := tools.Compile(tools.Options{}, []tools.Tool{
		{Name: "notes/delete", Description: "Delete a note.", Scopes: []string{"notes:*"}, Handler: tools.Typed(search)},
	}, nil, nil)
	fmt.Println(err)
	// Output:
	// tool "notes/delete": Name: "notes/delete" is not a safe name; use 1 to 128 of A-Z a-z 0-9 _ . and -
	// tool "notes/delete": Scopes[0]: "notes:*" holds *, which only the policy may use; name exactly one, and give the pattern to a role in the policy
}
