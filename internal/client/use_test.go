package client

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestLogin(t *testing.T) {
	n := startNotebook(t)
	home := filepath.Join(t.TempDir(), "new", "home")
	c, p := newClient(t, n.clock, home, "bob")
	session, err := c.Login(t.Context(), LoginRequest{URL: strings.ToUpper(n.url[:4]) + n.url[4:]})
	if err != nil {
		t.Fatal(err)
	}
	want := Session{
		Resource: n.url, Issuer: strings.TrimSuffix(n.url, "/mcp"), ClientID: held(t, c, n.url).ClientID,
		Scopes: []string{"notes:read"}, Expires: n.clock.now().Add(5 * time.Minute).UTC(), Renews: true, NotGranted: []string{},
	}
	if diff := cmp.Diff(want, session); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	p.busy.Wait()
	if len(p.pages) != 1 || !strings.Contains(p.pages[0], "<h1>Logged in</h1>") {
		t.Errorf("the browser ends at %q", p.pages)
	}
	if !strings.Contains(p.text(), "/authorize?") {
		t.Errorf("the address is not told: %s", p.text())
	}
	for path, mode := range map[string]os.FileMode{home: 0o700, filepath.Join(home, tokensFile): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v; want %v", path, info.Mode(), err, mode)
		}
	}
}

func TestLogin_NotGranted(t *testing.T) {
	n := startNotebook(t)
	c, _ := newClient(t, n.clock, t.TempDir(), "bob")
	session, err := c.Login(t.Context(), LoginRequest{URL: n.url, Scopes: []string{"notes:read", "notes:unknown"}})
	if err != nil || len(session.NotGranted) != 1 || session.NotGranted[0] != "notes:unknown" {
		t.Errorf("%+v, %v", session, err)
	}
}

