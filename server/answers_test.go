package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/server/servertest"
	"github.com/sallyport-mcp/sallyport/transport/token"
)

// wire is a request that can be broken in one place.
type wire struct {
	token  string
	header http.Header
	body   map[string]any
	raw    []byte // instead of body
}

func (f *fixture) echoRequest(t *testing.T) *wire {
	t.Helper()
	return &wire{
		token:  f.Token(t, servertest.User("bob"), "echo:use"),
		header: http.Header{"Mcp-Method": {"tools/call"}, "Mcp-Name": {"echo"}},
		body: map[string]any{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": map[string]any{
			"name": "echo", "arguments": map[string]any{"text": "hi"},
			"_meta": map[string]any{
				"io.modelcontextprotocol/protocolVersion":    "2026-07-28",
				"io.modelcontextprotocol/clientCapabilities": map[string]any{},
			},
		}},
	}
}

func (w *wire) params() map[string]any { return w.body["params"].(map[string]any) }

func (w *wire) call(method, name string) {
	w.body["method"] = method
	w.params()["name"] = name
	w.header["Mcp-Method"], w.header["Mcp-Name"] = []string{method}, []string{name}
}

func (w *wire) read(uri string) {
	w.body["method"] = "resources/read"
	delete(w.params(), "name")
	w.params()["uri"] = uri
	w.header["Mcp-Method"], w.header["Mcp-Name"] = []string{"resources/read"}, []string{uri}
}

func (f *fixture) send(t *testing.T, w *wire) *servertest.Answer {
	t.Helper()
	body := w.raw
	if body == nil {
		var err error
		if body, err = json.Marshal(w.body); err != nil {
			t.Fatal(err)
		}
	}
	return f.Client(t, w.token).SendRaw(w.header, body)
}

// TestAnswers is the table of what a client sees, row by row. Every row breaks
// one thing of a request that is accepted before and after.
func TestAnswers(t *testing.T) {
	f := start(t)
	strange := f.Token(t, servertest.User("bob"), "greeting:use")
	rows := []struct {
		name      string
		damage    func(*wire)
		status    int
		code      int
		challenge string // has this in it; "" for no challenge at all
		data      string // the JSON of the error's data
	}{
		{"no token", func(w *wire) { w.token = "" }, 401, 401, `Bearer resource_metadata="`, ""},
		{"bad token", func(w *wire) { w.token += "A" }, 401, 401, `error="invalid_token"`, ""},
		{"scope missing", func(w *wire) { w.token = strange }, 403, 403, `error="insufficient_scope"`, `{"door":1,"scopes":["echo:use"]}`},
		{"policy denies", func(w *wire) { w.call("tools/call", "secret") }, 403, 403, "", `{"door":2,"permission":"secret:use"}`},
		{"origin", func(w *wire) { w.header.Set("Origin", "https://evil.example") }, 403, 403, "", ""},
		{"unknown tool", func(w *wire) { w.call("tools/call", "nothing") }, 400, -32602, "", ""},
		{"unknown prompt", func(w *wire) { w.call("prompts/get", "nothing") }, 400, -32602, "", ""},
		{"unknown resource", func(w *wire) { w.read("app://nothing") }, 400, -32602, "", ""},
		{"unknown method", func(w *wire) { w.call("tools/run", "echo") }, 404, -32601, "", ""},
		{"task method", func(w *wire) { w.call("tasks/get", "echo") }, 404, -32601, "", ""},
		{"method of older revisions", func(w *wire) { w.call("initialize", "echo") }, 404, -32601, "", ""},
		{"subscription to nothing", func(w *wire) { w.call("subscriptions/listen", "echo") }, 400, -32602, "", ""},
		{"not JSON", func(w *wire) { w.raw = []byte("{") }, 400, -32700, "", ""},
		{"ambiguous", func(w *wire) { w.raw = []byte(`{"jsonrpc":"2.0","id":1,"Method":"a","method":"tools/list"}`) }, 400, -32600, "", ""},
		{"header and body disagree", func(w *wire) { w.header.Set("Mcp-Name", "secret") }, 400, -32020, "", ""},
		{"nothing said of the version", func(w *wire) { delete(w.params(), "_meta") }, 400, -32602, "", ""},
		{"older version without a session", func(w *wire) {
			w.header.Set("Mcp-Protocol-Version", "2025-11-25")
			delete(w.params(), "_meta")
		}, 400, -32600, "", ""},
		{"version that is not served", func(w *wire) {
			w.header.Set("Mcp-Protocol-Version", "2025-03-26")
			delete(w.params(), "_meta")
		}, 400, -32022, "", `{"requested":"2025-03-26","supported":["2026-07-28","2025-11-25","2025-06-18"]}`},
		{"too large", func(w *wire) { w.params()["arguments"] = map[string]any{"text": strings.Repeat("x", 1<<20)} }, 413, -32600, "", ""},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			f.accepted(t, "before", func() *servertest.Answer { return f.send(t, f.echoRequest(t)) })
			answer := f.refused(t, "damaged", func() *servertest.Answer {
				w := f.echoRequest(t)
				row.damage(w)
				return f.send(t, w)
			})
			f.accepted(t, "repaired", func() *servertest.Answer { return f.send(t, f.echoRequest(t)) })
			if answer.Status != row.status || answer.Code != row.code {
				t.Errorf("%v, want status %d and code %d", answer, row.status, row.code)
			}
			if (row.challenge == "") != (answer.Challenge() == "") || !strings.Contains(answer.Challenge(), row.challenge) {
				t.Errorf("challenge %q, want %q in it", answer.Challenge(), row.challenge)
			}
			if data, _ := json.Marshal(answer.Data); row.data != "" && string(data) != row.data {
				t.Errorf("data %s, want %s", data, row.data)
			}
			if row.status == http.StatusUnauthorized && row.name == "no token" && strings.Contains(answer.Challenge(), "error=") {
				t.Errorf("challenge %q names an error although there were no credentials", answer.Challenge())
			}
		})
	}
}

