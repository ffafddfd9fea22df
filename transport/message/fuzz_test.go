package message_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"github.com/sallyport-mcp/sallyport/transport/message"
)

// FuzzRead holds what everybody relies on: what was read is what is dispatched,
// reading it again gives the same, and a careless reader sees the same too.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		good, `[]`, `{}`, `{"jsonrpc":"2.0","method":"m"}`,
		`{"jsonrpc":"2.0","id":"\u0061","method":"tools/call","params":{"name":"a","Name":"b","task":{}}}`,
		`{"jsonrpc":"2.0","id":9007199254740993,"method":"tools/list","params":{"cursor":"c","paramſ":1}}`,
		`{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{"ref":{"type":"ref/prompt","name":"p"},"argument":{"name":"n","value":"v"}}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := message.Read(body)
		if err != nil {
			var bad *message.Error
			if !errors.As(err, &bad) || m != nil || bad.Reason == "" {
				t.Fatalf("%v, %T", m, err)
			}
			return
		}
		again, err := message.Read(m.Raw)
		if err != nil {
			t.Fatalf("what was read cannot be read again: %v in %s", err, m.Raw)
		}
		if !bytes.Equal(again.Raw, m.Raw) || again.Method != m.Method || again.Name != m.Name ||
			!bytes.Equal(again.ID, m.ID) || !bytes.Equal(again.Arguments, m.Arguments) {
			t.Fatalf("read twice:\n%s\n%s", m.Raw, again.Raw)
		}
		agree(t, m)
	})
}

// agree compares with what encoding/json makes of the dispatched bytes, which
// takes the last of several members and ignores their case.
func agree(t *testing.T, m *message.Message) {
	var seen struct {
		Method string `json:"method"`
		Params struct {
			Name      string          `json:"name"`
			URI       string          `json:"uri"`
			Arguments json.RawMessage `json:"arguments"`
			Task      json.RawMessage `json:"task"`
		} `json:"params"`
	}
	if err := json.Unmarshal(m.Raw, &seen); err != nil {
		t.Fatalf("%v in %s", err, m.Raw)
	}
	name := ""
	switch m.Method {
	case "tools/call", "prompts/get":
		name = seen.Params.Name
	case "resources/read":
		name = seen.Params.URI
	case "completion/complete":
		name = m.Name
	}
	if seen.Method != m.Method || name != m.Name || !bytes.Equal(seen.Params.Arguments, m.Arguments) || seen.Params.Task != nil {
		t.Fatalf("another reader sees %+v in %s", seen, m.Raw)
	}
}
