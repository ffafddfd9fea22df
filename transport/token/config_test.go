package token_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/internal/issuertest"
	"github.com/sallyport-mcp/sallyport/transport/token"
)

func TestJ33_Configuration(t *testing.T) {
	one := func(p token.Profile) []token.Issuer { return []token.Issuer{{URL: issuerURL, Profile: p}} }
	at := func(url string) []token.Issuer { return []token.Issuer{{URL: url}} }
	for _, tt := range []struct {
		bad     token.Config
		mention string
	}{
		{token.Config{Issuers: at(issuerURL)}, "Audience"},
		{token.Config{Audience: resource}, "Issuers"},
		{token.Config{Audience: resource, Issuers: at("")}, "Issuers[0].URL"},
		{token.Config{Audience: resource, Issuers: at("issuer.example")}, "absolute"},
		{token.Config{Audience: resource, Issuers: at("https:issuer.example")}, "absolute"},
		{token.Config{Audience: resource, Issuers: at("http://[")}, "absolute"},
		{token.Config{Audience: resource, Issuers: at("http://issuer.example")}, "use https"},
		{token.Config{Audience: resource, Issuers: at("http://127.0.0.1.issuer.example")}, "use https"},
		{token.Config{Audience: resource, Issuers: at("http://10.0.0.1")}, "use https"},
		{token.Config{Audience: resource, Issuers: at("file://localhost/x")}, "use https"},
		{token.Config{Audience: resource, Issuers: at("https://user:pass@issuer.example")}, "user"},
		{token.Config{Audience: resource, Issuers: at(issuerURL + "?")}, "query"},
		{token.Config{Audience: resource, Issuers: at(issuerURL + "?a=b")}, "query"},
		{token.Config{Audience: resource, Issuers: at(issuerURL + "#a")}, "fragment"},
		{token.Config{Audience: resource, Issuers: []token.Issuer{{URL: issuerURL, Alias: "a"}, {URL: issuerURL, Alias: "b"}}}, "twice"},
		{token.Config{Audience: resource, Issuers: []token.Issuer{{URL: issuerURL, Alias: "a"}, {URL: issuerURL + "/b", Alias: "a"}}}, "Issuers[1].Alias"},
		{token.Config{Audience: resource, Issuers: []token.Issuer{{URL: issuerURL, Alias: "a"}, {URL: issuerURL + "/b"}}}, "Issuers[1].Alias"},
		{token.Config{Audience: resource, Issuers: []token.Issuer{{URL: issuerURL, Alias: "a/b"}, {URL: issuerURL + "/b", Alias: "b"}}}, "Issuers[0].Alias"},
		{token.Config{Audience: resource, Issuers: one(token.Profile{Algorithms: []string{"RS256", "none"}})}, `"none"`},
		{token.Config{Audience: resource, Issuers: one(token.Profile{Algorithms: []string{"HS256"}})}, `"HS256"`},
		{token.Config{Audience: resource, Issuers: one(token.Profile{Types: []string{"DPoP+jwt"}})}, "Types"},
		{token.Config{Audience: resource, Issuers: one(token.Profile{Types: []string{"application/logout+jwt"}})}, "Types"},
		{token.Config{Audience: resource, Issuers: one(token.Profile{Audiences: []string{""}})}, "Audiences"},
		{token.Config{Audience: resource, Issuers: one(token.Profile{Clients: []string{""}})}, "Clients"},
		{token.Config{Audience: resource, Issuers: one(token.Profile{ScopeMap: map[string]string{"a b": "c"}})}, "ScopeMap"},
		{token.Config{Audience: resource, Issuers: one(token.Profile{ScopeMap: map[string]string{"a": ""}})}, "ScopeMap"},
		{token.Config{Audience: resource, Issuers: one(token.Profile{MachineClaim: "idtyp"})}, "MachineClaim"},
		{token.Config{Audience: resource, Issuers: one(token.Profile{MachineValue: "app"})}, "MachineClaim"},
		{token.Config{Audience: resource, Issuers: one(token.Profile{MachineSubject: "service"})}, "MachineSubject"},
		{token.Config{Audience: resource, Issuers: one(token.Profile{DefaultClient: "a\x00"})}, "DefaultClient"},
		{token.Config{Audience: resource, Issuers: one(token.Profile{ScopePrefix: "api notes/"})}, "ScopePrefix"},
		{token.Config{Audience: resource, Issuers: one(token.Profile{ScopePrefix: "api://notes/", ScopeMap: map[string]string{}})}, "ScopePrefix"},
		{token.Config{Audience: resource, Issuers: at(issuerURL), Skew: -1}, "Skew"},
		{token.Config{Audience: resource, Issuers: at(issuerURL), Skew: time.Hour}, "Skew"},
		{token.Config{Audience: resource, Issuers: at(issuerURL), MaxLifetime: -1}, "MaxLifetime"},
		{token.Config{Audience: resource, Issuers: at(issuerURL), KeyTTL: -1}, "KeyTTL"},
		{token.Config{Audience: resource, Issuers: at(issuerURL), KeyTTL: 2 * time.Hour}, "KeyMaxAge"},
		{token.Config{Audience: resource, Issuers: at(issuerURL), CacheSize: -2}, "CacheSize"},
		{token.Config{Audience: resource, Issuers: at(issuerURL), CacheSize: 1<<20 + 1}, "CacheSize"},
	} {
		v, err := token.New(tt.bad)
		if v != nil || err == nil || !strings.Contains(err.Error(), tt.mention) {
			t.Errorf("New(%+v) = %v, want an error that mentions %q", tt.bad, err, tt.mention)
		}
		if err != nil && strings.Contains(err.Error(), "pass") {
			t.Errorf("the error holds a password: %v", err)
		}
	}
	for _, good := range []token.Config{
		{Audience: resource, Issuers: at(issuerURL)},
		{Audience: resource, Issuers: at(issuerURL + "/realms/a/")},
		{Audience: resource, Issuers: at(issuerURL), CacheSize: 1 << 20},
		{Audience: resource, Issuers: at(issuerURL), CacheSize: 1},
		{Audience: resource, Issuers: at(issuerURL), CacheSize: token.NoCache},
		{Audience: resource, Issuers: at("http://127.0.0.1:8080")},
		{Audience: resource, Issuers: at("http://localhost:8080")},
		{Audience: resource, Issuers: at("http://[::1]:8080")},
		{Audience: resource, Issuers: []token.Issuer{{URL: issuerURL, Alias: "a"}, {URL: issuerURL + "/b", Alias: "b"}}},
		{Audience: resource, Issuers: one(token.Profile{Types: []string{"JWT", "application/AT+JWT"}, ScopeMap: map[string]string{"a": "b"}, MachineClaim: "a", MachineValue: "b"})},
		{Audience: resource, Issuers: one(token.Profile{MachineSubject: "{client}@clients", ScopePrefix: "api://notes/"})},
	} {
		if _, err := token.New(good); err != nil {
			t.Errorf("New(%+v) = %v", good, err)
		}
	}
}

