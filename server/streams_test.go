package server_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/server/servertest"
)

// listen opens a stream and returns what it was granted.
func listen(t *testing.T, c *servertest.Client, filter servertest.Filter) (*servertest.Stream, map[string]any) {
	t.Helper()
	stream, refused := c.Listen(filter)
	if refused != nil {
		t.Fatalf("listen: %v", refused)
	}
	e := heard(t, stream, "notifications/subscriptions/acknowledged")
	return stream, decode[struct{ Notifications map[string]any }](t, string(e.Params)).Notifications
}

// getStream opens the stream of a session.
func getStream(t *testing.T, c *servertest.Client) *servertest.Stream {
	t.Helper()
	stream, refused := c.Stream()
	if refused != nil {
		t.Fatalf("GET: %v", refused)
	}
	return stream
}

// heard expects the next message to be of a method.
func heard(t *testing.T, s *servertest.Stream, method string) servertest.Event {
	t.Helper()
	e, ok := s.Next()
	if !ok || e.Method != method {
		t.Fatalf("heard %+v (%v), want %s", e, ok, method)
	}
	return e
}

// told expects that the next message is about a resource.
func told(t *testing.T, s *servertest.Stream, uri string) {
	t.Helper()
	e := heard(t, s, "notifications/resources/updated")
	if got := decode[struct{ URI string }](t, string(e.Params)).URI; got != uri {
		t.Errorf("told of %s, want %s", got, uri)
	}
}

// ended expects the end that 2026-07-28 asks for: a notice, the result, nothing.
func ended(t *testing.T, s *servertest.Stream) {
	t.Helper()
	heard(t, s, "notifications/cancelled")
	e, ok := s.Next()
	if !ok || e.Result == nil || !strings.Contains(string(e.Result), `"complete"`) {
		t.Errorf("%+v (%v), want a result", e, ok)
	}
	over(t, s)
}

// over expects the end of a stream.
func over(t *testing.T, s *servertest.Stream) {
	t.Helper()
	if e, ok := s.Next(); ok {
		t.Errorf("after the end: %+v", e)
	}
}

// soon fails if what was begun at a time has taken longer than a stream may outlive
// its right.
func soon(t *testing.T, began time.Time) {
	t.Helper()
	if took := time.Since(began); took > 3*time.Second { // one to see the edit, one to act on it, one for a busy machine
		t.Errorf("it took %v", took)
	}
}

const everyURI = "app://config app://plans user://bob user://alice user://../x nowhere://1 plan://x"

// TestM20_OnlyWhatMayBeReadIsGranted asks to be told of resources that do not exist
// or may not be read, in both revisions.
func TestM20_OnlyWhatMayBeReadIsGranted(t *testing.T) {
	f := start(t)
	scopes := []string{"config:read", "users:read", "secret:use"}
	uris := strings.Fields(everyURI)
	for who, want := range map[string][]any{
		"bob":   {"app://config", "user://bob"},
		"alice": {"app://config", "app://plans", "user://bob", "user://alice", "plan://x"},
		"carol": nil,
	} {
		t.Run(who, func(t *testing.T) {
			c := f.as(t, who, scopes...)
			stream, granted := listen(t, c, servertest.Filter{Tools: true, URIs: uris})
			wanted := map[string]any{"toolsListChanged": true}
			if want != nil {
				wanted["resourceSubscriptions"] = want
			}
			if diff := cmp.Diff(wanted, granted); diff != "" {
				t.Errorf("granted (-want +got)\n%s", diff)
			}
			old := c.Older()
			get := getStream(t, old)
			var subscribed []any
			for _, uri := range uris {
				if old.Send("resources/subscribe", map[string]any{"uri": uri}).OK() {
					subscribed = append(subscribed, uri)
				}
			}
			if diff := cmp.Diff(want, subscribed); diff != "" {
				t.Errorf("subscribed (-want +got)\n%s", diff)
			}
			for _, uri := range uris {
				f.Server.Server().NotifyResourceUpdated(uri)
				if want != nil && slices.Contains(want, any(uri)) {
					told(t, stream, uri)
					told(t, get, uri)
				}
			}
			f.Server.Server().NotifyToolsChanged() // nothing else came before it
			heard(t, stream, "notifications/tools/list_changed")
			heard(t, get, "notifications/tools/list_changed")
		})
	}
}

