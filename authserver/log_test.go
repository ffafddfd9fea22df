package authserver

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// No code, token, verifier, secret, cookie or form token is ever logged, nor any
// text that could forge a line.
func TestL02_LogHoldsNoSecrets(t *testing.T) {
	var log bytes.Buffer
	cfg := testConfig(newClock())
	cfg.Logger = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	id, secret := register(t, s, map[string]any{
		"redirect_uris": []string{testRedirect}, "client_name": "evil\n{\"level\":\"INFO\"}\x1b[2J", "token_endpoint_auth_method": "client_secret_post",
		"grant_types": []string{"authorization_code", "refresh_token"},
	})
	b := newSurfer(t, s)
	at, page := b.consentPage(request(id), "alice")
	csrf := csrfOf(t, page)
	code := b.post(at, url.Values{"csrf": {csrf}, "decision": {"allow"}}).location(t).Query().Get("code")
	form := with(codeForm(id, code), "client_secret", secret)
	post(s, "/token", with(form, "code_verifier", "wrong"))
	k := mustTokens(t, s, post(s, "/token", form))
	refresh := with(refreshForm(id, k.refresh), "client_secret", secret)
	next := mustTokens(t, s, post(s, "/token", refresh))
	third := mustTokens(t, s, post(s, "/token", with(refresh, "refresh_token", next.refresh)))
	post(s, "/token", refresh)                               // reuse
	post(s, "/revoke", with(refresh, "token", third.access)) // after it
	newSurfer(t, s).decide(request(id), "bob", "deny")       // and a denial
	s.engine.handler = http.NotFoundHandler()                // and a failure
	newSurfer(t, s).decide(request(id), "bob", "allow")      //
	for _, secret := range []string{secret, code, k.access, k.refresh, next.access, next.refresh, third.refresh, testVerifier, csrf, b.cookies[s.browsers.cookie].Value, "a state"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	for _, line := range lines {
		var record map[string]any
		if err := json.Unmarshal([]byte(line), &record); err != nil || strings.Contains(line, "\x1b") {
			t.Errorf("line %q", line)
		}
	}
	for _, want := range []string{"client registered", "signed in", "consent given", "consent denied", "code refused", "refresh token refused", "no code issued"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("nothing says %q", want)
		}
	}
}
