package browsertest

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

const (
	login   = `<form action="/login?a=1&amp;b=2"><input type="hidden" name="csrf" value="&lt;1&gt;"><button name="user" value="bob">`
	consent = `<form action="/consent"><button name="decision" value="deny"><button name="decision" value="allow">`
)

// site has pages that lead from one to the next, and notes what it was asked for.
func site(t *testing.T) (string, *[]string) {
	t.Helper()
	var posted []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		posted = append(posted, r.URL.String()+" "+string(body))
		switch r.URL.Path {
		case "/":
			http.SetCookie(w, &http.Cookie{Name: "session", Value: "1"})
			_, _ = io.WriteString(w, login)
		case "/login":
			_, _ = io.WriteString(w, consent)
		case "/consent":
			http.Redirect(w, r, "/end?code=c", http.StatusSeeOther)
		case "/end":
			_, _ = io.WriteString(w, "the end")
		case "/circle":
			_, _ = io.WriteString(w, `<form action="/circle"><button name="user">`)
		case "/broken":
			_, _ = io.WriteString(w, `<form action="http://["><button name="user">`)
		case "/denied":
			http.Redirect(w, r, "/end?error=access_denied", http.StatusSeeOther)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(srv.Close)
	return srv.URL, &posted
}

func TestOpen(t *testing.T) {
	origin, posted := site(t)
	bob := New("bob")
	page, err := bob.Open(t.Context(), origin+"/")
	want := "/ |/login?a=1&b=2 csrf=%3C1%3E&user=bob|/consent decision=allow|/end?code=c "
	if err != nil || page != "the end" || strings.Join(*posted, "|") != want {
		t.Errorf("%q, %v, %q", page, err, *posted)
	}
	if at, _ := url.Parse(origin); len(bob.Pages) != 3 || bob.Pages[1] != consent || len(bob.Cookies(at)) != 1 {
		t.Errorf("%q, %v", bob.Pages, bob.Cookies(at))
	}
	for _, bad := range []string{origin + "/circle", origin + "/broken", origin + "/nowhere", "http://127.0.0.1:1/", ":"} {
		if _, err := New("bob").Open(t.Context(), bad); err == nil {
			t.Errorf("%s: no error", bad)
		}
	}
}

func TestAuthorize(t *testing.T) {
	origin, posted := site(t)
	brought, err := New("bob").Authorize(t.Context(), origin+"/", origin+"/end")
	if err != nil || brought.Get("code") != "c" || len(*posted) != 3 {
		t.Errorf("%v, %v, %q: the client's address is not to be opened", brought, err, *posted)
	}
	if _, err := New("bob").Authorize(t.Context(), origin+"/denied", origin+"/end"); err == nil || !strings.Contains(err.Error(), "access_denied") {
		t.Errorf("%v, want what the client would have been told", err)
	}
	if _, err := New("bob").Authorize(t.Context(), origin+"/", "http://127.0.0.1:1/"); !errors.Is(err, ErrNoForm) {
		t.Errorf("%v, want that the pages end elsewhere", err)
	}
}

// TestClient stands in for the authorization server, whose own part of this is tried wherever the package is used.
func TestClient(t *testing.T) {
	var tokens string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/register":
			_, _ = io.WriteString(w, `{"client_id": "me"}`)
		case "/authorize":
			http.Redirect(w, r, r.FormValue("redirect_uri")+"?code=of+"+r.FormValue("client_id")+"+for+"+r.FormValue("scope"), http.StatusFound)
		case "/token":
			if r.FormValue("code_verifier") != Verifier {
				http.Error(w, "no", http.StatusBadRequest)
			}
			_, _ = io.WriteString(w, tokens)
		}
	}))
	defer srv.Close()
	client, err := Register(t.Context(), srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	tokens = `{"access_token": "a", "refresh_token": "r"}`
	if got, err := client.Authorize(t.Context(), New("bob"), "x"); err != nil || got != (Tokens{Code: "of me for x", Access: "a", Refresh: "r"}) {
		t.Errorf("%+v, %v", got, err)
	}
	tokens = `{}`
	if _, err := client.Authorize(t.Context(), New("bob"), "x"); err == nil {
		t.Error("no token, and no error")
	}
	if err := client.Form(t.Context(), "/token", url.Values{}, nil); err == nil || !strings.Contains(err.Error(), "400") {
		t.Errorf("%v, want the status", err)
	}
}
