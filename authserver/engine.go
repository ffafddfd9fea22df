package authserver

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strings"

	"github.com/luikyv/go-oidc/pkg/goidc"
	"github.com/luikyv/go-oidc/pkg/provider"
)

// engineScope is the one scope the engine knows. Which scopes it stands for is
// decided by scopeSet.
const engineScope = "known"

// call is one use of the engine: what our handlers have validated, handed in
// through the request's context, and what came of it. The engine sees a client
// with exactly one redirect URI and a grant that was already consumed under our
// lock, so that none of its own lookups decides anything.
type call struct {
	client  *client
	request authorization // for a code
	user    string
	grant   grant  // for tokens
	refresh string // the refresh token to hand out, empty for none
	code    string // result
	failure error  // why the engine refused
}

type callKey struct{}

func withCall(ctx context.Context, c *call) context.Context {
	return context.WithValue(ctx, callKey{}, c)
}

func callFrom(ctx context.Context) (*call, bool) {
	c, ok := ctx.Value(callKey{}).(*call)
	return c, ok
}

// engine runs github.com/luikyv/go-oidc in process.
type engine struct {
	handler http.Handler
	grants  *grants
}

func newEngine(cfg Config, key signingKey, scopes scopeSet, store *grants) (*engine, error) {
	e := &engine{grants: store}
	known := goidc.NewDynamicScope(engineScope, func(s string) bool { _, ok := scopes.describe(s); return ok })
	policy := goidc.NewPolicy("consented", func(*http.Request, *goidc.AuthnSession, *goidc.Client) bool { return true }, consented)
	op, err := provider.New(cfg.Issuer, e, key.private,
		provider.WithAuthCodeGrant(e),
		provider.WithRefreshTokenGrant(e),
		provider.WithRefreshTokenRotation(),
		provider.WithRefreshTokenFunc(nextRefreshToken),
		// The refresh token is made when the code is redeemed: see GrantByAuthCode.
		provider.WithRefreshTokenShouldIssue(func(context.Context, *goidc.Client, *goidc.Grant) bool { return false }),
		provider.WithDCR(e), // clients are looked up only with this on; its routes are not reachable
		provider.WithNoneAuthn(),
		provider.WithPKCERequired(goidc.CodeChallengeMethodSHA256),
		provider.WithResourceIndicatorsRequired(cfg.Resource),
		provider.WithIssuerResponseParameter(),
		provider.WithScopes(known),
		provider.WithPolicies(policy),
		provider.WithIDTokenSignatureAlgs(goidc.ES256),
		provider.WithTokenOptions(func(context.Context, *goidc.Grant, *goidc.Client) goidc.TokenOptions {
			return goidc.NewJWTTokenOptions(goidc.ES256, int(tokenLifetime.Seconds()))
		}),
		// The engine reads the wall clock: times in tokens come from ours.
		provider.WithTokenClaims(func(context.Context, *goidc.Token, *goidc.Grant) map[string]any {
			now := cfg.Now()
			return map[string]any{goidc.ClaimIssuedAt: now.Unix(), goidc.ClaimExpiry: now.Add(tokenLifetime).Unix()}
		}),
		provider.WithAuthCodeFunc(func(context.Context) string { return randomText() }),
		provider.WithGrantIDFunc(func(context.Context) string { return randomText() }),
		provider.WithJWTIDFunc(func(context.Context) string { return randomText() }),
		provider.WithJTIConsumer(func(context.Context, string) error { return errors.New("assertions are not accepted") }),
		provider.WithErrorHandler(func(ctx context.Context, err error) {
			if c, ok := callFrom(ctx); ok {
				c.failure = err
			}
		}),
	)
	if err != nil {
		return nil, fmt.Errorf("authserver: engine: %w", err)
	}
	e.handler = op.Handler()
	return e, nil
}

// consented is the engine's authentication policy: our pages have asked already.
func consented(_ http.ResponseWriter, r *http.Request, as *goidc.AuthnSession, _ *goidc.Client) (goidc.Status, error) {
	c, ok := callFrom(r.Context())
	if !ok || c.user == "" {
		return goidc.StatusFailure, errors.New("nobody consented")
	}
	as.Subject = c.user
	as.GrantedScopes = c.request.scope()
	as.GrantedResources = goidc.Resources{c.request.resource}
	return goidc.StatusSuccess, nil
}

func nextRefreshToken(ctx context.Context) string {
	c, ok := callFrom(ctx)
	if !ok {
		return ""
	}
	return c.refresh
}

// issueCode makes a grant and its code for what a user consented to.
func (e *engine) issueCode(ctx context.Context, c *client, request authorization, user string) (string, error) {
	this := &call{client: c, request: request, user: user}
	query := url.Values{
		"client_id":             {c.id},
		"redirect_uri":          {request.redirect},
		"response_type":         {"code"},
		"scope":                 {request.scope()},
		"code_challenge":        {request.challenge},
		"code_challenge_method": {string(goidc.CodeChallengeMethodSHA256)},
		"resource":              {request.resource},
	}
	answer, err := e.run(ctx, this, http.MethodGet, "/authorize?"+query.Encode(), nil)
	if err != nil {
		return "", err
	}
	if answer.status != http.StatusSeeOther || this.code == "" {
		return "", errors.Join(fmt.Errorf("engine answered %d instead of a code", answer.status), this.failure)
	}
	return this.code, nil
}

// tokenAnswer is the part of the engine's token response that is standard
// (RFC 6749, section 5.1); it also sends "resources", which is not.
type tokenAnswer struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int    `json:"expires_in"`
	RefreshToken string `json:"refresh_token,omitempty"`
	Scope        string `json:"scope,omitempty"`
}

