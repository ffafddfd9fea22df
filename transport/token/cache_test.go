package token_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/internal/issuertest"
	"github.com/sallyport-mcp/sallyport/transport/token"
)

// TestKnownTokenAndTime moves the clock under a token that was accepted before.
func TestKnownTokenAndTime(t *testing.T) {
	clock := now()
	s := newSite(t, nil, func(c *token.Config) { c.Now = func() time.Time { return clock } })
	raw := s.sign(map[string]any{"nbf": now().Unix() - 60})
	s.accepts("at first", raw)
	for _, tt := range []struct {
		name   string
		after  time.Duration
		reason string
	}{
		{"last moment", 5*time.Minute + 30*time.Second - 1, ""},
		{"over", 5*time.Minute + 30*time.Second, token.ReasonExpired},
		{"first moment", -30 * time.Second, ""},
		{"before iat", -31 * time.Second, token.ReasonFuture},
		{"before nbf", -91 * time.Second, token.ReasonNotYetValid},
		{"again", 0, ""},
	} {
		clock = now().Add(tt.after)
		if tt.reason == "" {
			s.accepts(tt.name, raw)
			continue
		}
		s.refuses(tt.name, raw, tt.reason)
	}
}

// TestJ54_KnownTokenOfAnotherKey changes the key set under a token that was
// accepted before. The answer must be the one that a new token would get.
func TestJ54_KnownTokenOfAnotherKey(t *testing.T) {
	first, second := issuertest.NewKey("es256", "ES256"), issuertest.NewKey("es256", "ES256")
	other, unnamed := issuertest.NewKey("other", "ES256"), map[string]any{"kid": nil}
	for _, tt := range []struct {
		name   string
		header map[string]any
		next   []issuertest.Key
		reason string
	}{
		{"the same key", nil, []issuertest.Key{other, first}, ""},
		{"the same key, no kid", unnamed, []issuertest.Key{first}, ""},
		{"removed", nil, []issuertest.Key{other}, token.ReasonKeyUnknown},
		{"replaced under its id", nil, []issuertest.Key{second}, token.ReasonSignature},
		{"twice", nil, []issuertest.Key{first, second, other}, token.ReasonKeyMismatch},
		{"no longer for signatures", nil, []issuertest.Key{changed(first, "use", "enc"), other}, token.ReasonKeyMismatch},
		{"no longer alone, no kid", unnamed, []issuertest.Key{first, other}, token.ReasonKeyMismatch},
		{"replaced, no kid", unnamed, []issuertest.Key{second}, token.ReasonSignature},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newRemoteSite(t, issuertest.FaultDown)
				s.issuer.SetKeys(first)
				s.issuer.Break(issuertest.FaultNone, "")
				time.Sleep(5 * time.Second)
				synctest.Wait()
				raw := s.long(tt.header)
				s.accepts("before", raw)
				s.accepts("known", raw)
				s.issuer.SetKeys(tt.next...)
				time.Sleep(5 * time.Minute)
				synctest.Wait()
				if tt.reason == "" {
					s.accepts("after", raw)
					return
				}
				s.refuses("after", raw, tt.reason)
				s.issuer.SetKeys(first)
				time.Sleep(5 * time.Minute)
				synctest.Wait()
				s.accepts("repaired", raw)
			})
		})
	}
}

func changed(k issuertest.Key, member string, value any) issuertest.Key {
	k.Members = map[string]any{member: value}
	return k
}

// TestJ56_KnownTokenAndOldKeys keeps the issuer down until its keys are too old.
func TestJ56_KnownTokenAndOldKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newRemoteSite(t, issuertest.FaultNone)
		raw := s.long(nil)
		s.accepts("before", raw)
		s.issuer.Break(issuertest.FaultDown, "")
		time.Sleep(55 * time.Minute)
		s.accepts("in time", raw)
		time.Sleep(6 * time.Minute)
		s.unavailable("too old", raw)
		s.issuer.Break(issuertest.FaultNone, "")
		time.Sleep(5 * time.Second)
		synctest.Wait()
		s.accepts("repaired", raw)
	})
}

