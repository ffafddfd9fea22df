package message_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport-mcp/sallyport/transport/message"
)

// TestR05_CapabilitiesByTheirExactNames reads what a client says it can do, in both places where it says so.
func TestR05_CapabilitiesByTheirExactNames(t *testing.T) {
	bodies := map[string]string{
		"initialize": `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":X}}`,
		"_meta":      `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/clientCapabilities":X}}}`,
	}
	all := message.CanSample | message.CanSampleWithTools | message.CanElicit | message.CanElicitByURL | message.CanListRoots
	for declared, want := range map[string]message.Capabilities{
		`{}`: 0, `{"else":{}}`: 0,
		`{"roots":{}}`: message.CanListRoots, `{"roots":{"listChanged":true,"Else":1}}`: message.CanListRoots,
		`{"sampling":{}}`: message.CanSample, `{"sampling":{"tools":{}}}`: message.CanSample | message.CanSampleWithTools,
		`{"elicitation":{}}`: message.CanElicit, `{"elicitation":{"form":{}}}`: message.CanElicit,
		`{"elicitation":{"url":{}}}`: message.CanElicitByURL, `{"elicitation":{"url":{},"form":{}}}`: message.CanElicit | message.CanElicitByURL,
		`{"roots":{},"sampling":{"tools":{}},"elicitation":{"url":{},"form":{}}}`: all,
		`{"roots":null,"sampling":true,"elicitation":[]}`:                         0,
		`{"sampling":{"tools":null},"elicitation":{"url":1}}`:                     message.CanSample | message.CanElicit,
	} {
		for where, body := range bodies {
			m, err := message.Read([]byte(strings.Replace(body, "X", declared, 1)))
			if err != nil {
				t.Errorf("%s %s: %v", where, declared, err)
				continue
			}
			if diff := cmp.Diff(want, m.Can); diff != "" {
				t.Errorf("%s %s (-want +got):\n%s", where, declared, diff)
			}
		}
	}
	for _, twin := range []string{`{"Roots":{}}`, `{"SAMPLING":{}}`, `{"roots":{},"elicitatioN":{}}`, `{"sampling":{"Tools":{}}}`, `{"elicitation":{"URL":{}}}`, `{"root\u017f":{}}`, `[]`, `7`} {
		for where, body := range bodies {
			if m, err := message.Read([]byte(strings.Replace(body, "X", twin, 1))); err == nil {
				t.Errorf("%s %s was read as %b", where, twin, m.Can)
			}
		}
	}
}

// TestArgumentAtAPath finds the arguments that headers repeat.
func TestArgumentAtAPath(t *testing.T) {
	m, err := message.Read([]byte(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{"a":{"b": "x\u0031","n":1.0,"z":null},"\u0063":7}}}`))
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{"a.b": `"x\u0031"`, "a.n": "1.0", "c": "7", "a.z": "null", "a.q": "", "c.d": "", "d": "", "A.b": ""} {
		if got := m.ArgumentAt(strings.Split(path, ".")); string(got) != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	if s, ok := message.Text(m.ArgumentAt([]string{"a", "b"})); !ok || s != "x1" {
		t.Errorf("%q, %v", s, ok)
	}
	if s, ok := message.Text(m.ArgumentAt([]string{"c"})); ok {
		t.Errorf("a number is the text %q", s)
	}
}
