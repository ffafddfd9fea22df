package e2e

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport-mcp/sallyport/internal/browsertest"
)

// redirectURI is where the clients want the code. Nothing listens there: the person reads the address and goes no further.
const redirectURI = browsertest.RedirectURI

// person is somebody at a browser who remembers what the clients asked for.
type person struct {
	*browsertest.Person
	asked []url.Values // the authorization requests it was shown, in order
}

func newPerson(name string) *person { return &person{Person: browsertest.New(name)} }

// authorize opens an authorization URL, logs in if asked to, allows, and returns what the client gets back: code, state, iss.
func (p *person) authorize(ctx context.Context, authorizationURL string) (url.Values, error) {
	parsed, err := url.Parse(authorizationURL)
	if err != nil {
		return nil, err
	}
	p.asked = append(p.asked, parsed.Query())
	return p.Authorize(ctx, authorizationURL, redirectURI)
}

// expectAsked checks the scopes, in whatever order they were asked for, and the PKCE method of every authorization request.
func (p *person) expectAsked(t *testing.T, scopes ...string) {
	t.Helper()
	var got []string
	for _, query := range p.asked {
		asked := strings.Fields(query.Get("scope"))
		slices.Sort(asked)
		got = append(got, strings.Join(asked, " "))
		if query.Get("code_challenge_method") != "S256" || query.Get("code_challenge") == "" {
			t.Errorf("authorization request without PKCE S256: method %q", query.Get("code_challenge_method"))
		}
		if query.Get("resource") == "" {
			t.Error("authorization request without a resource")
		}
	}
	if strings.Join(got, " | ") != strings.Join(scopes, " | ") {
		t.Errorf("%s was asked for the scopes %q, want %q", p.Name, got, scopes)
	}
}
