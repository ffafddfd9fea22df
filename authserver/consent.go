package authserver

import (
	"net/http"
	"net/url"
	"slices"
)

// consentPage is what consent.html shows.
type consentPage struct {
	Client   string
	ClientID string
	Host     string // where the answer goes
	Local    bool   // that is a program on this computer
	App      bool   // that is an application, by a scheme of its own
	User     User
	Resource string
	Scopes   []scopeLine
	Before   bool // the user has allowed this client something already
	More     bool // and this is more
	Switch   string
	Action   string
	CSRF     string
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
		Switch: loginPath + "?" + pendingQuery(id),
		Action: consentPath + "?" + pendingQuery(id), CSRF: s.browsers.formToken(v, id, purposeConsent),
	}
	page.Host, page.Local, page.App = destination(v.request.redirect)
	page.Scopes, page.Before, page.More = s.scopeLines(v)
	s.pages.render(w, http.StatusOK, "consent.html", "'self' "+redirectOrigin(v.request.redirect), page)
}

// scopeLines words the requested scopes, and marks those that are new when the
// client holds others already.
func (s *Server) scopeLines(v visit) (lines []scopeLine, before, more bool) {
	have := s.grants.given(v.client.id, v.user)
	for _, name := range v.request.scopes {
		words, _ := s.scopes.describe(name)
		if words == "" {
			words = name
		}
		isNew := len(have) > 0 && !slices.Contains(have, name)
		more = more || isNew
		lines = append(lines, scopeLine{Name: name, Words: words, New: isNew})
	}
	return lines, len(have) > 0, more
}

// destination says in words where a redirect URI leads.
func destination(redirect string) (host string, local, app bool) {
	u, err := url.Parse(redirect)
	if err != nil {
		return redirect, false, false
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return u.Scheme + "://" + u.Host, false, true
	}
	return u.Host, loopbackHost(u.Hostname()), false
}

func (s *Server) user(name string) User {
	i := slices.IndexFunc(s.cfg.Users, func(u User) bool { return u.Name == name })
	return s.cfg.Users[i] // only configured users sign in
}

// consent takes the answer back to the client. The request is over after it,
// whatever the answer was.
func (s *Server) consent(w http.ResponseWriter, r *http.Request) {
	id, v, form, ok := s.posted(w, r, purposeConsent)
	if !ok {
		return
	}
	decision := form.Get("decision")
	if decision != "allow" && decision != "deny" {
		s.refuse(w, http.StatusBadRequest, "The answer must be to allow or to deny.")
		return
	}
	v, ok = s.browsers.finish(r, id, v.hash)
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
