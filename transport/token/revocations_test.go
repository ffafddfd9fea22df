package token_test

import (
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/transport/token"
)

const otherURL = "https://other.example"

// bearerOf is the principal of a token that was issued so long ago.
func bearerOf(ago time.Duration) authz.Principal {
	return authz.Principal{
		Issuer: issuerURL, Subject: "alice", Client: "app", TokenID: "t1", GrantID: "g1", SessionID: "s1", Issued: now().Add(-ago),
	}
}

// TestJ47_RevokedInEveryWay: each way to name tokens refuses those and no others.
func TestJ47_RevokedInEveryWay(t *testing.T) {
	for name, tt := range map[string]struct {
		revoke token.Revocation
		twin   func(*authz.Principal) // the same token, but for what was named
		later  bool                   // what is issued later is good
	}{
		"token":      {token.Revocation{TokenID: "t1"}, func(p *authz.Principal) { p.TokenID = "t2" }, true},
		"grant":      {token.Revocation{GrantID: "g1"}, func(p *authz.Principal) { p.GrantID = "g2" }, false},
		"session":    {token.Revocation{SessionID: "s1"}, func(p *authz.Principal) { p.SessionID = "s2" }, false},
		"subject":    {token.Revocation{Subject: "alice"}, func(p *authz.Principal) { p.Subject = "bob" }, true},
		"client":     {token.Revocation{Client: "app"}, func(p *authz.Principal) { p.Client = "cli" }, true},
		"everything": {token.Revocation{Everything: true}, func(p *authz.Principal) { p.Issued = now().Add(time.Minute) }, true},
		"an issuer":  {token.Revocation{Everything: true, Issuer: issuerURL}, func(p *authz.Principal) { p.Issuer = otherURL }, true},
	} {
		t.Run(name, func(t *testing.T) {
			list := token.NewRevocations([]string{issuerURL, otherURL}, 30*time.Second, 0, now)
			who := bearerOf(time.Minute)
			if list.Revoked(who) {
				t.Fatal("revoked before anything was")
			}
			if tt.revoke.Issuer == "" && !tt.revoke.Everything {
				tt.revoke.Issuer = issuerURL
			}
			before := list.Changes()
			done, err := list.Add(tt.revoke)
			if err != nil || !list.Revoked(who) || list.Changes() == before {
				t.Fatalf("not revoked: %+v, %v", done, err)
			}
			twin := who
			tt.twin(&twin)
			if list.Revoked(twin) {
				t.Errorf("revoked as well: %+v", twin)
			}
			elsewhere := who
			elsewhere.Issuer = otherURL
			if all := tt.revoke.Issuer == ""; list.Revoked(elsewhere) != all {
				t.Errorf("the same names of another issuer: revoked %t", !all)
			}
			if list.Revoked(bearerOf(-2*time.Minute)) == tt.later {
				t.Errorf("issued later: revoked %t", tt.later)
			}
			// The issuer's clock may be 30 s ahead.
			if !list.Revoked(bearerOf(-30*time.Second)) || tt.later && list.Revoked(bearerOf(-31*time.Second)) {
				t.Error("the clock of the issuer is not allowed for")
			}
		})
	}
}

// TestRevocationsAreForgotten: when no such token can be good any more, and not before.
func TestRevocationsAreForgotten(t *testing.T) {
	clock := now()
	list := token.NewRevocations([]string{issuerURL}, 0, 0, func() time.Time { return clock })
	subject, err := list.Add(token.Revocation{Subject: "alice"})
	if err != nil || subject.Issuer != issuerURL || !subject.Until.After(clock.Add(24*time.Hour)) {
		t.Fatalf("%+v, %v", subject, err)
	}
	session, err := list.Add(token.Revocation{SessionID: "s1", Before: clock})
	if err != nil || !session.Before.IsZero() || !session.Until.After(subject.Until) {
		t.Fatalf("%+v, %v", session, err)
	}
	if got := list.List(); len(got) != 2 || got[0] != session || got[1] != subject {
		t.Errorf("%+v", got)
	}
	clock = subject.Until
	if got := list.List(); len(got) != 1 || got[0] != session {
		t.Errorf("%+v", got)
	}
	if again, err := list.Add(token.Revocation{Subject: "alice"}); err != nil || again == subject {
		t.Errorf("%+v, %v", again, err)
	}
}

// TestRevokingAgain keeps what refuses more.
func TestRevokingAgain(t *testing.T) {
	list := token.NewRevocations([]string{issuerURL}, 0, 0, now)
	ahead, err := list.Add(token.Revocation{Client: "app", Before: now().Add(time.Minute)})
	if err != nil {
		t.Fatal(err)
	}
	if again, err := list.Add(token.Revocation{Client: "app"}); err != nil || again != ahead || !list.Revoked(bearerOf(-time.Minute)) {
		t.Errorf("a narrower one took its place: %+v, %v", again, err)
	}
	further, err := list.Add(token.Revocation{Client: "app", Before: now().Add(2 * time.Minute)})
	if err != nil || !list.Revoked(bearerOf(-2*time.Minute)) || len(list.List()) != 1 {
		t.Errorf("a wider one did not: %+v, %v", further, err)
	}
}

