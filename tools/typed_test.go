package tools

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mark3labs/mcp-go/mcp"
)

type searchIn struct {
	Path  string   `json:"path" jsonschema:"where to look"`
	Limit int64    `json:"limit,omitempty"`
	Tags  []string `json:"tags,omitempty"`
	Sub   *struct {
		Depth int8 `json:"depth"`
	} `json:"sub,omitempty"`
}

// echo returns its arguments and counts its calls.
func echo(calls *int) Handler {
	return Typed(func(_ context.Context, in searchIn) (searchIn, error) {
		*calls++
		return in, nil
	})
}

func TestTyped_InputSchema(t *testing.T) {
	c, _ := compileTool(t, echo(new(int)))
	want := `{"type":"object","properties":{"path":{"type":"string","description":"where to look"},` +
		`"limit":{"type":"integer"},"tags":{"type":"array","items":{"type":"string"}},` +
		`"sub":{"type":["null","object"],"properties":{"depth":{"type":"integer","minimum":-128,"maximum":127}},` +
		`"required":["depth"],"additionalProperties":false}},"required":["path"],"additionalProperties":false}`
	var got, expected any
	if err := json.Unmarshal(c.Definition().RawInputSchema, &got); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(want), &expected); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(expected, got); diff != "" {
		t.Errorf("schema (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]Kind{"path": String, "limit": Integer}, c.Parameters()); diff != "" {
		t.Errorf("parameters (-want +got):\n%s", diff)
	}
}

// TestTyped_BadArguments has for each defect the text the client gets. The canary is a
// value; it must never come back.
func TestTyped_BadArguments(t *testing.T) {
	for _, c := range []struct{ name, arguments, want string }{
		{"required missing", `{}`, "$.path: is required: expected string"},
		{"R-05 M-11 no arguments at all", ``, "$.path: is required: expected string"},
		{"M-11 null", `null`, "$: expected object"},
		{"array", `["CANARY"]`, "$: expected object"},
		{"R-05 case twin alone", `{"PATH":"CANARY"}`, `$.PATH: unknown; expected exactly "path"`},
		{"R-06 case twin beside", `{"path":"a","Path":"CANARY"}`, "$: expected strict JSON"},
		{"R-07 long s", `{"path":"a","tagſ":["CANARY"]}`, `["tag\u017f"]: unknown; expected exactly "tags"`},
		{"R-04 duplicate", `{"path":"a","path":"CANARY"}`, "$: expected strict JSON"},
		{"R-09 lone surrogate", `{"path":"\ud800CANARY"}`, "$: expected strict JSON"},
		{"R-11 trailing", `{"path":"CANARY"}{}`, "$: expected strict JSON"},
		{"R-13 deep", `{"path":` + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + `}`, "$: expected strict JSON"},
		{"unknown", `{"path":"a","CANARYname":1}`, "unknown; not one of the declared names"},
		{"wrong type", `{"path":{"CANARY":1}}`, "$.path: expected string"},
		{"null member", `{"path":null}`, "$.path: expected string"},
		{"null array", `{"path":"a","tags":null}`, "$.tags: expected array"},
		{"item", `{"path":"a","tags":["b",7]}`, "$.tags[1]: expected string"},
		{"nested", `{"path":"a","sub":{"depth":"CANARY"}}`, "$.sub.depth: expected integer"},
		{"bound", `{"path":"a","sub":{"depth":128}}`, "$.sub.depth: expected at most 127"},
		{"bound below", `{"path":"a","sub":{"depth":-129}}`, "$.sub.depth: expected at least -128"},
		{"fraction", `{"path":"a","limit":1.5}`, "$.limit: expected integer"},
		{"integer written as float", `{"path":"a","limit":1.0}`, "$.limit: expected a value that fits"},
		{"integer of 65 bits", `{"path":"a","limit":9223372036854775808}`, "$.limit: expected a value that fits"},
		{"R-13 beyond float64", `{"path":"a","limit":1e400}`, "range of a float64"},
	} {
		t.Run(c.name, func(t *testing.T) {
			calls := 0
			compiled, log := compileTool(t, echo(&calls))
			r := call(compiled, c.arguments)
			if !r.IsError || calls != 0 {
				t.Errorf("isError %v, calls %d", r.IsError, calls)
			}
			got := text(t, r)
			mustContain(t, got, "invalid arguments: ", c.want)
			mustLack(t, strings.ReplaceAll(got, "CANARYname", ""), "CANARY", "int8", "int64", "tools.")
			if log.Len() > 0 {
				t.Errorf("logged %s", log)
			}
			// The twin: nothing but the defect repaired.
			if r := call(compiled, `{"path":"a","limit":1,"tags":["b"],"sub":{"depth":127}}`); r.IsError || calls != 1 {
				t.Errorf("twin: %s, calls %d", text(t, r), calls)
			}
		})
	}
}

