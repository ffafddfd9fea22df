package servertest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/sallyport-mcp/sallyport/internal/paramheader"
)

// revision is the protocol revision the client speaks.
const revision = "2026-07-28"

const headerSession = "Mcp-Session-Id"

// Client speaks MCP 2026-07-28 over HTTP with one token, or what [Client.Older] says. Whatever the server
// answers is returned; only an exchange that breaks fails the test. It is safe
// for concurrent use.
type Client struct {
	t      testing.TB
	url    string
	token  string
	header http.Header
	http   *http.Client
	last   *atomic.Int64 // id of the last request; shared by clients that came from one another

	session *session // nil in revision 2026-07-28
}

// With returns a client that sends this header too, such as one that mirrors a
// parameter ("Mcp-Param-Region").
func (c *Client) With(name, value string) *Client {
	header := c.header.Clone()
	if header == nil {
		header = http.Header{}
	}
	header.Set(name, value)
	return &Client{t: c.t, url: c.url, token: c.token, header: header, http: c.http, last: c.last, session: c.session}
}

// Call calls a tool. The arguments become JSON; nil leaves them out.
func (c *Client) Call(tool string, arguments any) *Answer {
	c.t.Helper()
	params := map[string]any{"name": tool}
	if arguments != nil {
		params["arguments"] = arguments
	}
	return c.Send("tools/call", params)
}

// Read reads a resource.
func (c *Client) Read(uri string) *Answer {
	c.t.Helper()
	return c.Send("resources/read", map[string]any{"uri": uri})
}

// Prompt gets a prompt. The arguments may be nil.
func (c *Client) Prompt(name string, arguments map[string]string) *Answer {
	c.t.Helper()
	params := map[string]any{"name": name}
	if arguments != nil {
		params["arguments"] = arguments
	}
	return c.Send("prompts/get", params)
}

// CompleteResource asks for values of a variable of a resource template.
func (c *Client) CompleteResource(template, variable, typed string) *Answer {
	c.t.Helper()
	return c.complete(map[string]any{"type": "ref/resource", "uri": template}, variable, typed)
}

// CompletePrompt asks for values of an argument of a prompt.
func (c *Client) CompletePrompt(prompt, argument, typed string) *Answer {
	c.t.Helper()
	return c.complete(map[string]any{"type": "ref/prompt", "name": prompt}, argument, typed)
}

func (c *Client) complete(ref map[string]any, name, typed string) *Answer {
	c.t.Helper()
	return c.Send("completion/complete", map[string]any{
		"ref": ref, "argument": map[string]any{"name": name, "value": typed},
	})
}

// Tools lists the names of the tools that the token is shown, in the server's
// order. An answer other than a list fails the test.
func (c *Client) Tools() []string {
	c.t.Helper()
	return c.list("tools/list", "tools", "name")
}

// Resources lists the URIs of fixed resources; see [Client.Tools].
func (c *Client) Resources() []string {
	c.t.Helper()
	return c.list("resources/list", "resources", "uri")
}

// Templates lists the URI templates; see [Client.Tools].
func (c *Client) Templates() []string {
	c.t.Helper()
	return c.list("resources/templates/list", "resourceTemplates", "uriTemplate")
}

// Prompts lists the names of prompts; see [Client.Tools].
func (c *Client) Prompts() []string {
	c.t.Helper()
	return c.list("prompts/list", "prompts", "name")
}

func (c *Client) list(method, member, field string) []string {
	c.t.Helper()
	answer := c.Send(method, map[string]any{})
	if !answer.OK() {
		c.t.Fatalf("servertest: %s: %v", method, answer)
	}
	var result map[string]json.RawMessage
	var items []map[string]any
	if err := json.Unmarshal(answer.Result, &result); err != nil {
		c.t.Fatalf("servertest: %s: %v", method, err)
	}
	if err := json.Unmarshal(result[member], &items); err != nil {
		c.t.Fatalf("servertest: %s: %v", method, err)
	}
	names := []string{}
	for _, item := range items {
		names = append(names, fmt.Sprint(item[field]))
	}
	return names
}

// Send sends a request with these params, to which the client adds what every
// request of the revision must say about itself.
func (c *Client) Send(method string, params map[string]any) *Answer {
	c.t.Helper()
	header, body := c.request(method, params)
	return c.SendRaw(header, body)
}

// request returns the headers and the body of a request.
func (c *Client) request(method string, params map[string]any) (http.Header, []byte) {
	c.t.Helper()
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": c.last.Add(1), "method": method, "params": c.full(params)})
	if err != nil {
		c.t.Fatalf("servertest: %s: %v", method, err)
	}
	if c.session != nil {
		return nil, body
	}
	header := http.Header{"Mcp-Method": {method}}
	if name := subject(method, params); name != "" {
		header.Set("Mcp-Name", paramheader.Encode(name))
	}
	return header, body
}

// full returns params with what a message of the revision says about itself.
func (c *Client) full(params map[string]any) map[string]any {
	full := map[string]any{}
	if c.session == nil {
		full["_meta"] = map[string]any{
			"io.modelcontextprotocol/protocolVersion":    revision,
			"io.modelcontextprotocol/clientInfo":         map[string]any{"name": "servertest", "version": "1"},
			"io.modelcontextprotocol/clientCapabilities": map[string]any{},
		}
	}
	maps.Copy(full, params)
	return full
}

// subject is what the header Mcp-Name repeats.
func subject(method string, params map[string]any) string {
	member := map[string]string{"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}[method]
	name, _ := params[member].(string)
	return name
}

// SendRaw posts a body as it is, with the token and the headers of the
// revision unless header replaces them. It is for requests that no proper
// client sends.
func (c *Client) SendRaw(header http.Header, body []byte) *Answer {
	c.t.Helper()
	return c.read(c.exchange(http.MethodPost, header, body)) //nolint:bodyclose // read closes it
}

// exchange sends a request and returns the response, whose body is still to be read.
func (c *Client) exchange(verb string, header http.Header, body []byte) *http.Response {
	c.t.Helper()
	request, err := http.NewRequestWithContext(c.t.Context(), verb, c.url, bytes.NewReader(body))
	if err != nil {
		c.t.Fatalf("servertest: %v", err)
	}
	for _, more := range []http.Header{c.usual(verb), c.header, header} {
		for name, values := range more {
			request.Header[http.CanonicalHeaderKey(name)] = values
		}
	}
	response, err := c.http.Do(request)
	if err != nil {
		c.t.Fatalf("servertest: %v", err)
	}
	return response
}

// usual are the headers of every request of the revision.
func (c *Client) usual(verb string) http.Header {
	h := http.Header{}
	h.Set("Accept", "application/json, text/event-stream")
	if verb == http.MethodPost {
		h.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		h.Set("Authorization", "Bearer "+c.token)
	}
	switch {
	case c.session == nil:
		h.Set("Mcp-Protocol-Version", revision)
	case c.session.id != "":
		h.Set("Mcp-Protocol-Version", olderRevision)
		h.Set(headerSession, c.session.id)
	}
	return h
}

// read reads a response to its end, and answers what the server asks in it.
func (c *Client) read(response *http.Response) *Answer {
	c.t.Helper()
	defer func() { _ = response.Body.Close() }() // it was read to its end
	if isStream(response) {
		var events []json.RawMessage
		eachEvent(response.Body, func(e Event) {
			events = append(events, e.raw)
			c.answerAsked(e)
		})
		return readAnswer(response, nil, events)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		c.t.Fatalf("servertest: %v", err)
	}
	return readAnswer(response, body, nil)
}
