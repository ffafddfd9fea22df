package servertest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
)

// revision is the protocol revision the client speaks.
const revision = "2026-07-28"

// Client speaks MCP 2026-07-28 over HTTP with one token. Whatever the server
// answers is returned; only an exchange that breaks fails the test. It is safe
// for concurrent use.
type Client struct {
	t      testing.TB
	url    string
	token  string
	header http.Header
	http   *http.Client
	last   atomic.Int64
}

// With returns a client that sends this header too, such as one that mirrors a
// parameter ("Mcp-Param-Region").
func (c *Client) With(name, value string) *Client {
	header := c.header.Clone()
	if header == nil {
		header = http.Header{}
	}
	header.Set(name, value)
	return &Client{t: c.t, url: c.url, token: c.token, header: header, http: c.http}
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
	full := map[string]any{"_meta": map[string]any{
		"io.modelcontextprotocol/protocolVersion":    revision,
		"io.modelcontextprotocol/clientInfo":         map[string]any{"name": "servertest", "version": "1"},
		"io.modelcontextprotocol/clientCapabilities": map[string]any{},
	}}
	for name, value := range params {
		full[name] = value
	}
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": c.last.Add(1), "method": method, "params": full})
	if err != nil {
		c.t.Fatalf("servertest: %s: %v", method, err)
	}
	header := http.Header{"Mcp-Method": {method}}
	if name := subject(method, params); name != "" {
		header.Set("Mcp-Name", headerValue(name))
	}
	return c.SendRaw(header, body)
}

// subject is what the header Mcp-Name repeats.
func subject(method string, params map[string]any) string {
	member := map[string]string{"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}[method]
	name, _ := params[member].(string)
	return name
}

// headerValue encodes what a header cannot hold as it is (MCP 2026-07-28,
// "Streamable HTTP", "Value Encoding").
func headerValue(value string) string {
	plain := strings.TrimSpace(value) == value && !strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' })
	if plain {
		return value
	}
	return "=?base64?" + base64.StdEncoding.EncodeToString([]byte(value)) + "?="
}

// SendRaw posts a body as it is, with the token and the headers of the
// revision unless header replaces them. It is for requests that no proper
// client sends.
func (c *Client) SendRaw(header http.Header, body []byte) *Answer {
	c.t.Helper()
	request, err := http.NewRequestWithContext(c.t.Context(), http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		c.t.Fatalf("servertest: %v", err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json, text/event-stream")
	request.Header.Set("Mcp-Protocol-Version", revision)
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	for _, more := range []http.Header{c.header, header} {
		for name, values := range more {
			request.Header[http.CanonicalHeaderKey(name)] = values
		}
	}
	response, err := c.http.Do(request)
	if err != nil {
		c.t.Fatalf("servertest: %v", err)
	}
	defer func() { _ = response.Body.Close() }() // it was read to its end
	read, err := io.ReadAll(response.Body)
	if err != nil {
		c.t.Fatalf("servertest: %v", err)
	}
	return readAnswer(response, read)
}
