package transport_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/sallyport-mcp/sallyport/internal/seal"
)

// withOlder serves the revisions before 2026-07-28 with these keys.
func withOlder(keys *seal.Keys) func(*harness) {
	return func(h *harness) { h.config.Legacy, h.config.Seal = true, keys }
}

// at makes a server a replica of that at another URL.
func at(url string) func(*harness) { return func(h *harness) { h.config.Resource = url } }

func newKeys(t *testing.T) *seal.Keys {
	t.Helper()
	keys, err := seal.New()
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// older is the body of a request of a revision before 2026-07-28.
func older(id, method, params string) string {
	return `{"jsonrpc":"2.0","id":` + id + `,"method":"` + method + `","params":{` + params + `}}`
}

const capable = `"capabilities":{"sampling":{},"elicitation":{},"roots":{}},"clientInfo":{"name":"c","version":"1"}`

// plainly builds a request as clients of older revisions do.
func (h *harness) plainly(verb, body string, change ...func(*http.Request)) *http.Request {
	r, err := http.NewRequest(verb, h.url, strings.NewReader(body))
	if err != nil {
		panic(err)
	}
	set("Authorization", "Bearer good")(r)
	set("Accept", "application/json, text/event-stream")(r)
	if verb == http.MethodPost {
		set("Content-Type", "application/json")(r)
	}
	for _, f := range change {
		f(r)
	}
	return r
}

func in(session string) func(*http.Request) { return set("Mcp-Session-Id", session) }

func as(token string) func(*http.Request) { return set("Authorization", "Bearer "+token) }

// shake begins a session and returns its id and the revision that was agreed on.
func (h *harness) shake(t *testing.T, version string, change ...func(*http.Request)) (string, string) {
	t.Helper()
	a := send(t, h.plainly("POST", older("1", "initialize", `"protocolVersion":"`+version+`",`+capable), change...))
	var got struct {
		ProtocolVersion string `json:"protocolVersion"`
	}
	if a.status != 200 || json.Unmarshal(a.rpc(t).Result, &got) != nil {
		t.Fatalf("initialize: %d %s", a.status, a.body)
	}
	return a.header.Get("Mcp-Session-Id"), got.ProtocolVersion
}

var callAllowed = older("2", "tools/call", `"name":"allowed"`)

func TestHandshake(t *testing.T) {
	h := start(t, withOlder(newKeys(t)))
	for asked, want := range map[string]string{
		"2025-11-25": "2025-11-25", "2025-06-18": "2025-06-18",
		"2025-03-26": "2025-11-25", "2024-11-05": "2025-11-25", "2026-07-28": "2025-11-25", "": "2025-11-25", "x": "2025-11-25",
	} {
		session, got := h.shake(t, asked)
		if got != want {
			t.Errorf("asked for %q, got %q, want %q", asked, got, want)
		}
		h.accepted(t, h.plainly("POST", callAllowed, in(session), set("MCP-Protocol-Version", want)))
		h.accepted(t, h.plainly("POST", callAllowed, in(session)))
	}
	a := send(t, h.plainly("POST", older("1", "ping", ""), in(first(h.shake(t, "2025-11-25")))))
	if a.body != `{"jsonrpc":"2.0","id":1,"result":{}}` {
		t.Errorf("ping: %s", a.body)
	}
}

func first(a, _ string) string { return a }

// TestM15_M16_SessionsAreTheirCallers uses sessions that are not the caller's, in
// every way a request can be in one.
func TestM15_M16_SessionsAreTheirCallers(t *testing.T) {
	keys := newKeys(t)
	h := start(t, withOlder(keys))
	replica, other := start(t, withOlder(keys), at(h.url)), start(t, withOlder(keys))
	toReplica := func(r *http.Request) { r.Host = h.host }
	stranger := start(t, withOlder(newKeys(t)))
	session := first(h.shake(t, "2025-11-25"))
	over := first(h.shake(t, "2025-11-25"))
	if a := send(t, h.plainly("DELETE", "", in(over))); a.status != 200 {
		t.Fatalf("DELETE: %d", a.status)
	}
	flipped := []byte(session)
	flipped[len(flipped)/2] ^= 1
	for name, c := range map[string]struct {
		h      *harness
		change []func(*http.Request)
		status int
	}{
		"another principal":              {h, []func(*http.Request){in(session), as("bob")}, 404},
		"another client":                 {h, []func(*http.Request){in(session), as("other")}, 404},
		"another, on a replica":          {replica, []func(*http.Request){in(session), as("bob"), toReplica}, 404},
		"of a server with the same keys": {other, []func(*http.Request){in(session)}, 404},
		"invented":                       {h, []func(*http.Request){in("mcp-session-7f1f4a4e-52c5-4d3c-9d3b-4f4cfbbd7d07")}, 404},
		"guessed":                        {h, []func(*http.Request){in(string(flipped))}, 404},
		"of another server":              {stranger, []func(*http.Request){in(session)}, 404},
		"ended":                          {h, []func(*http.Request){in(over)}, 404},
		"missing":                        {h, nil, 400},
		"twice":                          {h, []func(*http.Request){set("Mcp-Session-Id", session, session)}, 400},
		"of another revision":            {h, []func(*http.Request){in(session), set("MCP-Protocol-Version", "2025-06-18")}, 400},
		"of no revision":                 {h, []func(*http.Request){in(session), set("MCP-Protocol-Version", "2025-03-26")}, 400},
		"R-27 of two revisions":          {h, []func(*http.Request){in(session), set("MCP-Protocol-Version", "2025-11-25", "2025-11-25")}, 400},
		"M-17 with a Last-Event-ID":      {h, []func(*http.Request){in(session), as("bob"), set("Last-Event-ID", "1")}, 404},
	} {
		t.Run(name, func(t *testing.T) {
			for _, verb := range []string{"POST", "GET", "DELETE"} {
				body := ""
				if verb == "POST" {
					body = callAllowed
				}
				ran := c.h.ran.Load()
				a := send(t, c.h.plainly(verb, body, c.change...))
				if a.status != c.status || c.h.ran.Load() != ran {
					t.Errorf("%s: %d, want %d: %s", verb, a.status, c.status, a.body)
				}
			}
		})
	}
	h.accepted(t, h.plainly("POST", callAllowed, in(session)))
	replica.accepted(t, replica.plainly("POST", callAllowed, in(session), toReplica))
}

func TestSessionsEndByThemselves(t *testing.T) {
	c := &testClock{now: time.Now()}
	h := start(t, withOlder(newKeys(t)), func(h *harness) {
		h.config.Now = c.get
		for token, who := range h.verifier.callers {
			who.Expires = who.Expires.Add(48 * time.Hour)
			h.verifier.callers[token] = who
		}
	})
	session := first(h.shake(t, "2025-11-25"))
	c.add(24*time.Hour - time.Second)
	h.accepted(t, h.plainly("POST", callAllowed, in(session)))
	c.add(time.Second)
	h.refused(t, h.plainly("POST", callAllowed, in(session)), 404, 404)
}

type testClock struct{ now time.Time }

func (c *testClock) get() time.Time      { return c.now }
func (c *testClock) add(d time.Duration) { c.now = c.now.Add(d) }

// TestR28_OneGateWhateverTheRevision sends what the gate refuses, and what lies
// about itself, in an older revision.
func TestR28_OneGateWhateverTheRevision(t *testing.T) {
	h := start(t, withOlder(newKeys(t)))
	session := first(h.shake(t, "2025-11-25"))
	for name, c := range map[string]struct {
		body         string
		change       func(*http.Request)
		status, code int
	}{
		"the policy denies":  {older("2", "tools/call", `"name":"forbidden"`), nil, 403, 403},
		"a scope is missing": {older("2", "tools/call", `"name":"needs_scope"`), nil, 403, 403},
		"an unknown tool":    {older("2", "tools/call", `"name":"nothing"`), nil, 200, -32602},
		"an unknown method":  {older("2", "tasks/list", ``), nil, 200, -32601},
		"a newer method":     {older("2", "server/discover", ``), nil, 200, -32601},
		"a lying Mcp-Name":   {callAllowed, func(r *http.Request) { set("Mcp-Method", "tools/call")(r); set("Mcp-Name", "forbidden")(r) }, 400, -32020},
		"a lying Mcp-Param":  {older("2", "tools/call", `"name":"mirrored","arguments":{"n":1}`), set("Mcp-Param-N", "2"), 400, -32020},
		"a lying Mcp-Method": {callAllowed, set("Mcp-Method", "tools/list"), 400, -32020},
		"a batch":            {"[" + callAllowed + "]", nil, 400, -32600},
	} {
		t.Run(name, func(t *testing.T) {
			r := h.plainly("POST", c.body, in(session))
			if c.change != nil {
				c.change(r)
			}
			h.refused(t, r, c.status, c.code)
		})
	}
	h.accepted(t, h.plainly("POST", callAllowed, in(session)))
	h.accepted(t, h.plainly("POST", callAllowed, in(session), set("Mcp-Method", "tools/call"), set("Mcp-Name", "allowed")))
	h.accepted(t, h.plainly("POST", older("2", "tools/call", `"name":"mirrored","arguments":{"n":1}`), in(session)))
	h.accepted(t, h.plainly("POST", older("2", "tools/call", `"name":"mirrored","arguments":{"n":1}`), in(session),
		set("Mcp-Method", "tools/call"), set("Mcp-Name", "mirrored"), set("Mcp-Param-N", "1")))
	// A session means nothing in 2026-07-28.
	h.accepted(t, func() *http.Request { r := h.request(callBody("allowed")); in("invented")(r); return r }())
}

// TestLegacyOff is the switch: nothing of the older revisions is left.
func TestLegacyOff(t *testing.T) {
	keys := newKeys(t)
	on, off := start(t, withOlder(keys)), start(t)
	session := first(on.shake(t, "2025-11-25"))
	handshake := older("1", "initialize", `"protocolVersion":"2025-11-25",`+capable)
	off.refused(t, off.plainly("POST", handshake), 400, -32022)
	off.refused(t, off.plainly("POST", callAllowed, in(session)), 400, -32022)
	off.refused(t, off.plainly("POST", callAllowed, in(session), set("MCP-Protocol-Version", "2025-11-25")), 400, -32022)
	for _, verb := range []string{"GET", "DELETE"} {
		a := off.refused(t, off.plainly(verb, "", in(session)), 405, -32600)
		if a.header.Get("Allow") != "POST" {
			t.Errorf("%s: Allow %q", verb, a.header.Get("Allow"))
		}
	}
	on.accepted(t, on.plainly("POST", callAllowed, in(session)))
	a := on.refused(t, on.plainly("PUT", "", in(session)), 405, -32600)
	if a.header.Get("Allow") != "POST, GET, DELETE" {
		t.Errorf("Allow %q", a.header.Get("Allow"))
	}
	on.refused(t, on.plainly("GET", "", set("MCP-Protocol-Version", "2026-07-28")), 405, -32600)
}

// holds registers a tool that runs until it is told to finish, or cancelled.
func (h *harness) holds() {
	h.tool("holds", func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		h.waiting <- "started"
		select {
		case <-h.release:
			return mcp.NewToolResultText("finished"), nil
		case <-ctx.Done():
			h.waiting <- "cancelled"
			return nil, ctx.Err()
		}
	})
}

