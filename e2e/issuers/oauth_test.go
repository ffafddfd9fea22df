package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// fake is an issuer with one login page, which sends back what back makes of the request.
func fake(t *testing.T, back func(issuer string, asked url.Values) url.Values) authority {
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	var asked url.Values
	mux.HandleFunc("GET /authorize", func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.Query()
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "1"})
		fmt.Fprint(w, providerLogin)
	})
	mux.HandleFunc("POST /interaction/i", func(w http.ResponseWriter, r *http.Request) {
		if _, err := r.Cookie("session"); err != nil || r.FormValue("login") != "bob" || r.FormValue("password") != "pw" {
			http.Error(w, "who?", http.StatusForbidden)
			return
		}
		http.Redirect(w, r, redirect+"?"+back(server.URL, asked).Encode(), http.StatusSeeOther)
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("code") != "good" || challengeOf(r.FormValue("code_verifier")) != asked.Get("code_challenge") {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"error":"invalid_grant"}`)
			return
		}
		fmt.Fprint(w, `{"access_token":"a","id_token":"i","refresh_token":"r"}`)
	})
	return authority{endpoints: endpoints{Issuer: server.URL, Authorize: server.URL + "/authorize", Token: server.URL + "/token"}, password: "pw"}
}

func good(issuer string, asked url.Values) url.Values {
	return url.Values{"code": {"good"}, "state": asked["state"], "iss": {issuer}}
}

func TestAuthorizeGainsTokens(t *testing.T) {
	got, err := fake(t, good).authorize(context.Background(), login{client: "notes-cli", person: "bob", scope: "openid"})
	if want := (tokens{Access: "a", ID: "i", Refresh: "r"}); err != nil || got != want {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
}

func TestAuthorizeRefusesWhatIsNotAnAnswerToIt(t *testing.T) {
	for name, change := range map[string]struct{ member, value string }{
		"state": {"state", "another"}, "iss": {"iss", "http://another"}, "code": {"code", "bad"}, "access_denied": {"error", "access_denied"},
	} {
		a := fake(t, func(issuer string, asked url.Values) url.Values {
			back := good(issuer, asked)
			back.Set(change.member, change.value)
			return back
		})
		if got, err := a.authorize(context.Background(), login{client: "notes-cli", person: "bob"}); err == nil {
			t.Errorf("%s: got %+v", name, got)
		}
	}
	if _, err := fake(t, good).authorize(context.Background(), login{client: "notes-cli", person: "mallory"}); err == nil || !strings.Contains(err.Error(), "403") {
		t.Errorf("somebody the issuer does not know: %v", err)
	}
}

// The example of RFC 7636 appendix B.
func TestChallengeOfAVerifier(t *testing.T) {
	const verifier, want = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
	if got := challengeOf(verifier); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestMetadataMustNameTheIssuer(t *testing.T) {
	named := ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, `{"issuer":%q}`, named) }))
	t.Cleanup(server.Close)
	if _, err := metadata(context.Background(), server.URL); err == nil {
		t.Error("metadata of another issuer were taken")
	}
	named = server.URL
	if _, err := metadata(context.Background(), server.URL); err != nil {
		t.Error(err)
	}
}
