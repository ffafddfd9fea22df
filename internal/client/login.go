package client

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/sallyport-mcp/sallyport/internal/terminal"
)

// LoginRequest says how to log in.
type LoginRequest struct {
	// URL is that of the MCP server.
	URL string
	// Scopes are those to ask for. Nil means those that the server names.
	Scopes []string
	// ClientID is that of a client which was registered beforehand. Empty means that this one registers itself.
	ClientID string
	// Issuer chooses among several authorization servers. Empty means the first.
	Issuer string
	// Port is the port of the redirect URI on this machine. Zero means any.
	Port int
	// again tells that a login goes on: the client that registered itself is taken again.
	again bool
}

// Session is a login, without its secrets.
type Session struct {
	Resource string    `json:"resource"`
	Issuer   string    `json:"issuer"`
	ClientID string    `json:"client_id"`
	Scopes   []string  `json:"scopes"`
	Expires  time.Time `json:"expires_at,omitzero"`
	Renews   bool      `json:"renews"`
	// NotGranted are scopes that were asked for and not given.
	NotGranted []string `json:"not_granted,omitempty"`
}

// Login discovers how to authorize, has a person do it in a browser, and keeps the tokens (MCP 2026-07-28, basic/authorization,
// "Authorization Flow Steps").
func (c *Client) Login(ctx context.Context, asked LoginRequest) (Session, error) {
	resource, err := Resource(asked.URL)
	if err != nil {
		return Session{}, err
	}
	found, err := c.discover(ctx, resource, asked.Issuer)
	if err != nil {
		return Session{}, err
	}
	if asked.Scopes != nil {
		found.scopes = asked.Scopes
	}
	a, err := c.prepare(ctx, resource, asked, found)
	if err != nil {
		return Session{}, err
	}
	defer a.back.close()
	got, err := c.authorize(ctx, a)
	if err != nil {
		return Session{}, err
	}
	denied := slices.DeleteFunc(slices.Clone(found.scopes), func(scope string) bool { return slices.Contains(got.Scopes, scope) })
	return Session{resource, got.Issuer, got.ClientID, got.Scopes, got.Expires, got.Refresh != "", denied}, nil
}

// attempt is one authorization that is under way.
type attempt struct {
	key   string // canonical resource
	found discovered
	held  entry // without tokens yet
	back  *callback
	// state and verifier are this attempt's own, and secret.
	state, verifier string
}

// prepare opens the listener and finds the client to be. An id is taken again only at the issuer that gave it out (MCP 2026-07-28,
// "Authorization Server Binding").
func (c *Client) prepare(ctx context.Context, resource string, asked LoginRequest, found discovered) (*attempt, error) {
	all, err := c.store.read()
	if err != nil {
		return nil, err
	}
	before := all[resource]
	if before.Issuer != found.issuer.Issuer {
		before = entry{}
	}
	back, err := listenAgain(ctx, asked, before)
	if err != nil {
		return nil, fmt.Errorf("no port for the browser to come back to: %w; another one is chosen with --port", err)
	}
	held := entry{
		Issuer: found.issuer.Issuer, ClientID: asked.ClientID, Redirect: back.redirect(), Resource: found.resource,
		Token: found.issuer.Token, Revocation: found.issuer.Revocation,
	}
	switch {
	case asked.ClientID != "":
	case before.ClientID != "" && (!before.Registered || asked.again && before.Redirect == held.Redirect):
		held.ClientID, held.Registered = before.ClientID, before.Registered
	default:
		held.Registered = true
		if held.ClientID, err = c.register(ctx, found.issuer, held.Redirect); err != nil {
			back.close()
			return nil, err
		}
	}
	return &attempt{key: resource, found: found, held: held, back: back, state: rand.Text(), verifier: rand.Text() + rand.Text()}, nil
}

// listenAgain listens where a client was registered to, if it is to be taken again and the port is free: not every server lets the
// port vary.
func listenAgain(ctx context.Context, asked LoginRequest, before entry) (*callback, error) {
	if asked.again && before.Registered && asked.Port == 0 {
		if u, err := url.Parse(before.Redirect); err == nil {
			if port, err := strconv.Atoi(u.Port()); err == nil {
				if back, err := listen(ctx, port); err == nil {
					return back, nil
				}
			}
		}
	}
	return listen(ctx, asked.Port)
}

