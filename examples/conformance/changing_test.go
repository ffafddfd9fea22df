package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport-mcp/sallyport/server/servertest"
)

// TestChangesAreAnnounced listens for everything and has both tools announce.
func TestChangesAreAnnounced(t *testing.T) {
	srv := start(t)
	scopes := []string{
		call, "mcp:conformance:tools:" + triggerTool, "mcp:conformance:tools:" + triggerPrompt,
		read, "mcp:conformance:resources:watched",
	}
	token := srv.Token(t, servertest.User("alice"), scopes...)
	client := srv.Client(t, token)
	stream := listen(t, srv, token)
	s := &session{t: t}
	if m := s.next(stream); m.Method != "notifications/subscriptions/acknowledged" {
		t.Fatalf("first on the stream: %+v", m)
	}
	for tool, want := range map[string]string{
		triggerTool: "notifications/tools/list_changed", triggerPrompt: "notifications/prompts/list_changed",
	} {
		if answer := client.Call(tool, nil); !answer.OK() {
			t.Fatalf("%s: %v", tool, answer)
		}
		// The two may come together or one by one, lists first.
		got := []string{s.next(stream).Method, s.next(stream).Method}
		if diff := cmp.Diff([]string{want, "notifications/resources/updated"}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tool, diff)
		}
	}
	if answer := client.Read(watched); answer.Text() != "2" {
		t.Errorf("the watched resource after two calls: %v", answer)
	}
}

// TestListsChangeWithThePolicy takes a tool from alice while she listens: what she
// is told then is true.
func TestListsChangeWithThePolicy(t *testing.T) {
	policy := filepath.Join(t.TempDir(), "policy.csv")
	write := func(rows string) {
		if err := os.WriteFile(policy, []byte("p, role:tester, mcp:conformance:*, *, allow\ng, user:alice, role:tester\n"+rows), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("")
	cfg := config()
	cfg.Policy = policy
	srv := servertest.Start(t, cfg)
	token := srv.Token(t, servertest.User("alice"), call)
	client := srv.Client(t, token)
	before := client.Tools()
	stream := listen(t, srv, token)
	s := &session{t: t}
	if m := s.next(stream); m.Method != "notifications/subscriptions/acknowledged" {
		t.Fatalf("first on the stream: %+v", m)
	}
	write("p, role:tester, mcp:conformance:tools, test_simple_text, deny\n")
	if m := s.next(stream); m.Method != "notifications/tools/list_changed" {
		t.Errorf("after the edit: %+v", m)
	}
	want := slices.DeleteFunc(before, func(name string) bool { return name == "test_simple_text" })
	if diff := cmp.Diff(want, client.Tools()); diff != "" {
		t.Errorf("the tools after the edit (-want +got):\n%s", diff)
	}
}

// listen opens a stream of 2026-07-28 for everything.
func listen(t *testing.T, srv *servertest.Server, token string) *bufio.Reader {
	t.Helper()
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": "subscriptions/listen", "params": map[string]any{
		"_meta": capable(),
		"notifications": map[string]any{
			"toolsListChanged": true, "promptsListChanged": true, "resourceSubscriptions": []string{watched},
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(bounded(t), http.MethodPost, srv.URL(), bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header = http.Header{
		"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"}, "Authorization": {"Bearer " + token},
		"Mcp-Protocol-Version": {"2026-07-28"}, "Mcp-Method": {"subscriptions/listen"},
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	return bufio.NewReader(response.Body)
}
