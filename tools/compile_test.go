package tools

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
)

// TestCompile_Mistakes shows every mistake in one error, each on its line.
func TestCompile_Mistakes(t *testing.T) {
	ok := echo(new(int))
	bad := resource("", "note://{+id}")
	bad.Description, bad.Read = "", nil
	nilComplete := resource("nil", "nil://{id}")
	nilComplete.Complete = map[string]CompleteFunc{"id": nil, "other": completeLetters}
	badPrompt := prompt("bad prompt")
	badPrompt.Get, badPrompt.Permissions = nil, nil
	badPrompt.Arguments = append(badPrompt.Arguments, Argument{Name: "a"}, Argument{Name: "b c"})
	badPrompt.Complete = map[string]CompleteFunc{"z": completeLetters}
	type wrongHeader struct {
		N float64 `json:"n" header:"N"`
	}
	_, err := Compile(Options{},
		[]Tool{
			{},
			{Name: "a/b", Description: "x", Scopes: []string{"notes:*"}, Permissions: []string{"ok", "a*:b"}, Handler: ok},
			{Name: "open", Description: "x", Scopes: []string{"s"}, AnyPrincipal: true, Handler: ok},
			{Name: "open", Description: "\n", AnyPrincipal: true, ReadOnly: true, Destructive: true, Handler: ok},
			{Name: "int", Description: "x", AnyPrincipal: true, Handler: accept[int]()},
			{Name: "header", Description: "x", AnyPrincipal: true, Handler: accept[wrongHeader]()},
		},
		[]Resource{
			bad,
			resource("notes", "note://{id}"), resource("other", "note://{name}"), resource("notes", "note://x/{id}"),
			resource("all", "note://all"), resource("again", "note://all"), resource("relative", "all"), resource("st*r", "s://x"),
			nilComplete,
		},
		[]Prompt{badPrompt, prompt("twice"), prompt("twice")})
	if err == nil {
		t.Fatal("compiled")
	}
	golden(t, "mistakes.golden", err.Error()+"\n")
	var first *Mistake
	if !errors.As(err, &first) || first.Declaration != "tool number 1" || first.Field != "Name" {
		t.Errorf("first mistake %+v", first)
	}
}

func TestM32_Names(t *testing.T) {
	handler := func(text string) Handler { return result(text) }
	for _, name := range []string{
		"a/b", "*", "a*", "a,b", "a\nb", "a b", " a", "a ", "", "a\x00", "ä", "a\u200b", "a\"", "a:b", strings.Repeat("a", 129),
	} {
		t.Run("M-32 unsafe "+name, func(t *testing.T) {
			bad := Tool{Name: name, Description: "x", AnyPrincipal: true, Handler: handler("bad")}
			if _, err := Compile(Options{}, []Tool{bad}, nil, nil); err == nil || strings.Count(err.Error(), "\n") > 0 {
				t.Errorf("tool: %v", err)
			}
			p := prompt(name)
			if _, err := Compile(Options{}, nil, nil, []Prompt{p}); err == nil {
				t.Error("prompt compiled")
			}
			bad.Name, p.Name = "repaired", "repaired"
			if _, err := Compile(Options{}, []Tool{bad}, nil, []Prompt{p}); err != nil {
				t.Errorf("twin: %v", err)
			}
		})
	}
	t.Run("M-32 exact", func(t *testing.T) {
		var tools []Tool
		for _, name := range []string{"a", "A", "a__b", "a_b", "a.b", "a-b", strings.Repeat("a", 128)} {
			tools = append(tools, Tool{Name: name, Description: "x", AnyPrincipal: true, Handler: handler(name)})
		}
		f := compile(t, tools, nil, nil)
		for _, want := range tools {
			c, ok := f.Tool(want.Name)
			if !ok || text(t, call(c, "")) != want.Name {
				t.Errorf("%q names another tool", want.Name)
			}
		}
		for _, name := range []string{"", "*", "b", "a__", "a.B"} {
			if _, ok := f.Tool(name); ok {
				t.Errorf("%q names a tool", name)
			}
			if _, ok := f.Prompt(name); ok {
				t.Errorf("%q names a prompt", name)
			}
		}
	})
	t.Run("M-32 same name twice", func(t *testing.T) {
		one := Tool{Name: "a", Description: "x", AnyPrincipal: true, Handler: handler("one")}
		two := one
		if _, err := Compile(Options{}, []Tool{one, two}, nil, nil); err == nil {
			t.Error("compiled")
		}
		two.Name = "b"
		if _, err := Compile(Options{}, []Tool{one, two}, nil, nil); err != nil {
			t.Errorf("twin: %v", err)
		}
	})
}

