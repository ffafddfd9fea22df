package tools

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
)

// rawEcho returns its raw arguments, after checking that both views agree.
func rawEcho() Handler {
	return Raw(SchemaFor[searchIn](), func(_ context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		in, err := Arguments[searchIn](r)
		if err != nil {
			return nil, err
		}
		if r.GetString("path", "") != in.Path {
			return nil, errors.New("two readings")
		}
		return mcp.NewToolResultText(string(r.Params.RawArguments)), nil
	})
}

const openSchema = `{"type":"object","properties":{"path":{"type":"string"},"in":{"type":"array","items":{"type":"object","properties":{"deep":{"type":"integer"}}}}}}`

func TestRaw_ValidatesFirst(t *testing.T) {
	calls := 0
	h := Raw(SchemaJSON(openSchema), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		calls++
		return mcp.NewToolResultText("ran"), nil
	})
	c, _ := compileTool(t, h)
	for _, x := range []struct{ name, bad, want string }{
		{"type", `{"path":1}`, "$.path: expected string"},
		{"R-05 PATH for path where any name is allowed", `{"PATH":"x"}`, `$.PATH: unknown; expected exactly "path"`},
		{"R-07 U+017F", `{"ſn":[]}`, ""},
		{"R-05 deep", `{"in":[{"deep":1},{"Deep":2}]}`, `$.in[1].Deep: unknown; expected exactly "deep"`},
	} {
		t.Run(x.name, func(t *testing.T) {
			if x.want == "" {
				return // ſn is no twin of in; it is the accepted case below
			}
			calls = 0
			r := call(c, x.bad)
			if !r.IsError || calls != 0 {
				t.Errorf("isError %v, calls %d", r.IsError, calls)
			}
			mustContain(t, text(t, r), x.want)
		})
	}
	for _, good := range []string{`{"path":"x"}`, `{"other":1}`, `{"in":[{"deep":2,"else":[{}]},{}]}`, ``, `{"ſn":[]}`} {
		if r := call(c, good); r.IsError {
			t.Errorf("%s: %s", good, text(t, r))
		}
	}
}

func TestRaw_Results(t *testing.T) {
	type out struct {
		N int `json:"n"`
	}
	wrong := mcp.NewToolResultStructured(map[string]any{"n": "one"}, "x")
	right := mcp.NewToolResultStructured(out{1}, `{"n":1}`)
	ask := &mcp.CallToolResult{Content: []mcp.Content{}}
	ask.ResultType = mcp.ResultTypeInputRequired
	ask.InputRequests = mcp.InputRequests{"roots": mcp.NewRootsInputRequest()}
	later := &mcp.CallToolResult{Content: []mcp.Content{}}
	later.ResultType, later.RequestState = mcp.ResultTypeInputRequired, "later"
	failed, nothing, both := *ask, *later, *ask
	failed.IsError, nothing.RequestState, both.ResultType = true, "", mcp.ResultTypeComplete
	unsaid := *ask
	unsaid.ResultType = ""
	broken := *ask
	broken.InputRequests = mcp.InputRequests{"x": {Method: mcp.MethodElicitationCreate}}
	for name, c := range map[string]struct {
		give     *mcp.CallToolResult
		err      error
		internal bool
		want     *mcp.CallToolResult // give, if nil
	}{
		"fits":               {give: right},
		"error result":       {give: mcp.NewToolResultError("no")},
		"input required":     {give: ask},
		"only a state":       {give: later},
		"asks, unsaid":       {give: &unsaid, want: ask},
		"asks and is final":  {give: &both, internal: true},
		"asks and failed":    {give: &failed, internal: true},
		"asks for nothing":   {give: &nothing, internal: true},
		"asks without form":  {give: &broken, internal: true},
		"does not fit":       {give: wrong, internal: true},
		"no structured":      {give: mcp.NewToolResultText("x"), internal: true},
		"nil":                {internal: true},
		"nil content":        {give: &mcp.CallToolResult{Content: []mcp.Content{nil}, RawStructuredContent: json.RawMessage(`{"n":1}`)}, internal: true},
		"structured NaN":     {give: mcp.NewToolResultStructured(math.NaN(), "x"), internal: true},
		"meta NaN":           {give: meta(math.NaN()), internal: true},
		"error":              {err: errors.New(secret), internal: true},
		"raw is not JSON":    {give: &mcp.CallToolResult{RawStructuredContent: json.RawMessage("{")}, internal: true},
		"both kept, raw won": {give: &mcp.CallToolResult{StructuredContent: 1, RawStructuredContent: json.RawMessage(`{"n":1}`)}},
	} {
		t.Run(name, func(t *testing.T) {
			compiled, log := compileTool(t, RawWithOutput(SchemaFor[struct{}](), SchemaFor[out](),
				func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) { return c.give, c.err }))
			got := call(compiled, "")
			if c.internal {
				if text(t, got) != "internal error (ref REF1)" || log.Len() == 0 {
					t.Errorf("got %s, log %s", wire(t, got), log)
				}
				return
			}
			want := c.give
			if c.want != nil {
				want = c.want
			}
			if wire(t, got) != wire(t, want) {
				t.Errorf("got  %s\nwant %s\nlog %s", wire(t, got), wire(t, want), log)
			}
		})
	}
}

