package token_test

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/internal/issuertest"
	"github.com/sallyport-mcp/sallyport/transport/token"
)

func TestJ16_IDToken(t *testing.T) {
	s := newSite(t, nil)
	s.refuses("ID token", s.issuer.Sign(s.claims(map[string]any{"nonce": "n", "at_hash": "h"}), map[string]any{"typ": "JWT"}), token.ReasonType)
	s.accepts("repaired", s.sign(nil))

	// An issuer whose access tokens are JWT too.
	legacy := newSite(t, nil, withProfile(token.Profile{Types: []string{"JWT"}}))
	sign := func(changes map[string]any) string {
		return legacy.issuer.Sign(legacy.claims(changes), map[string]any{"typ": "JWT"})
	}
	for _, name := range []string{"nonce", "at_hash", "c_hash", "s_hash"} {
		legacy.refuses(name, sign(map[string]any{name: "x"}), token.ReasonKind)
	}
	legacy.refuses("for its client", sign(map[string]any{"aud": "client-1"}), token.ReasonAudience)
	legacy.accepts("repaired", sign(nil))
}

func TestJ18_OtherKindsOfToken(t *testing.T) {
	s := newSite(t, nil, withProfile(token.Profile{Types: []string{"at+jwt", "JWT"}}))
	for name, claims := range map[string]map[string]any{
		"refresh":          {"typ": "Refresh"},
		"offline":          {"typ": "Offline"},
		"ID":               {"typ": "ID"},
		"typ null":         {"typ": json.RawMessage("null")},
		"typ number":       {"typ": 1},
		"token_use id":     {"token_use": "id"},
		"token_use number": {"token_use": 1},
		"logout":           {"events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}}},
		"DPoP":             {"htm": "POST", "htu": resource},
		"DPoP with token":  {"ath": "x"},
	} {
		s.refuses(name, s.sign(claims), token.ReasonKind)
	}
	assertion := map[string]any{"iss": "client-1", "sub": "client-1", "aud": issuerURL}
	s.refuses("client assertion", s.sign(assertion), token.ReasonIssuer)
	s.accepts("repaired", s.sign(nil))
	s.accepts("named access token", s.sign(map[string]any{"typ": "Bearer", "token_use": "access"}))
}

func raw(text string) json.RawMessage { return json.RawMessage(text) }

func TestJ22_ExpiryOfOtherTypes(t *testing.T) {
	s := newSite(t, nil)
	for _, exp := range []string{`"1800000100"`, `""`, `true`, `null`, `[]`, `[1800000100]`, `{}`} {
		s.refuses(exp, s.sign(map[string]any{"exp": raw(exp)}), token.ReasonClaims)
	}
	s.accepts("repaired", s.sign(map[string]any{"exp": raw("1800000100")}))
}

func TestJ23_ExpiryNumbers(t *testing.T) {
	s := newSite(t, nil)
	at := now().Unix()
	text := func(n int64) string { return strconv.FormatInt(n, 10) }
	for exp, reason := range map[string]string{
		"-0": token.ReasonExpired, "0": token.ReasonExpired, "-1": token.ReasonExpired,
		"1e10": token.ReasonLifetime, "253402300799": token.ReasonLifetime, "253402300800": token.ReasonClaims,
		"1e300": token.ReasonClaims, "-1e300": token.ReasonClaims, "1e999": token.ReasonClaims,
		"9223372036854775807": token.ReasonClaims, "-9223372036854775808": token.ReasonClaims, "18446744073709551616": token.ReasonClaims,
		text(at - 30): token.ReasonExpired, text(at-30) + ".9": token.ReasonExpired, text(at - 31): token.ReasonExpired,
		text(at-30) + ".999999999": token.ReasonExpired, text(at-30) + "." + strings.Repeat("9", 500): token.ReasonExpired,
		"1.7999999709999999999e9": token.ReasonExpired, "0." + strings.Repeat("0", 500) + "17999999709999999999e510": token.ReasonExpired,
		"0.0": token.ReasonExpired, "1e-999999999": token.ReasonExpired, "-1.00000000000000000001": token.ReasonExpired,
	} {
		s.refuses(exp, s.sign(map[string]any{"exp": raw(exp), "iat": at - 300}), reason)
	}
	for _, exp := range []string{
		text(at - 29), text(at) + ".5", "1.8000001e9", text(at + 60), text(at-29) + ".0", text(at-29) + ".00000000001", "1.799999971e9", "17999999710e-1",
	} {
		s.accepts(exp, s.sign(map[string]any{"exp": raw(exp), "iat": at - 300}))
	}
	for _, fraction := range []string{".9", ".9999999", ".99999999999999999999"} {
		who := s.accepts("fraction", s.sign(map[string]any{"exp": raw(text(at+60) + fraction)}))
		if want := now().Add(time.Minute); !who.Expires.Equal(want) {
			t.Errorf("%s: Expires = %v, want %v", fraction, who.Expires, want)
		}
	}
}

func TestJ24_NoExpiry(t *testing.T) {
	s := newSite(t, nil)
	s.refuses("missing", s.sign(map[string]any{"exp": nil}), token.ReasonClaims)
	s.accepts("repaired", s.sign(map[string]any{"exp": now().Unix() + 60}))
}

func TestJ26_NotBefore(t *testing.T) {
	s := newSite(t, nil)
	at := now().Unix()
	for nbf, reason := range map[string]string{
		strconv.FormatInt(at+31, 10): token.ReasonNotYetValid, "253402300799": token.ReasonNotYetValid,
		"1e300": token.ReasonClaims, "null": token.ReasonClaims, `"0"`: token.ReasonClaims, "[]": token.ReasonClaims,
	} {
		s.refuses(nbf, s.sign(map[string]any{"nbf": raw(nbf)}), reason)
	}
	s.accepts("within the skew", s.sign(map[string]any{"nbf": at + 30}))
	s.accepts("past", s.sign(map[string]any{"nbf": 0}))
}

func TestJ27_IssuedAt(t *testing.T) {
	s := newSite(t, nil)
	at := now().Unix()
	for _, iat := range []any{nil, raw("null"), strconv.FormatInt(at, 10), raw("1e300"), true} {
		s.refuses(asJSON(t, iat), s.sign(map[string]any{"iat": iat}), token.ReasonClaims)
	}
	s.refuses("future", s.sign(map[string]any{"iat": at + 31, "exp": at + 60}), token.ReasonFuture)
	s.refuses("far future", s.sign(map[string]any{"iat": at + 365*86400, "exp": at + 366*86400}), token.ReasonFuture)
	s.refuses("negative", s.sign(map[string]any{"iat": -1}), token.ReasonLifetime)
	s.accepts("within the skew", s.sign(map[string]any{"iat": at + 30, "exp": at + 60}))
}

func TestJ28_Lifetime(t *testing.T) {
	s := newSite(t, nil)
	at := now().Unix()
	for name, exp := range map[string]int64{"10 years": at + 10*365*86400, "a day and a second": at + 86401, "none": at, "less": at - 1} {
		s.refuses(name, s.sign(map[string]any{"exp": exp}), token.ReasonLifetime)
	}
	s.accepts("a day", s.sign(map[string]any{"exp": at + 86400}))
	s.accepts("a second", s.sign(map[string]any{"exp": at + 1}))
}

func TestJ30_TwoIssuers(t *testing.T) {
	other := issuertest.New("https://other.example")
	s := newSite(t, nil, func(c *token.Config) {
		c.Issuers[0].Alias = "one"
		c.Issuers = append(c.Issuers, token.Issuer{URL: other.URL(), Alias: "two", Keys: other.JWKS})
	})
	// Both use the same key id, so only the issuer tells the keys apart.
	s.refuses("the other's key", other.Key().Sign(s.claims(nil), nil), token.ReasonSignature)
	for _, iss := range []any{"https://evil.example", issuerURL + "/", "HTTPS://issuer.example", "", nil, raw("null"), []string{issuerURL}, 1} {
		s.refuses(asJSON(t, iss), s.sign(map[string]any{"iss": iss}), token.ReasonIssuer)
	}
	if who := s.accepts("repaired", s.sign(nil)); who.Issuer != issuerURL || who.Alias != "one" {
		t.Errorf("issuer %q, alias %q", who.Issuer, who.Alias)
	}
	if who := s.accepts("the other's own", other.Sign(s.claims(map[string]any{"iss": other.URL()}), nil)); who.Alias != "two" {
		t.Errorf("alias %q, want two", who.Alias)
	}
}

func TestJ31_Audience(t *testing.T) {
	s := newSite(t, nil)
	many := make([]string, 500)
	for name, aud := range map[string]any{
		"other": "https://other.example/mcp", "prefix": resource + "/", "empty": "", "none": []string{}, "null": raw("null"), "missing": nil,
		"nested": [][]string{{resource}}, "number inside": []any{resource, 1}, "null inside": []any{resource, nil}, "object": map[string]any{resource: 1},
		"others": []string{"a", "b"}, "many": many, "number": 1, "case": strings.ToUpper(resource),
	} {
		s.refuses(name, s.sign(map[string]any{"aud": aud}), token.ReasonAudience)
	}
	many[499] = resource
	for name, aud := range map[string]any{"string": resource, "one": []string{resource}, "two": []string{"x", resource}, "many": many} {
		s.accepts(name, s.sign(map[string]any{"aud": aud}))
	}

	named := newSite(t, nil, withProfile(token.Profile{Audiences: []string{"api://mcp"}, StrictAudience: true}))
	named.accepts("named by the profile", named.sign(map[string]any{"aud": "api://mcp"}))
	named.accepts("both", named.sign(map[string]any{"aud": []string{resource, "api://mcp"}}))
	named.refuses("strict", named.sign(map[string]any{"aud": []string{resource, "x"}}), token.ReasonAudience)
}

func TestJ34_Client(t *testing.T) {
	s := newSite(t, nil, withProfile(token.Profile{Clients: []string{"client-1", "client-2"}}))
	for name, changes := range map[string]map[string]any{
		"not allowed": {"client_id": "client-3"}, "missing": {"client_id": nil}, "empty": {"client_id": ""}, "number": {"client_id": 1},
		"null": {"client_id": raw("null"), "azp": "client-1"}, "contradiction": {"azp": "client-2"}, "azp not allowed": {"client_id": nil, "azp": "x"},
		"unprintable": {"client_id": "client-1\u200b"},
	} {
		s.refuses(name, s.sign(changes), token.ReasonClient)
	}
	s.accepts("repaired", s.sign(nil))
	s.accepts("both", s.sign(map[string]any{"azp": "client-1"}))
	if who := s.accepts("azp", s.sign(map[string]any{"client_id": nil, "azp": "client-2"})); who.Client != "client-2" {
		t.Errorf("client %q, want client-2", who.Client)
	}
	anyClient := newSite(t, nil)
	for _, client := range []string{"", "a\x00", "a\u200b", "a\nb", strings.Repeat("x", 257)} {
		anyClient.refuses("unprintable", anyClient.sign(map[string]any{"client_id": client}), token.ReasonClient)
	}
	anyClient.accepts("a URL", anyClient.sign(map[string]any{"client_id": "https://client.example/metadata.json"}))
	named := newSite(t, nil, withProfile(token.Profile{ClientClaim: "cid"}))
	named.refuses("not the profile's claim", named.sign(nil), token.ReasonClient)
	if who := named.accepts("the profile's claim", named.sign(map[string]any{"cid": "x"})); who.Client != "x" {
		t.Errorf("client %q, want x", who.Client)
	}
}

func TestJ36_Subject(t *testing.T) {
	s := newSite(t, nil)
	for name, sub := range map[string]any{
		"missing": nil, "null": raw("null"), "empty": "", "array": []string{"alice"}, "number": 1, "object": map[string]any{}, "NUL": "alice\x00",
		"CR": "alice\r", "LF": "al\nice", "tab": "al\tice", "DEL": "alice\x7f", "right-to-left override": "alice\u202e", "isolate": "\u2066alice",
		"left-to-right mark": "alice\u200e", "zero width": "al\u200bice", "joiner": "al\u200dice", "soft hyphen": "al\u00adice", "order mark": "\ufeffalice",
		"no-break space": "al\u00a0ice", "line separator": "al\u2028ice", "Hangul filler": "alice\u3164", "variation selector": "alice\ufe0f",
		"tag": "alice\U000e0061", "private use": "alice\ue000", "257 characters": strings.Repeat("ä", 257), "long": strings.Repeat("x", 8000),
	} {
		s.refuses(name, s.sign(map[string]any{"sub": sub}), token.ReasonSubject)
	}
	for _, sub := range []string{"alice", "Alice Müller", "auth0|123", "李四", strings.Repeat("ä", 256), "a/b:c*d"} {
		if who := s.accepts(sub, s.sign(map[string]any{"sub": sub})); who.Subject != sub {
			t.Errorf("subject %q, want %q", who.Subject, sub)
		}
	}
}

func TestEmailAsSubject(t *testing.T) {
	const mail = "alice@corp.example"
	s := newSite(t, nil)
	for name, changes := range map[string]map[string]any{
		"unconfirmed": {"sub": mail}, "denied": {"sub": mail, "email_verified": false}, "text": {"sub": mail, "email_verified": "true"},
		"number": {"sub": mail, "email_verified": 1}, "other address": {"sub": mail, "email_verified": true, "email": "eve@corp.example"},
	} {
		s.refuses(name, s.sign(changes), token.ReasonSubject)
	}
	s.accepts("confirmed", s.sign(map[string]any{"sub": mail, "email_verified": true, "email": mail}))
	s.accepts("confirmed without a claim", s.sign(map[string]any{"sub": mail, "email_verified": true}))
	s.accepts("no address", s.sign(map[string]any{"email": mail, "email_verified": false}))
	s.accepts("a client's own", s.sign(map[string]any{"sub": "a@clients", "client_id": "a@clients"}))

	lenient := newSite(t, nil, withProfile(token.Profile{TolerateUnverifiedEmail: true}))
	lenient.accepts("tolerated", lenient.sign(map[string]any{"sub": mail}))

	byMail := newSite(t, nil, withProfile(token.Profile{EmailSubject: true}))
	for name, changes := range map[string]map[string]any{
		"no address": {"email_verified": true}, "unconfirmed": {"email": mail}, "denied": {"email": mail, "email_verified": false},
		"no e-mail": {"email": "alice", "email_verified": true}, "unprintable": {"email": mail + "\u200b", "email_verified": true},
		"number": {"email": 1, "email_verified": true}, "no sub": {"sub": nil, "email": mail, "email_verified": true},
	} {
		byMail.refuses(name, byMail.sign(changes), token.ReasonSubject)
	}
	if who := byMail.accepts("confirmed", byMail.sign(map[string]any{"email": mail, "email_verified": true})); who.Subject != mail {
		t.Errorf("subject %q, want %q", who.Subject, mail)
	}
	if who := byMail.accepts("a client's own", byMail.sign(map[string]any{"sub": "client-1"})); who.Subject != "client-1" || !who.Machine {
		t.Errorf("principal %+v, want the client", who)
	}
}

func TestKeyBound(t *testing.T) {
	s := newSite(t, nil)
	for _, cnf := range []string{`{"jkt":"x"}`, `{}`, `null`} {
		s.refuses(cnf, s.sign(map[string]any{"cnf": raw(cnf)}), token.ReasonKeyBound)
	}
	s.accepts("repaired", s.sign(nil))
}

func TestPrincipal(t *testing.T) {
	s := newSite(t, nil, withProfile(token.Profile{RolesClaim: "https://corp.example/roles"}))
	got := s.accepts("full", s.sign(map[string]any{
		"groups": []string{"staff", "interns"}, "https://corp.example/roles": []string{"editor"}, "roles": []string{"admin"},
		"grant_id": "g-1", "act": map[string]any{"sub": "agent-7", "act": map[string]any{"sub": "inner"}},
		"scope": "notes:read notes:write notes:read *",
	}))
	want := authz.Principal{
		Issuer: issuerURL, Subject: "alice", Client: "client-1", Groups: []string{"staff", "interns"}, Roles: []string{"editor"},
		Scopes: []string{"notes:read", "notes:write", "*"}, TokenID: "id-1", GrantID: "g-1", Actor: "agent-7", Issued: now(), Expires: now().Add(5 * time.Minute),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	least := newSite(t, nil, func(c *token.Config) { c.Issuers[0].Alias = "unused" })
	got = least.accepts("least", least.sign(map[string]any{"jti": nil, "scope": nil, "sub": "client-1", "roles": []string{"admin"}}))
	want = authz.Principal{Issuer: issuerURL, Subject: "client-1", Client: "client-1", Machine: true, Issued: now(), Expires: now().Add(5 * time.Minute)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestMachineByProfile(t *testing.T) {
	s := newSite(t, nil, withProfile(token.Profile{MachineClaim: "idtyp", MachineValue: "app"}))
	for _, tt := range []struct {
		changes map[string]any
		want    bool
	}{
		{nil, false}, {map[string]any{"idtyp": "user"}, false}, {map[string]any{"idtyp": "app"}, true},
		{map[string]any{"idtyp": []string{"app"}}, false}, {map[string]any{"sub": "client-1"}, true},
	} {
		if who := s.accepts("machine", s.sign(tt.changes)); who.Machine != tt.want {
			t.Errorf("%v: Machine = %t, want %t", tt.changes, who.Machine, tt.want)
		}
	}
}

func TestMachineByTheClientsName(t *testing.T) {
	s := newSite(t, nil, withProfile(token.Profile{MachineClaim: "client_id", MachineValue: "{client}"}))
	for _, tt := range []struct {
		changes map[string]any
		want    bool
	}{
		{nil, true}, {map[string]any{"client_id": nil, "azp": "client-1"}, false},
	} {
		if who := s.accepts("machine", s.sign(tt.changes)); who.Machine != tt.want {
			t.Errorf("%v: Machine = %t, want %t", tt.changes, who.Machine, tt.want)
		}
	}
}

func TestClaimsOfTheWrongShape(t *testing.T) {
	s := newSite(t, nil, withProfile(token.Profile{RolesClaim: "roles"}))
	for _, claim := range []string{"groups", "roles"} {
		for _, value := range []string{`"staff"`, `null`, `[1]`, `[null]`, `[["a"]]`, `[""]`, `{"staff":true}`, `["a\u200b"]`, `["a\nb"]`} {
			s.refuses(claim+value, s.sign(map[string]any{claim: raw(value)}), token.ReasonClaims)
		}
		s.accepts(claim, s.sign(map[string]any{claim: raw(`["a","b"]`)}))
		s.accepts(claim+" empty", s.sign(map[string]any{claim: raw(`[]`)}))
	}
	for _, value := range []string{`["a"]`, `null`, `1`, `" "`, `" a"`, `"a "`, `"a  b"`, `"a\tb"`, `"a\"b"`, `"a\\b"`, `"ä"`} {
		s.refuses("scope "+value, s.sign(map[string]any{"scope": raw(value)}), token.ReasonClaims)
	}
	for _, value := range []string{`""`, `"a"`, `"a b:c/d*"`} {
		s.accepts("scope "+value, s.sign(map[string]any{"scope": raw(value)}))
	}
	for _, claim := range []string{"jti", "grant_id"} {
		for _, value := range []string{`1`, `null`, `""`, `"a\u0000"`, `["a"]`} {
			s.refuses(claim+value, s.sign(map[string]any{claim: raw(value)}), token.ReasonClaims)
		}
	}
	for _, value := range []string{`"agent"`, `null`, `{}`, `{"sub":1}`, `{"sub":""}`, `{"Sub":"x"}`, `[]`} {
		s.refuses("act "+value, s.sign(map[string]any{"act": raw(value)}), token.ReasonClaims)
	}
	s.accepts("act", s.sign(map[string]any{"act": raw(`{"sub":"x"}`)}))
	s.refuses("groups elsewhere", s.sign(map[string]any{"_claim_names": map[string]any{"groups": "src1"}}), token.ReasonClaims)
	s.refuses("groups left out", s.sign(map[string]any{"hasgroups": true}), token.ReasonClaims)
}

// TestClaimsWithinOthers: a JSON pointer leads to them, and what is in its way refuses the token.
func TestClaimsWithinOthers(t *testing.T) {
	s := newSite(t, nil, withProfile(token.Profile{RolesClaim: "/realm_access/roles", GroupsClaim: "/a~1b/~0c/d"}))
	who := s.accepts("both", s.sign(map[string]any{
		"realm_access": raw(`{"roles":["editor"]}`), "a/b": raw(`{"~c":{"d":["staff"]}}`), "roles": []string{"admin"}, "/realm_access/roles": []string{"admin"},
	}))
	if diff := cmp.Diff([]string{"editor"}, who.Roles); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"staff"}, who.Groups); diff != "" {
		t.Error(diff)
	}
	for _, absent := range []map[string]any{nil, {"realm_access": raw(`{}`)}, {"a/b": raw(`{"~c":{}}`)}, {"a/b": raw(`{}`)}} {
		if who := s.accepts("absent", s.sign(absent)); who.Roles != nil || who.Groups != nil {
			t.Errorf("%v: %+v", absent, who)
		}
	}
	for _, value := range []string{`null`, `"roles"`, `["roles"]`, `1`, `{"roles":null}`, `{"roles":"editor"}`, `{"roles":[1]}`, `{"roles":["a"],"roles":["b"]}`, `{"roles":["a"],"Roles":["b"]}`} {
		reason := token.ReasonClaims
		if strings.Count(value, "oles") > 1 {
			reason = token.ReasonMalformed // readers differ about it
		}
		s.refuses(value, s.sign(map[string]any{"realm_access": raw(value)}), reason)
	}
	s.refuses("a twin of the way", s.sign(map[string]any{"Realm_access": raw(`{"roles":["editor"]}`)}), token.ReasonClaims)
	top := newSite(t, nil, withProfile(token.Profile{RolesClaim: "/roles"}))
	if who := top.accepts("at the top", top.sign(map[string]any{"roles": []string{"editor"}})); len(who.Roles) != 1 {
		t.Errorf("%+v", who)
	}
}

func TestSubjectOfAnotherClaim(t *testing.T) {
	s := newSite(t, nil, withProfile(token.Profile{SubjectClaim: "uid", MachineSubject: "{client}@clients"}))
	who := s.accepts("user", s.sign(map[string]any{"sub": "alice@example.com", "uid": "00u1"}))
	if who.Subject != "00u1" || who.Machine {
		t.Errorf("%+v", who)
	}
	for _, changes := range []map[string]any{
		{"uid": nil}, {"uid": 1}, {"uid": ""}, {"uid": "a\u200bb"}, {"uid": "alice@example.com"}, {"uid": "00u1", "sub": nil},
		{"uid": nil, "sub": "client-2@clients"},
	} {
		s.refuses("user", s.sign(changes), token.ReasonSubject)
	}
	for _, sub := range []string{"client-1", "client-1@clients"} {
		if who := s.accepts("machine", s.sign(map[string]any{"sub": sub})); !who.Machine || who.Subject != sub {
			t.Errorf("%+v", who)
		}
	}
}

func TestScopePrefix(t *testing.T) {
	s := newSite(t, nil, withProfile(token.Profile{ScopePrefix: "api://notes/"}))
	who := s.accepts("scopes", s.sign(map[string]any{"scope": "api://notes/notes:read notes:write api://other/notes:delete api://notes/"}))
	if diff := cmp.Diff([]string{"notes:read", "notes:write", "api://other/notes:delete"}, who.Scopes); diff != "" {
		t.Error(diff)
	}
	if got := s.verifier.ScopeToIssuer(issuerURL, "notes:read"); got != "api://notes/notes:read" {
		t.Errorf("asked for as %q", got)
	}
	if got := s.verifier.ScopeToIssuer("https://x.example", "notes:read"); got != "notes:read" {
		t.Errorf("of a stranger asked for as %q", got)
	}
}

func TestScopeMap(t *testing.T) {
	s := newSite(t, nil, withProfile(token.Profile{ScopeClaim: "scp", ScopeMap: map[string]string{
		"api://mcp/Notes.Read": "notes:read", "Notes.Read": "notes:read", "Notes.Write": "notes:write",
	}}))
	who := s.accepts("text", s.sign(map[string]any{"scp": "Notes.Read api://mcp/Notes.Read admin notes:write", "scope": "ignored"}))
	if diff := cmp.Diff([]string{"notes:read"}, who.Scopes); diff != "" {
		t.Error(diff)
	}
	who = s.accepts("array", s.sign(map[string]any{"scp": []string{"Notes.Write", "Notes.Read"}}))
	if diff := cmp.Diff([]string{"notes:write", "notes:read"}, who.Scopes); diff != "" {
		t.Error(diff)
	}
	s.refuses("malformed in an array", s.sign(map[string]any{"scp": []string{"Notes.Write Notes.Read"}}), token.ReasonClaims)
	none := newSite(t, nil, withProfile(token.Profile{ScopeMap: map[string]string{}}))
	if who := none.accepts("empty map", none.sign(nil)); who.Scopes != nil {
		t.Errorf("scopes %q, want none", who.Scopes)
	}
	for _, tt := range []struct{ issuer, scope, want string }{
		{issuerURL, "notes:read", "Notes.Read"}, {"", "notes:write", "Notes.Write"}, {"", "other", "other"}, {"https://x.example", "notes:read", "notes:read"},
	} {
		if got := s.verifier.ScopeToIssuer(tt.issuer, tt.scope); got != tt.want {
			t.Errorf("ScopeToIssuer(%q, %q) = %q, want %q", tt.issuer, tt.scope, got, tt.want)
		}
	}
}

func TestJ47_Revoked(t *testing.T) {
	var asked int
	var revoked bool
	var failure error
	var panics bool
	s := newSite(t, nil, func(c *token.Config) {
		c.Revoked = func(_ context.Context, who authz.Principal) (bool, error) {
			asked++
			if who.TokenID != "id-1" || who.Client != "client-1" {
				t.Errorf("asked about %+v", who)
			}
			if panics {
				panic("broken")
			}
			return revoked, failure
		}
	})
	good := s.sign(nil)
	s.accepts("before", good)
	s.accepts("before, again", good)
	if asked != 2 {
		t.Errorf("asked %d times for 2 requests", asked)
	}
	s.refuses("expired", s.sign(map[string]any{"exp": now().Unix() - 60, "iat": now().Unix() - 90}), token.ReasonExpired)
	if asked != 2 {
		t.Error("asked about a token that was refused anyway")
	}
	revoked = true
	s.refuses("revoked", good, token.ReasonRevoked)
	failure = errors.New("out of reach")
	s.refuses("failing", good, token.ReasonNoRevocations)
	failure, panics = nil, true
	s.refuses("panicking", good, token.ReasonNoRevocations)
	_, err := s.verifier.Verify(t.Context(), good)
	var e *token.Error
	if !errors.As(err, &e) || !e.Unavailable() || e.RetryAfter() <= 0 {
		t.Errorf("%v is not unavailable", err)
	}
	revoked, panics = false, false
	s.accepts("repaired", good)
}
