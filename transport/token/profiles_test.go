package token_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/internal/issuertest"
	"github.com/sallyport-mcp/sallyport/transport/token"
)

const applicationID = "00000000-1111-2222-3333-444444444444"

// fixture is a token in the shape its issuer documents.
type fixture struct {
	profile        token.Profile
	header, claims map[string]any
	want           authz.Principal
}

// fixtures are by the issuer and by whom the token is for; a nil in the header is no such parameter.
func fixtures() map[string]fixture {
	return map[string]fixture{
		"Keycloak user": {
			token.Keycloak(), map[string]any{"typ": "JWT"},
			map[string]any{
				"jti": "onrtac:0b3c", "aud": []string{resource, "account"}, "sub": "8f1d", "typ": "Bearer", "azp": "notes-cli",
				"sid": "s-1", "acr": "1", "allowed-origins": []string{"*"}, "realm_access": raw(`{"roles":["editor","offline_access"]}`),
				"resource_access": raw(`{"account":{"roles":["view-profile"]}}`), "scope": "openid notes:read", "email_verified": true,
				"preferred_username": "bob", "email": "bob@example.com", "groups": []string{"/staff"},
			},
			authz.Principal{
				Subject: "8f1d", Client: "notes-cli", Groups: []string{"/staff"}, Roles: []string{"editor", "offline_access"},
				Scopes: []string{"openid", "notes:read"}, TokenID: "onrtac:0b3c", SessionID: "s-1",
			},
		},
		"Entra ID user": {
			token.EntraID(applicationID), map[string]any{"typ": "JWT"},
			map[string]any{
				"aud": applicationID, "nbf": now().Unix(), "azp": "client-guid", "azpacr": "0", "name": "Bob", "oid": "object-guid",
				"preferred_username": "bob@example.com", "rh": "0.AX", "scp": "notes:read notes:write", "sub": "pairwise", "tid": "tenant-guid",
				"uti": "x", "ver": "2.0", "roles": []string{"Editor"}, "groups": []string{"group-guid"}, "sid": "s-1",
			},
			authz.Principal{
				Subject: "object-guid", Client: "client-guid", Groups: []string{"group-guid"}, Roles: []string{"Editor"},
				Scopes: []string{"notes:read", "notes:write"}, SessionID: "s-1",
			},
		},
		"Entra ID application": {
			token.EntraID(applicationID), map[string]any{"typ": "JWT"},
			map[string]any{
				"aud": applicationID, "nbf": now().Unix(), "azp": "client-guid", "azpacr": "1", "idtyp": "app", "oid": "principal-guid",
				"sub": "principal-guid", "roles": []string{"Reader"}, "tid": "tenant-guid", "ver": "2.0",
			},
			authz.Principal{Subject: "principal-guid", Client: "client-guid", Machine: true, Roles: []string{"Reader"}},
		},
		"Okta user": {
			token.Okta(), map[string]any{"typ": nil},
			map[string]any{
				"ver": 1, "jti": "AT.x", "aud": resource, "sub": "bob@example.com", "cid": "0oa1", "uid": "00u1",
				"scp": []string{"notes:read", "openid"}, "auth_time": now().Unix(), "groups": []string{"Everyone"},
			},
			authz.Principal{Subject: "00u1", Client: "0oa1", Groups: []string{"Everyone"}, Scopes: []string{"notes:read", "openid"}, TokenID: "AT.x"},
		},
		"Okta application": {
			token.Okta(), map[string]any{"typ": nil},
			map[string]any{"ver": 1, "jti": "AT.x", "aud": resource, "sub": "0oa1", "cid": "0oa1", "scp": []string{"notes:read"}},
			authz.Principal{Subject: "0oa1", Client: "0oa1", Machine: true, Scopes: []string{"notes:read"}, TokenID: "AT.x"},
		},
		"Auth0 user, own profile": {
			token.Auth0(), map[string]any{"typ": "JWT"},
			map[string]any{"aud": []string{resource, "https://tenant.auth0.example/userinfo"}, "sub": "auth0|6553", "azp": "K1AU", "scope": "openid notes:read", "permissions": []string{"notes:read"}},
			authz.Principal{Subject: "auth0|6553", Client: "K1AU", Scopes: []string{"openid", "notes:read"}},
		},
		"Auth0 user, RFC 9068": {
			token.Auth0(), map[string]any{"typ": "at+jwt"},
			map[string]any{"aud": resource, "sub": "auth0|6553", "client_id": "K1AU", "jti": "73Wa", "scope": "notes:read"},
			authz.Principal{Subject: "auth0|6553", Client: "K1AU", Scopes: []string{"notes:read"}, TokenID: "73Wa"},
		},
		"Auth0 application": {
			token.Auth0(), map[string]any{"typ": "JWT"},
			map[string]any{"aud": resource, "sub": "awZf@clients", "azp": "awZf", "gty": "client-credentials", "scope": "notes:read"},
			authz.Principal{Subject: "awZf@clients", Client: "awZf", Machine: true, Scopes: []string{"notes:read"}},
		},
		"WorkOS user": {
			token.WorkOS(), map[string]any{"typ": "JWT"},
			map[string]any{
				"aud": resource, "sub": "user_01H", "sid": "app_consent_01", "jti": "01J", "org_id": "org_01", "role": "member", "roles": []string{"member"},
				"permissions": []string{"notes:read"}, "scope": "openid profile",
			},
			authz.Principal{
				Subject: "user_01H", Client: "workos", Roles: []string{"member"}, Scopes: []string{"openid", "profile"}, TokenID: "01J", SessionID: "app_consent_01",
			},
		},
		"Cognito user": {
			token.Cognito(resource), map[string]any{"typ": nil},
			map[string]any{
				"aud": resource, "sub": "aaaa-bbbb", "cognito:groups": []string{"staff"}, "version": 2, "client_id": "xxxx", "origin_jti": "o",
				"token_use": "access", "scope": resource + "/notes:read openid", "auth_time": now().Unix(), "jti": "j", "username": "bob",
			},
			authz.Principal{Subject: "aaaa-bbbb", Client: "xxxx", Groups: []string{"staff"}, Scopes: []string{"notes:read", "openid"}, TokenID: "j"},
		},
		"Cognito application": {
			token.Cognito(resource), map[string]any{"typ": nil},
			map[string]any{"aud": resource, "sub": "xxxx", "client_id": "xxxx", "token_use": "access", "scope": resource + "/notes:read", "version": 2, "jti": "j"},
			authz.Principal{Subject: "xxxx", Client: "xxxx", Machine: true, Scopes: []string{"notes:read"}, TokenID: "j"},
		},
	}
}