// TestKnownTokenAndRevocation asks for every request, and believes no failure.
func TestKnownTokenAndRevocation(t *testing.T) {
	var asked int
	var answer func() (bool, error)
	s := newSite(t, nil, func(c *token.Config) {
		c.Revoked = func(_ context.Context, who authz.Principal) (bool, error) {
			if asked++; who.TokenID != "id-1" || who.Subject != "alice" {
				t.Errorf("asked about %+v", who)
			}
			return answer()
		}
	})
	raw := s.sign(nil)
	for i, tt := range []struct {
		name   string
		answer func() (bool, error)
		reason string
	}{
		{"good", func() (bool, error) { return false, nil }, ""},
		{"known", func() (bool, error) { return false, nil }, ""},
		{"revoked", func() (bool, error) { return true, nil }, token.ReasonRevoked},
		{"restored", func() (bool, error) { return false, nil }, ""},
		{"out of reach", func() (bool, error) { return false, errors.New("down") }, token.ReasonNoRevocations},
		{"back", func() (bool, error) { return false, nil }, ""},
		{"panic", func() (bool, error) { panic("down") }, token.ReasonNoRevocations},
		{"back again", func() (bool, error) { return false, nil }, ""},
	} {
		answer = tt.answer
		if tt.reason == "" {
			s.accepts(tt.name, raw)
		} else {
			s.refuses(tt.name, raw, tt.reason)
		}
		if asked != i+1 {
			t.Errorf("%s: asked %d times for %d requests", tt.name, asked, i+1)
		}
	}
}

// TestKnownTokenBent changes one character of a token that was accepted before.
func TestKnownTokenBent(t *testing.T) {
	s := newSite(t, nil)
	raw := s.sign(nil)
	s.accepts("before", raw)
	for at := range raw {
		for _, c := range []byte{'A', 'B', '.'} {
			if raw[at] == c {
				continue
			}
			bent := raw[:at] + string(c) + raw[at+1:]
			if _, err := s.verifier.Verify(t.Context(), bent); err == nil {
				t.Fatalf("accepted with character %d changed", at)
			}
		}
	}
	s.accepts("repaired", raw)
}

// TestPrincipalIsTheCallersOwn writes to all lists of a principal, and behind them.
func TestPrincipalIsTheCallersOwn(t *testing.T) {
	s := newSite(t, nil, withProfile(token.Profile{RolesClaim: "roles"}))
	for _, lists := range []map[string]any{
		{"groups": []string{"a", "b"}, "roles": []string{"r"}, "scope": "x y z"},
		{"groups": []string{}, "roles": []string{}, "scope": ""},
		{"groups": nil, "roles": nil, "scope": nil},
		{"groups": []string{"a"}, "roles": nil, "scope": nil},
	} {
		raw := s.sign(lists)
		want := s.accepts("new", raw)
		for range 3 {
			got := s.accepts("known", raw)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%v: (-new +known):\n%s", lists, diff)
			}
			groups, roles := append(got.Groups, "admins"), append(got.Roles, "admin")
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%v: appending to one list changes another (-want +got):\n%s", lists, diff)
			}
			for _, list := range [][]string{got.Groups, got.Roles, got.Scopes, groups, roles} {
				for i := range list {
					list[i] = "admin"
				}
			}
		}
	}
	raw := s.sign(map[string]any{"groups": []string{"a"}})
	s.accepts("first", raw).Groups[0] = "admins"
	if got := s.accepts("second", raw).Groups[0]; got != "a" {
		t.Errorf("the first caller made the second one's group %q", got)
	}
}

// TestKnownTokensConcurrently verifies more tokens than there is room for while
// keys come and go, and expects each answer to be about the token asked for.
func TestKnownTokensConcurrently(t *testing.T) {
	var revoked atomic.Bool
	s := newSite(t, nil, func(c *token.Config) {
		c.CacheSize = 16
		c.Revoked = func(_ context.Context, who authz.Principal) (bool, error) {
			return revoked.Load() && who.TokenID == "id-0", nil
		}
	})
	subjects := []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s", "t"}
	var tokens []string
	for i, subject := range subjects {
		id := "id-1"
		if i == 0 {
			id = "id-0"
		}
		tokens = append(tokens, s.sign(map[string]any{"sub": subject, "jti": id}))
	}
	var group sync.WaitGroup
	for worker := range 8 {
		group.Go(func() {
			for n := range 200 {
				i := (n + worker*3) % len(tokens)
				who, err := s.verifier.Verify(t.Context(), tokens[i])
				if reason := reasonOf(err); reason == token.ReasonRevoked && i == 0 {
					continue
				}
				if err != nil || who.Subject != subjects[i] {
					t.Errorf("token of %s: %s, %v", subjects[i], who.Subject, err)
				}
				who.Scopes[0] = "overwritten"
				if worker == 0 && n%10 == 0 {
					revoked.Store(n%20 == 0)
				}
			}
		})
	}
	group.Wait()
	revoked.Store(true)
	s.refuses("revoked", tokens[0], token.ReasonRevoked)
	revoked.Store(false)
	s.accepts("repaired", tokens[0])
}