func TestTools(t *testing.T) {
	n := startNotebook(t)
	c, _ := loggedIn(t, n, "bob")
	list, err := c.Tools(t.Context(), n.url)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, tool := range list {
		names = append(names, tool.Name)
	}
	if diff := cmp.Diff([]string{"notes_create", "notes_search", "slow"}, names); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	arguments := []Argument{{"shelf", "string", false, ""}, {"text", "string", false, "what to write"}, {"times", "integer", false, ""}}
	if diff := cmp.Diff(arguments, list[0].Arguments); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestCall(t *testing.T) {
	n := startNotebook(t)
	c, _ := loggedIn(t, n, "bob")
	for _, tt := range []struct {
		asked CallRequest
		want  string
	}{
		{CallRequest{Words: []string{"text=tea = good"}}, `{"text":"notes_search tea = good0"}`},
		{CallRequest{Object: []byte(`{"text": "tea"}`)}, `{"text":"notes_search tea0"}`},
		// Repeated in headers, one of them in Base64: the server checks them.
		{CallRequest{Words: []string{"shelf=K\u00fcche ", "times=3"}}, "{\"text\":\"notes_search K\u00fcche 3\"}"},
	} {
		tt.asked.URL, tt.asked.Tool = n.url, "notes_search"
		if got, err := call(t, c, tt.asked); err != nil || got != tt.want {
			t.Errorf("%+v: %q, %v; want %q", tt.asked, got, err, tt.want)
		}
	}
	result, err := c.Call(t.Context(), CallRequest{URL: n.url, Tool: "notes_search", Words: []string{"text=bad"}})
	if err != nil || !result.IsError {
		t.Errorf("what the tool calls an error: %+v, %v", result, err)
	}
	_, err = call(t, c, CallRequest{URL: n.url, Tool: "notes_searsh"})
	wantError(t, err, `no tool "notes_searsh"`, "sallyport tools "+n.url)
	var mistake Mistake
	if _, err = call(t, c, CallRequest{URL: n.url, Tool: "notes_search", Words: []string{"times=three"}}); !errors.As(err, &mistake) {
		t.Errorf("a word for a number: %v", err)
	}
	if _, err = call(t, c, CallRequest{URL: n.url, Tool: "notes_search", Words: []string{"times=9007199254740992"}}); !errors.As(err, &mistake) {
		t.Errorf("a number that no header can carry: %v", err)
	}
}

func TestCall_Progress(t *testing.T) {
	n := startNotebook(t)
	c, _ := loggedIn(t, n, "bob")
	var seen []Progress
	got, err := call(t, c, CallRequest{URL: n.url, Tool: "slow", Progress: func(p Progress) { seen = append(seen, p) }})
	if err != nil || got != "done" {
		t.Errorf("%q, %v", got, err)
	}
	total := 2.0
	if diff := cmp.Diff([]Progress{{1, &total, "half of it"}}, seen); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestStepUp shuts door one, and opens it: only if it is said so, once, and for what is held as well.
func TestStepUp(t *testing.T) {
	n := startNotebook(t)
	c, p := loggedIn(t, n, "bob", "notes:read")
	create := CallRequest{URL: n.url, Tool: "notes_create", Words: []string{"text=tea"}}
	_, err := call(t, c, create)
	wantError(t, err, "door one is shut", "the scope notes:write;", "sallyport login "+n.url+" --scope notes:read --scope notes:write")
	var refused *Refusal
	if !errors.As(err, &refused) || refused.Door != 1 || refused.Status != http.StatusForbidden {
		t.Errorf("%+v", refused)
	}
	create.StepUp = func(_ context.Context, r *Refusal) (bool, error) { return false, nil }
	_, err = call(t, c, create)
	wantError(t, err, "door one is shut")

	asked := 0
	create.StepUp = func(_ context.Context, r *Refusal) (bool, error) {
		asked++
		if diff := cmp.Diff([]string{"notes:write"}, r.Missing()); diff != "" {
			t.Errorf("missing (-want +got):\n%s", diff)
		}
		return true, nil
	}
	before := held(t, c, n.url)
	if got, err := call(t, c, create); err != nil || got != `{"text":"notes_create tea0"}` {
		t.Errorf("%q, %v", got, err)
	}
	after := held(t, c, n.url)
	if diff := cmp.Diff([]string{"notes:read", "notes:write"}, after.Scopes); diff != "" || asked != 1 {
		t.Errorf("asked %d times; held (-want +got):\n%s", asked, diff)
	}
	if before.ClientID != after.ClientID {
		t.Error("the step-up is for another client")
	}
	if strings.Contains(p.text(), "browser: ") {
		t.Error(p.text())
	}
}

// TestDoorTwo has the policy deny, where no authorization helps and none is begun. Alice, whom it permits, gets through.
func TestDoorTwo(t *testing.T) {
	n := startNotebook(t)
	remove := CallRequest{URL: n.url, Tool: "notes_delete", StepUp: func(context.Context, *Refusal) (bool, error) {
		t.Error("a step-up is begun")
		return false, nil
	}}
	bob, _ := loggedIn(t, n, "bob", "notes:read", "notes:write")
	_, err := call(t, bob, remove)
	wantError(t, err, "door two is shut", "the permission notes:delete", "no scope can help", "whoever keeps the policy of "+n.url)
	carol, _ := loggedIn(t, n, "carol", "notes:read") // both doors are shut
	_, err = call(t, carol, remove)
	wantError(t, err, "door two is shut")
	alice, _ := loggedIn(t, n, "alice", "notes:read", "notes:write")
	if _, err = call(t, alice, remove); err != nil {
		t.Error(err)
	}
}

func TestRefresh(t *testing.T) {
	n := startNotebook(t)
	c, _ := loggedIn(t, n, "bob")
	search := CallRequest{URL: n.url, Tool: "notes_search"}
	first := held(t, c, n.url)
	if _, err := call(t, c, search); err != nil || held(t, c, n.url).Access != first.Access {
		t.Fatalf("a good token is replaced, or not good: %v", err)
	}
	for range 3 { // each with the refresh token that the one before has brought
		before := held(t, c, n.url)
		n.clock.advance(6 * time.Minute)
		if _, err := call(t, c, search); err != nil {
			t.Fatal(err)
		}
		after := held(t, c, n.url)
		if after.Access == before.Access || after.Refresh == before.Refresh || !after.Expires.After(before.Expires) {
			t.Error("nothing was refreshed")
		}
	}
}

// TestRefresh_Refused has a token refused that looks good here: it is refreshed once, and then there is nothing but a new login.
func TestRefresh_Refused(t *testing.T) {
	n := startNotebook(t)
	c, _ := loggedIn(t, n, "bob")
	search := CallRequest{URL: n.url, Tool: "notes_search"}
	if err := c.store.update(func(all entries) error {
		e := all[n.url]
		e.Access = "not-a-token"
		all[n.url] = e
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := call(t, c, search); err != nil {
		t.Errorf("the refresh that helps: %v", err)
	}
	if err := c.store.update(func(all entries) error {
		e := all[n.url]
		e.Access, e.Refresh = "not-a-token", "nor-this"
		all[n.url] = e
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	_, err := call(t, c, search)
	wantError(t, err, "does not renew the token", "invalid_grant", "log in again: sallyport login "+n.url)
}

// TestRefresh_AtOnce has many refresh at the same time, as processes do: with a client each, and the file between them. A refresh
// token that was used twice would have ended the grant.
func TestRefresh_AtOnce(t *testing.T) {
	n := startNotebook(t)
	c, _ := loggedIn(t, n, "bob")
	n.clock.advance(6 * time.Minute)
	var all sync.WaitGroup
	for range 8 {
		other, _ := newClient(t, n.clock, c.cfg.Home, "bob")
		all.Go(func() {
			if _, err := other.Tools(t.Context(), n.url); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	n.clock.advance(6 * time.Minute)
	if _, err := c.Tools(t.Context(), n.url); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestNotLoggedIn(t *testing.T) {
	n := startNotebook(t)
	c, _ := newClient(t, n.clock, t.TempDir(), "bob")
	_, err := c.Tools(t.Context(), n.url)
	wantError(t, err, "you are not logged in to "+n.url, "sallyport login "+n.url)
	if _, err := os.Stat(filepath.Join(c.cfg.Home, tokensFile)); err == nil {
		t.Error("reading makes a file")
	}
}

func TestLogout(t *testing.T) {
	n := startNotebook(t)
	c, _ := loggedIn(t, n, "bob")
	old := held(t, c, n.url)
	with := func(e entry) error {
		s := &session{client: c, resource: n.url, held: &e, refreshed: true}
		_, err := s.tools(t.Context())
		return err
	}
	if err := with(old); err != nil {
		t.Fatal(err)
	}
	bye, ok, err := c.Logout(t.Context(), n.url)
	if err != nil || !ok || !bye.Revoked || bye.Problem != "" {
		t.Errorf("%+v, %v, %v", bye, ok, err)
	}
	wantError(t, with(old), "does not accept the token any more")
	if _, err := c.refresh(t.Context(), n.url, old); err == nil {
		t.Error("the refresh token lives on")
	}
	if _, ok, err := c.Logout(t.Context(), n.url); ok || err != nil {
		t.Errorf("a second time: %v, %v", ok, err)
	}
	if logins, err := c.Logins(); len(logins) != 0 || err != nil {
		t.Errorf("%v, %v", logins, err)
	}
}

// TestLogin_Again has a second login end the first one's tokens.
func TestLogin_Again(t *testing.T) {
	n := startNotebook(t)
	c, _ := loggedIn(t, n, "bob")
	old := held(t, c, n.url)
	if _, err := c.Login(t.Context(), LoginRequest{URL: n.url}); err != nil {
		t.Fatal(err)
	}
	s := &session{client: c, resource: n.url, held: &old, refreshed: true}
	_, err := s.tools(t.Context())
	wantError(t, err, "does not accept the token any more")
	if _, err := c.Tools(t.Context(), n.url); err != nil {
		t.Errorf("the new token: %v", err)
	}
}

// TestLogin_AfterRestart logs in to a server that has forgotten its clients, as the embedded one does.
func TestLogin_AfterRestart(t *testing.T) {
	n := startNotebook(t)
	c, _ := loggedIn(t, n, "bob")
	before := held(t, c, n.url)
	if err := c.store.update(func(all entries) error {
		e := all[n.url]
		e.ClientID = "forgotten"
		all[n.url] = e
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Login(t.Context(), LoginRequest{URL: n.url}); err != nil {
		t.Error(err)
	}
	if id := held(t, c, n.url).ClientID; id == before.ClientID || id == "forgotten" {
		t.Errorf("the client is %q", id)
	}
}
