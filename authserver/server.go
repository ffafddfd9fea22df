package authserver

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"slices"

	"github.com/go-chi/chi/v5"
)

// Where everything is, below the issuer.
const (
	metadataPath  = "/.well-known/oauth-authorization-server"
	openIDPath    = "/.well-known/openid-configuration"
	jwksPath      = "/jwks.json"
	registerPath  = "/register"
	authorizePath = "/authorize"
	loginPath     = "/login"
	consentPath   = "/consent"
	tokenPath     = "/token"
	revokePath    = "/revoke"
)

// Server is an authorization server for development. Use New to make one. All
// methods are safe for concurrent use.
type Server struct {
	cfg      Config
	host     string // of the issuer, as it appears in Host
	log      *slog.Logger
	scopes   scopeSet
	key      signingKey
	refresh  refreshTokens
	grants   *grants
	clients  *clients
	browsers *browsers
	engine   *engine
	pages    *pages
	handler  http.Handler
}

// New checks the configuration and makes a server with a fresh signing key. It
// starts no goroutine and opens no socket. The error names every mistake.
func New(cfg Config) (*Server, error) {
	cfg = cfg.withDefaults()
	scopes, err := newScopeSet(cfg.Scopes)
	if err := errors.Join(cfg.check(), err); err != nil {
		return nil, err
	}
	key, err := newSigningKey()
	if err != nil {
		return nil, err
	}
	doc, err := newMetadata(cfg.Issuer, scopes)
	if err != nil {
		return nil, err
	}
	store := newGrants(cfg.Now, maxGrants)
	engine, err := newEngine(cfg, key, scopes, store)
	if err != nil {
		return nil, err
	}
	pages, err := newPages()
	if err != nil {
		return nil, err
	}
	issuer, err := url.Parse(cfg.Issuer)
	if err != nil {
		return nil, err
	}
	s := &Server{
		cfg: cfg, host: issuer.Host, log: cfg.Logger, scopes: scopes, key: key, grants: store,
		clients: newClients(cfg.Now, maxClients), browsers: newBrowsers(cfg.Now, issuer), engine: engine, pages: pages,
	}
	_, _ = rand.Read(s.refresh.key[:]) // never fails
	s.handler = s.routes(doc)
	return s, nil
}

func (s *Server) routes(doc []byte) http.Handler {
	r := chi.NewRouter()
	serve := func(method, path string, h http.HandlerFunc) {
		r.Method(method, path, h)
		if method == http.MethodGet { // whose HEAD every server has (RFC 9110, section 9.1)
			r.Method(http.MethodHead, path, h)
		}
	}
	open := func(method, path string, h http.HandlerFunc) {
		serve(method, path, crossOrigin(h))
		r.Method(http.MethodOptions, path, crossOrigin(preflight(method)))
	}
	open(http.MethodGet, metadataPath, serveDocument(doc))
	open(http.MethodGet, openIDPath, serveDocument(doc))
	open(http.MethodGet, jwksPath, serveDocument(s.key.public))
	open(http.MethodPost, registerPath, s.register)
	open(http.MethodPost, tokenPath, s.token)
	open(http.MethodPost, revokePath, s.revoke)
	page := func(method, path string, h http.HandlerFunc) { serve(method, path, s.page(h)) }
	page(http.MethodGet, authorizePath, s.authorize)
	page(http.MethodGet, loginPath, s.showLogin)
	page(http.MethodPost, loginPath, s.login)
	page(http.MethodGet, consentPath, s.showConsent)
	page(http.MethodPost, consentPath, s.consent)
	return r
}

// Handler serves everything below the issuer: both metadata documents, the key
// set, registration, authorization with its pages, tokens and revocation. Every
// other path is 404.
func (s *Server) Handler() http.Handler { return s.handler }

// Paths returns the exact paths that Handler serves, so that they can be mounted
// beside others on the same origin.
func (s *Server) Paths() []string {
	return slices.Clone([]string{
		metadataPath, openIDPath, jwksPath, registerPath, authorizePath, loginPath, consentPath, tokenPath, revokePath,
	})
}

// JWKS returns the public key set (RFC 7517, section 5) as JSON, as it is served.
// It is for a resource server in the same process and never fails.
func (s *Server) JWKS(context.Context) ([]byte, error) { return slices.Clone(s.key.public), nil }

// Revoked reports whether access tokens with this grant_id claim are to be
// refused. It is true from the moment a grant is revoked, by its client or
// because a code or refresh token was used twice, and for every grant this
// server does not know, the empty id included: ask it only about tokens of this
// issuer.
func (s *Server) Revoked(grantID string) bool { return s.grants.revoked(grantID) }

// Revocations returns how many grants have been revoked or forgotten so far. As
// long as it stays the same, so does every answer of Revoked that was false.
func (s *Server) Revocations() uint64 { return s.grants.deaths.Load() }

// Close forgets all clients, sessions and grants. Requests after it are refused
// as unknown, and Revoked is true for everything.
func (s *Server) Close() {
	s.browsers.clear()
	s.clients.clear()
	s.grants.clear()
}
