package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// loggedOut ends bob's grant at the issuer.
func (t *trial) loggedOut(ctx context.Context) error {
	fresh, err := t.refresh(ctx, "notes-cli", t.known.Refresh)
	if err != nil {
		return fmt.Errorf("a refresh before the logout: %w", err)
	}
	if err := t.revoke(ctx, "notes-cli", fresh.Refresh); err != nil {
		return fmt.Errorf("the revocation: %w", err)
	}
	if _, err = t.refresh(ctx, "notes-cli", fresh.Refresh); err == nil {
		err = errors.New("the refresh token still works")
	} else {
		err = nil
	}
	t.check("after a revocation the issuer refreshes no more", err)
	t.check("after a revocation the access token is 200 until it expires", t.gate.expect(ctx, t.known.Access, "notes_search", http.StatusOK))
	return nil
}

// expired shows a good token to a server whose clock is an hour ahead.
func (t *trial) expired(ctx context.Context) error {
	if err := t.restart(ctx, "late", time.Hour); err != nil {
		return err
	}
	if err := t.gate.untilReady(ctx, 10*time.Second); err != nil {
		return err
	}
	t.check("an hour later the token is 401", t.gate.expect(ctx, t.known.Access, "notes_search", http.StatusUnauthorized))
	t.wanted["expired"]++
	return t.audited(ctx)
}

// rotated has the issuer sign with a new key. A server of its own is asked, so that no earlier unknown key id has used up the one fetch
// in 30 seconds that requests may cause.
func (t *trial) rotated(ctx context.Context) error {
	if err := t.restart(ctx, "rotated", 0); err != nil {
		return err
	}
	if err := t.gate.untilReady(ctx, 10*time.Second); err != nil {
		return err
	}
	t.check("before the rotation: 200", t.gate.expect(ctx, t.known.Access, "notes_search", http.StatusOK))
	if err := t.rotate(ctx); err != nil {
		return err
	}
	fresh, err := t.authorize(ctx, login{client: "notes-cli", person: "bob", scope: "openid notes:read", resource: t.resource()})
	if err != nil {
		return fmt.Errorf("bob cannot log in after the rotation: %w", err)
	}
	t.check("the new token names a new key, and both keys are published", t.keysOf(ctx, t.known.Access, fresh.Access))
	t.check("right after the rotation: a token with the new key is 200", t.gate.expect(ctx, fresh.Access, "notes_search", http.StatusOK))
	t.check("right after the rotation: a token with the old key is 200", t.gate.expect(ctx, t.known.Access, "notes_search", http.StatusOK))
	return nil
}

// keysOf looks whether two tokens are signed with two keys, of which the issuer publishes both.
func (t *trial) keysOf(ctx context.Context, old, fresh string) error {
	published, err := t.kids(ctx)
	if err != nil {
		return err
	}
	var ids []string
	for _, token := range []string{old, fresh} {
		said, err := decode(token)
		if err != nil {
			return err
		}
		ids = append(ids, text(said.Header, "kid"))
	}
	missing := slices.ContainsFunc(ids, func(id string) bool { return id == "" || !slices.Contains(published, id) })
	if ids[0] == ids[1] || missing {
		return fmt.Errorf("the tokens name %q, published are %q", ids, published)
	}
	return nil
}

// outage ends the issuer. What the server knows of it lasts for an hour.
func (t *trial) outage(ctx context.Context) error {
	t.issuer.stop()
	_, err := metadata(ctx, t.issuer.url)
	if err == nil {
		return errors.New("the issuer still answers")
	}
	t.check("issuer down again: its tokens are 200", t.gate.expect(ctx, t.known.Access, "notes_search", http.StatusOK))
	return t.audited(ctx)
}
