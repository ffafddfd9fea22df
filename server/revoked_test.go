package server_test

import (
	"bufio"
	"net/http"
	"strings"
	"testing"
	"time"
)

// stream opens a stream and returns the data of its events.
func (p *person) stream(verb, body string, header map[string]string) <-chan string {
	p.t.Helper()
	request, err := http.NewRequestWithContext(p.t.Context(), verb, p.origin+"/mcp", strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	request.Header.Set("Accept", "application/json, text/event-stream")
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+p.accessed)
	for name, value := range header {
		request.Header.Set(name, value)
	}
	transport := &http.Transport{}
	response := must(p.t)(transport.RoundTrip(request))
	if response.StatusCode != 200 || response.Header.Get("Content-Type") != "text/event-stream" {
		p.t.Fatalf("no stream: %d %v", response.StatusCode, response.Header)
	}
	events := make(chan string, 100)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer close(events)
		for lines := bufio.NewScanner(response.Body); lines.Scan(); {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				events <- data
			}
		}
	}()
	p.t.Cleanup(func() { response.Body.Close(); <-done; transport.CloseIdleConnections() })
	return events
}

// said expects the next event, or the end of the stream.
func said(t *testing.T, events <-chan string, want string) {
	t.Helper()
	select {
	case e := <-events:
		if !strings.Contains(e, want) || (want == "" && e != "") {
			t.Errorf("heard %q, want %q", e, want)
		}
	case <-time.After(5 * time.Second):
		t.Fatalf("heard nothing, want %q", want)
	}
}

// TestM19_ARevokedTokenEndsItsStreams revokes the grant of a stream of each kind, and
// leaves another grant of the same user alone.
func TestM19_ARevokedTokenEndsItsStreams(t *testing.T) {
	d := startDevelopment(t)
	bob, other := d.logIn(t, "bob", "echo:use"), d.logIn(t, "bob", "echo:use")
	listening := func(p *person) <-chan string {
		return p.stream(http.MethodPost, `{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{"notifications":{"toolsListChanged":true},
			"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}`,
			map[string]string{"Mcp-Protocol-Version": "2026-07-28", "Mcp-Method": "subscriptions/listen"})
	}
	session := func(p *person) map[string]string {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.origin+"/mcp", strings.NewReader(
			`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{}}}`))
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range map[string]string{
			"Content-Type": "application/json", "Accept": "application/json, text/event-stream", "Authorization": "Bearer " + p.accessed,
		} {
			request.Header.Set(name, value)
		}
		response := must(t)((&http.Transport{DisableKeepAlives: true}).RoundTrip(request))
		if status, body := read(t, response); status != 200 {
			t.Fatalf("initialize: %d %s", status, body)
		}
		return map[string]string{"Mcp-Session-Id": response.Header.Get("Mcp-Session-Id")}
	}
	streams := map[*person][2]<-chan string{}
	for _, p := range []*person{bob, other} {
		streams[p] = [2]<-chan string{listening(p), p.stream(http.MethodGet, "", session(p))}
		said(t, streams[p][0], "notifications/subscriptions/acknowledged")
	}
	d.server.NotifyToolsChanged("echo")
	for _, both := range streams {
		said(t, both[0], "notifications/tools/list_changed")
		said(t, both[1], "notifications/tools/list_changed")
	}
	began := time.Now()
	bob.revoke(bob.refresh)
	said(t, streams[bob][0], "notifications/cancelled")
	said(t, streams[bob][0], `"result":{`)
	said(t, streams[bob][0], "")
	said(t, streams[bob][1], "")
	if took := time.Since(began); took > time.Second {
		t.Errorf("the streams ended %v after the revocation", took)
	}
	d.server.NotifyToolsChanged("echo")
	said(t, streams[other][0], "notifications/tools/list_changed")
	said(t, streams[other][1], "notifications/tools/list_changed")
	d.server.Close()
	if n := strings.Count(d.journal.String(), `"reason":"revoked"`); n != 2 {
		t.Errorf("%d records of two streams that were revoked", n)
	}
	for _, stream := range streams[other] { // and those that are left end with the server
		for range stream {
			continue
		}
	}
}