// meta is a result that fits and carries _meta.
func meta(v any) *mcp.CallToolResult {
	r := mcp.NewToolResultStructured(map[string]any{"n": 1}, "x")
	r.Meta = &mcp.Meta{AdditionalFields: map[string]any{"v": v}}
	return r
}

func TestRaw_ArgumentsOutlivesTheBuffer(t *testing.T) {
	var kept mcp.CallToolRequest
	c, _ := compileTool(t, Raw(SchemaJSON(openSchema), func(_ context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		kept = r
		return mcp.NewToolResultText(""), nil
	}))
	buffer := []byte(`{"path":"one"}`)
	c.Call(context.Background(), mcp.CallToolRequest{}, buffer)
	copy(buffer, `{"path":"two"}`)
	if got := string(kept.Params.RawArguments); got != `{"path":"one"}` {
		t.Errorf("kept %s", got)
	}
}

func TestArguments_Errors(t *testing.T) {
	type in struct {
		N map[string][]int8 `json:"a/b~c"`
	}
	c, log := compileTool(t, Raw(SchemaJSON(`{"type":"object"}`), func(_ context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		if _, err := Arguments[in](r); err != nil {
			return nil, err
		}
		return mcp.NewToolResultText("ran"), nil
	}))
	r := call(c, `{"a/b~c":{"x":[1,300]}}`)
	mustContain(t, text(t, r), `$["a/b~c"].x[1]: expected a value that fits; this is a number`)
	mustLack(t, text(t, r), "int8")
	if !r.IsError || log.Len() > 0 {
		t.Errorf("isError %v, log %s", r.IsError, log)
	}
	if r := call(c, `{"a/b~c":{"x":[1,30]}}`); r.IsError {
		t.Errorf("twin: %s", text(t, r))
	}
	var request mcp.CallToolRequest
	for arguments, want := range map[string]string{`{"PATH":"x"}`: "", `{"path":"x"}`: "x", `{"path":"x","pAth":"y"}`: "error"} {
		request.Params.RawArguments = json.RawMessage(arguments)
		got, err := Arguments[searchIn](request)
		if err != nil {
			got.Path = "error"
		}
		if got.Path != want {
			t.Errorf("R-05 %s: path %q, want %q", arguments, got.Path, want)
		}
	}
	if _, err := Arguments[in](mcp.CallToolRequest{}); err != nil {
		t.Errorf("no arguments: %v", err)
	}
	if err := undecodable(context.Canceled); !errors.Is(err, context.Canceled) {
		t.Errorf("a foreign error became %v", err)
	}
}

func TestSchemaJSON_Mistakes(t *testing.T) {
	run := func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) { return nil, nil }
	for _, c := range []struct{ name, schema, want string }{
		{"not JSON", `{`, "input schema cannot be made"},
		{"duplicate", `{"type":"object","type":"object"}`, "occurs twice"},
		{"not an object", `{"type":"string"}`, `the type of the schema is not "object"`},
		{"wrong keyword", `{"type":"object","required":1}`, "input schema cannot be made"},
		{"pattern", `{"type":"object","properties":{"a":{"pattern":"("}}}`, "input schema cannot be made"},
		{"default", `{"type":"object","properties":{"a":{"type":"string","default":1}}}`, "input schema cannot be made"},
		{"dialect", `{"$schema":"http://json-schema.org/draft-04/schema#","type":"object"}`, "dialect"},
		{"remote", `{"type":"object","properties":{"a":{"$ref":"https://example.com/x"}}}`, "is not #, #/$defs/NAME"},
		{"unknown definition", `{"type":"object","properties":{"a":{"$ref":"#/$defs/x"}}}`, "is not #, #/$defs/NAME"},
		{"reference to an anchor", `{"type":"object","$defs":{"d":{"$anchor":"x"}},"properties":{"a":{"$ref":"#x"}}}`, "is not #, #/$defs/NAME"},
		{"dynamic anchor", `{"type":"object","properties":{"a":{"$dynamicAnchor":"x"}}}`, "dynamic"},
		{"dynamic reference", `{"type":"object","properties":{"a":{"$dynamicRef":"#x"}}}`, "dynamic"},
		{"$id below", `{"type":"object","properties":{"a":{"$id":"x"}}}`, "below the root"},
		{"circle", `{"type":"object","$ref":"#"}`, "circle"},
		{"circle of two", `{"type":"object","$defs":{"a":{"allOf":[{"$ref":"#/$defs/b"}]},"b":{"$ref":"#/$defs/a"}}}`, "circle"},
		{"circle by dependency", `{"type":"object","dependentSchemas":{"a":{"$ref":"#"}}}`, "circle"},
	} {
		t.Run(c.name, func(t *testing.T) { mustContain(t, refused(t, Raw(SchemaJSON(c.schema), run)), c.want) })
	}
	mustContain(t, refused(t, Raw(Schema{}, run)), "there is no schema")
	mustContain(t, refused(t, RawWithOutput(SchemaFor[struct{}](), SchemaJSON(`{}`), run)), "the output schema cannot be made")
	mustContain(t, refused(t, Raw(SchemaFor[struct{}](), nil)), "the function is nil")
	mustContain(t, refused(t, Raw(SchemaFor[int](), run)), "int is no struct")
}