// TestR19_OnlyTheSessionCancels cancels a call by its id from everywhere else
// before it does so from its own session.
func TestR19_OnlyTheSessionCancels(t *testing.T) {
	h := start(t, withOlder(newKeys(t)), (*harness).holds)
	own, other, foreign := first(h.shake(t, "2025-11-25")), first(h.shake(t, "2025-11-25")), first(h.shake(t, "2025-11-25", as("bob")))
	answers := make(chan answer, 1)
	go func() { answers <- send(t, h.plainly("POST", older("7", "tools/call", `"name":"holds"`), in(own))) }()
	<-h.waiting
	cancel := `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}}`
	for _, r := range []*http.Request{
		h.plainly("POST", cancel, in(other)), h.plainly("POST", cancel, in(foreign), as("bob")), h.plainly("POST", cancel),
		h.plainly("POST", strings.Replace(cancel, "7", `"7"`, 1), in(own)),
	} {
		if a := send(t, r); a.status != 202 {
			t.Errorf("cancelled: %d %s", a.status, a.body)
		}
	}
	h.refused(t, h.plainly("POST", older("7", "tools/call", `"name":"holds"`), in(own)), 400, -32600)
	select {
	case <-h.waiting:
		t.Fatal("another session cancelled the call")
	default:
	}
	if a := send(t, h.plainly("POST", cancel, in(own))); a.status != 202 {
		t.Errorf("cancelled: %d %s", a.status, a.body)
	}
	if said := <-h.waiting; said != "cancelled" {
		t.Error(said)
	}
	if a := <-answers; a.rpc(t).Error == nil {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// eventsOf reads the data of a stream.
func eventsOf(r io.Reader) <-chan string {
	all := make(chan string, 100)
	go func() {
		defer close(all)
		scanner := bufio.NewScanner(r)
		for scanner.Scan() {
			if data, ok := strings.CutPrefix(scanner.Text(), "data: "); ok {
				all <- data
			}
		}
	}()
	return all
}

// open sends a request whose answer is a stream.
func open(t *testing.T, r *http.Request) (*http.Response, <-chan string) {
	t.Helper()
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	if response.StatusCode != 200 || response.Header.Get("Content-Type") != "text/event-stream" || response.Header.Get("X-Accel-Buffering") != "no" {
		body, _ := io.ReadAll(response.Body)
		t.Fatalf("no stream: %d %v %s", response.StatusCode, response.Header, body)
	}
	return response, eventsOf(response.Body)
}

// next returns the next event of a stream, or "" at its end.
func next(t *testing.T, all <-chan string) string {
	t.Helper()
	select {
	case e := <-all:
		return e
	case <-time.After(5 * time.Second):
		t.Fatal("no event")
		return ""
	}
}

// TestR21_AnswersBelongToTheirSession has a tool ask its client, and others answer.
func TestR21_AnswersBelongToTheirSession(t *testing.T) {
	h := start(t, withOlder(newKeys(t)), func(h *harness) {
		h.tool("asks", func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			result, err := mcpserver.ServerFromContext(ctx).RequestElicitation(ctx, mcp.ElicitationRequest{
				Params: mcp.ElicitationParams{Message: "Who?", RequestedSchema: map[string]any{"type": "object", "properties": map[string]any{}}},
			})
			if err != nil {
				return nil, err
			}
			return mcp.NewToolResultText(string(result.Action)), nil
		})
	})
	own, other := first(h.shake(t, "2025-11-25")), first(h.shake(t, "2025-11-25"))
	_, stream := open(t, h.plainly("POST", older("7", "tools/call", `"name":"asks"`), in(own)))
	var asked struct{ ID, Method string }
	if err := json.Unmarshal([]byte(next(t, stream)), &asked); err != nil || asked.Method != "elicitation/create" {
		t.Fatalf("%+v, %v", asked, err)
	}
	accept := `{"jsonrpc":"2.0","id":"` + asked.ID + `","result":{"action":"accept","content":{}}}`
	h.refused(t, h.plainly("POST", accept, in(other)), 400, -32600)
	h.refused(t, h.plainly("POST", accept), 400, -32600)
	h.refused(t, h.plainly("POST", `{"jsonrpc":"2.0","id":"x","result":{}}`, in(own)), 400, -32600)
	if a := send(t, h.plainly("POST", accept, in(own))); a.status != 202 || a.body != "" {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if last := next(t, stream); !strings.Contains(last, `"id":7`) || !strings.Contains(last, `"accept"`) {
		t.Error(last)
	}
	h.refused(t, h.plainly("POST", accept, in(own)), 400, -32600) // once
	// A client that did not say it can is not asked.
	a := send(t, h.plainly("POST", older("1", "initialize", `"protocolVersion":"2025-11-25","capabilities":{}`)))
	mute := a.header.Get("Mcp-Session-Id")
	if a := send(t, h.plainly("POST", older("7", "tools/call", `"name":"asks"`), in(mute))); a.status != 200 || a.rpc(t).Error == nil {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// TestF10_DisconnectIsNoCancellationInOlderRevisions loses the client of an older revision, whose call
// goes on, and the DELETE of its session then ends it.
func TestF10_DisconnectIsNoCancellationInOlderRevisions(t *testing.T) {
	h := start(t, withOlder(newKeys(t)), (*harness).holds)
	session := first(h.shake(t, "2025-11-25"))
	ctx, leave := context.WithCancel(t.Context())
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		_, _ = http.DefaultTransport.RoundTrip(h.plainly("POST", older("7", "tools/call", `"name":"holds"`), in(session)).WithContext(ctx))
	}()
	<-h.waiting
	leave()
	<-gone
	until(t, func() bool { return h.config.Limits.Calls().Abandoned > 0 }) // until the server has noticed
	select {
	case said := <-h.waiting:
		t.Fatalf("the call was %s", said)
	default:
	}
	if a := send(t, h.plainly("DELETE", "", in(session))); a.status != 200 {
		t.Fatalf("DELETE: %d", a.status)
	}
	if said := <-h.waiting; said != "cancelled" {
		t.Error(said)
	}
}

// TestLogLevelOfASession sends log messages at two levels before and after the
// client says which it wants.
func TestLogLevelOfASession(t *testing.T) {
	h := start(t, withOlder(newKeys(t)), func(h *harness) {
		h.tool("logs", func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			for _, level := range []string{"debug", "info", "error"} {
				if err := mcpserver.ServerFromContext(ctx).SendNotificationToClient(ctx, "notifications/message", map[string]any{"level": level, "data": "x"}); err != nil {
					return nil, err
				}
			}
			return mcp.NewToolResultText("done"), nil
		})
	})
	session := first(h.shake(t, "2025-11-25"))
	count := func() int {
		a := send(t, h.plainly("POST", older("7", "tools/call", `"name":"logs"`), in(session)))
		return strings.Count(a.body, "notifications/message")
	}
	if n := count(); n != 2 {
		t.Errorf("%d messages by default, want info and error", n)
	}
	h.refused(t, h.plainly("POST", older("3", "logging/setLevel", `"level":"loud"`), in(session)), 400, -32602)
	if a := send(t, h.plainly("POST", older("3", "logging/setLevel", `"level":"error"`), in(session))); a.status != 200 || a.rpc(t).Error != nil {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if n := count(); n != 1 {
		t.Errorf("%d messages after setLevel error, want one", n)
	}
}

// until waits for what the server does after an answer was read.
func until(t *testing.T, holds func() bool) {
	t.Helper()
	deadline, tick := time.After(5*time.Second), time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("it never came to it")
		}
	}
}
