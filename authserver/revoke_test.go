package authserver

import (
	"errors"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

func TestRevoke(t *testing.T) {
	s, c := newServer(t)
	id, other := publicClient(t, s), publicClient(t, s)
	for name, pick := range map[string]func(tokens) string{
		"refresh token": func(k tokens) string { return k.refresh }, "access token": func(k tokens) string { return k.access },
	} {
		t.Run(name, func(t *testing.T) {
			k, bystander := newTokens(t, s, id), newTokens(t, s, id)
			wantError(t, post(s, "/revoke", url.Values{"client_id": {other}, "token": {pick(k)}}), http.StatusBadRequest, "invalid_grant")
			wantError(t, post(s, "/revoke", url.Values{"client_id": {"unknown"}, "token": {pick(k)}}), http.StatusUnauthorized, "invalid_client")
			wantError(t, post(s, "/revoke", url.Values{"client_id": {id}}), http.StatusBadRequest, "invalid_request")
			wantError(t, post(s, "/revoke?token="+pick(k), url.Values{"client_id": {id}}), http.StatusBadRequest, "invalid_request")
			if s.Revoked(k.grant()) {
				t.Fatal("a refused revocation revoked")
			}
			for range 2 { // the second time there is nothing to do
				if a := post(s, "/revoke", url.Values{"client_id": {id}, "token": {pick(k)}, "token_type_hint": {"nonsense"}}); a.status != http.StatusOK {
					t.Errorf("%d %s", a.status, a.body)
				}
			}
			if !s.Revoked(k.grant()) || s.Revoked(bystander.grant()) {
				t.Error("the grant, and only it, must be revoked at once")
			}
			wantError(t, post(s, "/token", refreshForm(id, k.refresh)), http.StatusBadRequest, "invalid_grant")
			mustTokens(t, s, post(s, "/token", refreshForm(id, bystander.refresh)))
		})
	}
	t.Run("what is no token of ours is fine and changes nothing", func(t *testing.T) {
		k := newTokens(t, s, id)
		fake, err := newSigningKey()
		if err != nil {
			t.Fatal(err)
		}
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: fake.jwk}, nil)
		if err != nil {
			t.Fatal(err)
		}
		forged, err := jwt.Signed(signer).Claims(k.claims).Serialize()
		if err != nil {
			t.Fatal(err)
		}
		for _, token := range []string{"x", "a.b.c", forged, s.refresh.make("gone", 1)} {
			if a := post(s, "/revoke", url.Values{"client_id": {id}, "token": {token}}); a.status != http.StatusOK {
				t.Errorf("%d %s", a.status, a.body)
			}
		}
		c.Add(tokenLifetime)
		post(s, "/revoke", url.Values{"client_id": {id}, "token": {k.access}})
		if s.Revoked(k.grant()) {
			t.Error("revoked by a token that is none")
		}
	})
}

func TestRevokedFailsClosed(t *testing.T) {
	s, _ := newServer(t)
	k := newTokens(t, s, publicClient(t, s))
	if s.Revoked(k.grant()) {
		t.Fatal("a live grant is revoked")
	}
	if !s.Revoked("") || !s.Revoked("unknown") {
		t.Error("an unknown grant is not revoked")
	}
	s.Close()
	if !s.Revoked(k.grant()) {
		t.Error("a closed server vouches for its grants")
	}
}

func TestGrantsAreBounded(t *testing.T) {
	c := newClock()
	s := newGrants(c.Now, 3)
	add := func(id string) { s.add(&grant{id: id, client: "c", codeHash: [32]byte{id[0]}}) }
	for _, id := range []string{"a", "b", "c", "d"} {
		add(id)
	}
	if !s.revoked("a") || s.revoked("b") || s.revoked("d") || len(s.byID) != 3 || len(s.byCode) != 3 || s.order.Len() != 3 {
		t.Errorf("kept %d, %d, %d", len(s.byID), len(s.byCode), s.order.Len())
	}
	c.Add(grantLifetime + tokenLifetime - time.Second)
	if s.revoked("d") {
		t.Error("forgotten while a token may live")
	}
	c.Add(time.Second)
	add("e")
	if len(s.byID) != 1 || len(s.byCode) != 1 || s.revoked("e") {
		t.Errorf("kept %d", len(s.byID))
	}
	if err := s.revoke("d", "c"); !errors.Is(err, errUnknownGrant) {
		t.Errorf("%v", err)
	}
}

func TestSessionsAreBounded(t *testing.T) {
	s, c := newServer(t)
	query := "/authorize?" + request(publicClient(t, s)).Encode()
	first := newSurfer(t, s)
	at := first.get(query).header.Get("Location")
	for range maxSessions {
		newSurfer(t, s).get(query)
	}
	if b := s.browsers; len(b.sessions) != maxSessions || len(b.requests) != maxPending || b.age.Len() != maxSessions || b.waiting.Len() != maxPending {
		t.Errorf("kept %d sessions, %d requests", len(b.sessions), len(b.requests))
	}
	wantPage(t, first.get(at), http.StatusForbidden)
	c.Add(sessionLifetime)
	newSurfer(t, s).get(query)
	if b := s.browsers; len(b.sessions) != 1 || len(b.requests) != 1 {
		t.Errorf("kept %d sessions, %d requests after they expired", len(b.sessions), len(b.requests))
	}
}