// issueTokens lets the engine make the tokens of a grant that has been consumed
// or rotated already. form is what the client sent.
func (e *engine) issueTokens(ctx context.Context, this *call, form url.Values) (tokenAnswer, error) {
	answer, err := e.run(ctx, this, http.MethodPost, "/token", form)
	if err != nil {
		return tokenAnswer{}, err
	}
	if answer.status != http.StatusOK {
		return tokenAnswer{}, errors.Join(fmt.Errorf("engine answered %d instead of a token", answer.status), this.failure)
	}
	var tokens tokenAnswer
	if err := json.Unmarshal(answer.body.Bytes(), &tokens); err != nil || tokens.AccessToken == "" {
		return tokenAnswer{}, errors.New("engine sent a token response that cannot be read")
	}
	return tokens, nil
}

// run sends one request to the engine without a network.
func (e *engine) run(ctx context.Context, this *call, method, target string, form url.Values) (*captured, error) {
	r, err := http.NewRequestWithContext(withCall(ctx, this), method, target, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, fmt.Errorf("engine request: %w", err)
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", formType)
	}
	answer := &captured{header: http.Header{}, status: http.StatusOK}
	e.handler.ServeHTTP(answer, r)
	return answer, nil
}

// captured is a response kept in memory.
type captured struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (c *captured) Header() http.Header         { return c.header }
func (c *captured) WriteHeader(status int)      { c.status = status }
func (c *captured) Write(p []byte) (int, error) { return c.body.Write(p) }

// What follows are the engine's storage interfaces. Nothing is found but what
// the call brought along: an unknown id cannot reach anybody else's state.

// SaveGrant keeps the grant of a new code. For tokens there is nothing to keep:
// the transition happened before the engine was asked.
func (e *engine) SaveGrant(ctx context.Context, g *goidc.Grant) error {
	c, ok := callFrom(ctx)
	if !ok {
		return goidc.ErrNotFound
	}
	if c.grant.id != "" {
		return nil
	}
	c.code = g.AuthCode
	e.grants.add(&grant{
		id: g.ID, client: g.ClientID, user: g.Subject, scopes: g.Scopes, resource: strings.Join(g.Resources, " "),
		codeHash: sha256.Sum256([]byte(g.AuthCode)), challenge: g.AuthParams.CodeChallenge, redirect: g.AuthParams.RedirectURI,
		refreshes: c.client.refreshes,
	})
	return nil
}

// Grant finds nothing: the engine asks by id only for routes that are not
// reachable.
func (e *engine) Grant(context.Context, string) (*goidc.Grant, error) { return nil, goidc.ErrNotFound }

// GrantByAuthCode returns the grant the call has redeemed. The engine's own
// rules hold again for it: same client, redirect URI and verifier.
func (e *engine) GrantByAuthCode(ctx context.Context, _ string) (*goidc.Grant, error) {
	return e.callGrant(ctx)
}

// GrantByRefreshToken returns the grant the call has rotated.
func (e *engine) GrantByRefreshToken(ctx context.Context, _ string) (*goidc.Grant, error) {
	return e.callGrant(ctx)
}

func (e *engine) callGrant(ctx context.Context) (*goidc.Grant, error) {
	c, ok := callFrom(ctx)
	if !ok || c.grant.id == "" {
		return nil, goidc.ErrNotFound
	}
	g := c.grant
	return &goidc.Grant{
		ID: g.id, Subject: g.user, ClientID: g.client, Scopes: g.scopes, Resources: goidc.Resources{g.resource},
		AuthCodeExpiresAt: math.MaxInt, // our clock has decided
		RefreshToken:      c.refresh,
		AuthParams: goidc.AuthorizationParameters{
			RedirectURI: g.redirect, CodeChallenge: g.challenge, CodeChallengeMethod: goidc.CodeChallengeMethodSHA256,
		},
	}, nil
}

// SaveSession keeps nothing: a session is finished within the call that made it.
func (e *engine) SaveSession(context.Context, *goidc.AuthnSession) error { return nil }

// Session finds nothing, so that no finished session can issue a second code.
func (e *engine) Session(context.Context, string) (*goidc.AuthnSession, error) {
	return nil, goidc.ErrNotFound
}

// SaveClient refuses: registration is ours.
func (e *engine) SaveClient(context.Context, *goidc.Client) error { return errors.ErrUnsupported }

// DeleteClient refuses: registration is ours.
func (e *engine) DeleteClient(context.Context, string) error { return errors.ErrUnsupported }

// Client returns the call's client, already authenticated and with the one
// redirect URI that has been matched. As a web client, because the engine
// strips the port from what a native one asks for and then finds no match.
func (e *engine) Client(ctx context.Context, id string) (*goidc.Client, error) {
	c, ok := callFrom(ctx)
	if !ok || c.client.id != id {
		return nil, goidc.ErrNotFound
	}
	grantTypes := []goidc.GrantType{goidc.GrantAuthorizationCode}
	if c.client.refreshes {
		grantTypes = append(grantTypes, goidc.GrantRefreshToken)
	}
	return &goidc.Client{ID: id, ClientMeta: goidc.ClientMeta{
		ApplicationType:  goidc.ApplicationTypeWeb,
		RedirectURIs:     []string{c.request.redirect},
		GrantTypes:       grantTypes,
		ResponseTypes:    []goidc.ResponseType{goidc.ResponseTypeCode},
		ScopeIDs:         engineScope,
		TokenAuthnMethod: goidc.AuthnMethodNone,
	}}, nil
}