// TestReadyProfiles: each issuer's tokens say who calls, and what is not such a token is refused.
func TestReadyProfiles(t *testing.T) {
	for name, f := range fixtures() {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, []issuertest.Key{rsaKey()}, withProfile(f.profile))
			sign := func(header, changes map[string]any) string {
				claims := map[string]any{"iss": issuerURL, "iat": now().Unix(), "exp": now().Unix() + 300}
				for k, v := range f.claims {
					claims[k] = v
				}
				for k, v := range changes {
					claims[k] = v
					if v == nil {
						delete(claims, k)
					}
				}
				return s.issuer.Sign(claims, header)
			}
			got := s.accepts("as it is", sign(f.header, nil))
			ignore := cmpopts.IgnoreFields(authz.Principal{}, "Issuer", "Issued", "Expires")
			if diff := cmp.Diff(f.want, got, ignore); diff != "" {
				t.Error(diff)
			}
			s.refuses("for somebody else", sign(f.header, map[string]any{"aud": "https://other.example"}), token.ReasonAudience)
			s.refuses("without an audience", sign(f.header, map[string]any{"aud": nil}), token.ReasonAudience)
			s.refuses("an ID token", sign(f.header, map[string]any{"nonce": "n", "at_hash": "h"}), token.ReasonKind)
			s.refuses("a proof", sign(map[string]any{"typ": "dpop+jwt"}, nil), token.ReasonType)
			s.refuses("expired", sign(f.header, map[string]any{"iat": now().Unix() - 600, "exp": now().Unix() - 60}), token.ReasonExpired)
			if strings.HasPrefix(name, "Keycloak") {
				s.refuses("a refresh token", sign(f.header, map[string]any{"typ": "Refresh"}), token.ReasonKind)
			}
			if strings.HasPrefix(name, "Cognito") {
				s.refuses("an ID token that says so", sign(f.header, map[string]any{"token_use": "id"}), token.ReasonKind)
			}
		})
	}
}

// TestReadyProfiles_Scopes: clients are told scopes as the issuer takes them.
func TestReadyProfiles_Scopes(t *testing.T) {
	for want, p := range map[string]token.Profile{
		"api://" + applicationID + "/notes:read": token.EntraID(applicationID),
		resource + "/notes:read":                 token.Cognito(resource),
		"notes:read":                             token.Keycloak(),
	} {
		s := newSite(t, nil, withProfile(p))
		if got := s.verifier.ScopeToIssuer("", "notes:read"); got != want {
			t.Errorf("asked for as %q, want %q", got, want)
		}
	}
}
