package main

import "github.com/sallyport-mcp/sallyport/transport/token"

// profileOf says in what the tokens of an issuer differ from RFC 9068. It is the one place in which e2e/issuers configures that by hand; what
// the issuer has to be told in turn is in keycloak/scopes.json and oidcprovider/server.mjs.
func profileOf(kind string) (token.Profile, bool) {
	switch kind {
	case "keycloak":
		profile := token.Keycloak()
		// A client's own token has the sub of its service account, which is not the client's id. What tells it is that it has a client_id, while
		// the tokens of users have an azp only, unless somebody adds a mapper: the ready profile does not rely on it.
		profile.MachineClaim, profile.MachineValue = "client_id", "notes-service"
		return profile, true
	case "oidc-provider":
		// Its access tokens for a resource follow RFC 9068. That they name roles is the issuer's own doing (extraTokenClaims).
		profile := token.Profile{RolesClaim: "roles"}
		return profile, true
	}
	return token.Profile{}, false
}
