package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
)

// The protocol revisions, with the names the protocol has for them.
const (
	stateless = "2026-07-28"
	sessions  = "2025-11-25"
)

// errNotSpoken tells that a server does not speak a revision: there is nothing to measure.
var errNotSpoken = errors.New("does not speak this revision")

// errUnavailable tells that the keys of the issuer have not been fetched yet.
var errUnavailable = errors.New("503 (Service Unavailable)")

// firstID is where the ids of requests start. All have as many digits, so that they can be replaced in place.
const firstID = 1_000_000_000

// caller is one keep-alive connection that speaks one revision.
type caller struct {
	address, token, revision string

	conn     net.Conn
	reader   *bufio.Reader
	session  string // of the older revision
	template []byte // a whole request
	id       int    // where its id starts
	next     int
}

// dial connects and, in the older revision, opens a session.
func dial(ctx context.Context, address, token, revision string) (*caller, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	c := &caller{
		address: address, token: token, revision: revision,
		conn: conn, reader: bufio.NewReader(conn), next: firstID,
	}
	if revision == sessions {
		if err := c.open(); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
	}
	c.template = c.request("tools/call", toolName, callBody(revision))
	c.id = bytes.Index(c.template, []byte(strconv.Itoa(firstID)))
	return c, nil
}

// callBody is the call. The newer revision says in every request what the older one says once.
func callBody(revision string) string {
	meta := ""
	if revision == stateless {
		meta = `,"_meta":{"io.modelcontextprotocol/protocolVersion":"` + stateless + `",` +
			`"io.modelcontextprotocol/clientInfo":{"name":"bench","version":"1.0.0"},` +
			`"io.modelcontextprotocol/clientCapabilities":{}}`
	}
	return `{"jsonrpc":"2.0","id":` + strconv.Itoa(firstID) + `,"method":"tools/call","params":{"name":"` + toolName +
		`","arguments":{"name":"Ada"}` + meta + `}}`
}

// request renders a POST as a client sends it.
func (c *caller) request(method, name, body string) []byte {
	var b bytes.Buffer
	header := func(name, value string) { b.WriteString(name + ": " + value + "\r\n") }
	b.WriteString("POST " + endpoint + " HTTP/1.1\r\n")
	header("Host", c.address)
	header("User-Agent", "bench/1.0.0")
	header("Authorization", "Bearer "+c.token)
	header("Content-Type", "application/json")
	header("Accept", "application/json, text/event-stream")
	header("Content-Length", strconv.Itoa(len(body)))
	if method != "initialize" {
		header("Mcp-Protocol-Version", c.revision)
	}
	if c.revision == stateless {
		header("Mcp-Method", method)
		header("Mcp-Name", name)
	}
	if c.session != "" {
		header("Mcp-Session-Id", c.session)
	}
	b.WriteString("\r\n" + body)
	return b.Bytes()
}

// open is the handshake of the older revisions.
func (c *caller) open() error {
	response, body, err := c.exchange(c.request("initialize", "", `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{`+
		`"protocolVersion":"`+c.revision+`","capabilities":{},"clientInfo":{"name":"bench","version":"1.0.0"}}}`))
	if err != nil {
		return err
	}
	var answer struct {
		Result struct {
			ProtocolVersion string `json:"protocolVersion"`
		} `json:"result"`
	}
	if response.StatusCode != http.StatusOK || json.Unmarshal(body, &answer) != nil || answer.Result.ProtocolVersion != c.revision {
		return fmt.Errorf("%w: it answers initialize with %d", errNotSpoken, response.StatusCode)
	}
	c.session = response.Header.Get("Mcp-Session-Id")
	response, body, err = c.exchange(c.request("notifications/initialized", "", `{"jsonrpc":"2.0","method":"notifications/initialized"}`))
	if err == nil && response.StatusCode != http.StatusAccepted {
		err = fmt.Errorf("notifications/initialized is answered with %d %s", response.StatusCode, body)
	}
	return err
}

// exchange sends a request and reads the whole answer.
func (c *caller) exchange(request []byte) (*http.Response, []byte, error) {
	if _, err := c.conn.Write(request); err != nil {
		return nil, nil, err
	}
	response, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		return nil, nil, err
	}
	body, err := io.ReadAll(response.Body)
	return response, body, errors.Join(err, response.Body.Close())
}

// call calls the tool once, with an id of its own, and returns the result. Any other answer is an error.
func (c *caller) call() (json.RawMessage, error) {
	copy(c.template[c.id:], strconv.Itoa(c.next))
	c.next++
	response, body, err := c.exchange(c.template)
	if err != nil {
		return nil, err
	}
	if response.StatusCode == http.StatusServiceUnavailable {
		return nil, errUnavailable
	}
	var answer struct {
		ID     int             `json:"id"`
		Result json.RawMessage `json:"result"`
	}
	if response.StatusCode != http.StatusOK || json.Unmarshal(body, &answer) != nil || answer.ID != c.next-1 ||
		!bytes.Contains(answer.Result, []byte(`"Hello, Ada"`)) {
		return nil, fmt.Errorf("tools/call is answered with %d %s", response.StatusCode, body)
	}
	return answer.Result, nil
}

// load are the connections to one server in one revision.
type load []*caller

// connect opens connections. The error wraps errNotSpoken if the server answers, but not in this revision.
func connect(ctx context.Context, n int, address, token, revision string) (load, error) {
	var l load
	for range n {
		c, err := dial(ctx, address, token, revision)
		if err != nil {
			l.close()
			return nil, err
		}
		l = append(l, c)
	}
	return l, nil
}

// run makes about n calls, spread over the connections, and returns how many it were.
func (l load) run(ctx context.Context, n int) (int, error) {
	each := max(n/len(l), 1)
	var all sync.WaitGroup
	errs := make([]error, len(l))
	for i, c := range l {
		all.Go(func() {
			for range each {
				if errs[i] = ctx.Err(); errs[i] != nil {
					return
				}
				if _, errs[i] = c.call(); errs[i] != nil {
					return
				}
			}
		})
	}
	all.Wait()
	return each * len(l), errors.Join(errs...)
}

func (l load) close() {
	for _, c := range l {
		_ = c.conn.Close()
	}
}
