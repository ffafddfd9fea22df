package authserver

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Grant types (RFC 6749, sections 4.1.3 and 6).
const (
	grantCode    = "authorization_code"
	grantRefresh = "refresh_token"
)

// errGrant is the one answer to every code or token that is not good any more:
// why it is not goes to the log only.
func errGrant() *oauthError {
	return badRequest("invalid_grant", "the code or token is invalid, expired, used or revoked")
}

// token is the token endpoint (RFC 6749, section 3.2).
func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	answer, problem := s.exchange(r)
	if problem != nil {
		problem.write(w)
		return
	}
	writeJSON(w, http.StatusOK, answer)
}

func (s *Server) exchange(r *http.Request) (tokenAnswer, *oauthError) {
	form, problem := readForm(r)
	if problem != nil {
		return tokenAnswer{}, problem
	}
	c, problem := s.authenticateClient(r, form)
	if problem != nil {
		return tokenAnswer{}, problem
	}
	if problem := s.checkResource(form["resource"]); problem != nil {
		return tokenAnswer{}, problem
	}
	switch form.Get("grant_type") {
	case grantCode:
		return s.redeemCode(r, c, form)
	case grantRefresh:
		return s.refreshTokens(r, c, form)
	case "":
		return tokenAnswer{}, badRequest("invalid_request", "grant_type is missing")
	default:
		return tokenAnswer{}, badRequest("unsupported_grant_type", "grant_type must be authorization_code or refresh_token")
	}
}

// redeemCode exchanges a code. It is consumed before the engine is asked, so
// that of many requests at once one gets through; the engine then checks the
// client, the redirect URI and the verifier again.
func (s *Server) redeemCode(r *http.Request, c *client, form url.Values) (tokenAnswer, *oauthError) {
	if !form.Has("code") {
		return tokenAnswer{}, badRequest("invalid_request", "code is missing")
	}
	g, err := s.grants.redeem(redemption{
		code: form.Get("code"), client: c.id, verifier: form.Get("code_verifier"),
		redirect: form.Get("redirect_uri"), hasRedirect: form.Has("redirect_uri"),
	})
	if err != nil {
		s.log.WarnContext(r.Context(), "code refused", "client", c.id, "reason", err)
		return tokenAnswer{}, errGrant()
	}
	this := &call{client: c, grant: g}
	if g.generation > 0 {
		this.refresh = s.refresh.make(g.id, g.generation)
	}
	return s.issue(r, this, url.Values{
		"grant_type": {grantCode}, "client_id": {c.id}, "code": {form.Get("code")},
		"redirect_uri": {g.redirect}, "code_verifier": {form.Get("code_verifier")},
	})
}

// refreshTokens exchanges a refresh token for its successor.
func (s *Server) refreshTokens(r *http.Request, c *client, form url.Values) (tokenAnswer, *oauthError) {
	if !form.Has("refresh_token") {
		return tokenAnswer{}, badRequest("invalid_request", "refresh_token is missing")
	}
	read, ok := s.refresh.read(form.Get("refresh_token"))
	if !ok {
		return tokenAnswer{}, errGrant()
	}
	scope := strings.Join(splitScopes(form.Get("scope")), " ")
	held, live := s.grants.lookup(read.grant)
	if live && held.client == c.id && !subset(splitScopes(scope), splitScopes(held.scopes)) {
		return tokenAnswer{}, badRequest("invalid_scope", "a refresh cannot widen the scope")
	}
	g, err := s.grants.rotate(read.grant, c.id, read.generation)
	if err != nil {
		s.log.WarnContext(r.Context(), "refresh token refused", "client", c.id, "grant", read.grant, "reason", err)
		return tokenAnswer{}, errGrant()
	}
	this := &call{client: c, grant: g, refresh: s.refresh.make(g.id, g.generation)}
	return s.issue(r, this, url.Values{
		"grant_type": {grantRefresh}, "client_id": {c.id}, "refresh_token": {form.Get("refresh_token")}, "scope": {scope},
	})
}

func (s *Server) issue(r *http.Request, this *call, form url.Values) (tokenAnswer, *oauthError) {
	answer, err := s.engine.issueTokens(r.Context(), this, form)
	if err != nil {
		s.log.ErrorContext(r.Context(), "no token issued", "client", this.client.id, "grant", this.grant.id, "error", err)
		return tokenAnswer{}, &oauthError{http.StatusInternalServerError, "server_error", "the token could not be made"}
	}
	return answer, nil
}

func subset(part, whole []string) bool {
	return !slices.ContainsFunc(part, func(s string) bool { return !slices.Contains(whole, s) })
}
