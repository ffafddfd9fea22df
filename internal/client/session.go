package client

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"time"

	"github.com/sallyport-mcp/sallyport/internal/paramheader"
	"github.com/sallyport-mcp/sallyport/internal/strictjson"
)

// The revisions of MCP that are spoken, the first one first.
const (
	revision       = "2026-07-28"
	olderRevision  = "2025-11-25"
	oldestRevision = "2025-06-18"

	headerSession = "Mcp-Session-Id"
)

// era is how a server is spoken to.
type era int

const (
	modern    era = iota // 2026-07-28: every request stands for itself
	handshake            // initialize, before an older revision is agreed on
	older                // in a session
)

// session is what one command does with one server.
type session struct {
	client   *Client
	resource string
	held     *entry // nil without a login
	// limit is how long one request may take. Zero means a minute.
	limit time.Duration
	// stepUp is asked whether to authorize again when a scope is missing. Nil never does.
	stepUp func(context.Context, *Refusal) (bool, error)
	// refreshed and steppedUp tell what has been tried, and answered that a request had a result.
	refreshed, steppedUp, answered bool

	era     era
	version string // of the older revision
	id      string // of its session
	last    int    // id of the last request
}

// message is a request to the server.
type message struct {
	method string
	params map[string]any
	// headers repeat arguments (2026-07-28 only).
	headers map[string]string
	// note takes the notifications that come before the answer.
	note func(method string, params json.RawMessage)
}

// open begins a session at the URL of a server, with what is held for that resource.
func (c *Client) open(ctx context.Context, server string) (*session, error) {
	resource, err := Resource(server)
	if err != nil {
		return nil, err
	}
	held, err := c.usable(ctx, resource, "")
	if err != nil {
		return nil, err
	}
	return &session{client: c, resource: resource, held: held}, nil
}

// do sends a request, and sends it again after the one thing that helps.
func (s *session) do(ctx context.Context, m message) (json.RawMessage, error) {
	for {
		result, err := s.exchange(ctx, m)
		var refused *Refusal
		if !errors.As(err, &refused) {
			s.answered = s.answered || err == nil
			return result, err
		}
		again, err := s.remedy(ctx, refused)
		if err != nil {
			return nil, err
		}
		if !again {
			return nil, refused
		}
	}
}

// remedy does what may help, and tells whether to try again: a refresh if the token is not accepted, the older handshake if the
// revision is not served, another authorization if a scope is missing. Each is tried once.
func (s *session) remedy(ctx context.Context, refused *Refusal) (bool, error) {
	switch {
	case refused.Status == http.StatusUnauthorized && s.held != nil && !s.refreshed:
		s.refreshed = true
		held, err := s.client.usable(ctx, s.resource, s.held.Access)
		s.held = held
		return held != nil, err
	case s.isOlder(refused):
		return true, s.initialize(ctx)
	case refused.lacksScope() && s.stepUp != nil && !s.steppedUp:
		return s.authorize(ctx, refused)
	}
	return false, nil
}

// authorize asks the person, and logs in again for what is held and what is needed.
func (s *session) authorize(ctx context.Context, refused *Refusal) (bool, error) {
	yes, err := s.stepUp(ctx, refused)
	if err != nil || !yes {
		return false, err
	}
	s.steppedUp = true
	login := LoginRequest{URL: s.resource, Scopes: refused.Needed(), again: true}
	if s.held != nil {
		login.Issuer = s.held.Issuer
	}
	if _, err := s.client.Login(ctx, login); err != nil {
		return true, err
	}
	s.held, err = s.client.usable(ctx, s.resource, "")
	return true, err
}

