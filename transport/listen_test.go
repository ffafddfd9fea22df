package transport_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/transport"
	"github.com/sallyport-mcp/sallyport/transport/message"
)

// listening is the body of subscriptions/listen with a filter.
func listening(filter string) string {
	return strings.Replace(rpc("subscriptions/listen", `"notifications":{`+filter+`},`), `"id":1`, `"id":"l\u0031"`, 1)
}

// said is one message of a stream, reduced to what matters.
type said struct {
	Method string `json:"method"`
	ID     string `json:"id"`
	Params struct {
		URI           string         `json:"uri"`
		Notifications map[string]any `json:"notifications"`
		Meta          map[string]any `json:"_meta"`
		RequestID     string         `json:"requestId"`
	} `json:"params"`
	Result map[string]any `json:"result"`
}

func heard(t *testing.T, all <-chan string) said {
	t.Helper()
	var s said
	if event := next(t, all); event != "" {
		if err := json.Unmarshal([]byte(event), &s); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

const subscription = "io.modelcontextprotocol/subscriptionId"

// endpointOf lets a test reach the endpoint of a harness.
func endpointOf(e **transport.Endpoint) func(*harness) {
	return func(h *harness) { h.made = func(made *transport.Endpoint) { *e = made } }
}

// TestM20_M21_ListenersHearWhatIsTheirs listens as two people and announces what
// only one of them may hear of.
func TestM20_M21_ListenersHearWhatIsTheirs(t *testing.T) {
	var e *transport.Endpoint
	h := start(t, endpointOf(&e))
	filter := `"toolsListChanged":true,"resourceSubscriptions":["note://1","secret://3","nowhere://1"]`
	_, alice := open(t, h.request(listening(filter)))
	asBob := h.request(listening(filter))
	as("bob")(asBob)
	_, bob := open(t, asBob)
	for who, c := range map[string]struct {
		stream <-chan string
		uris   []any
	}{"alice": {alice, []any{"note://1", "secret://3"}}, "bob": {bob, []any{"note://1"}}} {
		ack := heard(t, c.stream)
		want := map[string]any{"toolsListChanged": true, "resourceSubscriptions": c.uris}
		if diff := cmp.Diff(want, ack.Params.Notifications); diff != "" || ack.Method != "notifications/subscriptions/acknowledged" {
			t.Errorf("%s: %s (-want +got)\n%s", who, ack.Method, diff)
		}
		if ack.Params.Meta[subscription] != "l1" {
			t.Errorf("%s: %v", who, ack.Params.Meta)
		}
	}
	e.Announce(transport.Change{Kind: transport.ToolsChanged, Names: []string{"secret_1"}})
	e.Announce(transport.Change{Kind: transport.PromptsChanged}) // nobody asked for it
	e.Announce(transport.Change{Kind: transport.ResourceUpdated, Names: []string{"secret://3"}})
	e.Announce(transport.Change{Kind: transport.ResourceUpdated, Names: []string{"note://2"}}) // nobody asked for it
	got := map[string]string{}
	for range 2 {
		s := heard(t, alice)
		got[s.Method] = s.Params.URI
		if s.Params.Meta[subscription] != "l1" {
			t.Errorf("%+v", s)
		}
	}
	want := map[string]string{"notifications/tools/list_changed": "", "notifications/resources/updated": "secret://3"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("alice (-want +got)\n%s", diff)
	}
	// Had bob been told of the secret tool, that would come first.
	e.Announce(transport.Change{Kind: transport.ResourceUpdated, Names: []string{"note://1"}})
	if s := heard(t, bob); s.Method != "notifications/resources/updated" || s.Params.URI != "note://1" {
		t.Errorf("bob first heard of %+v", s)
	}
	e.Announce(transport.Change{Kind: transport.ToolsChanged})
	if s := heard(t, bob); s.Method != "notifications/tools/list_changed" {
		t.Errorf("bob then heard of %+v", s)
	}
	e.Drain()
	for _, stream := range []<-chan string{alice, bob} {
		s := heard(t, stream)
		for s.Method == "notifications/tools/list_changed" || s.Method == "notifications/resources/updated" {
			s = heard(t, stream)
		}
		ends(t, s, stream)
	}
}

// ends expects the graceful end of a stream: a notice, the result, nothing more.
func ends(t *testing.T, notice said, stream <-chan string) {
	t.Helper()
	if notice.Method != "notifications/cancelled" || notice.Params.RequestID != "l1" {
		t.Errorf("the end begins with %+v", notice)
	}
	result := heard(t, stream)
	meta, _ := result.Result["_meta"].(map[string]any)
	if result.ID != "l1" || result.Result["resultType"] != "complete" || meta[subscription] != "l1" {
		t.Errorf("result %+v", result)
	}
	if more := next(t, stream); more != "" {
		t.Errorf("after the end: %s", more)
	}
}

// TestM18_StreamsEndWithTheirToken opens a stream of each kind with a token that
// lasts for two seconds.
func TestM18_StreamsEndWithTheirToken(t *testing.T) {
	h := start(t, withOlder(newKeys(t)), func(h *harness) {
		h.verifier.callers["brief"] = authz.Principal{Issuer: "https://i", Subject: "alice", Client: "c", Expires: time.Now().Add(2 * time.Second)}
	})
	session := first(h.shake(t, "2025-11-25"))
	brief := h.request(listening(`"toolsListChanged":true`))
	as("brief")(brief)
	began := time.Now()
	_, listen := open(t, brief)
	_, get := open(t, h.plainly("GET", "", in(session), as("brief")))
	heard(t, listen)
	ends(t, heard(t, listen), listen)
	if more := next(t, get); more != "" {
		t.Errorf("GET: %s", more)
	}
	if took := time.Since(began); took < time.Second || took > 3*time.Second {
		t.Errorf("the streams lasted %v", took)
	}
}

// TestM19_StreamsEndWithTheirRight withdraws what admitted streams and a call.
func TestM19_StreamsEndWithTheirRight(t *testing.T) {
	var e *transport.Endpoint
	var withdrawn atomic.Bool
	h := start(t, withOlder(newKeys(t)), endpointOf(&e), (*harness).holds, func(h *harness) {
		h.gate.recheck = func() *transport.Refusal {
			if withdrawn.Load() {
				return transport.InvalidToken("revoked")
			}
			return nil
		}
	})
	session := first(h.shake(t, "2025-11-25"))
	_, listen := open(t, h.request(listening(`"toolsListChanged":true`)))
	_, get := open(t, h.plainly("GET", "", in(session)))
	answers := make(chan answer, 1)
	go func() { answers <- send(t, h.request(callBody("holds"))) }()
	<-h.waiting
	heard(t, listen)
	e.Recheck() // nothing was withdrawn
	e.Announce(transport.Change{Kind: transport.ToolsChanged})
	for _, stream := range []<-chan string{listen, get} {
		if s := heard(t, stream); s.Method != "notifications/tools/list_changed" {
			t.Fatalf("%+v", s)
		}
	}
	records := h.gate.count()
	withdrawn.Store(true)
	e.Recheck()
	ends(t, heard(t, listen), listen)
	if more := next(t, get); more != "" {
		t.Errorf("GET: %s", more)
	}
	if said := <-h.waiting; said != "cancelled" {
		t.Error(said)
	}
	if a := <-answers; a.status != 401 || a.header.Get("WWW-Authenticate") == "" {
		t.Errorf("the call: %d %s", a.status, a.body)
	}
	if n := h.gate.count() - records; n != 3 {
		t.Errorf("%d records of three withdrawals", n)
	}
}

// TestStreamOfASession tells the last stream of a session what it may hear, and
// ends it with the session.
func TestStreamOfASession(t *testing.T) {
	var e *transport.Endpoint
	h := start(t, withOlder(newKeys(t)), endpointOf(&e))
	session := first(h.shake(t, "2025-11-25"))
	subscribe := func(method string) {
		if a := send(t, h.plainly("POST", older("3", method, `"uri":"note://1"`), in(session))); a.status != 200 || a.rpc(t).Error != nil {
			t.Fatalf("%s: %d %s", method, a.status, a.body)
		}
	}
	_, before := open(t, h.plainly("GET", "", in(session)))
	ctx, leave := context.WithCancel(t.Context())
	_, last := open(t, h.plainly("GET", "", in(session)).WithContext(ctx))
	subscribe("resources/subscribe")
	e.Announce(transport.Change{Kind: transport.ResourceUpdated, Names: []string{"note://2"}})
	e.Announce(transport.Change{Kind: transport.ResourceUpdated, Names: []string{"note://1"}})
	if s := heard(t, last); s.Method != "notifications/resources/updated" || s.Params.URI != "note://1" || s.Params.Meta != nil {
		t.Errorf("%+v", s)
	}
	leave()
	until(t, func() bool { return transport.Open(e) == 1 }) // until the server has noticed that one left
	subscribe("resources/unsubscribe")
	e.Announce(transport.Change{Kind: transport.ResourceUpdated, Names: []string{"note://1"}})
	e.Announce(transport.Change{Kind: transport.PromptsChanged})
	if s := heard(t, before); s.Method != "notifications/prompts/list_changed" {
		t.Errorf("%+v", s)
	}
	if a := send(t, h.plainly("DELETE", "", in(session))); a.status != 200 {
		t.Fatalf("DELETE: %d", a.status)
	}
	if more := next(t, before); more != "" {
		t.Errorf("after DELETE: %s", more)
	}
}

// TestASessionSubscribesToSoMuch subscribes to more than is kept, until there is room
// again.
func TestASessionSubscribesToSoMuch(t *testing.T) {
	h := start(t, withOlder(newKeys(t)))
	session := first(h.shake(t, "2025-11-25"))
	uri := func(letter string) string {
		return `"uri":"` + letter + strings.Repeat("x", message.MaxSubscribed/2-1) + `"`
	}
	do := func(method, letter string) answer {
		return send(t, h.plainly("POST", older("3", method, uri(letter)), in(session)))
	}
	for _, letter := range []string{"a", "b"} {
		if a := do("resources/subscribe", letter); a.rpc(t).Error != nil {
			t.Fatalf("%d %s", a.status, a.body)
		}
	}
	if a := do("resources/subscribe", "c"); a.status != 200 || a.rpc(t).Error == nil || a.rpc(t).Error.Code != -32602 {
		t.Errorf("one too many: %d %s", a.status, a.body)
	}
	do("resources/unsubscribe", "a")
	if a := do("resources/subscribe", "c"); a.status != 200 || a.rpc(t).Error != nil {
		t.Errorf("twin: %d %s", a.status, a.body)
	}
}

// TestStreamsSayThatTheyAreAlive reads the comments of an idle stream.
func TestStreamsSayThatTheyAreAlive(t *testing.T) {
	h := start(t, func(h *harness) { h.config.KeepAlive = 10 * time.Millisecond })
	response, err := http.DefaultTransport.RoundTrip(h.request(listening(`"toolsListChanged":true`)))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var read strings.Builder
	for strings.Count(read.String(), ": \n\n") < 3 {
		if _, err := io.CopyN(&read, response.Body, 1); err != nil {
			t.Fatal(err)
		}
	}
}

// TestStreamsNeedAReader refuses who cannot read a stream.
func TestStreamsNeedAReader(t *testing.T) {
	h := start(t, withOlder(newKeys(t)))
	session := first(h.shake(t, "2025-11-25"))
	r := h.request(listening(``))
	set("Accept", "application/json")(r)
	h.refused(t, r, 406, -32600)
	h.refused(t, h.plainly("GET", "", in(session), set("Accept", "application/json")), 406, -32600)
	_, listen := open(t, h.request(listening(``)))
	heard(t, listen)
	open(t, h.plainly("GET", "", in(session), set("Accept", "text/event-stream")))
}

// TestStreamsAreLimited opens one more than allowed.
func TestStreamsAreLimited(t *testing.T) {
	h := start(t, withOlder(newKeys(t)), func(h *harness) {
		limits, err := transport.NewLimits(transport.Quotas{Streams: 3, StreamsPerPrincipal: 2}, nil)
		if err != nil {
			t.Fatal(err)
		}
		h.config.Limits = limits
	})
	listen := func(token string) *http.Request {
		r := h.request(listening(`"toolsListChanged":true`))
		as(token)(r)
		return r
	}
	a, _ := open(t, listen("good"))
	open(t, listen("good"))
	over := func(token string) {
		if a := h.refused(t, listen(token), 429, 429); a.header.Get("Retry-After") == "" {
			t.Errorf("%s: no Retry-After", token)
		}
		session := first(h.shake(t, "2025-11-25", as(token)))
		if a := h.refused(t, h.plainly("GET", "", in(session), as(token)), 429, 429); a.header.Get("Retry-After") == "" {
			t.Errorf("%s: no Retry-After for a GET", token)
		}
	}
	over("good")
	open(t, listen("bob"))
	over("bob")
	a.Body.Close()
	until(t, func() bool { return transport.OpenStreams(h.config.Limits) == 2 })
	open(t, listen("good"))
}
