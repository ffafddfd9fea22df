package servertest

import (
	"encoding/json"
	"net/http"
)

// olderRevision is the revision that [Client.Older] speaks.
const olderRevision = "2025-11-25"

// session is what a client of an older revision knows about its session.
type session struct {
	id     string
	answer func(method string, params json.RawMessage) any
}

// Older returns a client with the same token that speaks revision 2025-11-25, in a
// session that it begins now (MCP 2025-11-25, "Lifecycle"). It declares these
// capabilities, such as "elicitation"; whoever declares one should also say how
// it answers ([Client.Answering]). A server that begins no session fails the test.
func (c *Client) Older(capabilities ...string) *Client {
	c.t.Helper()
	declared := map[string]any{}
	for _, name := range capabilities {
		declared[name] = map[string]any{}
	}
	client := c.in(&session{})
	answer := client.Send("initialize", map[string]any{
		"protocolVersion": olderRevision, "capabilities": declared,
		"clientInfo": map[string]any{"name": "servertest", "version": "1"},
	})
	client.session.id = answer.Header.Get(headerSession)
	if !answer.OK() || client.session.id == "" {
		c.t.Fatalf("servertest: initialize: %v", answer)
	}
	client.Notify("notifications/initialized", nil)
	return client
}

// InSession returns a client with the token of c that says it is in a session of
// this id, whoever began it. It is for tests of what is not the caller's.
func (c *Client) InSession(id string) *Client { return c.in(&session{id: id}) }

// in returns a client with the token of c in another session.
func (c *Client) in(s *session) *Client {
	return &Client{t: c.t, url: c.url, token: c.token, header: c.header, http: c.http, last: c.last, session: s}
}

// Session returns the id of the client's session, empty in revision 2026-07-28.
func (c *Client) Session() string {
	if c.session == nil {
		return ""
	}
	return c.session.id
}

// Answering returns a client of the same session that answers what the server
// asks while a request runs, such as elicitation/create: with the result that
// answer returns, or an error if it returns nil. It is called in the order in
// which the server asks. Without it nothing is answered, and a server that asks
// waits in vain.
func (c *Client) Answering(answer func(method string, params json.RawMessage) any) *Client {
	return c.in(&session{id: c.Session(), answer: answer})
}

// Notify sends a notification.
func (c *Client) Notify(method string, params map[string]any) *Answer {
	c.t.Helper()
	return c.post(map[string]any{"jsonrpc": "2.0", "method": method, "params": c.full(params)})
}

// Respond answers a request of the server with a result. [Client.Answering] does so
// by itself.
func (c *Client) Respond(id json.RawMessage, result any) *Answer {
	c.t.Helper()
	return c.post(map[string]any{"jsonrpc": "2.0", "id": id, "result": result})
}

// End ends the session (MCP 2025-11-25, "Session Management", 5).
func (c *Client) End() *Answer {
	c.t.Helper()
	return c.read(c.exchange(http.MethodDelete, nil, nil)) //nolint:bodyclose // read closes it
}

func (c *Client) post(message map[string]any) *Answer {
	c.t.Helper()
	body, err := json.Marshal(message)
	if err != nil {
		c.t.Fatalf("servertest: %v", err)
	}
	return c.SendRaw(nil, body)
}

// answerAsked answers an event that is a request of the server.
func (c *Client) answerAsked(e Event) {
	c.t.Helper()
	if e.Method == "" || e.ID == nil || c.session == nil || c.session.answer == nil {
		return
	}
	answer := map[string]any{"jsonrpc": "2.0", "id": e.ID}
	if result := c.session.answer(e.Method, e.Params); result != nil {
		answer["result"] = result
	} else {
		answer["error"] = map[string]any{"code": -1, "message": "no"}
	}
	// It is a bad request if the server has given up waiting in the meantime.
	if got := c.post(answer); got.Status != http.StatusAccepted && got.Status != http.StatusBadRequest {
		c.t.Errorf("servertest: the answer to %s: %v", e.Method, got)
	}
}
