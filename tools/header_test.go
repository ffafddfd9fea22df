package tools

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/sallyport-mcp/sallyport/internal/paramheader"
)

func TestHeaders(t *testing.T) {
	type in struct {
		Region string `json:"region" header:"Region"`
		Dry    bool   `json:"dry,omitempty" header:"dry-run"`
		Where  struct {
			Shard int64 `json:"shard" header:"Shard"`
		} `json:"where"`
		Query string `json:"query"`
	}
	c, _ := compileTool(t, accept[in]())
	want := map[string][]string{"Mcp-Param-Region": {"region"}, "Mcp-Param-Dry-Run": {"dry"}, "Mcp-Param-Shard": {"where", "shard"}}
	if diff := cmp.Diff(want, c.Headers()); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
	definition := c.Definition()
	if err := mcp.ValidateParamHeaderAnnotations(&definition); err != nil {
		t.Errorf("mcp-go refuses the annotations: %v", err)
	}
	if n := len(mcp.ExtractParamHeaderBindings(&definition)); n != len(want) {
		t.Errorf("mcp-go sees %d bindings", n)
	}
	if r := call(c, `{"region":"eu","where":{"shard":9007199254740991},"query":"q"}`); r.IsError {
		t.Error(text(t, r))
	}
	mustContain(t, text(t, call(c, `{"region":"eu","where":{"shard":9007199254740992},"query":"q"}`)), "$.where.shard: expected at most 9007199254740991")
	mustContain(t, text(t, call(c, `{"region":"eu","where":{"shard":-9007199254740992},"query":"q"}`)), "$.where.shard: expected at least -9007199254740991")

	plain, _ := compileTool(t, accept[struct{}]())
	if h := plain.Headers(); h == nil || len(h) != 0 {
		t.Errorf("headers of a plain tool: %v", h)
	}
}

func TestHeaders_NotInOutputs(t *testing.T) {
	type out struct {
		N int64 `json:"n" header:"N"`
	}
	c, _ := compileTool(t, result(out{1 << 60}))
	mustLack(t, string(c.Definition().RawOutputSchema), paramheader.Keyword, "maximum")
	if r := call(c, ""); r.IsError {
		t.Error(text(t, r))
	}
}

// TestHeaders_Mistakes has the constraints of "Schema Extension", one each.
func TestHeaders_Mistakes(t *testing.T) {
	type leaf struct {
		A string `json:"a" header:"A"`
	}
	for name, c := range map[string]struct {
		handler Handler
		want    string
	}{
		"empty": {accept[struct {
			A string `json:"a" header:""`
		}](), "header of a: \"\" is not an HTTP field name"},
		"space": {accept[struct {
			A string `json:"a" header:"A B"`
		}](), "\"A B\" is not an HTTP field name"},
		"CR LF": {accept[struct {
			A string `json:"a" header:"A\r\nB"`
		}](), "is not an HTTP field name"},
		"colon": {accept[struct {
			A string `json:"a" header:"A:"`
		}](), "is not an HTTP field name"},
		"number": {accept[struct {
			A float64 `json:"a" header:"A"`
		}](), "only string, integer and boolean"},
		"pointer": {accept[struct {
			A *string `json:"a" header:"A"`
		}](), "only string, integer and boolean"},
		"list": {accept[struct {
			A []string `json:"a" header:"A"`
		}](), "only string, integer and boolean"},
		"twice": {accept[struct {
			A string `json:"a" header:"Same"`
			B string `json:"b" header:"same"`
		}](), `the header "same" is used twice`},
		"in items": {accept[struct {
			L []leaf `json:"l"`
		}](), "is inside an array"},
		"in array": {accept[struct {
			L [1]leaf `json:"l"`
		}](), "is inside an array"},
		"in map": {accept[struct {
			L map[string]leaf `json:"l"`
		}](), "is inside an array"},
		"JSON: not a string":  {rawOf(`{"type":"object","properties":{"a":{"type":"string","x-mcp-header":1}}}`), "1 is not an HTTP field name"},
		"JSON: at the root":   {rawOf(`{"type":"object","x-mcp-header":"A"}`), "is inside an array"},
		"JSON: in anyOf":      {rawOf(`{"type":"object","anyOf":[{"properties":{"a":{"type":"string","x-mcp-header":"A"}}}]}`), "is inside"},
		"JSON: in $defs":      {rawOf(`{"type":"object","$defs":{"a":{"type":"string","x-mcp-header":"A"}}}`), "is inside"},
		"JSON: in then":       {rawOf(`{"type":"object","if":true,"then":{"properties":{"a":{"type":"string","x-mcp-header":"A"}}}}`), "is inside"},
		"JSON: in a not":      {rawOf(`{"type":"object","properties":{"a":{"not":{"type":"string","x-mcp-header":"A"}}}}`), "is inside"},
		"JSON: no type":       {rawOf(`{"type":"object","properties":{"a":{"x-mcp-header":"A"}}}`), "only string"},
		"JSON: several types": {rawOf(`{"type":"object","properties":{"a":{"type":["string","null"],"x-mcp-header":"A"}}}`), "only string"},
	} {
		t.Run(name, func(t *testing.T) {
			mustContain(t, refused(t, c.handler), `tool "t": Handler: header of `, c.want, "; ")
		})
	}
	c, _ := compileTool(t, rawOf(`{"type":"object","default":{"x-mcp-header":"no name"},"properties":{"x-mcp-header":{"type":"string","x-mcp-header":"A"},"b":true}}`))
	if diff := cmp.Diff(map[string][]string{"Mcp-Param-A": {"x-mcp-header"}}, c.Headers()); diff != "" {
		t.Errorf("a property of that name (-want +got):\n%s", diff)
	}
	compileTool(t, accept[struct {
		L    []Embedded `json:"l"`
		leaf            // promoted: still a property of the arguments
	}]())
}

func rawOf(schema string) Handler {
	return Raw(SchemaJSON(schema), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultText("ran"), nil
	})
}
