package authz

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
	"unicode/utf16"
)

// inUTF16 returns a text as Windows saves it.
func inUTF16(text string, order binary.ByteOrder, mark bool) []byte {
	if mark {
		text = byteOrderMark + text
	}
	var b bytes.Buffer
	_ = binary.Write(&b, order, utf16.Encode([]rune(text)))
	return b.Bytes()
}

// TestUTF16 has one finding for a file in another encoding, and not one for each of its lines.
func TestUTF16(t *testing.T) {
	model := strings.Replace(customModel, "MATCH", "keyMatch(r.obj, p.obj) && keyMatch(r.act, p.act)", 1)
	policy := "# who\n" + allowRow + allowRow
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		for _, mark := range []bool{true, false} {
			_, err := Compile(Source{"model.conf", inUTF16(model, order, mark)}, Source{"policy.csv", inUTF16(policy, order, mark)}, Options{})
			want := `model.conf:1:1: error: the file is not UTF-8 but UTF-16, as some editors and shells on Windows save it; save it as UTF-8 without a byte order mark
policy.csv:1:1: error: the file is not UTF-8 but UTF-16, as some editors and shells on Windows save it; save it as UTF-8 without a byte order mark`
			if err == nil || err.Error() != want {
				t.Errorf("%v, mark %t: %v", order, mark, err)
			}
		}
	}
	compiled(t, modelSource(model), policy, Options{})
}