func TestAnswersToBadArguments(t *testing.T) {
	f := start(t)
	bob := f.as(t, "bob", "echo:use")
	answer := f.refused(t, "text missing", func() *servertest.Answer { return bob.Call("echo", map[string]any{"txt": "hi"}) })
	if answer.Status != http.StatusOK || !strings.Contains(answer.Text(), "$.text") || answer.Result == nil {
		t.Errorf("%v, want a tool result that is an error and names $.text", answer)
	}
	f.accepted(t, "text there", func() *servertest.Answer { return bob.Call("echo", map[string]any{"text": "hi"}) })
}

func TestAnswersToForeignHost(t *testing.T) {
	f := start(t)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, f.URL(), strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	request.Host = "evil.example"
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	response, err := transport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusForbidden {
		t.Errorf("status %d, want 403", response.StatusCode)
	}
}

func TestAnswersWhileKeysAreOutOfReach(t *testing.T) {
	f := start(t, func(c *server.Config) {
		c.Issuers = []token.Issuer{
			{URL: "https://up.test"},
			{URL: "https://down.test", Keys: func(context.Context) ([]byte, error) { return nil, errors.New("down") }},
		}
		writeFile(t, c.Policy, strings.ReplaceAll(fixturePolicy, "user:", "user:up.test/"))
	})
	token := f.Token(t, servertest.User("bob"), "echo:use")
	answer := f.refused(t, "keys out of reach", func() *servertest.Answer {
		return f.Client(t, reissue(t, token, "https://down.test")).Call("echo", map[string]any{"text": "hi"})
	})
	if answer.Status != http.StatusServiceUnavailable || answer.Code != 503 || answer.Header.Get("Retry-After") == "" {
		t.Errorf("%v, want 503 with Retry-After", answer)
	}
	f.accepted(t, "keys there", func() *servertest.Answer { return f.Client(t, token).Call("echo", map[string]any{"text": "hi"}) })
}

func TestOrigins(t *testing.T) {
	byDefault := start(t)
	configured := start(t, func(c *server.Config) { c.Origins = []string{"https://app.example"} })
	send := func(f *fixture, origin string) func() *servertest.Answer {
		return func() *servertest.Answer {
			w := f.echoRequest(t)
			w.header.Set("Origin", origin)
			return f.send(t, w)
		}
	}
	byDefault.accepted(t, "the server's own origin", send(byDefault, byDefault.Origin()))
	byDefault.refused(t, "another origin", send(byDefault, "https://app.example"))
	configured.accepted(t, "the configured origin", send(configured, "https://app.example"))
	for _, origin := range []string{"null", "http://app.example", "https://app.example.evil.example", "https://app.example:443"} {
		if a := configured.refused(t, origin, send(configured, origin)); a.Status != http.StatusForbidden {
			t.Errorf("%s: %v", origin, a)
		}
	}
}
