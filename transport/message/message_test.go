package message_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/sallyport-mcp/sallyport/transport/message"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// good is the request that every refused case differs from in one place.
const good = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"allowed","arguments":{"a":1},"_meta":{"progressToken":"p"}}}`

func mustRead(t *testing.T, body string) *message.Message {
	t.Helper()
	m, err := message.Read([]byte(body))
	if err != nil {
		t.Fatalf("Read(%.200q): %v", body, err)
	}
	return m
}

func readError(t *testing.T, body string) *message.Error {
	t.Helper()
	m, err := message.Read([]byte(body))
	var bad *message.Error
	if !errors.As(err, &bad) || m != nil {
		t.Fatalf("Read(%.200q) = %v, %v; want an *Error", body, m, err)
	}
	return bad
}

func TestRead(t *testing.T) {
	body := `{"params":{"arguments": { "a" : "x" },"name":"t","_meta":{` +
		`"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"c"},` +
		`"io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/logLevel":"info",` +
		`"progressToken":7,"traceparent":"tp","tracestate":"ts","other":1}},"method":"tools/call","extra":true,"id":"A","jsonrpc":"2.0"}`
	got := mustRead(t, body)
	params := body[len(`{"params":`):strings.Index(body, `,"method"`)]
	want := &message.Message{
		ID: json.RawMessage(`"A"`), Method: "tools/call", Name: "t",
		Params: json.RawMessage(params), Arguments: json.RawMessage(`{ "a" : "x" }`),
		Meta: message.Meta{
			ProtocolVersion: "2026-07-28", ClientInfo: json.RawMessage(`{"name":"c"}`),
			ClientCapabilities: json.RawMessage(`{}`), LogLevel: "info",
			ProgressToken: json.RawMessage(`7`), Traceparent: "tp", Tracestate: "ts",
		},
		Raw: []byte(`{"jsonrpc":"2.0","id":"A","method":"tools/call","params":` + params + `}`),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestReadNames(t *testing.T) {
	for _, c := range []struct{ method, params, want string }{
		{"tools/call", `{"name":"a","uri":"b"}`, "a"},
		{"prompts/get", `{"name":"a","arguments":{"x":"y"}}`, "a"},
		{"resources/read", `{"name":"a","uri":"b"}`, "b"},
		{"completion/complete", `{"ref":{"type":"ref/prompt","name":"p","uri":"u"},"argument":{"name":"n","value":""}}`, "p"},
		{"completion/complete", `{"ref":{"type":"ref/resource","name":"p","uri":"u"},"argument":{"name":"n","value":""}}`, "u"},
		{"tools/list", `{"name":"a","uri":"b"}`, ""},
	} {
		m := mustRead(t, fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":%q,"params":%s}`, c.method, c.params))
		if m.Name != c.want {
			t.Errorf("%s %s: name %q, want %q", c.method, c.params, m.Name, c.want)
		}
	}
}

func TestReadCompletion(t *testing.T) {
	m := mustRead(t, `{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{"ref":{"type":"ref/prompt","name":"p"},`+
		`"argument":{"name":"n","value":"v"},"context":{"arguments":{"x":"y"}}}}`)
	want := &message.Completion{RefType: "ref/prompt", Argument: "n", Value: "v", Context: map[string]string{"x": "y"}}
	if diff := cmp.Diff(want, m.Completion); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// The hostile bodies of the catalogue that are refused because they are
// ambiguous or no request. Each differs from good in what its name says.
func TestRefused(t *testing.T) {
	mustRead(t, good)
	swap := func(old, changed string) string {
		s := strings.Replace(good, old, changed, 1)
		if s == good {
			t.Fatalf("%q is not in the good request", old)
		}
		return s
	}
	for _, c := range []struct {
		name, body string
		code       int
	}{
		{"R-01 batch of one", "[" + good + "]", -32600},
		{"R-01 batch of two", "[" + good + "," + good + "]", -32600},
		{"R-01 empty batch", "[]", -32600},
		{"R-01 batch of a number", "[1]", -32600},
		{"R-01 nested batch", "[[" + good + "]]", -32600},
		{"R-01 scalar", "1", -32600},
		{"R-01 null", "null", -32600},
		{"R-02 duplicate name", swap(`"name":"allowed"`, `"name":"allowed","name":"forbidden"`), -32600},
		{"R-02 duplicate name, reversed", swap(`"name":"allowed"`, `"name":"forbidden","name":"allowed"`), -32600},
		{"R-02 duplicate name, escaped", swap(`"name":"allowed"`, `"name":"allowed","n\u0061me":"forbidden"`), -32600},
		{"R-03 duplicate method", swap(`"method":"tools/call"`, `"method":"tools/list","method":"tools/call"`), -32600},
		{"R-04 duplicate params", swap(`"params":`, `"params":{},"params":`), -32600},
		{"R-04 duplicate id", swap(`"id":1`, `"id":1,"id":2`), -32600},
		{"R-04 duplicate jsonrpc", swap(`"jsonrpc":"2.0"`, `"jsonrpc":"2.0","jsonrpc":"2.0"`), -32600},
		{"R-04 duplicate arguments", swap(`"arguments":`, `"arguments":{},"arguments":`), -32600},
		{"R-04 duplicate _meta", swap(`"_meta":`, `"_meta":{},"_meta":`), -32600},
		{"R-04 duplicate in arguments", swap(`"a":1`, `"a":1,"a":2`), -32600},
		{"R-05 Name alone", swap(`"name"`, `"Name"`), -32600},
		{"R-05 NAME alone", swap(`"name"`, `"NAME"`), -32600},
		{"R-05 Method alone", swap(`"method"`, `"Method"`), -32600},
		{"R-05 Params alone", swap(`"params"`, `"Params"`), -32600},
		{"R-05 Id alone", swap(`"id"`, `"Id"`), -32600},
		{"R-05 JsonRpc alone", swap(`"jsonrpc"`, `"JsonRpc"`), -32600},
		{"R-05 Arguments alone", swap(`"arguments"`, `"Arguments"`), -32600},
		{"R-05 Result alone", swap(`"id":1`, `"id":1,"Result":{}`), -32600},
		{"R-05 Task alone", swap(`"name"`, `"Task":{},"name"`), -32600},
		{"R-05 ProgressToken alone", swap(`"progressToken"`, `"ProgressToken"`), -32600},
		{"R-06 name and Name", swap(`"name":"allowed"`, `"name":"allowed","Name":"forbidden"`), -32600},
		{"R-06 Name and name", swap(`"name":"allowed"`, `"Name":"forbidden","name":"allowed"`), -32600},
		{"R-06 case twins in arguments", swap(`"a":1`, `"a":1,"A":2`), -32600},
		{"R-07 params with U+017F", swap(`"params"`, `"paramſ"`), -32600},
		{"R-07 params with escaped U+017F", swap(`"params"`, `"param\u017f"`), -32600},
		{"R-07 arguments with U+017F", swap(`"arguments"`, `"argumentſ"`), -32600},
		{"R-07 progressToken with U+212A", swap(`"progressToken"`, `"progressTo\u212aen"`), -32600},
		{"R-09 lone surrogate in a value", swap(`"allowed"`, `"\ud800"`), -32600},
		{"R-09 lone surrogate in a name", swap(`"a":1`, `"\udfff":1`), -32600},
		{"R-09 invalid UTF-8 in a value", swap(`allowed`, "\xff"), -32700},
		{"R-09 invalid UTF-8 in a name", swap(`"a":1`, "\"\xc0\xaf\":1"), -32700},
		{"R-11 second object", good + "{}", -32700},
		{"R-11 garbage", good + " x", -32700},
		{"R-11 NUL", good + "\x00", -32700},
		{"R-12 BOM", "\ufeff" + good, -32700},
		{"R-12 UTF-16", "\xfe\xff\x00{\x00}", -32700},
		{"R-12 UTF-16 without BOM", "{\x00}\x00", -32700},
		{"R-12 empty body", "", -32700},
		{"R-13 65 deep", swap(`"a":1`, `"a":`+strings.Repeat("[", 62)+strings.Repeat("]", 62)), -32600},
		{"R-13 9,990 deep", swap(`"a":1`, `"a":`+strings.Repeat("[", 9990)+strings.Repeat("]", 9990)), -32600},
		{"R-13 million deep", strings.Repeat("[", 1e6), -32700},
		{"R-15 null id", swap(`"id":1`, `"id":null`), -32600},
		{"R-15 object id", swap(`"id":1`, `"id":{}`), -32600},
		{"R-15 array id", swap(`"id":1`, `"id":[1]`), -32600},
		{"R-15 boolean id", swap(`"id":1`, `"id":true`), -32600},
		{"R-15 fraction id", swap(`"id":1`, `"id":1.5`), -32600},
		{"R-15 whole fraction id", swap(`"id":1`, `"id":1.0`), -32600},
		{"R-15 exponent id", swap(`"id":1`, `"id":1e400`), -32600},
		{"R-15 negative zero id", swap(`"id":1`, `"id":-0`), -32600},
		{"R-15 long string id", swap(`"id":1`, `"id":"`+strings.Repeat("x", 1<<20)+`"`), -32600},
		{"R-15 long integer id", swap(`"id":1`, `"id":1`+strings.Repeat("0", 256)), -32600},
		{"R-21 result without id", `{"jsonrpc":"2.0","result":{}}`, -32600},
		{"R-21 result and error", `{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":""}}`, -32600},
		{"R-21 result that is no object", `{"jsonrpc":"2.0","id":1,"result":[]}`, -32600},
		{"R-21 error that is no object", `{"jsonrpc":"2.0","id":1,"error":"no"}`, -32600},
		{"listen without a filter", `{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{}}`, -32602},
		{"listen to a flag that is none", `{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{"notifications":{"toolsListChanged":1}}}`, -32602},
		{"listen to URIs that are none", `{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{"notifications":{"resourceSubscriptions":[1]}}}`, -32602},
		{"listen to a twin", `{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{"notifications":{"ToolsListChanged":true}}}`, -32600},
		{"initialize with a version that is none", `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":1}}`, -32602},
		{"initialize with capabilities that are none", `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"capabilities":[]}}`, -32602},
		{"a level that is none", `{"jsonrpc":"2.0","id":1,"method":"logging/setLevel","params":{"level":"loud"}}`, -32602},
		{"a cancellation of no id", `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":{}}}`, -32602},
		{"R-21 result and method", swap(`"id":1`, `"id":1,"result":{}`), -32600},
		{"R-21 null result and method", swap(`"id":1`, `"id":1,"result":null`), -32600},
		{"R-23 null method", swap(`"tools/call"`, `null`), -32600},
		{"R-23 number method", swap(`"tools/call"`, `1`), -32600},
		{"R-23 array method", swap(`"tools/call"`, `[]`), -32600},
		{"R-23 no method", swap(`"method":"tools/call",`, ``), -32600},
		{"jsonrpc 1.0", swap(`"2.0"`, `"1.0"`), -32600},
		{"jsonrpc number", swap(`"2.0"`, `2.0`), -32600},
		{"no jsonrpc", swap(`"jsonrpc":"2.0",`, ``), -32600},
		{"params array", `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":[]}`, -32600},
		{"params null", `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":null}`, -32600},
		{"arguments array", swap(`{"a":1}`, `[]`), -32602},
		{"arguments null", swap(`{"a":1}`, `null`), -32602},
		{"name number", swap(`"allowed"`, `1`), -32602},
		{"no name", swap(`"name":"allowed",`, ``), -32602},
		{"_meta array", swap(`{"progressToken":"p"}`, `[]`), -32602},
		{"progress token null", swap(`"p"`, `null`), -32602},
		{"progress token fraction", swap(`"p"`, `1.5`), -32602},
		{"log level unknown", swap(`"progressToken":"p"`, `"io.modelcontextprotocol/logLevel":"loud"`), -32602},
		{"log level empty", swap(`"progressToken":"p"`, `"io.modelcontextprotocol/logLevel":""`), -32602},
		{"version number", swap(`"progressToken":"p"`, `"io.modelcontextprotocol/protocolVersion":2026`), -32602},
		{"R-27 an empty version", swap(`"progressToken":"p"`, `"io.modelcontextprotocol/protocolVersion":""`), -32602},
		{"R-27 a version that is null", swap(`"progressToken":"p"`, `"io.modelcontextprotocol/protocolVersion":null`), -32602},
		{"capabilities array", swap(`"progressToken":"p"`, `"io.modelcontextprotocol/clientCapabilities":[]`), -32602},
		{"cursor number", swap(`"name"`, `"cursor":1,"name"`), -32602},
		{"inputResponses array", swap(`"name"`, `"inputResponses":[],"name"`), -32602},
		{"requestState object", swap(`"name"`, `"requestState":{},"name"`), -32602},
		{"M-24 requestState empty", swap(`"name"`, `"requestState":"","name"`), -32602},
		{"M-24 requestState null", swap(`"name"`, `"requestState":null,"name"`), -32602},
		{"inputResponses null", swap(`"name"`, `"inputResponses":null,"name"`), -32602},
	} {
		t.Run(c.name, func(t *testing.T) {
			bad := readError(t, c.body)
			if bad.Code != c.code {
				t.Errorf("code %d (%s), want %d", bad.Code, bad, c.code)
			}
		})
	}
}

func TestM24_RetryIsRead(t *testing.T) {
	m, err := message.Read([]byte(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","requestState":"s\u0031","inputResponses": {"k":7} }}`))
	if err != nil || m.RequestState != "s1" || string(m.InputResponses) != `{"k":7}` {
		t.Errorf("%+v, %v", m, err)
	}
	m, err = message.Read([]byte(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a"}}`))
	if err != nil || m.RequestState != "" || m.InputResponses != nil {
		t.Errorf("%+v, %v", m, err)
	}
}

func TestM11_CompletionWithAbsentParts(t *testing.T) {
	request := func(params string) string {
		return `{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":` + params + `}`
	}
	const ref, argument = `"ref":{"type":"ref/prompt","name":"p"}`, `"argument":{"name":"n","value":"v"}`
	mustRead(t, request(`{`+ref+`,`+argument+`}`))
	mustRead(t, request(`{`+ref+`,`+argument+`,"context":{}}`))
	for _, params := range []string{
		`{}`, `{` + ref + `}`, `{` + argument + `}`,
		`{"ref":null,` + argument + `}`, `{` + ref + `,"argument":null}`, `{` + ref + `,` + argument + `,"context":null}`,
		`{"ref":{},` + argument + `}`, `{"ref":{"type":"ref/prompt"},` + argument + `}`,
		`{"ref":{"type":"ref/resource","name":"p"},` + argument + `}`, `{"ref":{"type":"other","name":"p","uri":"p"},` + argument + `}`,
		`{` + ref + `,"argument":{"name":"n"}}`, `{` + ref + `,"argument":{"value":"v"}}`, `{` + ref + `,"argument":{"name":1,"value":"v"}}`,
		`{` + ref + `,` + argument + `,"context":{"arguments":[]}}`, `{` + ref + `,` + argument + `,"context":{"arguments":{"x":1}}}`,
	} {
		if bad := readError(t, request(params)); bad.Code != -32602 || string(bad.ID) != "1" {
			t.Errorf("%s: code %d, id %s", params, bad.Code, bad.ID)
		}
	}
	for _, params := range []string{
		`{"ref":{"Type":"ref/prompt","name":"p"},` + argument + `}`,
		`{` + ref + `,"argument":{"Name":"n","value":"v"}}`,
		`{` + ref + `,` + argument + `,"context":{"Arguments":{}}}`,
		`{` + ref + `,"argument":{"name":"n","\u0056alue":"v"}}`,
	} {
		if bad := readError(t, request(params)); bad.Code != -32600 && bad.Code != -32602 {
			t.Errorf("%s: code %d", params, bad.Code)
		}
	}
}

func TestPromptArgumentsAreStrings(t *testing.T) {
	mustRead(t, `{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"p","arguments":{"x":"1"}}}`)
	bad := readError(t, `{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"p","arguments":{"secret":1}}}`)
	if bad.Code != -32602 || strings.Contains(bad.Error(), "secret") {
		t.Errorf("%d %s", bad.Code, bad)
	}
}

func TestR05_UnknownMembersAreIgnored(t *testing.T) {
	m := mustRead(t, `{"jsonrpc":"2.0","id":1,"method":"tools/list","Foo":1,"foo2":2,"params":{"Foo":1,"_meta":{"com.example/X":1}}}`)
	if strings.Contains(string(m.Raw), `"foo2"`) {
		t.Errorf("an unknown member of the top level is dispatched: %s", m.Raw)
	}
	mustRead(t, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":{"Name":"x","Method":"y"}}}`)
}

func TestR11_WhiteSpaceAround(t *testing.T) {
	mustRead(t, strings.Repeat(" \n", 1<<18)+good+strings.Repeat("\t\r", 1<<18))
}

func TestR13_64DeepIsRead(t *testing.T) {
	mustRead(t, strings.Replace(good, `"a":1`, `"a":`+strings.Repeat("[", 61)+strings.Repeat("]", 61), 1))
}

func TestR15_IDsAreKept(t *testing.T) {
	for _, id := range []string{
		`0`, `1`, `-1`, `9007199254740993`, `-9007199254740993`, `1` + strings.Repeat("0", 250),
		`""`, `"a"`, `"\u0061"`, `"1"`, `"` + strings.Repeat("x", 254) + `"`,
	} {
		m := mustRead(t, strings.Replace(good, `"id":1`, `"id": `+id+` `, 1))
		if string(m.ID) != id || !strings.Contains(string(m.Raw), `"id":`+id+`,`) {
			t.Errorf("id %s became %s in %s", id, m.ID, m.Raw)
		}
	}
}

func TestErrorCarriesTheIDOnceRead(t *testing.T) {
	for body, want := range map[string]string{
		strings.Replace(good, `"2.0"`, `"3.0"`, 1):            `1`,
		strings.Replace(good, `"name":"allowed",`, ``, 1):     `1`,
		strings.Replace(good, `"name"`, `"Name"`, 1):          `1`,
		strings.Replace(good, `"id":1`, `"id":null`, 1):       ``,
		strings.Replace(good, `"id":1`, `"id":1,"id":2`, 1):   ``,
		strings.Replace(good, `"id":1`, `"id":1,"Id":2`, 1):   ``,
		strings.Replace(good, `"method"`, `"id2":1,"Foo"`, 1): `1`,
	} {
		if bad := readError(t, body); string(bad.ID) != want {
			t.Errorf("%s: id %q, want %q", body, bad.ID, want)
		}
	}
}

func TestR18_Notification(t *testing.T) {
	m := mustRead(t, `{"jsonrpc":"2.0","method":"tools/call","params":{"name":"t"}}`)
	if !m.IsNotification() || string(m.Raw) != `{"jsonrpc":"2.0","method":"tools/call","params":{"name":"t"}}` {
		t.Errorf("%+v", m)
	}
	if mustRead(t, good).IsNotification() {
		t.Error("a request is taken for a notification")
	}
	m = mustRead(t, `{"jsonrpc":"2.0","method":"notifications/initialized"}`)
	if string(m.Raw) != `{"jsonrpc":"2.0","method":"notifications/initialized"}` {
		t.Errorf("%s", m.Raw)
	}
}

func TestTaskIsNotDispatched(t *testing.T) {
	m := mustRead(t, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"task":{"ttl":1},"name":"t","arguments":{"task":1}}}`)
	if string(m.Raw) != `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":{"task":1}}}` {
		t.Errorf("%s", m.Raw)
	}
	m = mustRead(t, `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"task":{},"cursor":"c","x":1}}`)
	if m.Cursor != "c" {
		t.Errorf("cursor %q", m.Cursor)
	}
}

func TestArgument(t *testing.T) {
	m := mustRead(t, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":{
		"s":"x\u0061","e":"","i":42,"n":-7,"z":0,"safe":9007199254740991,"unsafe":9007199254740992,"low":-9007199254740992,
		"huge":123456789012345678901234567890,"nz":-0,"f":1.0,"x":1e3,"t":true,"null":null,"a":["x"],"o":{"s":"x"}}}}`)
	want := map[string]string{"s": "xa", "e": "", "i": "42", "n": "-7", "z": "0", "safe": "9007199254740991"}
	for _, name := range strings.Fields("s e i n z safe unsafe low huge nz f x t null a o absent S") {
		text, ok := want[name]
		if got, gotOK := m.Argument(name); got != text || gotOK != ok {
			t.Errorf("Argument(%q) = %q, %v; want %q, %v", name, got, gotOK, text, ok)
		}
	}
	if got, ok := mustRead(t, `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`).Argument("a"); ok {
		t.Errorf("%q without arguments", got)
	}
}

// What is wide or long, but not deep, is a matter of the body limit.
func TestR13_WideAndLong(t *testing.T) {
	var wide strings.Builder
	for i := range 50_000 {
		fmt.Fprintf(&wide, `"k%d":0,`, i)
	}
	mustRead(t, strings.Replace(good, `"a":1`, wide.String()+`"a":1`, 1))
	mustRead(t, strings.Replace(good, `"a":1`, `"a":"`+strings.Repeat("x", 10<<20)+`"`, 1))
	mustRead(t, strings.Replace(good, `"a":1`, `"a":0.`+strings.Repeat("1", 1_000_000), 1))
}

// A number that another reader cannot hold would be decided about and then
// fail where it is dispatched.
func TestR13_NumbersBeyondADouble(t *testing.T) {
	for number, fits := range map[string]bool{
		"1e308": true, "-1.7e308": true, "1e-999": true, "0e999999": true, "1" + strings.Repeat("0", 308): true,
		"1e309": false, "-1E+400": false, "1" + strings.Repeat("0", 309): false, "1" + strings.Repeat("0", 1_000_000): false,
		`"1e309"`: true, `"\"1e309"`: true,
	} {
		for _, place := range []string{`"arguments":{"a":%s}`, `"_meta":{"x":[%s]}`, `"x":{"y":%s }`} {
			body := `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"allowed",` + fmt.Sprintf(place, number) + `}}`
			if fits {
				mustRead(t, body)
			} else if bad := readError(t, body); bad.Code != -32600 || string(bad.ID) != "7" {
				t.Errorf("%.20s: code %d, id %s", number, bad.Code, bad.ID)
			}
		}
	}
}
