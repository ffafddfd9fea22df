package authserver

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
)

//go:embed templates
var templateFiles embed.FS

// pages renders the three pages. They share one layout and one stylesheet, which
// is part of the page and allowed by its hash: there is nothing to load and no
// script at all.
type pages struct {
	templates map[string]*template.Template
	style     template.CSS
	styleHash string
}

func newPages() (*pages, error) {
	style, err := templateFiles.ReadFile("templates/style.css")
	if err != nil {
		return nil, fmt.Errorf("authserver: pages: %w", err)
	}
	sum := sha256.Sum256(style)
	p := &pages{
		templates: map[string]*template.Template{},
		style:     template.CSS(style), //nolint:gosec // our own file
		styleHash: "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'",
	}
	for _, name := range []string{"login.html", "consent.html", "error.html"} {
		t, err := template.ParseFS(templateFiles, "templates/layout.html", "templates/"+name)
		if err != nil {
			return nil, fmt.Errorf("authserver: pages: %w", err)
		}
		p.templates[name] = t
	}
	return p, nil
}

// Where the form of a page may lead, as directives of a Content-Security-Policy.
//
// Chromium applies form-action to every redirect after the post, not only to ours:
// a client's https callback that goes on to claude: or vscode: would be cut off
// although the code was issued. Where clients go on to cannot be known, so that
// the consent page has no such directive. Its one form is ours, and nothing on it
// is unescaped.
const (
	formNowhere  = "; form-action 'none'"
	formHere     = "; form-action 'self'"
	formAnywhere = ""
)

// render sends one page. formAction is one of the constants above.
func (p *pages) render(w http.ResponseWriter, status int, name, formAction string, data any) {
	var page bytes.Buffer
	if err := p.templates[name].ExecuteTemplate(&page, "layout.html", map[string]any{"Style": p.style, "Page": data}); err != nil {
		http.Error(w, "the page could not be made", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src "+p.styleHash+
		"; frame-ancestors 'none'; base-uri 'none'"+formAction)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(page.Bytes()) // the browser went away
}

// refuse shows an error to the person at the browser. It never redirects.
func (s *Server) refuse(w http.ResponseWriter, status int, message string) {
	s.pages.render(w, status, "error.html", formNowhere, message)
}

// page is in front of everything a browser shows. It sets the headers that do
// not depend on the page, refuses other host names (a name that an attacker
// points at this address would make its pages same-origin with ours) and posts
// from other origins.
func (s *Server) page(next http.HandlerFunc) http.HandlerFunc {
	posts := http.NewCrossOriginProtection()
	return func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"+formNowhere)
		h.Set("X-Frame-Options", "DENY")
		h.Set("X-Content-Type-Options", "nosniff")
		// Not no-referrer: under it browsers send "Origin: null" with our own forms,
		// and those without Sec-Fetch-Site could not be told from other sites.
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		if r.Host != s.host {
			s.refuse(w, http.StatusForbidden, "This page is only served at "+s.cfg.Issuer+".")
			return
		}
		if posts.Check(r) != nil {
			s.refuse(w, http.StatusForbidden, "This form was sent from another site.")
			return
		}
		next(w, r)
	}
}

// submission is a form of ours that came back.
type submission struct {
	id    string // of the pending request
	visit visit
	form  url.Values
}

// posted reads a form of ours and checks that it was made for this browser, this
// request and this purpose. If not, it has answered 403.
func (s *Server) posted(w http.ResponseWriter, r *http.Request, purpose string) (submission, bool) {
	id := r.URL.Query().Get("request")
	v, ok := s.browsers.visit(r, id)
	if !ok {
		s.refuse(w, http.StatusForbidden, notThisBrowser)
		return submission{}, false
	}
	plain := r.Clone(r.Context())
	plain.URL.RawQuery = ""
	form, problem := readForm(plain)
	if problem != nil {
		s.refuse(w, http.StatusBadRequest, "The form could not be read.")
		return submission{}, false
	}
	if !s.browsers.formTokenFits(v, id, purpose, form.Get("csrf")) {
		s.refuse(w, http.StatusForbidden, "This form is out of date. Go back, reload the page and try again.")
		return submission{}, false
	}
	return submission{id, v, form}, true
}

// shownName is what the pages call a client.
func (c *client) shownName() string {
	if c.name == "" {
		return "An application without a name"
	}
	return c.name
}
