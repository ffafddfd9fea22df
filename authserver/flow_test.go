package authserver

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFlow(t *testing.T) {
	s, c := newServer(t)
	id := publicClient(t, s)
	b := newSurfer(t, s)
	back := b.decide(request(id), "alice", "allow")
	if got := back.Query(); got.Get("iss") != testIssuer || got.Get("state") != "a state" || len(got) != 3 {
		t.Fatalf("callback %s", back)
	}
	a := post(s, "/token", codeForm(id, back.Query().Get("code")))
	k := mustTokens(t, s, a)
	now := float64(c.Now().Unix())
	want := map[string]any{
		"iss": testIssuer, "sub": "alice", "aud": testResource, "client_id": id, "scope": "notes:read",
		"iat": now, "exp": now + 300, "jti": k.claims["jti"], "grant_id": k.claims["grant_id"],
	}
	if diff := cmp.Diff(want, k.claims); diff != "" {
		t.Errorf("claims (-want +got):\n%s", diff)
	}
	if k.claims["jti"] == "" || s.Revoked(k.grant()) {
		t.Error("token without jti, or revoked at once")
	}
	next := mustTokens(t, s, post(s, "/token", refreshForm(id, k.refresh)))
	if next.refresh == k.refresh || next.grant() != k.grant() || next.claims["jti"] == k.claims["jti"] {
		t.Errorf("refresh: %+v after %+v", next, k)
	}
}
