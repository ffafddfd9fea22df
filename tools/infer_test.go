package tools

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"math/big"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mark3labs/mcp-go/mcp"
)

// Embedded is promoted into other structs.
type Embedded struct {
	Inner string `json:"inner"`
}

// Word is a kind of string.
type Word string

func accept[In any]() Handler {
	return Typed(func(context.Context, In) (string, error) { return "", nil })
}

func TestInfer_SpecialTypes(t *testing.T) {
	type in struct {
		Embedded
		Time    *time.Time        `json:"time" jsonschema:"when"`
		Level   slog.Level        `json:"level"`
		Addr    netip.Addr        `json:"addr"`
		Big     *big.Int          `json:"big"`
		Raw     *json.RawMessage  `json:"raw"`
		Bytes   []byte            `json:"bytes"`
		Word    Word              `json:"word"`
		Array   [2]*bool          `json:"array"`
		Map     map[string][]Word `json:"map"`
		List    *[]int            `json:"list"`
		Skipped chan int          `json:"-"`
		private func()
		Plain   int
	}
	_ = in{private: nil}
	s, err := inferObject[in]()
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]json.RawMessage
	if err := json.Unmarshal([]byte(wire(t, s.Properties)), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"inner": `{"type":"string"}`,
		"time":  `{"type":["null","string"],"description":"when","format":"date-time"}`,
		"level": `{"type":"string"}`,
		"addr":  `{"type":"string"}`,
		"big":   `true`,
		"raw":   `true`,
		"bytes": `{"type":"string","contentEncoding":"base64"}`,
		"word":  `{"type":"string"}`,
		"array": `{"type":"array","items":{"type":["null","boolean"]},"minItems":2,"maxItems":2}`,
		"map":   `{"type":"object","additionalProperties":{"type":"array","items":{"type":"string"}}}`,
		"list":  `{"type":["null","array"],"items":{"type":"integer"}}`,
		"Plain": `{"type":"integer"}`,
	}
	for name, schema := range want {
		var a, b any
		if json.Unmarshal([]byte(schema), &a) != nil || json.Unmarshal(got[name], &b) != nil || !cmp.Equal(a, b) {
			t.Errorf("%s: got %s, want %s", name, got[name], schema)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d properties, want %d", len(got), len(want))
	}
	if got, want := len(s.Required), len(want); got != want {
		t.Errorf("%d required, want %d", got, want)
	}
}

// TestInfer_SpecialTypesDecode calls a tool with every special type, so that schema and
// decoder are known to agree.
func TestInfer_SpecialTypesDecode(t *testing.T) {
	type in struct {
		Embedded
		Time *time.Time       `json:"time"`
		Lvl  slog.Level       `json:"lvl"`
		Addr netip.Addr       `json:"addr"`
		Big  *big.Int         `json:"big"`
		Raw  *json.RawMessage `json:"raw"`
		Dur  time.Duration    `json:"dur"`
	}
	c, log := compileTool(t, Typed(func(_ context.Context, in in) (in, error) { return in, nil }))
	const arguments = `{"inner":"x","time":"2026-07-28T00:00:00Z","lvl":"INFO","addr":"127.0.0.1","big":123456789012345678901234567890,"raw":[1],"dur":5}`
	r := call(c, arguments)
	if got := text(t, r); got != arguments {
		t.Errorf("got %s, log %s", got, log)
	}
}

type recursive struct {
	Next []recursive `json:"next"`
}

type unreadable1 struct {
	A int `json:"a,string"`
}

func TestInfer_Mistakes(t *testing.T) {
	type twins struct {
		A int `json:"name"`
		B int `json:"Name"`
	}
	type tagged struct {
		Embedded `json:"e"`
	}
	type pointed struct {
		*Embedded
	}
	type notStruct struct {
		Word
		W int
	}
	type reader struct{ R io.Reader }
	type hidden struct {
		_    struct{}
		name string //nolint:unused // JSON passes over it, as this test wants
	}
	for name, c := range map[string]struct {
		handler Handler
		want    string
	}{
		"in is no struct":      {accept[string](), "string is no struct"},
		"in is a pointer":      {accept[*Embedded](), "Embedded is no struct"},
		"in has its own JSON":  {accept[time.Time](), "time.Time has JSON methods of its own"},
		"channel":              {accept[struct{ C chan int }](), "field C: JSON has nothing for the type chan int"},
		"hidden":               {accept[hidden](), "tools.hidden has no field that begins with a capital letter"},
		"map of ints":          {accept[struct{ M map[int]int }](), "unsupported map key"},
		"circle":               {accept[recursive](), "cycle detected"},
		"option string":        {accept[unreadable1](), `the option "string"`},
		"option, nested":       {accept[struct{ L []map[string]*unreadable1 }](), `the option "string"`},
		"names differ in case": {accept[twins](), `"name" and "Name", which differ at most in case`},
		"embedded with a tag":  {accept[tagged](), "Embedded is not a plain struct"},
		"embedded pointer":     {accept[pointed](), "Embedded is not a plain struct"},
		"embedded other":       {accept[notStruct](), "Word is not a plain struct"},
		"interface":            {accept[reader](), "the interface io.Reader"},
		"number":               {accept[struct{ N json.Number }](), "json.Number is not supported"},
		"tag": {accept[struct {
			A int `jsonschema:"enum=1"`
		}](), "WORD="},
		"out channel":  {result(make(chan int)), "the output schema cannot be made"},
		"out result":   {result(mcp.CallToolResult{}), "use tools.Raw"},
		"out result *": {result(&mcp.CallToolResult{}), "use tools.Raw"},
		"nil function": {Typed[struct{}, string](nil), "the function is nil"},
	} {
		t.Run(name, func(t *testing.T) {
			mustContain(t, refused(t, c.handler), `tool "t": Handler: `, c.want, "; ")
		})
	}
	compileTool(t, accept[struct {
		A int `json:"name" jsonschema:"one of 1"`
		B int `json:"nAmes,omitzero"`
		Embedded
		R any
		c int // is nobody's argument
	}]())
}