// exchange sends a request and returns its result. An answer that is none is a *Refusal.
func (s *session) exchange(ctx context.Context, m message) (json.RawMessage, error) {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(s.limit, requestTime))
	defer cancel()
	s.last++
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": s.last, "method": m.method, "params": s.params(m)})
	if err != nil {
		return nil, err
	}
	resp, err := s.send(ctx, http.MethodPost, s.headers(m), body)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }() // it was read as far as it is wanted
	if s.era == handshake {
		s.id = resp.Header.Get(headerSession)
	}
	answer, err := s.answer(resp, m)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", clean(s.resource), err)
	}
	var read struct {
		Result json.RawMessage `json:"result"`
		Error  json.RawMessage `json:"error"`
	}
	if resp.StatusCode != http.StatusOK {
		return nil, s.refusal(resp, answer)
	}
	if err := strictjson.Unmarshal(answer, &read); err != nil {
		return nil, fmt.Errorf("%s: the answer: %w", clean(s.resource), err)
	}
	if read.Error != nil || read.Result == nil {
		return nil, s.refusal(resp, answer)
	}
	return read.Result, nil
}

func (s *session) refusal(resp *http.Response, body []byte) *Refusal {
	r := newRefusal(s.resource, s.held, resp.StatusCode, resp.Header, body)
	r.steppedUp = s.steppedUp
	return r
}

// params adds what every request of 2026-07-28 says about itself.
func (s *session) params(m message) map[string]any {
	full := maps.Clone(m.params)
	if full == nil {
		full = map[string]any{}
	}
	meta := map[string]any{}
	if s.era == modern {
		meta["io.modelcontextprotocol/protocolVersion"] = revision
		meta["io.modelcontextprotocol/clientInfo"] = s.client.info()
		meta["io.modelcontextprotocol/clientCapabilities"] = map[string]any{}
	}
	if m.note != nil {
		meta["progressToken"] = s.last
	}
	full["_meta"] = meta
	return full
}

// info is what this client calls itself.
func (c *Client) info() map[string]any {
	version := c.cfg.Version
	if version == "" {
		version = "dev"
	}
	return map[string]any{"name": "sallyport", "version": version}
}

// headers are those that 2026-07-28 wants to repeat the body (basic/transports/streamable-http, "Request Metadata").
func (s *session) headers(m message) http.Header {
	h := http.Header{}
	if s.era != modern {
		return h
	}
	h.Set("Mcp-Method", m.method)
	if name, ok := m.params["name"].(string); ok && m.method == "tools/call" {
		h.Set("Mcp-Name", paramheader.Encode(name))
	}
	for name, value := range m.headers {
		h.Set(name, value)
	}
	return h
}

// send sends a message with what every request has.
func (s *session) send(ctx context.Context, verb string, h http.Header, body []byte) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, verb, s.resource, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	maps.Copy(req.Header, h)
	req.Header.Set("Accept", "application/json, text/event-stream")
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "sallyport")
	if s.held != nil {
		req.Header.Set("Authorization", "Bearer "+s.held.Access)
	}
	switch s.era {
	case modern:
		req.Header.Set("Mcp-Protocol-Version", revision)
	case older:
		req.Header.Set("Mcp-Protocol-Version", s.version)
		if s.id != "" {
			req.Header.Set(headerSession, s.id)
		}
	}
	resp, err := s.client.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", clean(s.resource), cause(err))
	}
	return resp, nil
}

// answer returns the message that answers, from a body or from a stream of events.
func (s *session) answer(resp *http.Response, m message) ([]byte, error) {
	if kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type")); err != nil || kind != "text/event-stream" {
		return readBounded(resp.Body, maxAnswer)
	}
	return s.stream(resp.Body, m)
}

// stream reads events up to the answer to the last request.
func (s *session) stream(body io.Reader, m message) ([]byte, error) {
	events := newEvents(body)
	for {
		data, err := events.next()
		if err != nil {
			return nil, err
		}
		var read struct {
			ID     json.RawMessage `json:"id"`
			Method string          `json:"method"`
			Params json.RawMessage `json:"params"`
		}
		if err := strictjson.Unmarshal(data, &read); err != nil {
			return nil, fmt.Errorf("a message of the stream: %w", err)
		}
		switch {
		case read.Method == "" && string(read.ID) == fmt.Sprint(s.last):
			return data, nil
		case read.Method != "" && read.ID == nil && m.note != nil:
			m.note(read.Method, read.Params)
		}
	}
}
