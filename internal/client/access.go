package client

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"
)

// early is how long before its end a token is replaced.
const early = 10 * time.Second

// usable returns what is held for a resource, with an access token that is good now as far as one can tell. It refreshes the one
// that was refused, or whose time is over. Without a login the result is nil.
func (c *Client) usable(ctx context.Context, resource, refused string) (*entry, error) {
	all, err := c.store.read()
	if err != nil {
		return nil, err
	}
	held, ok := all[resource]
	if !ok {
		return nil, nil //nolint:nilnil // who has no login goes without a token
	}
	if c.fresh(held, refused) {
		return &held, nil
	}
	err = c.store.update(func(all entries) error {
		if held, ok = all[resource]; !ok {
			return loginAgain(resource, "it was logged out in the meantime")
		}
		if c.fresh(held, refused) {
			return nil // another process has refreshed it
		}
		if held, err = c.refresh(ctx, resource, held); err != nil {
			return err
		}
		all[resource] = held
		return nil
	})
	return &held, err
}

func (c *Client) fresh(e entry, refused string) bool {
	return e.Access != refused && (e.Expires.IsZero() || c.cfg.Now().Add(early).Before(e.Expires))
}

// refresh exchanges a refresh token (RFC 6749, section 6; RFC 8707, section 2.2). A server that rotates them gives a new one,
// which replaces the old.
func (c *Client) refresh(ctx context.Context, resource string, held entry) (entry, error) {
	if held.Refresh == "" {
		return held, loginAgain(resource, "the token is not accepted any more, and there is no refresh token")
	}
	got, err := c.token(ctx, held.Token, url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {held.Refresh}, "client_id": {held.ClientID}, "resource": {held.Resource},
	})
	var refused oauthError
	if errors.As(err, &refused) {
		return held, loginAgain(resource, "the authorization server does not renew the token: "+refused.Error())
	}
	if err != nil {
		return held, fmt.Errorf("the token could not be renewed: %w", err)
	}
	held.Access, held.Expires = got.access, got.expires
	if got.refresh != "" {
		held.Refresh = got.refresh
	}
	if got.scopes != nil {
		held.Scopes = got.scopes
	}
	return held, nil
}

// loginAgain says why, and with which command.
func loginAgain(resource, why string) error {
	return fmt.Errorf("%s; log in again: sallyport login %s", why, Quoted(resource))
}
