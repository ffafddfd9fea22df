package tools

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/mark3labs/mcp-go/mcp"
)

// resource declares one that returns what it was asked for.
func resource(name, uri string) Resource {
	return Resource{
		Name: name, URI: uri, Description: "A resource.", Scopes: []string{"r:read"},
		Read: func(_ context.Context, r ResourceRequest) (Contents, error) {
			return Text(name + " " + r.URI + " " + r.Variables["id"]), nil
		},
	}
}

func TestResource_FixedWins(t *testing.T) {
	f := compile(t, nil, []Resource{resource("one", "note://{id}"), resource("all", "note://all"), resource("two", "note://{id}/x")}, nil)
	for uri, want := range map[string]string{
		"note://all":     "all note://all ",
		"note://7":       "one note://7 7",
		"note://7/x":     "two note://7/x 7",
		"note://a%6C":    "one note://a%6C al",
		"note://al%6C":   "", // another spelling of the fixed URI must not reach the template
		"note://%61%6cl": "",
		"note://7/y":     "",
		"note://":        "",
		"":               "",
	} {
		r, variables, ok := f.Resource(uri)
		if ok != (want != "") {
			t.Errorf("%s: found %v", uri, ok)
			continue
		}
		if !ok {
			continue
		}
		contents, err := r.Read(context.Background(), uri, variables)
		if err != nil {
			t.Fatal(err)
		}
		if got := contents[0].(mcp.TextResourceContents).Text; got != want {
			t.Errorf("%s: %q, want %q", uri, got, want)
		}
	}
	all, _, _ := f.Resource("note://all")
	if _, ok := all.Match("note://all"); !ok || all.IsTemplate() || all.Variables() != nil {
		t.Error("fixed resource")
	}
	if _, ok := all.Match("note://7"); ok {
		t.Error("a fixed resource matched another URI")
	}
	if r, ok := f.Template("note://{id}"); !ok || !r.IsTemplate() || !cmp.Equal(r.Variables(), []string{"id"}) {
		t.Error("template by its text")
	}
	if _, ok := f.Template("note://7"); ok {
		t.Error("a URI is not a template's text")
	}
}

func TestResource_Definitions(t *testing.T) {
	r := resource("one", "note://{id}")
	r.Title, r.MIMEType = "One", "text/markdown"
	fixed := resource("all", "note://all")
	fixed.Title, fixed.MIMEType = "All", "text/csv"
	f := compile(t, nil, []Resource{r, fixed}, nil)
	got := wire(t, f.Templates()[0].Template())
	if want := `{"uriTemplate":"note://{id}","name":"one","title":"One","description":"A resource.","mimeType":"text/markdown"}`; got != want {
		t.Errorf("template %s", got)
	}
	got = wire(t, f.Resources()[0].Definition())
	if want := `{"uri":"note://all","name":"all","title":"All","description":"A resource.","mimeType":"text/csv"}`; got != want {
		t.Errorf("resource %s", got)
	}
	if f.Templates()[0].Definition().URI != "" || f.Resources()[0].Template().Name != "" {
		t.Error("the other definition is not empty")
	}
}

func TestResource_Contents(t *testing.T) {
	for name, c := range map[string]struct {
		contents Contents
		declared string
		want     string
	}{
		"text":          {Text("a"), "", `[{"uri":"x:y","mimeType":"text/plain","text":"a"}]`},
		"empty text":    {Text(""), "", `[{"uri":"x:y","mimeType":"text/plain","text":""}]`},
		"declared":      {Text("a"), "text/csv", `[{"uri":"x:y","mimeType":"text/csv","text":"a"}]`},
		"own type wins": {Text("a").WithMIMEType("text/html"), "text/csv", `[{"uri":"x:y","mimeType":"text/html","text":"a"}]`},
		"JSON":          {JSON(map[string]int{"a": 1}), "", `[{"uri":"x:y","mimeType":"application/json","text":"{\"a\":1}"}]`},
		"blob":          {Blob([]byte{0, 1}), "", `[{"uri":"x:y","mimeType":"application/octet-stream","blob":"AAE="}]`},
		"several":       {Several(Text("a"), Blob(nil).At("x:z")), "", `[{"uri":"x:y","mimeType":"text/plain","text":"a"},{"uri":"x:z","mimeType":"application/octet-stream","blob":""}]`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := read(t, c.declared, func() (Contents, error) { return c.contents, nil })
			if err != nil || wire(t, got) != c.want {
				t.Errorf("got  %s, %v\nwant %s", wire(t, got), err, c.want)
			}
		})
	}
	base := Text("a")
	_ = base.WithMIMEType("text/html")
	if got, _ := base.wire("x:y", ""); wire(t, got) != `[{"uri":"x:y","mimeType":"text/plain","text":"a"}]` {
		t.Error("WithMIMEType changed its receiver")
	}
}

