package main

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/transport/token"
)

// fixture is what a token of a real issuer looked like.
type fixture struct {
	Header map[string]any `json:"header"`
	Claims map[string]any `json:"claims"`
}

func readFixture(t *testing.T, name string) fixture {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../../transport/token/testdata/profiles", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var f fixture
	if err := json.Unmarshal(text, &f); err != nil {
		t.Fatal(err)
	}
	return f
}

// issuer signs fixtures anew, with a key of its own.
type issuer struct{ key *rsa.PrivateKey }

func (is issuer) keys(context.Context) ([]byte, error) {
	number := func(n *big.Int) string { return base64.RawURLEncoding.EncodeToString(n.Bytes()) }
	return json.Marshal(map[string]any{"keys": []any{map[string]any{
		"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "mine", "n": number(is.key.N), "e": number(big.NewInt(int64(is.key.E))),
	}}})
}

func (is issuer) sign(t *testing.T, f fixture) string {
	t.Helper()
	f.Header["kid"] = "mine"
	var parts [2]string
	for i, object := range []map[string]any{f.Header, f.Claims} {
		text, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		parts[i] = base64.RawURLEncoding.EncodeToString(text)
	}
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	signature, err := rsa.SignPKCS1v15(rand.Reader, is.key, crypto.SHA256, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	return parts[0] + "." + parts[1] + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// verify reads a fixture as the server would, at the time at which it was good.
func verify(t *testing.T, kind, name string) (authz.Principal, error) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	is := issuer{key}
	profile, known := profileOf(kind)
	if !known {
		t.Fatalf("there is no profile %q", kind)
	}
	url := map[string]string{"keycloak": "http://127.0.0.1:8090/realms/notes", "oidc-provider": "http://127.0.0.1:8091"}[kind]
	verifier, err := token.New(token.Config{
		Audience: "http://127.0.0.1:8080/mcp",
		Issuers:  []token.Issuer{{URL: url, Profile: profile, Keys: is.keys}},
		Now:      func() time.Time { return time.Unix(1767225600+60, 0) },
		Logger:   slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	verifier.Start(context.Background())
	defer verifier.Close()
	return verifier.Verify(context.Background(), is.sign(t, readFixture(t, name)))
}

func TestProfilesReadRealTokens(t *testing.T) {
	keycloakRoles := []string{"default-roles-notes", "offline_access", "uma_authorization"}
	for _, test := range []struct {
		kind, name string
		want       caller
	}{
		{"keycloak", "keycloak-user", caller{
			Subject: "a11ce000-0000-4000-8000-000000000001", Client: "notes-cli", Groups: []string{"staff"},
			Roles: append([]string{"admin"}, keycloakRoles...), Scopes: []string{"email", "notes:read", "notes:write", "openid", "profile"},
		}},
		{"keycloak", "keycloak-client", caller{
			Subject: "5e411ce0-0000-4000-8000-000000000004", Client: "notes-service", Machine: true, Roles: keycloakRoles,
			Scopes: []string{"email", "notes:read", "notes:write", "profile"},
		}},
		{"keycloak", "keycloak-client-rfc9068", caller{
			Subject: "5e411ce0-0000-4000-8000-000000000005", Client: "notes-service-rfc9068", Roles: keycloakRoles,
			Scopes: []string{"email", "notes:read", "profile"},
		}},
		{"oidc-provider", "oidc-provider-user", caller{
			Subject: "alice", Client: "notes-cli", Groups: []string{"staff"}, Roles: []string{"admin"}, Scopes: []string{"notes:read", "notes:write"},
		}},
		{"oidc-provider", "oidc-provider-client", caller{
			Subject: "notes-service", Client: "notes-service", Machine: true, Scopes: []string{"notes:read", "notes:write"},
		}},
	} {
		who, err := verify(t, test.kind, test.name)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if who.Subject != test.want.Subject || who.Client != test.want.Client || who.Machine != test.want.Machine ||
			!slices.Equal(who.Groups, test.want.Groups) || !slices.Equal(who.Roles, test.want.Roles) || !slices.Equal(who.Scopes, test.want.Scopes) {
			t.Errorf("%s: read as %v, groups %q, roles %q, scopes %q; want %+v", test.name, who, who.Groups, who.Roles, who.Scopes, test.want)
		}
	}
}

// The twins are the tokens above: the same user's or client's, for this resource and of the right kind.
func TestProfilesRefuseOtherTokens(t *testing.T) {
	for _, test := range []struct{ kind, name, reason string }{
		{"keycloak", "keycloak-id", token.ReasonKind},
		{"keycloak", "keycloak-refresh", token.ReasonAlgorithm},
		{"keycloak", "keycloak-user-elsewhere", token.ReasonAudience},
		{"oidc-provider", "oidc-provider-id", token.ReasonType},
		{"oidc-provider", "oidc-provider-user-elsewhere", token.ReasonAudience},
		{"oidc-provider", "keycloak-user", token.ReasonIssuer},
	} {
		_, err := verify(t, test.kind, test.name)
		var refused *token.Error
		if !errors.As(err, &refused) || refused.Reason() != test.reason {
			t.Errorf("%s: %v, want %s", test.name, err, test.reason)
		}
	}
}

func TestConfigNeedsAProfile(t *testing.T) {
	args := []string{"-addr", "127.0.0.1:8080", "-issuer", "http://127.0.0.1:8090/realms/notes", "-profile"}
	cfg, err := config(append(args, "keycloak", "-ahead", "1h"))
	if err != nil || len(cfg.Issuers) != 1 || cfg.Issuers[0].URL != args[3] || time.Until(cfg.Now()) < 59*time.Minute {
		t.Errorf("%+v, %v", cfg.Issuers, err)
	}
	if _, err := config(append(args, "another")); err == nil {
		t.Error("an unknown profile was taken")
	}
}

func TestNotebook(t *testing.T) {
	book := newNotebook("Water the plants", "Buy oat milk")
	id := book.create("Call the plumber")
	if n := book.count("the"); n != 2 {
		t.Errorf("%d notes have it, want 2", n)
	}
	if !book.remove(id) || book.remove(id) || book.count("") != 2 {
		t.Error("a note is removed once")
	}
}
