package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/server/servertest"
	"github.com/sallyport-mcp/sallyport/tools"
)

// exactIn takes what readers of JSON like to change.
type exactIn struct {
	Text string          `json:"text"`
	ID   int64           `json:"id"`
	Any  json.RawMessage `json:"any"`
}

// Texts as they are sent, and what they say.
const (
	bigInteger  = "9007199254740993" // 2^53 + 1, which no float64 holds
	sentText    = `"\u00fc\u4e2d \ud83d\ude00 \u2028\u0000 a\/b K\u212a"`
	meantText   = "\u00fc\u4e2d \U0001f600 \u2028\x00 a/b K\u212a"
	sentAny     = `{ "n":[1.50, 123456789012345678901234567890,9223372036854775807],"\u0062": -0.0 }`
	sentIn      = `{"text":` + sentText + `, "id" : ` + bigInteger + `,"any":` + sentAny + ` }`
	sentPrompt  = `{"tone" :` + sentText + `}`
	wantedTyped = meantText + " " + bigInteger + " " + sentAny
)

// exactServer is a server whose operations note what they were given.
func exactServer(t *testing.T, seen map[string]string) *fixture {
	return start(t, func(c *server.Config) {
		c.Tools = append(c.Tools, tools.Tool{
			Name: "typed", Description: "Notes.", Scopes: []string{"echo:use"},
			Handler: tools.Typed(func(ctx context.Context, in exactIn) (string, error) {
				seen["typed"] = fmt.Sprint(in.Text, " ", in.ID, " ", string(in.Any))
				tools.Progress(ctx, 1, 2, "half")
				return "x", nil
			}),
		}, tools.Tool{
			Name: "raw", Description: "Notes.", Scopes: []string{"echo:use"},
			Handler: tools.Raw(tools.SchemaJSON(`{"type":"object"}`), func(ctx context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
				in, err := tools.Arguments[exactIn](r)
				seen["raw"], seen["decoded"] = string(r.Params.RawArguments), fmt.Sprint(in.Text, " ", in.ID, " ", string(in.Any))
				seen["accessor"] = fmt.Sprint(r.GetArguments()["id"])
				seen["raw token"] = fmt.Sprint(r.Params.Meta.ProgressToken)
				tools.Progress(ctx, 1, 2, "half")
				return mcp.NewToolResultText("x"), err
			}),
		})
		c.Resources = append(c.Resources, tools.Resource{
			URI: "exact://{id}", Name: "exact", Description: "Notes.", Scopes: []string{"echo:use"},
			Read: func(_ context.Context, r tools.ResourceRequest) (tools.Contents, error) {
				seen["resource"] = r.URI + " " + r.Variables["id"]
				return tools.Text("x"), nil
			},
			Complete: map[string]tools.CompleteFunc{"id": func(_ context.Context, typed string) ([]string, error) {
				seen["completion"] = typed
				return nil, nil
			}},
		})
		c.Prompts = append(c.Prompts, tools.Prompt{
			Name: "exact", Description: "Notes.", Scopes: []string{"echo:use"}, Arguments: []tools.Argument{{Name: "tone"}},
			GetRaw: func(_ context.Context, r mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
				seen["prompt"], seen["prompt token"] = r.Params.Arguments["tone"], fmt.Sprint(r.Params.Meta.ProgressToken)
				return mcp.NewGetPromptResult("", nil), nil
			},
		})
	})
}

// speak returns a function that sends a request with these params in a revision.
func speak(t *testing.T, c *servertest.Client, revision string) func(id, method, name, params, token string) *servertest.Answer {
	t.Helper()
	meta, header := "", http.Header{"Mcp-Protocol-Version": {revision}}
	if revision == "2026-07-28" {
		meta = `,"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}`
	} else {
		begun := c.InSession("").SendRaw(header, []byte(`{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"`+revision+
			`","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`))
		header.Set("Mcp-Session-Id", begun.Header.Get("Mcp-Session-Id"))
	}
	return func(id, method, name, params, token string) *servertest.Answer {
		sent := maps.Clone(header)
		if meta != "" {
			sent["Mcp-Method"] = []string{method}
			if name != "" {
				sent["Mcp-Name"] = []string{name}
			}
		}
		return c.SendRaw(sent, []byte(`{"jsonrpc":"2.0","id":`+id+`,"method":"`+method+`","params":{"_meta":{"progressToken":`+token+meta+`},`+params+`}}`))
	}
}

