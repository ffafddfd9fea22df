package authserver

import (
	"net/http"
	"slices"
)

// Purposes of form tokens.
const (
	purposeLogin   = "login"
	purposeConsent = "consent"
)

// notThisBrowser is what a page says when the request in its URL is not open in
// this browser: it was opened elsewhere, is finished, or took too long.
const notThisBrowser = "This sign-in is not open in this browser. It was finished, took too long, or was started in another browser. " +
	"Go back to your application and start again."

// loginPage is what login.html shows.
type loginPage struct {
	Client  string
	Users   []User
	Current string // who is signed in, empty for nobody
	Action  string
	CSRF    string
}

// showLogin offers the users to sign in as.
func (s *Server) showLogin(w http.ResponseWriter, r *http.Request) {
	id := r.URL.Query().Get("request")
	v, ok := s.browsers.visit(r, id)
	if !ok {
		s.refuse(w, http.StatusForbidden, notThisBrowser)
		return
	}
	s.pages.render(w, http.StatusOK, "login.html", formHere, loginPage{
		Client: v.client.shownName(), Users: s.cfg.Users, Current: v.user,
		Action: loginPath + "?" + pendingQuery(id), CSRF: s.browsers.formToken(v, id, purposeLogin),
	})
}

// login signs somebody in and goes on to the consent page.
func (s *Server) login(w http.ResponseWriter, r *http.Request) {
	sent, ok := s.posted(w, r, purposeLogin)
	if !ok {
		return
	}
	user := sent.form.Get("user")
	if !slices.ContainsFunc(s.cfg.Users, func(u User) bool { return u.Name == user }) {
		s.refuse(w, http.StatusBadRequest, "There is no such user.")
		return
	}
	cookie, ok := s.browsers.signIn(r, sent.id, user)
	if !ok {
		s.refuse(w, http.StatusForbidden, notThisBrowser)
		return
	}
	s.log.InfoContext(r.Context(), "signed in", "user", user, "client", sent.visit.client.id)
	http.SetCookie(w, cookie)
	seeOther(w, consentPath+"?"+pendingQuery(sent.id))
}
