package server_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/server/servertest"
)

// refusedIn200 is the status of an error that mcp-go finds, which is an answer there.
const refusedIn200 = -200

// TestStrangeHandshakes begins sessions in ways that no proper client does.
func TestStrangeHandshakes(t *testing.T) {
	f := start(t)
	bob := f.as(t, "bob", "echo:use")
	theirs := f.as(t, "alice", "echo:use").Older().Session()
	for params, status := range map[string]int{
		`{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"c","version":"1"}}`: 200,
		`{}`: 200, `{"protocolVersion":"` + strings.Repeat("9", 10_000) + `"}`: 200,
		`{"protocolVersion":"2025-06-18","capabilities":{"elicitation":[],"sampling":7,"unknown":{}}}`: refusedIn200,
		`{"protocolVersion":1}`: 400, `{"protocolVersion":null}`: 400, `{"capabilities":[]}`: 400, `{"clientInfo":"x"}`: 400, `[]`: 400, `null`: 400,
		`{"protocolVersion":"2025-11-25","ProtocolVersion":"2026-07-28"}`:                                                    400,
		`{"protocolVersion":"2025-11-25","_meta":{"io.modelcontextprotocol/protocolVersion":"2025-11-25"}}`:                  400,
		`{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}`: 400,
		`{"protocolVersion":"2025-11-25","protocolVersion":"2025-06-18"}`:                                                    400,
	} {
		// A session that is brought along is neither taken nor looked at.
		a := bob.InSession("").SendRaw(http.Header{"Mcp-Session-Id": {theirs}}, []byte(`{"jsonrpc":"2.0","id":1,"method":"initialize","params":`+params+`}`))
		id := a.Header.Get("Mcp-Session-Id")
		if status == refusedIn200 {
			if a.Status != 200 || a.Code >= 0 || id != "" {
				t.Errorf("%.100s: %v", params, a)
			}
			continue
		}
		if a.Status != status || (id != "") != (status == 200) || id == theirs {
			t.Errorf("%.100s: %d %q", params, a.Status, id)
			continue
		}
		if status == 200 {
			f.accepted(t, "twin", func() *servertest.Answer {
				return bob.InSession(id).SendRaw(http.Header{"Mcp-Protocol-Version": nil}, echoCall)
			})
		}
	}
}

var echoCall = []byte(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"text":"hi"}}}`)

// TestH11_VerbsOfSessions sends every verb within a session.
func TestH11_VerbsOfSessions(t *testing.T) {
	f := start(t)
	token := f.Token(t, servertest.User("bob"), "echo:use")
	session := f.Client(t, token).Older().Session()
	for verb, want := range map[string]int{"HEAD": 405, "PUT": 405, "PATCH": 405, "OPTIONS": 405, "TRACE": 405, "post": 405, "BREW": 405, "GET": 200, "DELETE": 200} {
		for name, authorized := range map[string]bool{"with": true, "without": false} {
			request, err := http.NewRequestWithContext(t.Context(), verb, f.URL(), strings.NewReader(string(echoCall)))
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Mcp-Session-Id", session)
			request.Header.Set("Accept", "text/event-stream")
			request.Header.Set("X-Http-Method-Override", "POST")
			status := want
			if authorized {
				request.Header.Set("Authorization", "Bearer "+token)
				if verb == http.MethodDelete { // the others need the session
					request.Header.Set("Mcp-Session-Id", f.Client(t, token).Older().Session())
				}
			} else {
				status = 401
			}
			transport := &http.Transport{}
			before := f.runs.Load()
			response, err := transport.RoundTrip(request)
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			transport.CloseIdleConnections()
			if response.StatusCode != status || f.runs.Load() != before {
				t.Errorf("%s %s a token: %d, want %d", verb, name, response.StatusCode, status)
			}
			if allow := response.Header.Get("Allow"); (status == 405) != (allow == "POST, GET, DELETE") {
				t.Errorf("%s: Allow %q", verb, allow)
			}
		}
	}
}

// TestBrowsersHaveSessions is a page that begins, uses and ends a session.
func TestBrowsersHaveSessions(t *testing.T) {
	const page = "https://page.example"
	f := start(t, func(c *server.Config) { c.Origins = []string{page} })
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	for origin, status := range map[string]int{page: 204, "https://evil.example": 403} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodOptions, f.URL(), nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Origin", origin)
		request.Header.Set("Access-Control-Request-Method", "DELETE")
		request.Header.Set("Access-Control-Request-Headers", "authorization, mcp-session-id, mcp-protocol-version, last-event-id")
		response, err := transport.RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		methods := strings.Split(response.Header.Get("Access-Control-Allow-Methods"), ", ")
		headers := strings.Split(response.Header.Get("Access-Control-Allow-Headers"), ", ")
		allowed := slices.Contains(methods, "DELETE") && slices.Contains(methods, "GET") && slices.Contains(headers, "Mcp-Session-Id") &&
			slices.Contains(headers, "Last-Event-ID") && slices.Contains(headers, "Mcp-Protocol-Version")
		if response.StatusCode != status || allowed != (status == 204) {
			t.Errorf("%s: %d %v", origin, response.StatusCode, response.Header)
		}
		if status == 403 {
			continue
		}
		bob := f.as(t, "bob", "echo:use").With("Origin", origin).Older()
		for what, a := range map[string]*servertest.Answer{
			"a call": bob.Call("echo", map[string]any{"text": "hi"}), "a refusal": bob.InSession("x").Send("ping", nil), "the end": bob.End(),
		} {
			exposed := strings.Split(a.Header.Get("Access-Control-Expose-Headers"), ", ")
			if a.Header.Get("Access-Control-Allow-Origin") != page || !slices.Contains(exposed, "Mcp-Session-Id") {
				t.Errorf("%s: %v", what, a.Header)
			}
		}
	}
}