// read compiles and reads one resource.
func read(t *testing.T, mimeType string, f func() (Contents, error)) ([]mcp.ResourceContents, error) {
	t.Helper()
	r := resource("r", "x:y")
	r.MIMEType = mimeType
	r.Read = func(context.Context, ResourceRequest) (Contents, error) { return f() }
	c := compile(t, nil, []Resource{r}, nil)
	return c.Resources()[0].Read(context.Background(), "x:y", nil)
}

func TestM30_ResourceErrors(t *testing.T) {
	for name, c := range map[string]struct {
		f    func() (Contents, error)
		want ClientError
	}{
		"M-30 not found":  {func() (Contents, error) { return Contents{}, NotFoundf("no note %q", "7") }, ClientError{-32602, `no note "7"`}},
		"M-30 for client": {func() (Contents, error) { return Contents{}, Errorf("busy") }, ClientError{-32603, "busy"}},
		"M-30 internal":   {func() (Contents, error) { return Contents{}, errors.New(secret) }, ClientError{-32603, "internal error (ref REF1)"}},
		"M-30 panic":      {func() (Contents, error) { panic(secret) }, ClientError{-32603, "internal error (ref REF1)"}},
		"M-30 nothing":    {func() (Contents, error) { return Contents{}, nil }, ClientError{-32603, "internal error (ref REF1)"}},
		"M-30 bad JSON":   {func() (Contents, error) { return JSON(make(chan int)), nil }, ClientError{-32603, "internal error (ref REF1)"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := read(t, "", c.f)
			var client *ClientError
			if !errors.As(err, &client) || *client != c.want || err.Error() != c.want.Message {
				t.Errorf("got %#v, want %#v", err, c.want)
			}
			if _, err := read(t, "", func() (Contents, error) { return Text("x"), nil }); err != nil {
				t.Errorf("twin: %v", err)
			}
		})
	}
}

func TestResource_VariablesAreACopy(t *testing.T) {
	r := resource("one", "note://{id}")
	r.Read = func(_ context.Context, q ResourceRequest) (Contents, error) {
		q.Variables["id"] = "changed"
		return Text(""), nil
	}
	f := compile(t, nil, []Resource{r}, nil)
	found, variables, _ := f.Resource("note://7")
	if _, err := found.Read(context.Background(), "note://7", variables); err != nil || variables["id"] != "7" {
		t.Errorf("%v, %v", err, variables)
	}
}

func TestComplete(t *testing.T) {
	r := resource("one", "note://{id}/{part}")
	r.Complete = map[string]CompleteFunc{"id": completeLetters}
	p := prompt("p")
	p.Complete = map[string]CompleteFunc{"a": completeLetters}
	f := compile(t, nil, []Resource{r, resource("all", "note://all")}, []Prompt{p})
	one, _ := f.Template("note://{id}/{part}")
	for name, complete := range map[string]func(context.Context, string, string) ([]string, error){"resource": one.Complete, "prompt": f.Prompts()[0].Complete} {
		t.Run(name, func(t *testing.T) {
			first, second := "id", "part"
			if name == "prompt" {
				first, second = "a", "b"
			}
			if got, err := complete(context.Background(), first, "a"); err != nil || wire(t, got) != `["a1","a2"]` {
				t.Errorf("got %v, %v", got, err)
			}
			if got, err := complete(context.Background(), first, "none"); err != nil || wire(t, got) != `[]` {
				t.Errorf("nothing to suggest: %v, %v", got, err)
			}
			if got, err := complete(context.Background(), second, "a"); err != nil || wire(t, got) != `[]` {
				t.Errorf("no function: %v, %v", got, err)
			}
			var client *ClientError
			if _, err := complete(context.Background(), "", ""); !errors.As(err, &client) || client.Code != -32602 {
				t.Errorf("M-11 no variable: %v", err)
			}
			if _, err := complete(context.Background(), first, "panic"); !errors.As(err, &client) || client.Message != "internal error (ref REF1)" {
				t.Errorf("M-30 panic: %v", err)
			}
		})
	}
	all, _, _ := f.Resource("note://all")
	if _, err := all.Complete(context.Background(), "id", ""); err == nil {
		t.Error("a fixed resource completed")
	}
}

func completeLetters(_ context.Context, value string) ([]string, error) {
	switch value {
	case "none":
		return nil, nil
	case "panic":
		panic(secret)
	}
	return []string{value + "1", value + "2"}, nil
}