func TestTyped_AllProblemsInOneAnswer(t *testing.T) {
	c, _ := compileTool(t, echo(new(int)))
	got := text(t, call(c, `{"limit":"x","tags":[1],"odd name":1}`))
	want := `invalid arguments: $.path: is required: expected string; $.limit: expected integer; ` +
		`$["odd name"]: unknown; not one of the declared names; $.tags[0]: expected string`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	many := make(map[string]int)
	for i := range 50 {
		many[fmt.Sprint("x", i, strings.Repeat("y", 100))] = i
	}
	got = text(t, call(c, wire(t, many)))
	if n := strings.Count(got, "; $"); n != maxProblems-1 || len(got) > 2000 {
		t.Errorf("%d problems in %d bytes", n+1, len(got))
	}
}

func TestTyped_IntegersArriveExactly(t *testing.T) {
	type in struct {
		I int64  `json:"i"`
		U uint64 `json:"u"`
	}
	c, _ := compileTool(t, Typed(func(_ context.Context, in in) (in, error) { return in, nil }))
	for _, arguments := range []string{
		`{"i":9007199254740993,"u":9007199254740993}`,
		`{"i":9223372036854775807,"u":18446744073709551615}`,
		`{"i":-9223372036854775808,"u":0}`,
	} {
		if got := text(t, call(c, arguments)); got != arguments {
			t.Errorf("got %s, want %s", got, arguments)
		}
	}
}

// TestTyped_NullableAndAny covers values that a schema lets through.
func TestTyped_NullableAndAny(t *testing.T) {
	type in struct {
		P *string                    `json:"p"`
		A any                        `json:"a"`
		R json.RawMessage            `json:"r"`
		B []byte                     `json:"b"`
		T time.Time                  `json:"t"`
		M map[string]map[string]bool `json:"m"`
		F float64                    `json:"f"`
		Y [2]int                     `json:"y"`
	}
	c, _ := compileTool(t, Typed(func(_ context.Context, in in) (in, error) { return in, nil }))
	good := `{"p":null,"a":[1,"x",null,true],"r":{"z":1},"b":"AAE=","t":"2026-07-28T00:00:00Z","m":{"k":{"l":true}},"f":1.5,"y":[1,2]}`
	r := call(c, good)
	if got := text(t, r); r.IsError || got != good {
		t.Errorf("got %s", got)
	}
	for defect, repl := range map[string]string{
		`"t":"2026-07-28T00:00:00Z"`: `"t":"yesterday CANARY"`,
		`"b":"AAE="`:                 `"b":"??CANARY"`,
		`"m":{"k":{"l":true}}`:       `"m":{"k":{"l":"CANARY"}}`,
		`"y":[1,2]`:                  `"y":[1]`,
		`"f":1.5`:                    `"f":"1.5"`,
	} {
		r := call(c, strings.Replace(good, defect, repl, 1))
		if !r.IsError {
			t.Errorf("%s: accepted", repl)
		}
		mustContain(t, text(t, r), "invalid arguments: $."+repl[1:2])
		mustLack(t, text(t, r), "CANARY")
	}
}

