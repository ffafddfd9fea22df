package server

import (
	"net/http"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/sallyport-mcp/sallyport/authserver"
	"github.com/sallyport-mcp/sallyport/transport"
	"github.com/sallyport-mcp/sallyport/transport/token"
)

// unsetURL stands for a public URL that is wrong while the rest is checked, so
// that one mistake is not reported as several. No server starts with it.
const unsetURL = "https://unset.invalid"

// mounted is everything that depends on the path of the endpoint: the path is
// part of the resource, and that of every token.
type mounted struct {
	path     string
	resource string
	verifier *token.Verifier
	embedded *authserver.Server // nil with issuers
	gate     *gate
	endpoint *transport.Endpoint
	handler  http.Handler
}

// close ends what the parts have begun.
func (m *mounted) close() {
	m.verifier.Close()
	if m.embedded != nil {
		m.embedded.Close()
	}
}

// mount assembles the endpoint at path. It starts nothing.
func (s *Server) mount(path string) (*mounted, error) {
	base := s.cfg.PublicURL
	if base == "" {
		base = unsetURL
	}
	m := &mounted{path: path, resource: base + path}
	config := token.Config{
		Audience: m.resource, Issuers: s.cfg.Issuers, Now: s.cfg.Now, Logger: s.cfg.Logger, Revoked: s.revoked(m),
	}
	servers := s.issuerURLs()
	if s.cfg.embedded() {
		as, err := newEmbedded(&s.cfg, s.ops, m.resource)
		if err != nil {
			return nil, err
		}
		m.embedded = as
		config.Issuers = []token.Issuer{embeddedIssuer(&s.cfg, as)}
		servers = []string{s.cfg.origin()}
	}
	verifier, err := token.New(config)
	if err != nil {
		return nil, err
	}
	m.verifier = verifier
	return m, s.serveAt(m, servers)
}

// serveAt makes the handler of the endpoint.
func (s *Server) serveAt(m *mounted, servers []string) error {
	m.gate = s.newGate(m)
	endpoint, err := transport.New(transport.Config{
		Resource:             m.resource,
		AuthorizationServers: servers,
		InitialScopes:        s.initialScopes(m.verifier),
		ResourceName:         s.cfg.Name,
		Verifier:             m.verifier,
		Gate:                 m.gate,
		MCP:                  s.mcp,
		ParamHeaderNames:     s.ops.paramHeaderNames(),
		Origins:              s.cfg.Origins,
		MaxBody:              s.cfg.MaxBody,
		Limits:               s.limits,
		Legacy:               s.cfg.Legacy != Off,
		Seal:                 s.sealing,
		Now:                  s.cfg.Now,
		Logger:               s.cfg.Logger,
		Observer:             s.observer(),
	})
	if err != nil {
		return err
	}
	m.endpoint, m.handler = endpoint, endpoint
	if m.embedded != nil {
		m.handler = besides(m.embedded, s.limitEmbedded(m.gate), endpoint)
	}
	return nil
}

func (s *Server) newGate(m *mounted) *gate {
	return &gate{
		ops:        s.ops,
		methods:    methodTable(),
		policy:     s.store.policy,
		revoked:    s.revoked(m),
		audit:      s.audit,
		traces:     s.traces,
		toIssuer:   m.verifier.ScopeToIssuer,
		states:     states{keys: s.sealing, resource: m.resource, now: s.cfg.Now},
		visibility: s.cfg.Visibility,

		implementation: mcp.Implementation{Name: s.cfg.Name, Version: s.cfg.Version},
		denials:        s.cfg.Denials,
		now:            s.cfg.Now,
		logger:         s.cfg.Logger,
	}
}

// initialScopes are the scopes of the first challenge, as the first issuer
// spells them: without a token it is not known which one the client will use.
func (s *Server) initialScopes(verifier *token.Verifier) []string {
	scopes := s.cfg.InitialScopes
	if scopes == nil {
		scopes = s.ops.initialScopes()
	}
	var spelled []string
	for _, scope := range scopes {
		spelled = append(spelled, verifier.ScopeToIssuer("", scope))
	}
	return spelled
}

func (s *Server) issuerURLs() []string {
	var list []string
	for _, issuer := range s.cfg.Issuers {
		list = append(list, issuer.URL)
	}
	return list
}