// TestM20_SubscribingIsDecidedLikeReading subscribes without the scope, without the
// role, and with both.
func TestM20_SubscribingIsDecidedLikeReading(t *testing.T) {
	f := start(t)
	subscribe := func(c *servertest.Client, uri string) *servertest.Answer {
		return c.Send("resources/subscribe", map[string]any{"uri": uri})
	}
	if a := subscribe(f.as(t, "bob", "other:use").Older(), "app://config"); !a.StepUp("config:read") {
		t.Errorf("without the scope: %v", a)
	}
	bob := f.as(t, "bob", "config:read", "secret:use").Older()
	if a := subscribe(bob, "app://plans"); !a.Denied("secret:use") {
		t.Errorf("without the role: %v", a)
	}
	if a := subscribe(bob, "no://where"); a.Status != 200 || a.Code != -32602 {
		t.Errorf("what does not exist: %v", a)
	}
	if n := f.ran(func() {
		if a := subscribe(bob, "app://config"); !a.OK() {
			t.Errorf("twin: %v", a)
		}
	}); n != 0 {
		t.Error("subscribing reads the resource")
	}
	get := getStream(t, bob)
	f.Server.Server().NotifyResourceUpdated("app://config")
	told(t, get, "app://config")
	if a := bob.Send("resources/unsubscribe", map[string]any{"uri": "app://config"}); !a.OK() {
		t.Error(a)
	}
	f.Server.Server().NotifyResourceUpdated("app://config")
	f.Server.Server().NotifyPromptsChanged()
	heard(t, get, "notifications/prompts/list_changed")
}

// TestM21_NobodyHearsOfWhatIsNotTheirs changes what only admins see.
func TestM21_NobodyHearsOfWhatIsNotTheirs(t *testing.T) {
	f := start(t)
	all := servertest.Filter{Tools: true, Prompts: true, Resources: true}
	streams := map[string][]*servertest.Stream{}
	for _, who := range []string{"alice", "bob"} {
		c := f.as(t, who, "echo:use")
		modern, _ := listen(t, c, all)
		streams[who] = []*servertest.Stream{modern, getStream(t, c.Older())}
	}
	s := f.Server.Server()
	s.NotifyToolsChanged("secret")
	s.NotifyToolsChanged("nobody")
	for _, stream := range streams["alice"] {
		heard(t, stream, "notifications/tools/list_changed")
	}
	s.NotifyPromptsChanged("plotting")
	for _, stream := range streams["alice"] {
		heard(t, stream, "notifications/prompts/list_changed")
	}
	s.NotifyResourcesChanged("app://plans", "plan://{id}")
	for _, stream := range streams["alice"] {
		heard(t, stream, "notifications/resources/list_changed")
	}
	s.NotifyResourcesChanged("app://config", "app://plans") // one of them is bob's, too
	for _, stream := range append(streams["alice"], streams["bob"]...) {
		heard(t, stream, "notifications/resources/list_changed") // the first that bob hears
	}
}

// TestM18_StreamsEndWithTheirToken listens with a token that lasts for two seconds.
func TestM18_StreamsEndWithTheirToken(t *testing.T) {
	f := start(t)
	began := time.Now()
	expires := began.Add(2 * time.Second)
	// What is left of the skew that a token is allowed does not count for a stream.
	brief := f.Client(t, f.Token(t, servertest.Caller{Subject: "bob", Claims: map[string]any{"exp": expires.Unix()}}, "echo:use"))
	stream, _ := listen(t, brief, servertest.Filter{Tools: true})
	get := getStream(t, brief.Older())
	lasting, _ := listen(t, f.as(t, "bob", "echo:use"), servertest.Filter{Tools: true})
	ended(t, stream)
	over(t, get)
	if late := time.Since(expires); late > time.Second {
		t.Errorf("the streams ended %v after their token", late)
	}
	f.Server.Server().NotifyToolsChanged("echo")
	heard(t, lasting, "notifications/tools/list_changed")
}

// edit changes the policy file.
func (f *fixture) edit(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(f.policy)
	if err != nil || !strings.Contains(string(text), from) {
		t.Fatalf("the policy holds no %q: %v", from, err)
	}
	writeFile(t, f.policy, strings.Replace(string(text), from, to, 1))
}

// TestM19_AWithdrawnRoleEndsTheStream takes a role from bob, which ends his stream on
// a resource he may not read any more, and no other.
func TestM19_AWithdrawnRoleEndsTheStream(t *testing.T) {
	w := newWaiting()
	f := start(t, w.add)
	uris := servertest.Filter{URIs: []string{"app://config"}}
	bob := f.as(t, "bob", "config:read", "echo:use")
	stream, _ := listen(t, bob, uris)
	alices, _ := listen(t, f.as(t, "alice", "config:read"), uris)
	old := bob.Older()
	get := getStream(t, old)
	if a := old.Send("resources/subscribe", map[string]any{"uri": "app://config"}); !a.OK() {
		t.Fatal(a)
	}
	calls := make(chan *servertest.Answer, 2)
	for _, c := range []*servertest.Client{bob, old} {
		go func() { calls <- c.Call("waits", nil) }()
		<-w.started
	}
	began := time.Now()
	f.edit(t, "g, user:bob, role:member\n", "")
	ended(t, stream)
	for range 2 {
		if a := <-calls; !a.Denied("echo:use") {
			t.Errorf("a call that ran: %v", a)
		}
		<-w.cancelled
	}
	soon(t, began)
	f.Server.Server().NotifyResourceUpdated("app://config")
	told(t, alices, "app://config")
	// His session is his, but tells him nothing of it: of its lists that they are shorter.
	for range 3 {
		if e, _ := get.Next(); !strings.HasSuffix(e.Method, "/list_changed") {
			t.Errorf("%+v", e)
		}
	}
	old.End()
	over(t, get)
}

