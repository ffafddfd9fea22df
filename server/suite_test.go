package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/server/servertest"
	"github.com/sallyport-mcp/sallyport/tools"
)

// valueIn has an argument of any kind, as it was sent.
type valueIn struct {
	Value json.RawMessage `json:"value"`
}

// keeper is a tool that keeps what it was given.
func keeper(got *[]string) func(*server.Config) {
	return func(c *server.Config) {
		c.Tools = append(c.Tools, tools.Tool{
			Name: "keeps", Description: "Keeps a value.", Scopes: []string{"echo:use"},
			Handler: tools.Typed(func(_ context.Context, in valueIn) (string, error) {
				*got = append(*got, string(in.Value))
				return "kept", nil
			}),
		})
	}
}

// suiteCodes returns the code with which a text is refused that JSONTestSuite
// leaves open, 0 for accepted, as transport/message decides.
func suiteCodes(t *testing.T) map[string]int {
	t.Helper()
	list, err := os.ReadFile("../transport/message/testdata/suite.txt")
	if err != nil {
		t.Fatal(err)
	}
	codes := map[string]int{}
	for line := range strings.Lines(string(list)) {
		if name, rest, found := strings.Cut(line, " | "); found && !strings.HasPrefix(line, "#") {
			code, _, _ := strings.Cut(rest, " | ")
			codes[name], _ = strconv.Atoi(code) // 0 for "accepted"
		}
	}
	return codes
}

// TestJSONTestSuite calls a tool with each text of the suite for an argument, in both
// revisions. Of what is correct the tool sees every byte; what is not JSON is 400
// and runs nothing, and what is left open is as transport/message decides.
func TestJSONTestSuite(t *testing.T) {
	var got []string
	f := start(t, keeper(&got), func(c *server.Config) { c.Limits = server.Off })
	codes := suiteCodes(t)
	files, err := filepath.Glob("../internal/strictjson/testdata/test_parsing/*.json")
	if err != nil || len(files) != 318 {
		t.Fatalf("%d texts, %v; the suite has 318", len(files), err)
	}
	for era, client := range eras(f.as(t, "bob", "echo:use")) {
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			name := filepath.Base(file)
			want, listed := codes[name]
			if name[0] == 'n' {
				want = -32700
			} else if name[0] == 'i' && !listed {
				t.Errorf("nothing is decided about %s", name)
			}
			got = nil
			a := client.SendRaw(toolHeaders(era, "keeps"), toolBody(era, "keeps", append([]byte(`"value":`), text...)))
			if want == 0 {
				value := string(bytes.Trim(text, " \t\r\n"))
				if !a.OK() || len(got) != 1 || got[0] != value {
					t.Errorf("%s %s: %v; the tool saw %.200q, want %.200q", era, name, a, got, value)
				}
			} else if a.Status != http.StatusBadRequest || a.Code != want || len(got) != 0 {
				t.Errorf("%s %s: %v; the tool saw %.200q, want 400 and %d", era, name, a, got, want)
			}
		}
	}
}

// TestR15_IntegersReachTheHandler sends integers that a double does not hold, to a
// field that does, and one that no field of the kind holds.
func TestR15_IntegersReachTheHandler(t *testing.T) {
	var got []int64
	f := start(t, func(c *server.Config) {
		c.Tools = append(c.Tools, tools.Tool{
			Name: "counts", Description: "Counts.", Scopes: []string{"echo:use"},
			Handler: tools.Typed(func(_ context.Context, in struct {
				N int64 `json:"n"`
			}) (string, error) {
				got = append(got, in.N)
				return "counted", nil
			}),
		})
	})
	for era, bob := range eras(f.as(t, "bob", "echo:use")) {
		for _, n := range []int64{1<<53 + 1, -1<<53 - 1, math.MaxInt64, math.MinInt64} {
			got = nil
			a := bob.SendRaw(toolHeaders(era, "counts"), toolBody(era, "counts", fmt.Appendf(nil, `"n":%d`, n)))
			if !a.OK() || len(got) != 1 || got[0] != n {
				t.Errorf("%s %d: %v, the tool got %v", era, n, a, got)
			}
		}
		got = nil
		if a := bob.SendRaw(toolHeaders(era, "counts"), toolBody(era, "counts", []byte(`"n":9223372036854775808`))); a.OK() || len(got) != 0 {
			t.Errorf("%s, too large: %v, the tool got %v", era, a, got)
		}
	}
}

// toolHeaders are those that mirror a call in its revision.
func toolHeaders(era, tool string) http.Header {
	if era != "2026-07-28" {
		return nil
	}
	return http.Header{"Mcp-Method": {"tools/call"}, "Mcp-Name": {tool}}
}

// toolBody is a call with these members in its arguments.
func toolBody(era, tool string, members []byte) []byte {
	meta := ""
	if era == "2026-07-28" {
		meta = `,"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}`
	}
	return bytes.Join([][]byte{
		[]byte(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"` + tool + `","arguments":{`), members, []byte(`}` + meta + `}}`),
	}, nil)
}

// refusedWith checks that a request ran nothing and how it was answered.
func (f *fixture) refusedWith(t *testing.T, what string, status, code int, send func() *servertest.Answer) {
	t.Helper()
	if a := f.refused(t, what, send); a.Status != status || a.Code != code {
		t.Errorf("%s: %v, want %d and %d", what, a, status, code)
	}
}