// TestSchemaJSON_Explained walks through the keywords a declared schema may have.
func TestSchemaJSON_AnchorIsKept(t *testing.T) {
	c, _ := compileTool(t, rawOf(`{"type":"object","$defs":{"d":{"$anchor":"x","type":"integer"}},"properties":{"a":{"$ref":"#/$defs/d"}}}`))
	listed, err := json.Marshal(c.Definition())
	if err != nil {
		t.Fatal(err)
	}
	mustContain(t, string(listed), `"$anchor":"x"`)
	mustContain(t, text(t, call(c, `{"a":"CANARY"}`)), "$.a: expected integer")
	if r := call(c, `{"a":1}`); r.IsError {
		t.Errorf("twin: %s", text(t, r))
	}
}

func TestSchemaJSON_Explained(t *testing.T) {
	const schemaText = `{"type":"object","$defs":{"id":{"type":"string","minLength":2}},"maxProperties":3,
	"properties":{
		"ref":{"$ref":"#/$defs/id"}, "self":{"$ref":"#"}, "all":{"allOf":[{"type":"integer"},{"maximum":5}]},
		"any":{"anyOf":[{"type":"string"},{"type":"integer"}]}, "one":{"oneOf":[{"minimum":1},{"minimum":2}]},
		"not":{"not":{"type":"string"}}, "enum":{"enum":["a",1,null]}, "const":{"const":"k"},
		"len":{"type":"string","minLength":2,"maxLength":3,"pattern":"^a"},
		"num":{"type":"number","exclusiveMinimum":1,"exclusiveMaximum":5,"multipleOf":2},
		"big":{"type":"integer","maximum":9007199254740992},
		"list":{"type":"array","minItems":1,"maxItems":3,"uniqueItems":true,"prefixItems":[{"type":"string"}],"items":{"type":"integer"}},
		"no":false, "if":{"if":{"type":"string"},"then":{"minLength":9}},
		"pat":{"type":"object","patternProperties":{"^x":{"type":"integer"}},"minProperties":1}
	}}`
	c, log := compileTool(t, Raw(SchemaJSON(schemaText), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultText("ran"), nil
	}))
	for _, x := range []struct{ bad, want, twin string }{
		{`{"ref":"C"}`, "$.ref: expected at least 2 characters", `{"ref":"CC"}`},
		{`{"self":{"self":{"ref":1}}}`, "$.self.self.ref: expected string", `{"self":{"self":{"ref":"ab"}}}`},
		{`{"all":9}`, "$.all: expected at most 5", `{"all":5}`},
		{`{"any":true}`, "$.any: does not fit anyOf of the input schema", `{"any":"s"}`},
		{`{"one":7}`, "$.one: does not fit oneOf of the input schema", `{"one":1}`},
		{`{"not":"CANARY"}`, "$.not: does not fit not of the input schema", `{"not":1}`},
		{`{"enum":"CANARY"}`, `$.enum: expected one of ["a",1,null]`, `{"enum":1}`},
		{`{"const":"CANARY"}`, `$.const: expected "k"`, `{"const":"k"}`},
		{`{"len":"abcd"}`, "$.len: expected at most 3 characters", `{"len":"abc"}`},
		{`{"len":"bcd"}`, "$.len: expected a string that matches ^a", `{"len":"acd"}`},
		{`{"num":1}`, "$.num: expected more than 1", `{"num":2}`},
		{`{"num":5}`, "$.num: expected less than 5", `{"num":4.0}`},
		{`{"num":3}`, "$.num: expected a multiple of 2", `{"num":2}`},
		{`{"big":9007199254740993}`, "$.big: expected integer within its bounds", `{"big":9007199254740992}`},
		{`{"big":18446744073709551615}`, "$.big: expected at most 9007199254740992", `{"big":-1}`},
		{`{"list":[]}`, "$.list: expected at least 1 items", `{"list":["a"]}`},
		{`{"list":["a",1,2,3]}`, "$.list: expected at most 3 items", `{"list":["a",1,2]}`},
		{`{"list":["a",1,1]}`, "$.list: expected items that all differ", `{"list":["a",1,2]}`},
		{`{"list":[1]}`, "$.list[0]: expected string", `{"list":["1"]}`},
		{`{"list":["a",true]}`, "$.list[1]: expected integer", `{"list":["a",1]}`},
		{`{"no":1}`, "$.no: is not allowed", `{}`},
		{`{"if":"short"}`, "$.if: does not fit if of the input schema", `{"if":"long enough"}`},
		{`{"pat":{}}`, "$.pat: expected at least 1 members", `{"pat":{"x":1}}`},
		{`{"pat":{"x":"CANARY"}}`, "$.pat.x: does not fit patternProperties", `{"pat":{"x":1}}`},
		{`{"list":["a"],"self":{"num":1e400}}`, "$: expected numbers within the range", `{"list":["a"],"self":{"num":4}}`},
		{`{"list":["a",1e400]}`, "$: expected numbers within the range", `{"list":["a",1]}`},
		{`{"a":1,"b":2,"c":3,"d":4}`, "$: expected at most 3 members", `{"a":1,"b":2,"c":3}`},
	} {
		r := call(c, x.bad)
		if !r.IsError {
			t.Errorf("%s: accepted", x.bad)
			continue
		}
		mustContain(t, text(t, r), x.want)
		mustLack(t, text(t, r), "CANARY")
		if r := call(c, x.twin); r.IsError {
			t.Errorf("twin %s: %s", x.twin, text(t, r))
		}
	}
	if log.Len() > 0 {
		t.Errorf("logged %s", log)
	}
}

