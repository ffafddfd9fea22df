package authserver

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// authorization is a validated authorization request.
type authorization struct {
	redirect  string
	state     string
	hasState  bool
	scopes    []string
	resource  string
	challenge string
}

func (a authorization) scope() string { return strings.Join(a.scopes, " ") }

var challengeGrammar = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)

// authorize is the authorization endpoint (RFC 6749, section 3.1). Until the
// client and its redirect URI are known to belong together every error is a
// page; after that errors go back to the client.
func (s *Server) authorize(w http.ResponseWriter, r *http.Request) {
	if len(r.URL.RawQuery) > maxForm {
		s.refuse(w, http.StatusRequestURITooLong, "The request is too long.")
		return
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil || len(query["client_id"]) != 1 || len(query["redirect_uri"]) != 1 {
		s.refuse(w, http.StatusBadRequest, "The request must name one client and one address to return to.")
		return
	}
	c, ok := s.clients.get(query.Get("client_id"))
	if !ok {
		s.refuse(w, http.StatusBadRequest, "This server does not know the application that sent you. "+
			"It keeps registrations in memory, so they end when it restarts: sign out of this server in your application, "+
			"or remove and add it there, and try again.")
		return
	}
	request := authorization{redirect: query.Get("redirect_uri"), state: query.Get("state"), hasState: query.Has("state")}
	if checkRedirect(request.redirect, s.cfg.CustomSchemes) != nil || !matchRedirect(c.redirects, request.redirect, c.native) {
		s.refuse(w, http.StatusBadRequest, "The address to return to is not one that the application registered.")
		return
	}
	if problem := s.readAuthorization(&request, query, c); problem != nil {
		s.redirectError(w, request, problem)
		return
	}
	s.ask(w, r, c, request, splitScopes(query.Get("prompt")))
}

// readAuthorization checks everything but the client and the redirect URI.
func (s *Server) readAuthorization(request *authorization, query url.Values, c *client) *oauthError {
	if repeated(query, "resource") {
		request.state, request.hasState = "", request.hasState && len(query["state"]) == 1
		if request.hasState {
			request.state = query.Get("state")
		}
		return badRequest("invalid_request", "a parameter is repeated")
	}
	dropEmpty(query) // state goes back as it came and has been read
	switch {
	case query.Has("request"):
		return badRequest("request_not_supported", "request objects are not supported")
	case query.Has("request_uri"):
		return badRequest("request_uri_not_supported", "request objects are not supported")
	case !query.Has("response_type"):
		return badRequest("invalid_request", "response_type is missing")
	case query.Get("response_type") != "code":
		return badRequest("unsupported_response_type", "response_type must be code")
	case query.Has("response_mode") && query.Get("response_mode") != "query":
		return badRequest("invalid_request", "response_mode must be query")
	case query.Get("code_challenge_method") != "S256" || !challengeGrammar.MatchString(query.Get("code_challenge")):
		return badRequest("invalid_request", "PKCE with code_challenge_method S256 is required")
	}
	if problem := s.checkResource(query["resource"]); problem != nil {
		return problem
	}
	request.challenge, request.resource = query.Get("code_challenge"), s.cfg.Resource
	asked := query.Get("scope")
	if !query.Has("scope") {
		asked = c.scope
	}
	request.scopes = s.scopes.narrow(asked)
	if len(request.scopes) == 0 && asked != "" {
		return badRequest("invalid_scope", "none of the scopes is known")
	}
	return nil
}

// checkResource accepts no resource at all, or exactly the one (RFC 8707).
func (s *Server) checkResource(asked []string) *oauthError {
	if len(asked) == 0 || len(asked) == 1 && asked[0] == s.cfg.Resource {
		return nil
	}
	return badRequest("invalid_target", "tokens are issued for one resource only")
}

// ask starts the conversation with the person at the browser.
func (s *Server) ask(w http.ResponseWriter, r *http.Request, c *client, request authorization, prompts []string) {
	login := false
	for _, p := range prompts {
		switch p {
		case "none":
			code := "interaction_required" // consent is always asked for
			if len(prompts) > 1 {
				code = "invalid_request"
			}
			s.redirectError(w, request, badRequest(code, "consent is always asked for"))
			return
		case "login", "select_account":
			login = true
		}
	}
	begun := s.browsers.begin(r, c, request)
	if begun.cookie != nil {
		http.SetCookie(w, begun.cookie)
	}
	if login || begun.user == "" {
		seeOther(w, loginPath+"?"+pendingQuery(begun.id))
		return
	}
	seeOther(w, consentPath+"?"+pendingQuery(begun.id))
}

// pendingQuery is the query that names a pending request on our pages.
func pendingQuery(id string) string { return url.Values{"request": {id}}.Encode() }

// redirectError sends an error back to the client (RFC 6749, section 4.1.2.1).
func (s *Server) redirectError(w http.ResponseWriter, request authorization, e *oauthError) {
	s.redirect(w, request, url.Values{"error": {e.code}, "error_description": {e.description}})
}

// redirect answers the client through the browser, with the issuer (RFC 9207)
// and the state as it came. The registered query is left as it is.
func (s *Server) redirect(w http.ResponseWriter, request authorization, answer url.Values) {
	answer.Set("iss", s.cfg.Issuer)
	if request.hasState {
		answer.Set("state", request.state)
	}
	separator := "?"
	if strings.Contains(request.redirect, "?") {
		separator = "&"
	}
	seeOther(w, request.redirect+separator+answer.Encode())
}

// seeOther is 303 and never 307, which would post the form again to the client
// (RFC 9700, section 4.12).
func seeOther(w http.ResponseWriter, location string) {
	w.Header().Set("Location", location)
	w.WriteHeader(http.StatusSeeOther)
}
