package message_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/sallyport-mcp/sallyport/transport/message"
)

// suite is where JSONTestSuite lies: texts that every reader of JSON must
// accept (y_), must refuse (n_), or may decide about (i_).
const suite = "../../internal/strictjson/testdata/test_parsing"

// suiteTexts returns the texts of the suite by their names.
func suiteTexts(t *testing.T) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob(suite + "/*.json")
	if err != nil || len(files) != 318 {
		t.Fatalf("%d texts, %v; the suite has 318", len(files), err)
	}
	texts := map[string][]byte{}
	for _, file := range files {
		if texts[filepath.Base(file)], err = os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
	}
	return texts
}

// decided returns the code with which each text is refused that is listed in
// testdata/suite.txt, 0 for accepted.
func decided(t *testing.T) map[string]int {
	t.Helper()
	list, err := os.ReadFile("testdata/suite.txt")
	if err != nil {
		t.Fatal(err)
	}
	codes := map[string]int{}
	for line := range strings.Lines(string(list)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		parts := strings.Split(strings.TrimSpace(line), " | ")
		if _, twice := codes[parts[0]]; len(parts) != 3 || twice {
			t.Fatalf("a line that says nothing, or nothing new: %s", line)
		}
		code, err := strconv.Atoi(parts[1])
		if err != nil && parts[1] != "accepted" {
			t.Fatal(err)
		}
		codes[parts[0]] = code
	}
	return codes
}

// codeOf returns the code of an error of Read, 0 for none.
func codeOf(t *testing.T, err error) int {
	t.Helper()
	var bad *message.Error
	if err == nil {
		return 0
	}
	if !errors.As(err, &bad) {
		t.Fatalf("%T: %v", err, err)
	}
	return bad.Code
}

// TestJSONTestSuite puts each text where an argument stands: what is correct is
// read and handed on byte for byte, what is not JSON is a parse error, and what is
// left to the reader is as testdata/suite.txt says. The same text as a whole body is
// no message either way, and the code says for which reason.
func TestJSONTestSuite(t *testing.T) {
	codes := decided(t)
	for name, text := range suiteTexts(t) {
		want, listed := codes[name]
		switch name[0] {
		case 'n':
			want = message.CodeParse
		case 'i':
			if !listed {
				t.Errorf("nothing is decided about %s", name)
			}
		}
		arguments := bytes.Join([][]byte{[]byte(`{"before":[1],"value":`), text, []byte(`}`)}, nil)
		body := bytes.Join([][]byte{[]byte(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":`), arguments, []byte(`}}`)}, nil)
		m, err := message.Read(body)
		if code := codeOf(t, err); code != want {
			t.Errorf("%s as an argument: code %d, want %d", name, code, want)
		}
		if err == nil && (!bytes.Equal(m.Arguments, arguments) || !bytes.Equal(m.Raw, body)) {
			t.Errorf("%s was changed: %s in %s", name, m.Arguments, m.Raw)
		}
		if want == 0 {
			want = message.CodeInvalidRequest // JSON, but no message
		}
		if _, err := message.Read(text); codeOf(t, err) != want {
			t.Errorf("%s as a body: %v, want code %d", name, err, want)
		}
	}
	for name := range codes {
		if _, err := os.Stat(filepath.Join(suite, name)); err != nil || name[0] == 'n' {
			t.Errorf("%s is listed, and no text to decide about: %v", name, err)
		}
	}
}
