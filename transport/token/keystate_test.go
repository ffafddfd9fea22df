package token_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport-mcp/sallyport/internal/issuertest"
	"github.com/sallyport-mcp/sallyport/transport/token"
)

// TestKeyStates follows one issuer from an outage at the start to one that lasts
// longer than its keys may be used.
func TestKeyStates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newRemoteSite(t, issuertest.FaultDown)
		is := func(when string, want token.KeyState) {
			t.Helper()
			want.Issuer = issuerURL
			if diff := cmp.Diff([]token.KeyState{want}, s.verifier.KeyStates()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", when, diff)
			}
			if ready := s.verifier.Ready() == nil; ready != want.Usable {
				t.Errorf("%s: ready is %v", when, ready)
			}
		}
		is("down at the start", token.KeyState{})

		s.issuer.Break(issuertest.FaultNone, "")
		time.Sleep(5 * time.Second)
		synctest.Wait()
		s.issuer.Break(issuertest.FaultDown, "")
		fetched := s.verifier.KeyStates()[0]
		if !fetched.Usable || fetched.Keys == 0 || fetched.Age > 5*time.Second {
			t.Fatalf("after a fetch: %+v", fetched)
		}
		left := time.Hour - fetched.Age
		time.Sleep(left)
		is("at the limit", token.KeyState{Usable: true, Keys: fetched.Keys, Age: time.Hour})
		time.Sleep(time.Second)
		is("beyond it", token.KeyState{Keys: fetched.Keys, Age: time.Hour + time.Second})
	})
}

// TestKeyStatesAreThoseOfTheConfiguration expects every issuer, in its order.
func TestKeyStatesAreThoseOfTheConfiguration(t *testing.T) {
	one, two := issuertest.New("https://one.example"), issuertest.New("https://two.example")
	s := newSite(t, nil, func(c *token.Config) {
		c.Issuers = []token.Issuer{
			{URL: "https://two.example", Alias: "two", Keys: two.JWKS},
			{URL: "https://one.example", Alias: "one", Keys: one.JWKS},
		}
	})
	var got []string
	for _, state := range s.verifier.KeyStates() {
		got = append(got, state.Issuer)
		if !state.Usable || state.Keys == 0 {
			t.Errorf("%+v, want usable keys", state)
		}
	}
	if diff := cmp.Diff([]string{"https://two.example", "https://one.example"}, got); diff != "" {
		t.Errorf("issuers (-want +got):\n%s", diff)
	}
}
