package authserver

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/sallyport-mcp/sallyport/internal/loopback"
)

// consentPage is what consent.html shows.
type consentPage struct {
	Client   string
	ClientID string
	Returns  destination
	User     User
	Resource string
	Scopes   []scopeLine
	Before   bool // the user has allowed this client something already
	More     bool // and this is more
	Switch   string
	Action   string
	CSRF     string
}

// destination is where the answer goes.
type destination struct {
	Host  string
	Local bool // a program on this computer
	App   bool // an application, by a scheme of its own
}

// scopeLine is one scope in words.
type scopeLine struct {
	Name, Words string
	New         bool
}

// showConsent asks. It asks every time: nothing is granted because it was
// granted before.
func (s *Server) showConsent(w http.ResponseWriter, r *http.Request) {
	id := r.URL.Query().Get("request")
	v, ok := s.browsers.visit(r, id)
	if !ok {
		s.refuse(w, http.StatusForbidden, notThisBrowser)
		return
	}
	if v.user == "" {
		seeOther(w, loginPath+"?"+pendingQuery(id))
		return
	}
	page := consentPage{
		Client: v.client.shownName(), ClientID: v.client.id, User: s.user(v.user), Resource: v.request.resource,
		Returns: destinationOf(v.request.redirect),
		Switch:  loginPath + "?" + pendingQuery(id),
		Action:  consentPath + "?" + pendingQuery(id), CSRF: s.browsers.formToken(v, id, purposeConsent),
	}
	s.wordScopes(&page, v)
	s.pages.render(w, http.StatusOK, "consent.html", formAnywhere, page)
}

// wordScopes words the requested scopes, and marks those that are new when the
// client holds others already.
func (s *Server) wordScopes(page *consentPage, v visit) {
	have := s.grants.given(v.client.id, v.user)
	page.Before = len(have) > 0
	for _, name := range v.request.scopes {
		words, _ := s.scopes.describe(name)
		if words == "" {
			words = name
		}
		isNew := page.Before && !slices.Contains(have, name)
		page.More = page.More || isNew
		page.Scopes = append(page.Scopes, scopeLine{Name: name, Words: words, New: isNew})
	}
}

// destinationOf says where a redirect URI leads.
func destinationOf(redirect string) destination {
	u, err := url.Parse(redirect)
	if err != nil {
		return destination{Host: redirect}
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return destination{Host: u.Scheme + "://" + u.Host, App: true}
	}
	return destination{Host: u.Host, Local: loopback.Is(u.Hostname())}
}

func (s *Server) user(name string) User {
	i := slices.IndexFunc(s.cfg.Users, func(u User) bool { return u.Name == name })
	return s.cfg.Users[i] // only configured users sign in
}

// consent takes the answer back to the client. The request is over after it,
// whatever the answer was.
func (s *Server) consent(w http.ResponseWriter, r *http.Request) {
	sent, ok := s.posted(w, r, purposeConsent)
	if !ok {
		return
	}
	decision := sent.form.Get("decision")
	if decision != "allow" && decision != "deny" {
		s.refuse(w, http.StatusBadRequest, "The answer must be to allow or to deny.")
		return
	}
	v, ok := s.browsers.finish(r, sent.id, sent.visit.hash)
	if !ok || v.user == "" {
		s.refuse(w, http.StatusForbidden, notThisBrowser)
		return
	}
	if decision == "deny" {
		s.log.InfoContext(r.Context(), "consent denied", "user", v.user, "client", v.client.id)
		s.redirectError(w, v.request, badRequest("access_denied", "the user denied the request"))
		return
	}
	code, err := s.engine.issueCode(r.Context(), v.client, v.request, v.user)
	if err != nil {
		s.log.ErrorContext(r.Context(), "no code issued", "error", err)
		s.redirectError(w, v.request, badRequest("server_error", "the request could not be completed"))
		return
	}
	s.clients.touch(v.client.id)
	s.log.InfoContext(r.Context(), "consent given", "user", v.user, "client", v.client.id, "scope", v.request.scope())
	s.redirect(w, v.request, url.Values{"code": {code}})
}
