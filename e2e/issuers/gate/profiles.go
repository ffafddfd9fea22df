package main

import "github.com/sallyport-mcp/sallyport/transport/token"

// profileOf says in what the tokens of an issuer differ from RFC 9068. It is the one place in which e2e/issuers configures that by hand; what
// the issuer has to be told in turn is in keycloak/scopes.json and oidcprovider/server.mjs.
func profileOf(kind string) (token.Profile, bool) {
	switch kind {
	case "keycloak":
		return token.Profile{
			// Keycloak writes JWT unless a client is set to the type of RFC 9068. Its ID tokens have the same type: they are told by their
			// claim typ, and its refresh tokens by their algorithm as well.
			Types: []string{"JWT", "at+jwt"},
			// Keycloak's own place for roles is realm_access.roles, and a profile names top-level claims: a mapper writes them here.
			RolesClaim: "roles",
			// A client's own token has the sub of its service account, which is not the client's id. What tells it is that it has a
			// client_id, while the tokens of users have an azp only. A profile names a claim with its value, and so one client.
			MachineClaim: "client_id", MachineValue: "notes-service",
		}, true
	case "oidc-provider":
		// Its access tokens for a resource follow RFC 9068. That they name roles is the issuer's own doing (extraTokenClaims).
		return token.Profile{RolesClaim: "roles"}, true
	}
	return token.Profile{}, false
}