func TestAllMistakesAtOnce(t *testing.T) {
	_, err := token.New(token.Config{Skew: -1, MaxLifetime: -1, Issuers: []token.Issuer{{URL: "x", Profile: token.Profile{Algorithms: []string{"none", "HS256"}}}}})
	if n := len(strings.Split(err.Error(), "\n")); n != 6 {
		t.Errorf("%d mistakes, want 6:\n%v", n, err)
	}
}

func TestConfigIsCopied(t *testing.T) {
	profile := token.Profile{
		Types: []string{"at+jwt"}, Algorithms: []string{"ES256"}, Audiences: []string{"a"}, Clients: []string{"client-1"},
		ScopeMap: map[string]string{"a": "b"},
	}
	s := newSite(t, nil, withProfile(profile))
	profile.Types[0], profile.Algorithms[0], profile.Audiences[0], profile.Clients[0] = "x", "x", resource, "x"
	profile.ScopeMap["notes:read"] = "x"
	if who := s.accepts("as configured", s.sign(map[string]any{"scope": "a notes:read"})); len(who.Scopes) != 1 {
		t.Errorf("scopes %q", who.Scopes)
	}
}

func TestIssuersAreCopied(t *testing.T) {
	issuers := []token.Issuer{{URL: issuerURL}}
	v, err := token.New(token.Config{Audience: resource, Issuers: issuers})
	if err != nil {
		t.Fatal(err)
	}
	issuers[0].URL = "https://other.example"
	if err := v.Ready(); err == nil || !strings.Contains(err.Error(), issuerURL) {
		t.Errorf("Ready() = %v, want one about %s", err, issuerURL)
	}
}

func TestErrorTexts(t *testing.T) {
	s := newSite(t, nil, func(c *token.Config) {
		c.Revoked = func(context.Context, authz.Principal) (bool, error) { return true, nil }
	})
	_, err := s.verifier.Verify(t.Context(), s.sign(nil))
	if err == nil || err.Error() != "token: revoked" {
		t.Errorf("error %v", err)
	}
}

func FuzzVerify(f *testing.F) {
	issuer := issuertest.New(issuerURL)
	v, err := token.New(token.Config{Audience: resource, Issuers: []token.Issuer{{URL: issuerURL, Keys: issuer.JWKS}}, Now: now})
	if err != nil {
		f.Fatal(err)
	}
	v.Start(context.Background())
	f.Cleanup(v.Close)
	claims := issuer.Claims(resource, "alice", "client-1", "notes:read", now())
	good := issuer.Sign(claims, nil)
	header := []byte(goodHeader)
	f.Add(good, header, []byte(`{}`))
	f.Add(good+"=", []byte(`{"alg":"none"}`), []byte(`{"iss":"`+issuerURL+`","exp":1e300}`))
	f.Add("a.b.c", []byte(`{"alg":"ES256","crit":[]}`), []byte(`{"iss":"`+issuerURL+`","aud":[["x"]],"sub":"\u0000","act":{"sub":{}}}`))
	f.Add("{}", header, []byte(`{"iss":"`+issuerURL+`","aud":"`+resource+`","exp":1800000300,"iat":1800000000,"sub":"a","client_id":"b","scope":"a  b"}`))
	f.Fuzz(func(t *testing.T, raw string, header, claims []byte) {
		if _, err := v.Verify(t.Context(), raw); err == nil && raw != good {
			t.Errorf("%q accepted: a second spelling of a token", raw)
		}
		// What the issuer signed, however odd, yields a principal that names
		// somebody, or a reason.
		who, err := v.Verify(t.Context(), issuer.Key().SignRaw(header, claims))
		if err == nil && (who.Subject == "" || who.Client == "" || who.Issuer != issuerURL || !who.Expires.After(now().Add(-30*time.Second))) {
			t.Errorf("%q accepted as %+v", claims, who)
		}
		if err != nil && reasonOf(err) == "" {
			t.Errorf("%q refused without a reason: %v", claims, err)
		}
	})
}
