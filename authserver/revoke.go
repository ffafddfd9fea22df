package authserver

import (
	"errors"
	"net/http"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// revoke is the revocation endpoint (RFC 7009). A refresh token and an access
// token both revoke the whole grant: every token of it is refused from then on.
// Tokens that are unknown, expired or revoked already are fine with it.
func (s *Server) revoke(w http.ResponseWriter, r *http.Request) {
	form, problem := readForm(r)
	if problem != nil {
		problem.write(w)
		return
	}
	c, problem := s.authenticateClient(r, form)
	if problem != nil {
		problem.write(w)
		return
	}
	token := form.Get("token")
	if token == "" {
		badRequest("invalid_request", "token is missing").write(w)
		return
	}
	id, ok := s.grantOf(token)
	if !ok {
		writeJSON(w, http.StatusOK, struct{}{})
		return
	}
	err := s.grants.revoke(id, c.id)
	if errors.Is(err, errOtherClient) {
		badRequest("invalid_grant", "the token was issued to another client").write(w)
		return
	}
	if err == nil {
		s.log.InfoContext(r.Context(), "grant revoked", "client", c.id, "grant", id)
	}
	writeJSON(w, http.StatusOK, struct{}{})
}

// grantOf returns the grant a token of this server belongs to. The type hint is
// not needed: the two kinds of token cannot be confused.
func (s *Server) grantOf(token string) (string, bool) {
	if read, ok := s.refresh.read(token); ok {
		return read.grant, true
	}
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		return "", false
	}
	var standard jwt.Claims
	var ours struct {
		GrantID string `json:"grant_id"`
	}
	if err := parsed.Claims(s.key.jwk.Public().Key, &standard, &ours); err != nil {
		return "", false
	}
	if standard.Expiry == nil || !s.cfg.Now().Before(standard.Expiry.Time()) {
		return "", false
	}
	return ours.GrantID, true
}