// TestTyped_Output compares what is sent with what mcp-go's own constructors send.
func TestTyped_Output(t *testing.T) {
	type note struct {
		ID   string         `json:"id"`
		Tags []string       `json:"tags"`
		Meta map[string]int `json:"meta"`
		HTML string         `json:"html"`
	}
	type level string
	empty := note{ID: "1", HTML: "<b>&"}
	const emptyJSON = `{"id":"1","tags":[],"meta":{},"html":"<b>&"}`
	structured := mcp.NewToolResultStructured(json.RawMessage(emptyJSON), emptyJSON)
	for name, c := range map[string]struct {
		handler Handler
		want    *mcp.CallToolResult
		schema  bool
	}{
		"struct":          {result(empty), structured, true},
		"pointer":         {result(&empty), structured, true},
		"map":             {result(map[string]int{"b": 1, "a": 2}), mcp.NewToolResultStructured(json.RawMessage(`{"a":2,"b":1}`), `{"a":2,"b":1}`), true},
		"nil map":         {result(map[string]int(nil)), mcp.NewToolResultStructured(json.RawMessage(`{}`), `{}`), true},
		"empty struct":    {result(struct{}{}), mcp.NewToolResultStructured(json.RawMessage(`{}`), `{}`), true},
		"string":          {result("a \"b\""), mcp.NewToolResultText(`a "b"`), false},
		"kind of string":  {result(level("high")), mcp.NewToolResultText("high"), false},
		"slice":           {result([]int(nil)), mcp.NewToolResultText("[]"), false},
		"number":          {result(1.5), mcp.NewToolResultText("1.5"), false},
		"bool":            {result(true), mcp.NewToolResultText("true"), false},
		"any":             {result[any](map[string]int{"a": 1}), mcp.NewToolResultText(`{"a":1}`), false},
		"time":            {result(time.Unix(0, 0).UTC()), mcp.NewToolResultText(`"1970-01-01T00:00:00Z"`), false},
		"own JSON method": {result(shout("x")), mcp.NewToolResultText(`"X!"`), false},
	} {
		t.Run(name, func(t *testing.T) {
			compiled, log := compileTool(t, c.handler)
			got := call(compiled, "")
			if wire(t, got) != wire(t, c.want) {
				t.Errorf("got  %s\nwant %s\nlog %s", wire(t, got), wire(t, c.want), log)
			}
			if got := compiled.Definition().RawOutputSchema != nil; got != c.schema {
				t.Errorf("has an output schema: %v", got)
			}
			if c.schema {
				if err := compiled.handler.output.conforms(got.RawStructuredContent); err != nil {
					t.Errorf("result does not fit its own schema: %v", err)
				}
			}
		})
	}
}

type shout string

func (s shout) MarshalJSON() ([]byte, error) {
	return json.Marshal(strings.ToUpper(string(s)) + "!")
}

// result is a handler that returns v.
func result[Out any](v Out) Handler {
	return Typed(func(context.Context, struct{}) (Out, error) { return v, nil })
}

func TestTyped_OutputThatCannotBeSent(t *testing.T) {
	type number struct {
		F float64 `json:"f"`
	}
	for name, c := range map[string]struct{ bad, twin Handler }{
		"NaN":         {result(number{math.NaN()}), result(number{1})},
		"NaN in text": {result([]float64{math.Inf(1)}), result([]float64{1})},
		"nil pointer": {result((*number)(nil)), result(&number{1})},
	} {
		t.Run(name, func(t *testing.T) {
			compiled, log := compileTool(t, c.bad)
			r := call(compiled, "")
			if got := text(t, r); !r.IsError || got != "internal error (ref REF1)" {
				t.Errorf("got %q", got)
			}
			mustContain(t, log.String(), `"ref":"REF1"`, `"declared":"tool \"t\""`)
			twin, _ := compileTool(t, c.twin)
			if r := call(twin, ""); r.IsError {
				t.Errorf("twin: %s", text(t, r))
			}
		})
	}
}

func FuzzArguments(f *testing.F) {
	for _, seed := range []string{`{"path":"a"}`, `{"PATH":"a"}`, `{"path":"a","limit":9007199254740993}`, `null`, ``, `{"path":"a","sub":{"depth":1}}`} {
		f.Add([]byte(seed))
	}
	var got searchIn
	c, err := Compile(Options{}, []Tool{tool(Typed(func(_ context.Context, in searchIn) (struct{}, error) {
		got = in
		return struct{}{}, nil
	}))}, nil, nil)
	if err != nil {
		f.Fatal(err)
	}
	compiled, _ := c.Tool("t")
	f.Fuzz(func(t *testing.T, arguments []byte) {
		got = searchIn{}
		r := call(compiled, string(arguments))
		if r == nil {
			t.Fatal("no result")
		}
		if r.IsError {
			if !strings.HasPrefix(text(t, r), "invalid arguments: $") {
				t.Fatalf("%q: %s", arguments, text(t, r))
			}
			return
		}
		// What ran must be what an exact reader sees.
		var members map[string]json.RawMessage
		if err := json.Unmarshal(arguments, &members); err != nil {
			t.Fatalf("%q ran: %v", arguments, err)
		}
		var path string
		if err := json.Unmarshal(members["path"], &path); err != nil || path != got.Path {
			t.Fatalf("%q: path %q, ran with %q", arguments, path, got.Path)
		}
	})
}
