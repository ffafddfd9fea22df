package authserver

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestO34_ReuseRevokesTheFamily(t *testing.T) {
	tests := []struct {
		name  string
		reuse func(c *clock, first, second, third func() answer) answer
	}{
		{"two generations back, at once", func(_ *clock, first, second, _ func() answer) answer { second(); return first() }},
		{"one back, its successor used", func(_ *clock, first, second, third func() answer) answer { second(); third(); return second() }},
		{"one back, too late", func(c *clock, first, _, _ func() answer) answer { c.Add(rotationGrace); return first() }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, c := newServer(t)
			id := publicClient(t, s)
			k := newTokens(t, s, id)
			token := []string{k.refresh, s.refresh.make(k.grant(), 2), s.refresh.make(k.grant(), 3)}
			use := func(i int) func() answer {
				return func() answer { return post(s, "/token", refreshForm(id, token[i])) }
			}
			if next := mustTokens(t, s, use(0)()); next.refresh != token[1] {
				t.Fatal("another successor than expected")
			}
			if s.Revoked(k.grant()) {
				t.Fatal("revoked before any reuse")
			}
			wantError(t, tt.reuse(c, use(0), use(1), use(2)), http.StatusBadRequest, "invalid_grant")
			if !s.Revoked(k.grant()) {
				t.Error("the family lives on")
			}
			for i := range token {
				wantError(t, use(i)(), http.StatusBadRequest, "invalid_grant")
			}
		})
	}
}

// A lost response: the previous token yields the same replacement, until that is
// first used.
func TestRotationSurvivesALostResponse(t *testing.T) {
	s, c := newServer(t)
	id := publicClient(t, s)
	k := newTokens(t, s, id)
	lost := mustTokens(t, s, post(s, "/token", refreshForm(id, k.refresh)))
	c.Add(rotationGrace - time.Second)
	again := mustTokens(t, s, post(s, "/token", refreshForm(id, k.refresh)))
	if again.refresh != lost.refresh || again.refresh == k.refresh {
		t.Error("a second replacement")
	}
	if again.access == lost.access {
		t.Error("the access token was replayed, not made")
	}
	next := mustTokens(t, s, post(s, "/token", refreshForm(id, again.refresh)))
	if next.refresh == again.refresh || s.Revoked(k.grant()) {
		t.Error("the replacement does not rotate")
	}
	wantError(t, post(s, "/token", refreshForm(id, k.refresh)), http.StatusBadRequest, "invalid_grant")
	if !s.Revoked(k.grant()) {
		t.Error("used after its replacement was, and not revoked")
	}
}

func TestO34_RefreshInParallel(t *testing.T) {
	s, _ := newServer(t)
	id := publicClient(t, s)
	for range 20 {
		k := newTokens(t, s, id)
		results := make(chan string, 64)
		won := parallel(64, func() bool {
			a := post(s, "/token", refreshForm(id, k.refresh))
			if a.status == http.StatusOK {
				results <- a.text(t, "refresh_token")
			}
			return a.status == http.StatusOK
		})
		close(results)
		replacements := map[string]bool{}
		for r := range results {
			replacements[r] = true
		}
		// All of them are one client that did not see an answer: one replacement.
		if g, ok := s.grants.lookup(k.grant()); won != 64 || len(replacements) != 1 || !ok || g.generation != 2 {
			t.Fatalf("%d answers, %d replacements, generation %d", won, len(replacements), g.generation)
		}
	}
}

func TestO35_Refresh(t *testing.T) {
	s, _ := newServer(t)
	id, other := publicClient(t, s), publicClient(t, s)
	k := newTokens(t, s, id)
	good := refreshForm(id, k.refresh)
	wantError(t, post(s, "/token", refreshForm(other, k.refresh)), http.StatusBadRequest, "invalid_grant")
	wantError(t, post(s, "/token", without(good, "client_id")), http.StatusUnauthorized, "invalid_client")
	wantError(t, post(s, "/token", with(good, "scope", "notes:read notes:write")), http.StatusBadRequest, "invalid_scope")
	wantError(t, post(s, "/token", with(good, "scope", "unknown")), http.StatusBadRequest, "invalid_scope")
	wantError(t, post(s, "/token", with(good, "resource", "https://evil.example/mcp")), http.StatusBadRequest, "invalid_target")
	wantError(t, post(s, "/token", without(good, "refresh_token")), http.StatusBadRequest, "invalid_request")
	if s.Revoked(k.grant()) {
		t.Fatal("somebody else's mistakes revoked the grant")
	}
	mustTokens(t, s, post(s, "/token", good))
}

