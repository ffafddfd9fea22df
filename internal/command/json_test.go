package command

import (
	"bytes"
	"encoding/json"
	"testing"
)

func TestWriteJSON(t *testing.T) {
	var out bytes.Buffer
	if err := WriteJSON(&out, map[string]any{"a": json.RawMessage(`[1,"<b>\u202e"]`)}); err != nil {
		t.Fatal(err)
	}
	if want := "{\n  \"a\": [\n    1,\n    \"<b>\\u202e\"\n  ]\n}\n"; out.String() != want {
		t.Errorf("%q, want %q", &out, want)
	}
	out.Reset()
	if err := WriteJSON(&out, json.RawMessage(`{`)); err == nil || out.Len() > 0 {
		t.Errorf("%v, and %q was written: half a value is worse than none", err, &out)
	}
}
