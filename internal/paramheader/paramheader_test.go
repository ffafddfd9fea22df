package paramheader

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestScan(t *testing.T) {
	headers, mistakes, err := Scan(json.RawMessage(`{"type": "object", "default": {"x-mcp-header": "no keyword"}, "properties": {
		"x-mcp-header": {"type": "boolean", "x-mcp-header": "named-so"},
		"where": {"type": "object", "properties": {"region": {"type": "string", "x-mcp-header": "Region"}}}}}`))
	want := map[string][]string{"Mcp-Param-Named-So": {"x-mcp-header"}, "Mcp-Param-Region": {"where", "region"}}
	if diff := cmp.Diff(want, headers); diff != "" || mistakes != nil || err != nil {
		t.Errorf("%v, %v (-want +got):\n%s", mistakes, err, diff)
	}
	if _, _, err := Scan(json.RawMessage(`{`)); err == nil {
		t.Error("half a schema is read")
	}
}

func TestScan_Mistakes(t *testing.T) {
	for schema, want := range map[string]string{
		`{"properties": {"a": {"type": "string", "x-mcp-header": ""}}}`:                                                                       `a "" is not an HTTP field name`,
		`{"properties": {"a": {"type": "string", "x-mcp-header": "A\r\nB"}}}`:                                                                 "is not an HTTP field name",
		`{"properties": {"a": {"type": "string", "x-mcp-header": 1}}}`:                                                                        "a 1 is not an HTTP field name",
		`{"properties": {"a": {"type": "number", "x-mcp-header": "A"}}}`:                                                                      "a only string",
		`{"properties": {"a": {"type": "string", "x-mcp-header": "A"}, "b": {"type": "string", "x-mcp-header": "a"}}}`:                        `b the header "a" is used twice`,
		`{"x-mcp-header": "A", "type": "string"}`:                                                                                             "is inside",
		`{"properties": {"a": {"items": {"type": "string", "x-mcp-header": "A"}}}}`:                                                           "a is inside",
		`{"properties": {"a": {"items": [{"type": "string", "x-mcp-header": "A"}]}}}`:                                                         "a is inside",
		`{"oneOf": [{"properties": {"a": {"type": "string", "x-mcp-header": "A"}}}]}`:                                                         "a is inside",
		`{"$defs": {"a": {"type": "string", "x-mcp-header": "A"}}}`:                                                                           "a is inside",
		`{"then": {"properties": {"a": {"type": "string", "x-mcp-header": "A"}}}}`:                                                            "a is inside",
		`{"properties": {"a": {"type": "string", "x-mcp-header": "A"}}, "patternProperties": {"b": {"type": "string", "x-mcp-header": "B"}}}`: "b is inside",
	} {
		_, mistakes, err := Scan(json.RawMessage(schema))
		if err != nil || len(mistakes) != 1 || !strings.Contains(mistakes[0].String(), want) {
			t.Errorf("%s: %v, %v; want %q", schema, mistakes, err, want)
		}
	}
	// Not followed: what is no schema where one belongs.
	if _, mistakes, err := Scan(json.RawMessage(`{"properties": 1, "anyOf": 2, "items": 3}`)); err != nil || mistakes != nil {
		t.Errorf("%v, %v", mistakes, err)
	}
}

// TestEncode has the examples of "Value Encoding".
func TestEncode(t *testing.T) {
	for text, want := range map[string]string{
		"us-west1":            "us-west1",
		"":                    "",
		"Hello, \u4e16\u754c": "=?base64?SGVsbG8sIOS4lueVjA==?=",
		" padded ":            "=?base64?IHBhZGRlZCA=?=",
		"line1\nline2":        "=?base64?bGluZTEKbGluZTI=?=",
		"=?base64?literal?=":  "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?=",
	} {
		if got := Encode(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestValues(t *testing.T) {
	headers := map[string][]string{"T": {"text"}, "B": {"in", "yes"}, "N": {"n"}, "Null": {"null"}, "No": {"in", "no", "no"}}
	got, err := Values(headers, json.RawMessage(`{"text": "\u00e9", "in": {"yes": true, "no": 1}, "n": -9007199254740991, "null": null}`))
	want := map[string]string{"T": "=?base64?w6k=?=", "B": "true", "N": "-9007199254740991"}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for _, n := range []string{"9007199254740992", "-9007199254740992", "1.5", "[1]"} {
		if _, err := Values(headers, json.RawMessage(`{"n": `+n+`}`)); err == nil || !strings.HasPrefix(err.Error(), "n: ") {
			t.Errorf("%s: %v", n, err)
		}
	}
}
