package server

import (
	"context"
	"time"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/transport/token"
)

// issuerSkew is how far the clock of an issuer may be ahead, as the verifier takes
// it. The embedded authorization server has the same clock.
const issuerSkew = 30 * time.Second

// makeRevocations makes the list of what this process was told to refuse.
func (s *Server) makeRevocations() {
	issuers, skew := s.issuerURLs(), issuerSkew
	if s.cfg.embedded() {
		issuers, skew = []string{s.cfg.origin()}, 0
	}
	s.revocations = token.NewRevocations(issuers, skew, 0, s.cfg.Now)
}

// Revoke has tokens refused from when it returns on, by this process and until it
// ends; streams and calls that run with them end within a tenth of a second. The
// result is the revocation with its moments filled in. The error says what is wrong
// with r.
func (s *Server) Revoke(r token.Revocation) (token.Revocation, error) {
	done, err := s.revocations.Add(r)
	if err == nil {
		s.cfg.Logger.Warn("tokens were revoked", "issuer", done.Issuer, "token_id", done.TokenID, "grant_id", done.GrantID,
			"session_id", done.SessionID, "subject", done.Subject, "client", done.Client, "everything", done.Everything,
			"before", done.Before, "until", done.Until)
	}
	return done, err
}

// revoked tells whether a token that was good is so no more: it was revoked
// here, or its grant was at the embedded authorization server. It is asked about
// every token, so a revocation counts from the next request on.
func (s *Server) revoked(m *mounted) func(context.Context, authz.Principal) (bool, error) {
	return func(_ context.Context, who authz.Principal) (bool, error) {
		return s.revocations.Revoked(who) || m.embedded != nil && m.embedded.Revoked(who.GrantID), nil
	}
}

// revocationCount counts what was revoked so far, in either place.
func (s *Server) revocationCount(m *mounted) uint64 {
	count := s.revocations.Changes()
	if m.embedded != nil {
		count += m.embedded.Revocations()
	}
	return count
}
