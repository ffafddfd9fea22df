package server_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/server/servertest"
	"github.com/sallyport-mcp/sallyport/transport/token"
)

// startAdministered runs the fixture with an admin listener and alice to use it.
func startAdministered(t *testing.T) *fixture {
	t.Helper()
	return start(t, func(c *server.Config) { c.AdminAddr = "127.0.0.1:0" })
}

// administer sends a request to the admin listener.
func (f *fixture) administer(t *testing.T, method, bearer, body string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, "http://127.0.0.1:8081/revocations", strings.NewReader(body))
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	r.Header.Set("Content-Type", "application/json")
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	f.Server.Server().AdminHandler().ServeHTTP(w, r)
	return w
}

// TestRevocationsNeedAnAdministrator: each refusal is that of the endpoint, and leaves a record.
func TestRevocationsNeedAnAdministrator(t *testing.T) {
	f := startAdministered(t)
	const body = `{"subject":"bob"}`
	bob := f.as(t, "bob", "echo:use")
	for name, tt := range map[string]struct {
		bearer string
		status int
		want   string // in the challenge
		reason string
	}{
		"no token":       {"", 401, "resource_metadata=", "token_missing"},
		"a bad token":    {"x.y.z", 401, `error="invalid_token"`, token.ReasonMalformed},
		"no scope":       {f.Token(t, servertest.User("alice"), "echo:use"), 403, `scope="sallyport:administer"`, "scope_missing"},
		"no permission":  {f.Token(t, servertest.User("bob"), "sallyport:administer"), 403, "", "permission_missing"},
		"a wildcard too": {f.Token(t, servertest.User("bob"), "*"), 403, "", "permission_missing"},
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
			w := f.administer(t, method, tt.bearer, body)
			challenge := w.Header().Get("WWW-Authenticate")
			if w.Code != tt.status || !strings.Contains(challenge, tt.want) || tt.want == "" && challenge != "" {
				t.Errorf("%s, %s: %d %q %s", name, method, w.Code, challenge, w.Body)
			}
		}
	}
	f.accepted(t, "bob, whom nobody has revoked", func() *servertest.Answer { return bob.Call("echo", map[string]any{"text": "a"}) })
	w := f.administer(t, http.MethodPost, f.Token(t, servertest.User("alice"), "sallyport:administer"), body)
	if w.Code != http.StatusCreated {
		t.Fatalf("alice: %d %s", w.Code, w.Body)
	}
	answer := f.refused(t, "bob, revoked", func() *servertest.Answer { return bob.Call("echo", map[string]any{"text": "a"}) })
	if answer.Status != 401 {
		t.Errorf("bob, revoked: %v", answer)
	}
	records := strings.Join(f.Records(t, 11), "\n")
	for reason, want := range map[string]int{"scope_missing": 3, "permission_missing": 6, "allowed": 2} {
		if n := strings.Count(records, `"reason":"`+reason+`"`); n != want {
			t.Errorf("%d records of %s, want %d:\n%s", n, reason, want, records)
		}
	}
	if !strings.Contains(records, `"method":"POST /revocations","name":"","decision":"allow"`) ||
		!strings.Contains(records, `"because":"no scope of the token covers sallyport:administer"`) {
		t.Errorf("no record of what alice did:\n%s", records)
	}
}