func TestCompile_Sorted(t *testing.T) {
	a, b := tool(echo(new(int))), tool(echo(new(int)))
	a.Name, b.Name = "b", "a"
	f := compile(t, []Tool{a, b},
		[]Resource{resource("b", "x:b"), resource("a", "x:a"), resource("d", "y://{d}"), resource("c", "z://{c}")},
		[]Prompt{prompt("b"), prompt("a")})
	got := f.Tools()[0].Definition().Name + f.Resources()[0].Definition().Name + f.Templates()[0].Template().Name + f.Prompts()[0].Definition().Name
	if got != "aaca" {
		t.Errorf("first of each: %s", got)
	}
}

func TestTool_Definition(t *testing.T) {
	tl := tool(result("x"))
	tl.Title = "T"
	for want, c := range map[string]Tool{
		`{}`: {},
		`{"readOnlyHint":true,"destructiveHint":false}`:                       {ReadOnly: true},
		`{"destructiveHint":true,"idempotentHint":true,"openWorldHint":true}`: {Destructive: true, Idempotent: true, OpenWorld: true},
	} {
		declared := tl
		declared.ReadOnly, declared.Destructive, declared.Idempotent, declared.OpenWorld = c.ReadOnly, c.Destructive, c.Idempotent, c.OpenWorld
		f := compile(t, []Tool{declared}, nil, nil)
		got := wire(t, f.Tools()[0].Definition())
		if full := `{"annotations":` + want + `,"description":"A tool.","inputSchema":{"type":"object","additionalProperties":false},"name":"t","title":"T"}`; got != full {
			t.Errorf("got  %s\nwant %s", got, full)
		}
	}
}

// TestCatalogue_Concurrent is for the race detector.
func TestCatalogue_Concurrent(t *testing.T) {
	f := compile(t, []Tool{tool(echo(new(int)))}[:0], []Resource{resource("r", "x://{id}")}, []Prompt{prompt("p")})
	h := compile(t, []Tool{tool(result(map[string]int{"a": 1}))}, nil, nil)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				c, _ := h.Tool("t")
				_ = c.Call(context.Background(), mcp.CallToolRequest{}, json.RawMessage(`{"x":1}`))
				_ = c.Call(context.Background(), mcp.CallToolRequest{}, nil)
				_, _ = json.Marshal(c.Definition())
				r, v, _ := f.Resource("x://7")
				_, _ = r.Read(context.Background(), "x://7", v)
				_, _ = f.Prompts()[0].Get(context.Background(), getting(map[string]string{"a": "x"}))
			}
		})
	}
	wg.Wait()
}

func BenchmarkCall(b *testing.B) {
	c, err := Compile(Options{}, []Tool{tool(echo(new(int)))}, nil, nil)
	if err != nil {
		b.Fatal(err)
	}
	compiled, _ := c.Tool("t")
	arguments := json.RawMessage(`{"path":"some text","limit":10,"tags":["a","b"]}`)
	b.ReportAllocs()
	for b.Loop() {
		if r := compiled.Call(context.Background(), mcp.CallToolRequest{}, arguments); r.IsError {
			b.Fatal("refused")
		}
	}
}
