package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// redirectURI is where the code is sent. Nothing listens there: the address is read, and not gone to.
const redirectURI = "http://127.0.0.1:41998/callback"

// client is an OAuth client with a person in front of it who consents to everything. Its scopes grow by challenges alone.
type client struct {
	person string
	http   *http.Client // keeps the person's cookies, stops at the redirect address

	mu       sync.Mutex
	token    string
	scopes   []string
	asked    []string // the scope of each authorization request, in order
	server   *authorizationServer
	clientID string
}

// authorizationServer is the part of RFC 8414 that is used here.
type authorizationServer struct {
	Authorize string `json:"authorization_endpoint"`
	Token     string `json:"token_endpoint"`
	Register  string `json:"registration_endpoint"`
	resource  string
}

func newClient(person string) *client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		panic(err) // it has no way to fail
	}
	c := &client{person: person}
	// A connection for each request: what the proxy makes of one that is kept, while a request of the suite waits for this one, is not under test.
	transport := &http.Transport{DisableKeepAlives: true}
	c.http = &http.Client{Jar: jar, Transport: transport, CheckRedirect: func(req *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(req.URL.String(), redirectURI) {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	return c
}

func (c *client) current() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.token
}

// history returns the scopes of each authorization request so far, and how many scopes the token in hand was asked with.
func (c *client) history() ([]string, int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.asked), len(c.scopes)
}

func (c *client) after(ctx context.Context, met string, asked challenge) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.token != met {
		return c.token, nil // somebody else has met a challenge in the meantime; this one may be answered too
	}
	if c.server == nil {
		if err := c.discover(ctx, asked.metadata); err != nil {
			return "", fmt.Errorf("discover: %w", err)
		}
	}
	scopes := slices.Clone(c.scopes)
	for _, scope := range asked.scopes {
		if !slices.Contains(scopes, scope) {
			scopes = append(scopes, scope)
		}
	}
	token, err := c.authorize(ctx, strings.Join(scopes, " "))
	if err != nil {
		return "", fmt.Errorf("authorize: %w", err)
	}
	c.token, c.scopes = token, scopes
	return token, nil
}

// discover goes from the challenge to the authorization server (RFC 9728, RFC 8414) and registers there (RFC 7591).
func (c *client) discover(ctx context.Context, metadata string) error {
	var resource struct {
		Resource string   `json:"resource"`
		Servers  []string `json:"authorization_servers"`
	}
	if err := c.fetch(ctx, http.MethodGet, metadata, "", nil, &resource); err != nil {
		return err
	}
	if len(resource.Servers) == 0 {
		return errors.New("the resource metadata names no authorization server")
	}
	server := &authorizationServer{resource: resource.Resource}
	location := strings.TrimSuffix(resource.Servers[0], "/") + "/.well-known/oauth-authorization-server"
	if err := c.fetch(ctx, http.MethodGet, location, "", nil, server); err != nil {
		return err
	}
	asked, err := json.Marshal(map[string]any{
		"client_name": "Conformance suite", "redirect_uris": []string{redirectURI}, "token_endpoint_auth_method": "none",
	})
	if err != nil {
		return err
	}
	var registered struct {
		ID string `json:"client_id"`
	}
	if err := c.fetch(ctx, http.MethodPost, server.Register, "application/json", asked, &registered); err != nil {
		return err
	}
	c.server, c.clientID = server, registered.ID
	return nil
}

// authorize gets a token by the authorization code flow with PKCE (RFC 7636) for the resource (RFC 8707).
func (c *client) authorize(ctx context.Context, scope string) (string, error) {
	c.asked = append(c.asked, scope)
	verifier, state := rand.Text()+rand.Text(), rand.Text()
	digest := sha256.Sum256([]byte(verifier))
	arrived, err := c.consent(ctx, c.server.Authorize+"?"+url.Values{
		"response_type": {"code"}, "client_id": {c.clientID}, "redirect_uri": {redirectURI}, "scope": {scope}, "state": {state},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(digest[:])}, "code_challenge_method": {"S256"}, "resource": {c.server.resource},
	}.Encode())
	if err != nil {
		return "", err
	}
	if arrived.Get("state") != state || arrived.Get("code") == "" {
		return "", fmt.Errorf("sent back with %q and no code of this request", arrived.Get("error"))
	}
	form := url.Values{
		"grant_type": {"authorization_code"}, "client_id": {c.clientID}, "redirect_uri": {redirectURI},
		"code": {arrived.Get("code")}, "code_verifier": {verifier}, "resource": {c.server.resource},
	}
	var granted struct {
		Token string `json:"access_token"`
	}
	err = c.fetch(ctx, http.MethodPost, c.server.Token, "application/x-www-form-urlencoded", []byte(form.Encode()), &granted)
	return granted.Token, err
}

// fetch sends a request and decodes the JSON answer.
func (c *client) fetch(ctx context.Context, method, address, contentType string, body []byte, into any) error {
	req, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(string(body)))
	if err != nil {
		return err
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s: %s", method, req.URL.Path, resp.Status)
	}
	return json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(into)
}