func TestRevocationsThatAreRefused(t *testing.T) {
	one, two := token.NewRevocations([]string{issuerURL}, 0, 0, nil), token.NewRevocations([]string{issuerURL, otherURL}, 0, 0, nil)
	for name, tt := range map[string]struct {
		list *token.Revocations
		bad  token.Revocation
		good token.Revocation
		want string
	}{
		"nothing":        {one, token.Revocation{}, token.Revocation{Everything: true}, "not exactly one"},
		"two at once":    {one, token.Revocation{Subject: "a", Client: "b"}, token.Revocation{Subject: "a"}, "not exactly one"},
		"all of one":     {one, token.Revocation{Subject: "a", Everything: true}, token.Revocation{Subject: "a"}, "not exactly one"},
		"which issuer":   {two, token.Revocation{Subject: "a"}, token.Revocation{Subject: "a", Issuer: otherURL}, "no issuer"},
		"strange issuer": {one, token.Revocation{Subject: "a", Issuer: otherURL}, token.Revocation{Subject: "a", Issuer: issuerURL}, "not accepted anyway"},
		"no name":        {one, token.Revocation{Subject: "a\x00"}, token.Revocation{Subject: "a"}, "does not show"},
		"far ahead": {
			one, token.Revocation{Subject: "a", Before: time.Now().Add(2 * time.Hour)},
			token.Revocation{Subject: "a", Before: time.Now().Add(30 * time.Minute)}, "an hour ahead",
		},
	} {
		changes := tt.list.Changes()
		if _, err := tt.list.Add(tt.bad); err == nil || !strings.Contains(err.Error(), tt.want) || tt.list.Changes() != changes {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := tt.list.Add(tt.good); err != nil {
			t.Errorf("%s, repaired: %v", name, err)
		}
	}
}

// TestRevocationsAreBounded: a full list says so and loses nothing, what is over makes room, and so does everything.
func TestRevocationsAreBounded(t *testing.T) {
	clock := now()
	list := token.NewRevocations([]string{issuerURL}, 0, time.Hour, func() time.Time { return clock })
	const most = 100_000
	for i := range most - 1 {
		if _, err := list.Add(token.Revocation{TokenID: strconv.Itoa(i)}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := list.Add(token.Revocation{GrantID: "g1"}); err != nil {
		t.Fatal(err)
	}
	if _, err := list.Add(token.Revocation{TokenID: "more"}); !errors.Is(err, token.ErrTooManyRevocations) {
		t.Fatalf("one too many: %v", err)
	}
	if _, err := list.Add(token.Revocation{TokenID: "7", Before: clock}); err != nil {
		t.Errorf("one that is there: %v", err)
	}
	who := bearerOf(0)
	who.TokenID = "4711"
	if who.GrantID = ""; !list.Revoked(who) {
		t.Error("one was lost")
	}
	if _, err := list.Add(token.Revocation{Everything: true}); err != nil || len(list.List()) != 2 || !list.Revoked(who) || !list.Revoked(bearerOf(-time.Hour)) {
		t.Errorf("everything: %v, %d are left", err, len(list.List()))
	}
	for i := range most - 2 {
		if _, err := list.Add(token.Revocation{Subject: strconv.Itoa(i)}); err != nil {
			t.Fatal(err)
		}
	}
	clock = clock.Add(2 * time.Hour)
	if _, err := list.Add(token.Revocation{TokenID: "more"}); err != nil || len(list.List()) != 2 {
		t.Errorf("after the others were over: %v, %d", err, len(list.List()))
	}
}

func TestRevocationsConcurrently(t *testing.T) {
	list := token.NewRevocations([]string{issuerURL}, 0, 0, now)
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for j := range 200 {
				if _, err := list.Add(token.Revocation{TokenID: strconv.Itoa(i*200 + j)}); err != nil {
					t.Error(err)
				}
				who := bearerOf(0)
				if who.TokenID = strconv.Itoa(i*200 + j); !list.Revoked(who) {
					t.Error("not revoked when Add has returned")
				}
				list.List()
			}
		})
	}
	all.Wait()
}

func BenchmarkRevoked(b *testing.B) {
	for name, n := range map[string]int{"empty": 0, "full": 100_000} {
		list := token.NewRevocations([]string{issuerURL}, 0, 0, now)
		for i := range n {
			if _, err := list.Add(token.Revocation{TokenID: strconv.Itoa(i)}); err != nil {
				b.Fatal(err)
			}
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				list.Revoked(bearerOf(0))
			}
		})
	}
}
