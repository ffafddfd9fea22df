package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-mcp/sallyport/server/servertest"
)

// session speaks 2025-11-25, as alice with a token of its own.
type session struct {
	t          *testing.T
	url, token string
	id         string
}

// message is what either side sends.
type message struct {
	JSONRPC string          `json:"jsonrpc"`
	ID      any             `json:"id,omitempty"`
	Method  string          `json:"method,omitempty"`
	Params  json.RawMessage `json:"params,omitempty"`
	Result  json.RawMessage `json:"result,omitempty"`
}

// begin shakes hands as a client that can do everything.
func begin(t *testing.T, srv *servertest.Server, scopes ...string) *session {
	t.Helper()
	s := &session{t: t, url: srv.URL(), token: srv.Token(t, servertest.User("alice"), scopes...)}
	answer := s.post(message{ID: 0, Method: "initialize", Params: json.RawMessage(
		`{"protocolVersion":"2025-11-25","clientInfo":{"name":"c","version":"1"},"capabilities":{"sampling":{},"elicitation":{}}}`)})
	if s.id = answer.Header.Get("Mcp-Session-Id"); answer.StatusCode != http.StatusOK || s.id == "" {
		t.Fatalf("initialize: %s, session %q", answer.Status, s.id)
	}
	return s
}

// bounded is the context of a test that does not wait for ever for a stream.
func bounded(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// post sends one message. The body is closed with the test.
func (s *session) post(m message) *http.Response {
	s.t.Helper()
	m.JSONRPC = "2.0"
	body, err := json.Marshal(m)
	if err != nil {
		s.t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(bounded(s.t), http.MethodPost, s.url, bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json, text/event-stream")
	request.Header.Set("Authorization", "Bearer "+s.token)
	if s.id != "" {
		request.Header.Set("Mcp-Session-Id", s.id)
		request.Header.Set("Mcp-Protocol-Version", "2025-11-25")
	}
	transport := &http.Transport{}
	s.t.Cleanup(transport.CloseIdleConnections)
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = response.Body.Close() })
	return response
}

// answered calls a tool, answers the one thing that it asks on the stream of the
// call, and returns what it was asked with the text of the result.
func (s *session) answered(tool, arguments, reply string) (message, string) {
	s.t.Helper()
	call := s.post(message{ID: 7, Method: "tools/call", Params: json.RawMessage(`{"name":"` + tool + `","arguments":` + arguments + `}`)})
	stream := bufio.NewReader(call.Body)
	asked := s.next(stream)
	if answer := s.post(message{ID: asked.ID, Result: json.RawMessage(reply)}); answer.StatusCode != http.StatusAccepted {
		s.t.Fatalf("the answer to %s: %s", asked.Method, answer.Status)
	}
	var result struct {
		Content []struct {
			Text string `json:"text"`
		} `json:"content"`
	}
	end := s.next(stream)
	if err := json.Unmarshal(end.Result, &result); err != nil || len(result.Content) != 1 {
		s.t.Fatalf("the end of the call: %+v, %v", end, err)
	}
	if rest, err := io.ReadAll(stream); err != nil || strings.TrimSpace(string(rest)) != "" {
		s.t.Errorf("after the end of the call: %q, %v", rest, err)
	}
	return asked, result.Content[0].Text
}

// next returns the next message of a stream.
func (s *session) next(stream *bufio.Reader) message {
	s.t.Helper()
	for {
		line, err := stream.ReadString('\n')
		if err != nil {
			s.t.Fatalf("the stream ended: %v", err)
		}
		if data, ok := strings.CutPrefix(line, "data: "); ok {
			var m message
			if err := json.Unmarshal([]byte(data), &m); err != nil {
				s.t.Fatal(err)
			}
			return m
		}
	}
}