// authorize sends the person to the authorization server and turns the answer into tokens, which it keeps.
func (c *Client) authorize(ctx context.Context, a *attempt) (entry, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.LoginTime)
	defer cancel()
	a.back.start(a.state, sync.OnceFunc(func() { c.cfg.Tell("An answer to another login came to this one and was ignored.") }))
	address, how := a.address(), "Open this page to log in:"
	if c.cfg.Open != nil {
		how = "Log in in the browser. If none opens, open this page yourself:"
	}
	c.cfg.Tell(how + "\n\n  " + terminal.Shown(address) + "\n")
	if c.cfg.Open != nil {
		if err := c.cfg.Open(ctx, address); err != nil {
			c.cfg.Tell("No browser could be opened here: " + clean(err.Error()) + ".")
		}
	}
	select {
	case got := <-a.back.arrived:
		held, err := c.redeem(ctx, a, got.query)
		got.outcome <- err
		return held, err
	case <-ctx.Done():
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return entry{}, fmt.Errorf("nobody came back from the browser within %s; try again", c.cfg.LoginTime)
		}
		return entry{}, errors.New("the login was interrupted")
	}
}

// address is where the browser goes (RFC 6749, section 4.1.1; RFC 7636; RFC 8707).
func (a *attempt) address() string {
	digest := sha256.Sum256([]byte(a.verifier))
	at := *a.found.authorization
	query := at.Query()
	for name, value := range map[string]string{
		"response_type": "code", "client_id": a.held.ClientID, "redirect_uri": a.held.Redirect, "state": a.state,
		"resource": a.held.Resource, "code_challenge_method": "S256", "code_challenge": base64.RawURLEncoding.EncodeToString(digest[:]),
	} {
		query.Set(name, value)
	}
	if len(a.found.scopes) > 0 {
		query.Set("scope", strings.Join(a.found.scopes, " "))
	}
	at.RawQuery = query.Encode()
	return at.String()
}

// redeem checks the answer, exchanges the code and keeps the tokens. Nothing of an answer that names another issuer is used, not
// even an error (MCP 2026-07-28, "Authorization Response Validation").
func (c *Client) redeem(ctx context.Context, a *attempt, answer url.Values) (entry, error) {
	issuer := a.found.issuer
	if answer.Has("iss") && answer.Get("iss") != issuer.Issuer || !answer.Has("iss") && issuer.IssInResponse {
		return entry{}, fmt.Errorf("the answer in the browser does not come from %s, where the login began; nothing was done with it", clean(issuer.Issuer))
	}
	if code := answer.Get("error"); code != "" {
		return entry{}, fmt.Errorf("the authorization server refused: %w", oauthError{code, answer.Get("error_description")})
	}
	if answer.Get("code") == "" {
		return entry{}, errors.New("the authorization server sent neither a code nor an error")
	}
	got, err := c.token(ctx, issuer.Token, url.Values{
		"grant_type": {"authorization_code"}, "code": {answer.Get("code")}, "code_verifier": {a.verifier},
		"client_id": {a.held.ClientID}, "redirect_uri": {a.held.Redirect}, "resource": {a.held.Resource},
	})
	if err != nil {
		return entry{}, fmt.Errorf("the authorization server gave no token: %w", err)
	}
	held := a.held
	held.Access, held.Refresh, held.Expires, held.Scopes = got.access, got.refresh, got.expires, got.scopes
	if held.Scopes == nil {
		held.Scopes = slices.Clone(a.found.scopes)
	}
	var replaced entry
	err = c.store.update(func(all entries) error {
		replaced, all[a.key] = all[a.key], held
		return nil
	})
	if err == nil && replaced.ClientID != "" && replaced.ClientID != held.ClientID {
		// Of the same client it might take the new tokens along. That it could not be revoked is no harm to this login.
		_ = c.revoke(ctx, replaced)
	}
	return held, err
}
