package authserver

import (
	"net/http"
	"net/url"
)

// errClient is the one answer to every failed client authentication.
func errClient() *oauthError {
	return &oauthError{http.StatusUnauthorized, "invalid_client", "the client is unknown or did not authenticate as it registered"}
}

// credentials is what a request says about its client.
type credentials struct {
	method, id, secret string
}

// authenticateClient finds out which client asks (RFC 6749, section 2.3). It must
// do so in the one way it registered for.
func (s *Server) authenticateClient(r *http.Request, form url.Values) (*client, *oauthError) {
	given, problem := readCredentials(r, form)
	if problem != nil {
		return nil, problem
	}
	c, ok := s.clients.get(given.id)
	if !ok {
		c = &client{method: given.method} // the same work for unknown clients
	}
	fits := c.method == given.method && (c.method == authnNone || c.secretFits(given.secret))
	if !ok || !fits {
		return nil, errClient()
	}
	return c, nil
}

func readCredentials(r *http.Request, form url.Values) (credentials, *oauthError) {
	inForm := credentials{authnNone, form.Get("client_id"), form.Get("client_secret")}
	if inForm.secret != "" {
		inForm.method = authnPost
	}
	headers := r.Header.Values("Authorization")
	if len(headers) == 0 {
		return inForm, nil
	}
	user, password, ok := r.BasicAuth()
	if !ok || len(headers) > 1 {
		return credentials{}, errClient()
	}
	// Both halves are form-encoded before they are joined (RFC 6749, section 2.3.1).
	id, errID := url.QueryUnescape(user)
	secret, errSecret := url.QueryUnescape(password)
	if errID != nil || errSecret != nil {
		return credentials{}, errClient()
	}
	if inForm.secret != "" || inForm.id != "" && inForm.id != id {
		return credentials{}, badRequest("invalid_request", "the client authenticates in two ways")
	}
	return credentials{authnBasic, id, secret}, nil
}
