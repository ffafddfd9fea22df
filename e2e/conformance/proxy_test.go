package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// ladder is a source of tokens that are called by their number, and remembers the challenges they were got for.
type ladder struct {
	token string
	met   []challenge
}

func (l *ladder) current() string { return l.token }

func (l *ladder) after(_ context.Context, met string, c challenge) (string, error) {
	if met != l.token {
		return "", errors.New("a challenge for another token")
	}
	l.met = append(l.met, c)
	l.token = fmt.Sprint(len(l.met))
	return l.token, nil
}

// guarded answers what the gate would: 200 only for the token "2", with what it was asked.
func guarded(w http.ResponseWriter, r *http.Request) {
	switch r.Header.Get("Authorization") {
	case "":
		w.Header().Set("WWW-Authenticate", `Bearer resource_metadata="http://a.example/m", scope="one"`)
		w.WriteHeader(http.StatusUnauthorized)
	case "Bearer 1":
		w.Header().Set("WWW-Authenticate", `Bearer error="insufficient_scope", scope="two three", resource_metadata="http://a.example/m"`)
		w.WriteHeader(http.StatusForbidden)
	case "Bearer 2":
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s", r.Host, body)
	default:
		w.WriteHeader(http.StatusForbidden) // a denial: no scope would help
	}
}

// through sends a request through the proxy to guarded.
func through(t *testing.T, source tokens, path string) (int, string) {
	t.Helper()
	backend := httptest.NewServer(http.HandlerFunc(guarded))
	defer backend.Close()
	address, err := url.Parse(backend.URL)
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(newProxy(address, source))
	defer front.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, front.URL+path, strings.NewReader("the body"))
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "evil.example"
	resp, err := front.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestProxyClimbsByChallenges(t *testing.T) {
	source := &ladder{}
	if status, body := through(t, source, "/mcp"); status != http.StatusOK || body != "evil.example the body" {
		t.Errorf("through the proxy: %d %q, want 200 with the Host and the body as sent", status, body)
	}
	if len(source.met) != 2 || source.met[0].metadata != "http://a.example/m" ||
		!slices.Equal(source.met[0].scopes, []string{"one"}) || !slices.Equal(source.met[1].scopes, []string{"two", "three"}) {
		t.Errorf("challenges met: %+v, want one, then two and three", source.met)
	}
}

func TestProxyLeavesDenialsAlone(t *testing.T) {
	source := &ladder{token: "denied"}
	if status, _ := through(t, source, "/mcp"); status != http.StatusForbidden || len(source.met) != 0 {
		t.Errorf("a denial: %d after %d step-ups, want 403 after none", status, len(source.met))
	}
}

func TestProxyAddsNoTokenElsewhere(t *testing.T) {
	source := &ladder{token: "2"}
	if status, _ := through(t, source, "/token"); status != http.StatusUnauthorized || len(source.met) != 0 {
		t.Errorf("a request for /token: %d after %d step-ups, want the 401 as it came", status, len(source.met))
	}
}

// stubborn never gets a token that helps.
type stubborn struct{ asked int }

func (*stubborn) current() string { return "" }

func (s *stubborn) after(context.Context, string, challenge) (string, error) {
	s.asked++
	return "1", nil
}

func TestProxyGivesUp(t *testing.T) {
	source := &stubborn{}
	if status, _ := through(t, source, "/mcp"); status != http.StatusForbidden || source.asked != attempts-1 {
		t.Errorf("%d after %d step-ups, want the last 403 after %d", status, source.asked, attempts-1)
	}
}