// prompt declares one with a required and an optional argument.
func prompt(name string) Prompt {
	return Prompt{
		Name: name, Title: "P", Description: "A prompt.", Permissions: []string{"p:get"},
		Arguments: []Argument{{Name: "a", Title: "A", Description: "First.", Required: true}, {Name: "b"}},
		Get: func(_ context.Context, arguments map[string]string) ([]Message, error) {
			return []Message{User(arguments["a"]), Assistant(arguments["b"])}, nil
		},
	}
}

func TestPrompt(t *testing.T) {
	f := compile(t, nil, nil, []Prompt{prompt("p")})
	p, ok := f.Prompt("p")
	if !ok || !cmp.Equal(p.Arguments(), []string{"a", "b"}) {
		t.Fatalf("%v, %v", ok, p.Arguments())
	}
	definition := `{"name":"p","title":"P","description":"A prompt.","arguments":[{"name":"a","title":"A","description":"First.","required":true},{"name":"b"}]}`
	if got := wire(t, p.Definition()); got != definition {
		t.Errorf("definition %s", got)
	}
	got, err := p.Get(context.Background(), getting(map[string]string{"a": "one", "b": "two"}))
	want := mcp.NewGetPromptResult("A prompt.", []mcp.PromptMessage{
		mcp.NewPromptMessage(mcp.RoleUser, mcp.NewTextContent("one")),
		mcp.NewPromptMessage(mcp.RoleAssistant, mcp.NewTextContent("two")),
	})
	if err != nil || wire(t, got) != wire(t, want) {
		t.Errorf("got  %s, %v\nwant %s", wire(t, got), err, wire(t, want))
	}
	for name, c := range map[string]struct {
		arguments map[string]string
		want      string
	}{
		"M-11 nil":        {nil, "invalid arguments: $.a: is required: expected string"},
		"missing":         {map[string]string{"b": "CANARY"}, "invalid arguments: $.a: is required: expected string"},
		"unknown":         {map[string]string{"a": "x", "c": "CANARY"}, "invalid arguments: $.c: unknown; not one of the declared names"},
		"R-05 case twin":  {map[string]string{"A": "CANARY", "a": "x"}, "invalid arguments: $.A: unknown; not one of the declared names"},
		"missing, others": {map[string]string{"c": "CANARY"}, "invalid arguments: $.a: is required: expected string; $.c: unknown; not one of the declared names"},
	} {
		_, err := p.Get(context.Background(), getting(c.arguments))
		var client *ClientError
		if !errors.As(err, &client) || *client != (ClientError{-32602, c.want}) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := p.Get(context.Background(), getting(map[string]string{"a": ""})); err != nil {
		t.Errorf("twin: %v", err)
	}
}

func TestPrompt_Results(t *testing.T) {
	for name, c := range map[string]struct {
		messages []Message
		err      error
		want     string // of the result, or the message of the error
	}{
		"none":      {nil, nil, `{"description":"A prompt.","messages":[]}`},
		"image":     {[]Message{UserContent(mcp.NewImageContent("AA==", "image/png"))}, nil, `{"description":"A prompt.","messages":[{"role":"user","content":{"type":"image","data":"AA==","mimeType":"image/png"}}]}`},
		"zero":      {[]Message{{}}, nil, "internal error (ref REF1)"},
		"error":     {nil, errors.New(secret), "internal error (ref REF1)"},
		"not found": {nil, NotFoundf("no such"), "no such"},
	} {
		t.Run(name, func(t *testing.T) {
			p := prompt("p")
			p.Get = func(context.Context, map[string]string) ([]Message, error) { return c.messages, c.err }
			f := compile(t, nil, nil, []Prompt{p})
			got, err := f.Prompts()[0].Get(context.Background(), getting(map[string]string{"a": ""}))
			if strings.HasPrefix(c.want, "{") {
				if err != nil || wire(t, got) != c.want {
					t.Errorf("got %s, %v", wire(t, got), err)
				}
				return
			}
			if err == nil || err.Error() != c.want {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestPrompt_Raw(t *testing.T) {
	ask := &mcp.GetPromptResult{}
	ask.InputRequests, ask.RequestState = mcp.InputRequests{"r": mcp.NewRootsInputRequest()}, "s"
	nothing, unmade, broken := *ask, *ask, *ask
	nothing.InputRequests, nothing.RequestState, nothing.ResultType = nil, "", mcp.ResultTypeInputRequired
	unmade.InputRequests = mcp.InputRequests{"r": {Method: "tools/call"}}
	broken.InputRequests, broken.RequestState = nil, ""
	broken.Messages = []mcp.PromptMessage{{Role: mcp.RoleUser}}
	for name, c := range map[string]struct {
		give *mcp.GetPromptResult
		err  error
		want string
	}{
		"asks": {ask, nil, `{"resultType":"input_required","inputRequests":{"r":{"method":"roots/list"}},"requestState":"s","description":"A prompt.","messages":[]}`},
		"messages": {
			mcp.NewGetPromptResult("Own.", []mcp.PromptMessage{mcp.NewPromptMessage(mcp.RoleUser, mcp.NewTextContent("x"))}), nil,
			`{"description":"Own.","messages":[{"role":"user","content":{"type":"text","text":"x"}}]}`,
		},
		"asks for nothing": {&nothing, nil, "internal error (ref REF1)"},
		"no request":       {&unmade, nil, "internal error (ref REF1)"},
		"no content":       {&broken, nil, "internal error (ref REF1)"},
		"nil":              {nil, nil, "internal error (ref REF1)"},
		"error":            {nil, errors.New(secret), "internal error (ref REF1)"},
		"public error":     {nil, Errorf("no"), "no"},
	} {
		t.Run(name, func(t *testing.T) {
			p := prompt("p")
			var seen mcp.GetPromptRequest
			p.Get, p.GetRaw = nil, func(_ context.Context, request mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
				seen = request
				return c.give, c.err
			}
			f := compile(t, nil, nil, []Prompt{p})
			request := getting(map[string]string{"a": "x"})
			request.Params.RequestState = "state"
			got, err := f.Prompts()[0].Get(context.Background(), request)
			if strings.HasPrefix(c.want, "{") {
				if err != nil || wire(t, got) != c.want {
					t.Errorf("got %s, %v", wire(t, got), err)
				}
			} else if err == nil || err.Error() != c.want {
				t.Errorf("got %v", err)
			}
			if seen.Params.RequestState != "state" || seen.Params.Arguments["a"] != "x" {
				t.Errorf("the handler saw %+v", seen.Params)
			}
			seen.Params.RequestState = ""
			if _, err := f.Prompts()[0].Get(context.Background(), getting(nil)); err == nil || seen.Params.RequestState != "" {
				t.Errorf("without its argument: %v", err)
			}
		})
	}
}

func TestPrompt_OneFunction(t *testing.T) {
	get := func(context.Context, mcp.GetPromptRequest) (*mcp.GetPromptResult, error) { return nil, nil }
	both, none, rawOnly := prompt("both"), prompt("none"), prompt("raw")
	both.GetRaw, none.Get, rawOnly.Get, rawOnly.GetRaw = get, nil, nil, get
	_, err := Compile(Options{}, nil, nil, []Prompt{both, none, rawOnly})
	if err == nil || !strings.Contains(err.Error(), "GetRaw") || !strings.Contains(err.Error(), "none") || strings.Contains(err.Error(), `"raw"`) {
		t.Errorf("%v", err)
	}
}

func TestNothingMutableIsShared(t *testing.T) {
	scopes, permissions := []string{"a:b"}, []string{"a:c"}
	complete := map[string]CompleteFunc{"id": completeLetters}
	r := resource("r", "x://{id}")
	r.Scopes, r.Permissions, r.Complete = scopes, permissions, complete
	p := prompt("p")
	p.Scopes, p.Permissions = scopes, permissions
	tl := tool(echo(new(int)))
	tl.Scopes, tl.Permissions = scopes, permissions
	f := compile(t, []Tool{tl}, []Resource{r}, []Prompt{p})
	scopes[0], permissions[0] = "*", "*"
	p.Arguments[0].Name = "changed"
	delete(complete, "id")
	for range 2 { // the second round sees what the first one changed
		for _, got := range [][]string{
			f.Tools()[0].Declaration().Scopes, f.Templates()[0].Declaration().Scopes, f.Prompts()[0].Declaration().Scopes,
		} {
			if got[0] != "a:b" {
				t.Errorf("scopes %v", got)
			}
			got[0] = "*"
		}
		for _, got := range [][]string{
			f.Tools()[0].Declaration().Permissions, f.Templates()[0].Declaration().Permissions, f.Prompts()[0].Declaration().Permissions,
		} {
			if got[0] != "a:c" {
				t.Errorf("permissions %v", got)
			}
			got[0] = "*"
		}
		if got := f.Templates()[0].Declaration().Complete; len(got) != 1 {
			t.Error("completions changed")
		} else {
			delete(got, "id")
		}
		if got := f.Prompts()[0].Declaration().Arguments; got[0].Name != "a" {
			t.Error("arguments changed")
		} else {
			got[0].Name = "changed"
		}
		delete(f.Tools()[0].Parameters(), "path")
		if len(f.Tools()[0].Parameters()) != 2 {
			t.Error("parameters changed")
		}
		f.Tools()[0] = nil
	}
	if _, err := json.Marshal(f.Tools()[0].Definition()); err != nil {
		t.Error(err)
	}
}
