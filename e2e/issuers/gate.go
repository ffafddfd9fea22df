package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// gate is a running server (e2e/issuers/gate) in front of which tokens are shown.
type gate struct {
	*process
	origin, admin string
	audit         string // the file
	read          int    // how many records of it were looked at
}

// gateFlags is how a gate is started.
type gateFlags struct {
	program, policy string
	issuer, profile string
	ahead           time.Duration
}

// resourceOf is what tokens must name in aud.
func resourceOf(origin string) string { return origin + "/mcp" }

// startGate starts a server on these two addresses. It returns once the server answers, whatever it answers.
func startGate(ctx context.Context, name, dir, addr, admin string, f gateFlags) (*gate, error) {
	g := &gate{origin: "http://" + addr, admin: "http://" + admin, audit: filepath.Join(dir, name+".jsonl")}
	p, err := start(ctx, name, dir, nil, f.program, "-addr", addr, "-admin", admin, "-policy", f.policy, "-audit", "file:"+g.audit,
		"-issuer", f.issuer, "-profile", f.profile, "-ahead", f.ahead.String())
	if err != nil {
		return nil, err
	}
	g.process = p
	err = p.until(ctx, 15*time.Second, func(ctx context.Context) error {
		_, err := g.readiness(ctx)
		return err
	})
	if err != nil {
		p.stop()
		return nil, err
	}
	return g, nil
}

// readiness is the status of /readyz.
func (g *gate) readiness(ctx context.Context) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, g.admin+"/readyz", nil)
	if err != nil {
		return 0, err
	}
	resp, _, err := exchange(req)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, nil
}

// untilReady waits until /readyz answers 200.
func (g *gate) untilReady(ctx context.Context, limit time.Duration) error {
	return g.until(ctx, limit, func(ctx context.Context) error {
		status, err := g.readiness(ctx)
		if err == nil && status != http.StatusOK {
			err = fmt.Errorf("/readyz answers %d", status)
		}
		return err
	})
}

// answer is what a call got.
type answer struct {
	status     int
	challenge  string // WWW-Authenticate
	retryAfter string
	Result     struct {
		IsError    bool `json:"isError"`
		Structured read `json:"structuredContent"`
	} `json:"result"`
	Error struct {
		Data struct {
			Door       int      `json:"door"`
			Scopes     []string `json:"scopes"`
			Permission string   `json:"permission"`
		} `json:"data"`
	} `json:"error"`
}

// read is what whoami says a token was read as.
type read struct {
	Subject string   `json:"subject"`
	Client  string   `json:"client"`
	Machine bool     `json:"machine"`
	Groups  []string `json:"groups"`
	Roles   []string `json:"roles"`
	Scopes  []string `json:"scopes"`
}

// revision is the protocol revision that is spoken. It has no session, so a call is one request.
const revision = "2026-07-28"

// call calls a tool, without a token if it is empty.
func (g *gate) call(ctx context.Context, token, tool string) (answer, error) {
	arguments := map[string]any{"notes_search": map[string]any{"query": "a"}, "notes_create": map[string]any{"text": "a note"},
		"notes_delete": map[string]any{"id": "1"}, "whoami": map[string]any{}}[tool]
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": map[string]any{
		"name": tool, "arguments": arguments,
		"_meta": map[string]any{
			"io.modelcontextprotocol/protocolVersion":    revision,
			"io.modelcontextprotocol/clientInfo":         map[string]any{"name": "issuers", "version": "1"},
			"io.modelcontextprotocol/clientCapabilities": map[string]any{},
		},
	}})
	if err != nil {
		return answer{}, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, resourceOf(g.origin), bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	for name, value := range map[string]string{
		"Content-Type": "application/json", "Accept": "application/json, text/event-stream",
		"Mcp-Protocol-Version": revision, "Mcp-Method": "tools/call", "Mcp-Name": tool,
	} {
		req.Header.Set(name, value)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, text, err := exchange(req)
	if err != nil {
		return answer{}, err
	}
	got := answer{status: resp.StatusCode, challenge: resp.Header.Get("Www-Authenticate"), retryAfter: resp.Header.Get("Retry-After")}
	if err := json.Unmarshal(text, &got); err != nil {
		return got, fmt.Errorf("%d with a body that is no JSON-RPC message", resp.StatusCode)
	}
	return got, nil
}

// expect calls a tool and compares the status; with 401 also that the challenge says what is wrong, and with 503 that it says when to
// try again.
func (g *gate) expect(ctx context.Context, token, tool string, status int) error {
	got, err := g.call(ctx, token, tool)
	if err != nil {
		return err
	}
	if got.status != status {
		return fmt.Errorf("%s: %d, want %d", tool, got.status, status)
	}
	_, err = strconv.Atoi(got.retryAfter)
	switch {
	case status == http.StatusUnauthorized && !strings.Contains(got.challenge, `error="invalid_token"`):
		return fmt.Errorf("%s: 401 with the challenge %q", tool, got.challenge)
	case status == http.StatusServiceUnavailable && err != nil:
		return fmt.Errorf("%s: 503 with Retry-After %q", tool, got.retryAfter)
	case status == http.StatusOK && got.Result.IsError:
		return errors.New(tool + " failed")
	}
	return nil
}
