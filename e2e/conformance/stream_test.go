package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// backend serves streams the next event of which is sent only once the last one
// has been seen, and names what else it is sent.
type backend struct{ seen chan struct{} }

func (b *backend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	session := r.Header.Get("Mcp-Session-Id")
	if r.Header.Get("Authorization") != "Bearer 2" || session != "s" {
		http.Error(w, "not authorized in session s", http.StatusUnauthorized)
		return
	}
	w.Header().Set("Mcp-Session-Id", session)
	if r.Method == http.MethodDelete {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	body, _ := io.ReadAll(r.Body)
	for i := range 3 {
		fmt.Fprintf(w, "data: %s %s %d\n\n", r.Method, body, i)
		_ = http.NewResponseController(w).Flush()
		select {
		case <-b.seen:
		case <-r.Context().Done():
			return
		}
	}
}

// TestProxyPassesStreamsOn proves that each event arrives before the next one is
// sent, and the session both ways, whatever the HTTP method.
func TestProxyPassesStreamsOn(t *testing.T) {
	b := &backend{seen: make(chan struct{})}
	behind := httptest.NewServer(b)
	defer behind.Close()
	address, err := url.Parse(behind.URL)
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(newProxy(address, &ladder{token: "2"}))
	defer front.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	send := func(method, body string) *http.Response {
		t.Helper()
		req, err := http.NewRequestWithContext(ctx, method, front.URL+"/mcp", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Mcp-Session-Id", "s")
		resp, err := front.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = resp.Body.Close() })
		if resp.StatusCode/100 != 2 || resp.Header.Get("Mcp-Session-Id") != "s" {
			t.Fatalf("%s: %s in session %q", method, resp.Status, resp.Header.Get("Mcp-Session-Id"))
		}
		return resp
	}
	for method, body := range map[string]string{http.MethodGet: "", http.MethodPost: "call"} {
		stream := bufio.NewReader(send(method, body).Body)
		for i := range 3 {
			line, err := stream.ReadString('\n')
			if want := fmt.Sprintf("data: %s %s %d\n", method, body, i); err != nil || line != want {
				t.Fatalf("%s: %q, %v, want %q", method, line, err, want)
			}
			_, _ = stream.ReadString('\n')
			b.seen <- struct{}{}
		}
	}
	if got := send(http.MethodDelete, "").StatusCode; got != http.StatusNoContent {
		t.Errorf("DELETE: %d, want 204", got)
	}
}
