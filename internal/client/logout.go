package client

import (
	"context"
	"errors"
	"maps"
	"net/url"
	"slices"
	"time"
)

// Farewell is what became of one login.
type Farewell struct {
	Resource string `json:"resource"`
	// Revoked tells that the authorization server has revoked its tokens.
	Revoked bool `json:"revoked"`
	// Problem says why not, if it was to. Its access token is then good until Expires.
	Problem string    `json:"problem,omitempty"`
	Expires time.Time `json:"expires_at,omitzero"`
}

// Logins returns the servers one is logged in to, in order.
func (c *Client) Logins() ([]string, error) {
	all, err := c.store.read()
	return slices.Sorted(maps.Keys(all)), err
}

// Logout forgets a login and has its tokens revoked (RFC 7009). It is forgotten first and in any case: another process that
// refreshes at the same time finds nothing to refresh. Without a login the second result is false.
func (c *Client) Logout(ctx context.Context, resource string) (Farewell, bool, error) {
	var held entry
	var ok bool
	err := c.store.update(func(all entries) error {
		held, ok = all[resource]
		delete(all, resource)
		return nil
	})
	if err != nil || !ok {
		return Farewell{}, false, err
	}
	bye := Farewell{Resource: resource}
	switch err := c.revoke(ctx, held); {
	case err != nil:
		bye.Problem, bye.Expires = clean(err.Error()), held.Expires
	default:
		bye.Revoked = true
	}
	return bye, true, nil
}

// revoke revokes both tokens, the one that makes others first.
func (c *Client) revoke(ctx context.Context, held entry) error {
	if held.Revocation == "" {
		return errors.New("the authorization server has no revocation endpoint")
	}
	var failed error
	for _, token := range []struct{ kind, text string }{{"refresh_token", held.Refresh}, {"access_token", held.Access}} {
		if token.text == "" {
			continue
		}
		_, err := c.form(ctx, held.Revocation, url.Values{"token": {token.text}, "token_type_hint": {token.kind}, "client_id": {held.ClientID}})
		failed = errors.Join(failed, err)
	}
	return failed
}