func TestO35_ConfidentialClient(t *testing.T) {
	s, _ := newServer(t)
	id, secret := register(t, s, map[string]any{
		"redirect_uris": []string{testRedirect}, "token_endpoint_auth_method": "client_secret_post", "grant_types": []string{"authorization_code", "refresh_token"},
	})
	k := mustTokens(t, s, post(s, "/token", with(codeForm(id, newCode(t, s, id)), "client_secret", secret)))
	wantError(t, post(s, "/token", refreshForm(id, k.refresh)), http.StatusUnauthorized, "invalid_client")
	mustTokens(t, s, post(s, "/token", with(refreshForm(id, k.refresh), "client_secret", secret)))
}

func TestO35_ScopeOfARefresh(t *testing.T) {
	s, _ := newServer(t)
	id := publicClient(t, s)
	back := newSurfer(t, s).decide(with(request(id), "scope", "notes:read notes:write"), "alice", "allow")
	k := mustTokens(t, s, post(s, "/token", codeForm(id, back.Query().Get("code"))))
	narrow := mustTokens(t, s, post(s, "/token", with(refreshForm(id, k.refresh), "scope", "notes:read")))
	if narrow.claims["scope"] != "notes:read" || narrow.claims["aud"] != testResource || narrow.claims["sub"] != "alice" {
		t.Errorf("%v", narrow.claims)
	}
	whole := mustTokens(t, s, post(s, "/token", refreshForm(id, narrow.refresh)))
	if whole.claims["scope"] != "notes:read notes:write" {
		t.Errorf("narrowing one token narrowed the grant: %v", whole.claims["scope"])
	}
}

func TestO35_RefreshExpires(t *testing.T) {
	t.Run("idle", func(t *testing.T) {
		for after, ok := range map[time.Duration]bool{refreshIdle - time.Second: true, refreshIdle: false} {
			s, c := newServer(t)
			id := publicClient(t, s)
			k := newTokens(t, s, id)
			c.Add(after)
			if a := post(s, "/token", refreshForm(id, k.refresh)); (a.status == http.StatusOK) != ok {
				t.Errorf("after %s: %d", after, a.status)
			}
		}
	})
	t.Run("absolute", func(t *testing.T) {
		s, c := newServer(t)
		id := publicClient(t, s)
		k := newTokens(t, s, id)
		for range 6 {
			c.Add(grantLifetime/6 - time.Second)
			k = mustTokens(t, s, post(s, "/token", refreshForm(id, k.refresh)))
		}
		c.Add(6 * time.Second)
		wantError(t, post(s, "/token", refreshForm(id, k.refresh)), http.StatusBadRequest, "invalid_grant")
	})
}

func TestRefreshTokensCannotBeInvented(t *testing.T) {
	s, _ := newServer(t)
	id := publicClient(t, s)
	k := newTokens(t, s, id)
	var foreign refreshTokens
	foreign.key[0] = s.refresh.key[0] + 1
	data, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(k.refresh, refreshPrefix))
	if err != nil {
		t.Fatal(err)
	}
	bumped := append([]byte(nil), data...)
	bumped[3]++
	for name, token := range map[string]string{
		"other key": foreign.make(k.grant(), 1), "next generation": refreshPrefix + base64.RawURLEncoding.EncodeToString(bumped),
		"cut": k.refresh[:len(k.refresh)-1], "longer": k.refresh + "A", "padded": k.refresh + "=", "without prefix": strings.TrimPrefix(k.refresh, refreshPrefix),
		"short": refreshPrefix + "AAAA", "access token": k.access, "made for later": s.refresh.make(k.grant(), 2), "generation zero": s.refresh.make(k.grant(), 0),
		"other grant": s.refresh.make("other", 1),
	} {
		t.Run(name, func(t *testing.T) {
			wantError(t, post(s, "/token", refreshForm(id, token)), http.StatusBadRequest, "invalid_grant")
		})
	}
	if s.Revoked(k.grant()) {
		t.Error("an invented token revoked the grant")
	}
	mustTokens(t, s, post(s, "/token", refreshForm(id, k.refresh)))
}
