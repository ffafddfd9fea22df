package servertest

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// Event is one message that the server sent on a stream.
type Event struct {
	// Method and Params are those of a notification or request, ID and Result
	// those of a request or response. What a message has not is empty.
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	ID     json.RawMessage `json:"id"`
	Result json.RawMessage `json:"result"`
	// raw is the message.
	raw json.RawMessage
}

// Filter is what [Client.Listen] asks to be told: changes of lists, and of these
// resources.
type Filter struct {
	Tools, Prompts, Resources bool
	URIs                      []string
}

// Stream is a stream of changes. It is closed when the test ends.
type Stream struct {
	t      testing.TB
	events chan Event
	body   io.Closer
}

// Listen opens a stream with subscriptions/listen (MCP 2026-07-28,
// "Subscriptions"). One of the results is nil: the Answer, unless the server
// refused.
func (c *Client) Listen(filter Filter) (*Stream, *Answer) {
	c.t.Helper()
	asked := map[string]any{}
	for name, on := range map[string]bool{
		"toolsListChanged": filter.Tools, "promptsListChanged": filter.Prompts, "resourcesListChanged": filter.Resources,
	} {
		if on {
			asked[name] = true
		}
	}
	if filter.URIs != nil {
		asked["resourceSubscriptions"] = filter.URIs
	}
	header, body := c.request("subscriptions/listen", map[string]any{"notifications": asked})
	return c.stream(c.exchange(http.MethodPost, header, body)) //nolint:bodyclose // the stream closes it
}

// Stream opens the GET stream of the client's session (MCP 2025-11-25, "Listening
// for Messages from the Server"). One of the results is nil: the Answer, unless
// the server refused.
func (c *Client) Stream() (*Stream, *Answer) {
	c.t.Helper()
	return c.stream(c.exchange(http.MethodGet, nil, nil)) //nolint:bodyclose // the stream closes it
}

func (c *Client) stream(response *http.Response) (*Stream, *Answer) {
	c.t.Helper()
	if !isStream(response) {
		return nil, c.read(response)
	}
	s := &Stream{t: c.t, events: make(chan Event, 1024), body: response.Body}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer close(s.events)
		eachEvent(response.Body, func(e Event) { s.events <- e })
	}()
	c.t.Cleanup(func() {
		s.Close()
		for range s.events { // so that nobody waits to send one
		}
		<-done
	})
	return s, nil
}

// Next waits for the next message, and returns false when the server has ended the
// stream. It fails the test if neither comes in five seconds.
func (s *Stream) Next() (Event, bool) {
	s.t.Helper()
	select {
	case e, ok := <-s.events:
		return e, ok
	case <-time.After(5 * time.Second):
		s.t.Fatal("servertest: nothing came on the stream")
		return Event{}, false
	}
}

// Close leaves the stream.
func (s *Stream) Close() { _ = s.body.Close() }

func isStream(response *http.Response) bool {
	return strings.HasPrefix(response.Header.Get("Content-Type"), "text/event-stream")
}

// eachEvent calls do with every message of a stream until it ends.
func eachEvent(r io.Reader, do func(Event)) {
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		data, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "data: ")
		if !ok {
			continue
		}
		e := Event{raw: json.RawMessage(data)}
		if json.Unmarshal(e.raw, &e) == nil {
			do(e)
		}
	}
}
