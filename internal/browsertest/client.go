package browsertest

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

const (
	// RedirectURI is the address of a [Client]. Nothing listens there: where the browser would go is all that is read.
	RedirectURI = "http://127.0.0.1:41999/callback"
	// Verifier is what the code challenges of a [Client] are made of (RFC 7636).
	Verifier = "canary-verifier-that-is-long-enough-for-rfc-7636-0123456789"
	// State is what a [Client] sends along with each authorization.
	State = "canary-state-0123456789"
)

// Client is a public client of the authorization server at an origin, whose /mcp it wants tokens for.
type Client struct {
	// ID is what the server calls it.
	ID string

	origin string
}

// Tokens are what a client got for a person.
type Tokens struct {
	Code    string `json:"-"`
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
}

// Register returns a client that has just registered (RFC 7591).
func Register(ctx context.Context, origin string) (*Client, error) {
	c := &Client{origin: origin}
	var registered struct {
		ID string `json:"client_id"`
	}
	err := c.Post(ctx, "/register", "application/json", `{"client_name": "Test", "redirect_uris": ["`+RedirectURI+`"],
		"token_endpoint_auth_method": "none", "grant_types": ["authorization_code", "refresh_token"], "response_types": ["code"]}`, &registered)
	c.ID = registered.ID
	return c, err
}

// Authorize has a person authorize it for scopes, and redeems the code.
func (c *Client) Authorize(ctx context.Context, p *Person, scope string) (Tokens, error) {
	challenge := sha256.Sum256([]byte(Verifier))
	brought, err := p.Authorize(ctx, c.origin+"/authorize?"+url.Values{
		"response_type": {"code"}, "client_id": {c.ID}, "redirect_uri": {RedirectURI}, "scope": {scope}, "state": {State},
		"resource": {c.origin + "/mcp"}, "code_challenge_method": {"S256"}, "code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])},
	}.Encode(), RedirectURI)
	if err != nil {
		return Tokens{}, err
	}
	issued := Tokens{Code: brought.Get("code")}
	err = c.Form(ctx, "/token", url.Values{
		"grant_type": {"authorization_code"}, "code": {issued.Code}, "redirect_uri": {RedirectURI}, "client_id": {c.ID},
		"code_verifier": {Verifier}, "resource": {c.origin + "/mcp"},
	}, &issued)
	if err == nil && issued.Access == "" {
		err = fmt.Errorf("%s: no access token", c.origin)
	}
	return issued, err
}

// Form sends a form to the server and decodes what comes back, unless into is nil.
func (c *Client) Form(ctx context.Context, path string, form url.Values, into any) error {
	return c.Post(ctx, path, "application/x-www-form-urlencoded", form.Encode(), into)
}

// Post sends a body likewise.
func (c *Client) Post(ctx context.Context, path, contentType, body string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.origin+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", contentType)
	transport := &http.Transport{DisableKeepAlives: true}
	resp, err := (&http.Client{Transport: transport, Timeout: patience}).Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }() // it was read
	answer, err := io.ReadAll(io.LimitReader(resp.Body, largePage))
	switch {
	case err != nil:
		return err
	case resp.StatusCode >= http.StatusBadRequest:
		return fmt.Errorf("%s: %s\n%s", path, resp.Status, answer)
	case into == nil:
		return nil
	}
	return json.Unmarshal(answer, into)
}