// TestRevocationsAreReadStrictly: what is not understood revokes nothing.
func TestRevocationsAreReadStrictly(t *testing.T) {
	f := startAdministered(t)
	alice := f.Token(t, servertest.User("alice"), "sallyport:administer")
	for name, tt := range map[string]struct {
		body, want string
		status     int
		change     func(*http.Request)
	}{
		"empty":         {"", "JSON", 400, nil},
		"no member":     {"{}", "not exactly one", 400, nil},
		"misspelled":    {`{"subjct":"bob"}`, "not known", 400, nil},
		"other case":    {`{"Subject":"bob"}`, "not known", 400, nil},
		"twice":         {`{"subject":"bob","subject":"carol"}`, "JSON", 400, nil},
		"a number":      {`{"subject":7}`, "does not fit", 400, nil},
		"two":           {`{"subject":"bob","client":"x"}`, "not exactly one", 400, nil},
		"until":         {`{"subject":"bob","until":"2030-01-01T00:00:00Z"}`, "leave it out", 400, nil},
		"no time":       {`{"subject":"bob","before":"yesterday"}`, "does not fit", 400, nil},
		"much":          {`{"subject":"` + strings.Repeat("b", 20_000) + `"}`, "too large", 413, nil},
		"a form":        {`subject=bob`, "application/json", 415, func(r *http.Request) { r.Header.Set("Content-Type", "application/x-www-form-urlencoded") }},
		"a foreign web": {`{"subject":"bob"}`, "origin", 403, func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") }},
		"a wrong verb":  {`{"subject":"bob"}`, "use GET", 405, func(r *http.Request) { r.Method = http.MethodPut }},
	} {
		change := tt.change
		if change == nil {
			change = func(*http.Request) {}
		}
		w := f.administer(t, http.MethodPost, alice, tt.body, change)
		if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.want) {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	if w := f.administer(t, http.MethodGet, alice, ""); w.Code != 200 || w.Body.String() != `{"revocations":[]}`+"\n" {
		t.Errorf("something was revoked: %d %s", w.Code, w.Body)
	}
	w := f.administer(t, http.MethodPost, alice, `{"subject":"bob"}`)
	var done token.Revocation
	if err := json.Unmarshal(w.Body.Bytes(), &done); err != nil || w.Code != 201 || done.Subject != "bob" || done.Issuer != servertest.DefaultIssuer || done.Until.IsZero() {
		t.Errorf("the twin: %d %s", w.Code, w.Body)
	}
	if w := f.administer(t, http.MethodGet, alice, ""); !strings.Contains(w.Body.String(), `"subject":"bob"`) {
		t.Errorf("not listed: %s", w.Body)
	}
}

// TestJ47_RevokedOnTheNode: from the next request on, before a remembered outcome is believed, and on what runs.
func TestJ47_RevokedOnTheNode(t *testing.T) {
	for name, revoke := range map[string]func(authz.Principal) token.Revocation{
		"token":      func(p authz.Principal) token.Revocation { return token.Revocation{TokenID: p.TokenID} },
		"subject":    func(p authz.Principal) token.Revocation { return token.Revocation{Subject: p.Subject} },
		"client":     func(p authz.Principal) token.Revocation { return token.Revocation{Client: p.Client} },
		"everything": func(authz.Principal) token.Revocation { return token.Revocation{Everything: true} },
	} {
		t.Run(name, func(t *testing.T) {
			f := start(t)
			bob := f.as(t, "bob", "echo:use")
			for range 2 { // the second comes from the cache
				f.accepted(t, "before", func() *servertest.Answer { return bob.Call("echo", map[string]any{"text": "a"}) })
			}
			var record struct {
				Client  string `json:"client"`
				Subject string `json:"subject"`
				TokenID string `json:"token_id"`
			}
			if err := json.Unmarshal([]byte(f.Records(t, 2)[1]), &record); err != nil {
				t.Fatal(err)
			}
			who := authz.Principal{Subject: record.Subject, Client: record.Client, TokenID: record.TokenID}
			began := time.Now()
			if _, err := f.Server.Server().Revoke(revoke(who)); err != nil {
				t.Fatal(err)
			}
			if answer := f.refused(t, "after", func() *servertest.Answer { return bob.Call("echo", map[string]any{"text": "a"}) }); answer.Status != 401 {
				t.Errorf("after: %v", answer)
			}
			if took := time.Since(began); took > 100*time.Millisecond {
				t.Logf("visible after %v", took)
			}
			if _, err := f.Server.Server().Revoke(token.Revocation{}); err == nil {
				t.Error("nothing was revoked without an error")
			}
		})
	}
}

// TestJ47_RevokedWhileAStreamIsOpen ends the streams of who was revoked, and of nobody else.
func TestJ47_RevokedWhileAStreamIsOpen(t *testing.T) {
	f := start(t)
	bob, alice := f.as(t, "bob", "echo:use"), f.as(t, "alice", "echo:use")
	bobs, _ := listen(t, bob, servertest.Filter{Tools: true})
	alices, _ := listen(t, alice, servertest.Filter{Tools: true})
	began := time.Now()
	if _, err := f.Server.Server().Revoke(token.Revocation{Subject: "bob"}); err != nil {
		t.Fatal(err)
	}
	ended(t, bobs)
	soon(t, began)
	t.Logf("the stream ended %v after the revocation", time.Since(began))
	f.Server.Server().NotifyToolsChanged("echo")
	heard(t, alices, "notifications/tools/list_changed")
}