// TestR15_BytesComeOutAsTheyWentIn follows integers beyond 2^53, ids, tokens and Unicode from the socket to what runs, and
// back, in every revision.
func TestR15_BytesComeOutAsTheyWentIn(t *testing.T) {
	seen := map[string]string{}
	f := exactServer(t, seen)
	for _, revision := range []string{"2026-07-28", "2025-11-25", "2025-06-18"} {
		clear(seen)
		send := speak(t, f.as(t, "alice", "echo:use"), revision)
		tokens := map[string]string{}
		for id, do := range map[string][4]string{
			bigInteger:              {"tools/call", "typed", `"name":"typed","arguments":` + sentIn},
			`"\u0031 \ud83d\ude00"`: {"tools/call", "raw", `"name":"raw","arguments":` + sentIn},
			"123456789012345678901": {"resources/read", "exact://%C3%BC" + bigInteger, `"uri":"exact://%C3%BC` + bigInteger + `"`},
			"-9007199254740993":     {"prompts/get", "exact", `"name":"exact","arguments":` + sentPrompt},
			`"1"`:                   {"completion/complete", "", `"ref":{"type":"ref/resource","uri":"exact://{id}"},"argument":{"name":"id","value":` + sentText + `}`},
		} {
			a := send(id, do[0], do[1], do[2], bigInteger)
			if !a.OK() || !strings.HasPrefix(string(a.Body), `{"jsonrpc":"2.0","id":`+id+`,`) {
				t.Errorf("%s: %s was answered %s", revision, id, a)
			}
			for _, event := range a.Events {
				var n struct {
					Params struct {
						Token json.RawMessage `json:"progressToken"`
					} `json:"params"`
				}
				if err := json.Unmarshal(event, &n); err != nil {
					t.Error(err)
				}
				tokens[do[1]] = string(n.Params.Token)
			}
		}
		want := map[string]string{
			"typed": wantedTyped, "raw": sentIn, "decoded": wantedTyped, "accessor": bigInteger, "raw token": bigInteger,
			"resource": "exact://%C3%BC" + bigInteger + " \u00fc" + bigInteger, "prompt": meantText, "prompt token": bigInteger, "completion": meantText,
		}
		if diff := cmp.Diff(want, seen); diff != "" {
			t.Errorf("%s (-sent +given)\n%s", revision, diff)
		}
		if diff := cmp.Diff(map[string]string{"typed": bigInteger, "raw": bigInteger}, tokens); diff != "" {
			t.Errorf("%s, tokens of progress (-sent +came back)\n%s", revision, diff)
		}
	}
}

// TestR25_HeadersMayNotLieInAnyRevision calls a tool with headers that say something else than the body, also in revisions
// that have no such headers, where without any it runs.
func TestR25_HeadersMayNotLieInAnyRevision(t *testing.T) {
	f := start(t)
	for _, revision := range []string{"2026-07-28", "2025-11-25", "2025-06-18"} {
		bob := f.as(t, "bob", "echo:use")
		sendWith := func(h http.Header) func() *servertest.Answer {
			header := http.Header{"Mcp-Protocol-Version": {revision}}
			body := echoCall
			if revision == "2026-07-28" {
				body = []byte(strings.Replace(string(echoCall), `"name":"echo"`,
					`"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}},"name":"echo"`, 1))
			} else {
				begun := bob.InSession("").SendRaw(header, []byte(`{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"`+revision+
					`","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`))
				header.Set("Mcp-Session-Id", begun.Header.Get("Mcp-Session-Id"))
			}
			maps.Copy(header, h)
			return func() *servertest.Answer { return bob.SendRaw(header, body) }
		}
		method, name := []string{"tools/call"}, []string{"echo"}
		for what, h := range map[string]http.Header{
			"R-28 another name":                  {"Mcp-Method": method, "Mcp-Name": {"secret"}},
			"another name, encoded":              {"Mcp-Method": method, "Mcp-Name": {"=?base64?c2VjcmV0?="}},
			"another method":                     {"Mcp-Method": {"tools/list"}, "Mcp-Name": name},
			"the name alone, and it is another":  {"Mcp-Name": {"secret"}},
			"the method alone":                   {"Mcp-Method": method},
			"the name twice":                     {"Mcp-Method": method, "Mcp-Name": {"echo", "secret"}},
			"the name twice, and the same":       {"Mcp-Method": method, "Mcp-Name": {"echo", "echo"}},
			"the name in another case":           {"Mcp-Method": method, "Mcp-Name": {"Echo"}},
			"the method twice":                   {"Mcp-Method": {"tools/call", "tools/list"}, "Mcp-Name": name},
			"a list":                             {"Mcp-Method": method, "Mcp-Name": {"echo, secret"}},
			"a version that the body is not in":  {"Mcp-Method": method, "Mcp-Name": name, "Mcp-Protocol-Version": {"2025-03-26"}},
			"two versions":                       {"Mcp-Method": method, "Mcp-Name": name, "Mcp-Protocol-Version": {revision, revision}},
			"the version of another of the eras": {"Mcp-Method": method, "Mcp-Name": name, "Mcp-Protocol-Version": {other(revision)}},
		} {
			if a := f.refused(t, revision+": "+what, sendWith(h)); a.Status != 400 {
				t.Errorf("%s: %s: %v", revision, what, a)
			}
		}
		f.accepted(t, revision+" with honest headers", sendWith(http.Header{"Mcp-Method": method, "Mcp-Name": {"=?base64?ZWNobw==?="}}))
		if revision != "2026-07-28" {
			f.accepted(t, revision+" with none", sendWith(nil))
		}
	}
}

// other is a revision of the other era.
func other(revision string) string {
	if revision == "2026-07-28" {
		return "2025-11-25"
	}
	return "2026-07-28"
}

// TestR30_HeadersDecideNothing sends a call that is forbidden by its body with the headers of one that is not, and without.
func TestR30_HeadersDecideNothing(t *testing.T) {
	f := start(t)
	bob := f.as(t, "bob", "echo:use", "secret:use").Older()
	body := []byte(strings.Replace(string(echoCall), `"echo"`, `"secret"`, 1))
	for what, h := range map[string]http.Header{
		"no headers": nil, "those of the body": {"Mcp-Method": {"tools/call"}, "Mcp-Name": {"secret"}},
	} {
		if a := f.refused(t, what, func() *servertest.Answer { return bob.SendRaw(h, body) }); !a.Denied("secret:use") {
			t.Errorf("%s: %v", what, a)
		}
	}
	f.refused(t, "those of another", func() *servertest.Answer {
		return bob.SendRaw(http.Header{"Mcp-Method": {"tools/call"}, "Mcp-Name": {"echo"}}, body)
	})
	f.accepted(t, "the twin", func() *servertest.Answer { return bob.SendRaw(nil, echoCall) })
}