func TestSchemaJSON_RequiredWithoutProperties(t *testing.T) {
	c, _ := compileTool(t, rawOf(`{"type":"object","required":["x"],"properties":{"never":{"type":"integer","const":1}}}`))
	mustContain(t, text(t, call(c, `{}`)), "$.x: is required: expected a value")
	if r := call(c, `{"x":[]}`); r.IsError {
		t.Errorf("twin: %s", text(t, r))
	}
}

func TestSchemaJSON_Draft7(t *testing.T) {
	c, _ := compileTool(t, Raw(SchemaJSON(`{"$schema":"http://json-schema.org/draft-07/schema#","type":"object",
		"definitions":{"n":{"type":"integer"}},
		"properties":{"pair":{"type":"array","items":[{"type":"string"},{"$ref":"#/definitions/n"}],"additionalItems":false}}}`),
		func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return mcp.NewToolResultText("ran"), nil
		}))
	mustContain(t, text(t, call(c, `{"pair":["a","b"]}`)), "$.pair[1]: expected integer")
	mustContain(t, text(t, call(c, `{"pair":["a",1,2]}`)), "$.pair[2]: is not allowed")
	if r := call(c, `{"pair":["a",1]}`); r.IsError {
		t.Errorf("twin: %s", text(t, r))
	}
}

func TestExplain_NeverEmpty(t *testing.T) {
	s, err := parseSchema(`{"type":"object"}`)
	if err != nil {
		t.Fatal(err)
	}
	if got := explain(s, map[string]any{}); len(got) != 1 || !strings.Contains(got[0].expected, "does not fit") {
		t.Errorf("explanation %v", got)
	}
}

// TestR15_RawIntegersAreNotRounded reads integers by mcp-go's own accessors.
func TestR15_RawIntegersAreNotRounded(t *testing.T) {
	var got map[string]any
	h := Raw(SchemaJSON(`{"type":"object"}`), func(_ context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		got = r.GetArguments()
		if n, err := r.RequireInt("big"); err != nil || n != 1<<53+1 {
			t.Errorf("%d, %v", n, err)
		}
		return mcp.NewToolResultText(""), nil
	})
	c, _ := compileTool(t, h)
	call(c, `{"big":9007199254740993,"least":-9007199254740993,"safe":-9007199254740991,"small":7,"part":0.5,"e":1e20,
		"huge":123456789012345678901234567890,"in":{"list":[9007199254740993,"9007199254740993",null,true]}}`)
	want := map[string]any{
		"big": 1<<53 + 1, "least": -(1<<53 + 1), "safe": float64(-(1<<53 - 1)), "small": 7.0, "part": 0.5, "e": 1e20,
		"huge": json.Number("123456789012345678901234567890"), "in": map[string]any{"list": []any{1<<53 + 1, "9007199254740993", nil, true}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %#v\nwant %#v", got, want)
	}
}