// TestM19_OnlyAlteredListsAreAnnounced changes the policy so that bob's lists stay as
// they are, and then so that one of them does not.
func TestM19_OnlyAlteredListsAreAnnounced(t *testing.T) {
	f := start(t)
	bob := f.as(t, "bob", "echo:use")
	stream, _ := listen(t, bob, servertest.Filter{Tools: true, Prompts: true, Resources: true})
	get := getStream(t, bob.Older())
	resources, _ := listen(t, bob, servertest.Filter{Prompts: true, Resources: true})
	revision := f.Server.Server().PolicyRevision()
	f.edit(t, "p, client:evil,", "p, client:worse, *, *, deny\np, client:evil,")
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for f.Server.Server().PolicyRevision() == revision {
		<-look.C
	}
	began := time.Now()
	f.edit(t, "p, role:member, echo, use, allow\n", "")
	heard(t, stream, "notifications/tools/list_changed") // and not before
	heard(t, get, "notifications/tools/list_changed")
	soon(t, began)
	f.Server.Server().NotifyResourcesChanged("app://config")
	for _, s := range []*servertest.Stream{stream, get, resources} {
		heard(t, s, "notifications/resources/list_changed") // and no other list before it
	}
}

// TestEveryDecisionAboutSessionsAndStreamsIsRecordedOnce counts the records.
func TestEveryDecisionAboutSessionsAndStreamsIsRecordedOnce(t *testing.T) {
	f := start(t)
	bob := f.as(t, "bob", "config:read")
	old := bob.Older() // initialize; a notification is no decision
	getStream(t, old)
	listen(t, bob, servertest.Filter{URIs: []string{"app://config"}})
	old.Send("ping", nil)
	old.Send("resources/subscribe", map[string]any{"uri": "app://config"})
	old.Send("resources/subscribe", map[string]any{"uri": "app://nowhere?key=canary-1"})
	old.Send("resources/subscribe", map[string]any{"uri": "app://plans"})
	old.Send("resources/unsubscribe", map[string]any{"uri": "app://nowhere?key=canary-2"})
	f.as(t, "alice").InSession(old.Session()).Send("resources/subscribe", map[string]any{"uri": "app://nowhere?key=canary-3"})
	old.Respond(json.RawMessage(`"x"`), map[string]any{})
	old.End()
	old.Send("ping", nil)
	want := []string{
		"initialize allow valid_token", "GET allow valid_token", "subscriptions/listen allow listed", "ping allow valid_token",
		"resources/subscribe app://config allow allowed", "resources/subscribe app: deny unknown_operation",
		"resources/subscribe app://plans deny permission_missing", "resources/unsubscribe allow valid_token",
		"resources/subscribe app: deny session_unknown", "deny response_unasked", "DELETE allow valid_token", "ping deny session_unknown",
	}
	var got []string
	for _, line := range f.Records(t, len(want)) {
		if strings.Contains(line, "canary") {
			t.Errorf("a record holds what a URI holds: %s", line)
		}
		r := decode[struct{ Method, Name, Decision, Reason, Subject string }](t, line)
		got = append(got, strings.Join(strings.Fields(r.Method+" "+r.Name+" "+r.Decision+" "+r.Reason), " "))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestOlderRevisionsOff is the switch: the same client with and without it.
func TestOlderRevisionsOff(t *testing.T) {
	on := start(t)
	off := start(t, func(c *server.Config) { c.Legacy = server.Off })
	handshake := []byte(`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{}}}`)
	for name, c := range map[string]struct {
		f      *fixture
		status int
	}{"on": {on, 200}, "off": {off, 400}} {
		client := c.f.as(t, "bob", "echo:use")
		a := client.InSession("").SendRaw(nil, handshake)
		if a.Status != c.status || (c.status == 400 && (a.Code != -32022 || cmp.Diff(a.Data["supported"], []any{"2026-07-28"}) != "")) {
			t.Errorf("%s: %v", name, a)
		}
		c.f.accepted(t, name, func() *servertest.Answer { return client.Call("echo", map[string]any{"text": "hi"}) })
	}
	bob := off.as(t, "bob", "echo:use").InSession("x")
	if _, a := bob.Stream(); a == nil || a.Status != 405 || a.Header.Get("Allow") != "POST" {
		t.Errorf("GET: %v", a)
	}
	if a := bob.End(); a.Status != 405 {
		t.Errorf("DELETE: %v", a)
	}
}
