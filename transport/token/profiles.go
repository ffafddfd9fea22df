package token

// The ready profiles say how the access tokens of common issuers differ from RFC 9068. They
// are values to change: add Audiences, Clients or a ScopeMap as the issuer is set up.
// docs/identity-providers.md says what each issuer needs to be told.

// Keycloak is for realms of Keycloak. Its tokens call themselves JWT unless a client is told
// otherwise, name the client in azp and realm roles in realm_access. Groups come with a mapper
// for a claim "groups". A service account is a user like others: its sub is the id of that user.
// To have it be its client, set MachineClaim to client_id and MachineValue to "{client}", and let
// no mapper give users' tokens that claim.
func Keycloak() Profile {
	return Profile{Types: []string{"JWT", "at+jwt"}, RolesClaim: "/realm_access/roles"}
}

// EntraID is for tenants of Microsoft Entra ID with tokens of version 2.0. applicationID is that
// of the application registered for this server: tokens name it as audience, and clients ask
// for its scopes with "api://ID/" in front. The subject is the object id (oid), which is the
// same for all applications. App roles become roles.
func EntraID(applicationID string) Profile {
	return Profile{
		Types:        []string{"JWT"},
		Algorithms:   []string{"RS256"},
		Audiences:    []string{applicationID, "api://" + applicationID},
		ClientClaim:  "azp",
		SubjectClaim: "oid",
		ScopeClaim:   "scp",
		ScopePrefix:  "api://" + applicationID + "/",
		RolesClaim:   "roles",
		MachineClaim: "idtyp",
		MachineValue: "app",
	}
}

// Okta is for custom authorization servers of Okta. Its tokens have no type, the client in
// cid, scopes in scp as a list, and the login, often an e-mail address, in sub: the subject
// is the id of the user (uid).
func Okta() Profile {
	return Profile{
		Types:        []string{"", "at+jwt"},
		Algorithms:   []string{"RS256"},
		ClientClaim:  "cid",
		SubjectClaim: "uid",
		ScopeClaim:   "scp",
	}
}

// Auth0 is for both of Auth0's profiles of access tokens. A client's own token has the client
// with "@clients" behind it as its subject.
func Auth0() Profile {
	return Profile{
		Types:          []string{"at+jwt", "application/at+jwt", "JWT"},
		Algorithms:     []string{"RS256", "PS256"},
		MachineSubject: clientPlaceholder + "@clients",
	}
}

// WorkOS is for AuthKit with this server as its resource indicator. Its tokens name no client;
// a policy sees "client:workos". Roles are those of the organization.
func WorkOS() Profile {
	return Profile{
		Types:         []string{"JWT", ""},
		Algorithms:    []string{"RS256"},
		DefaultClient: "workos",
		RolesClaim:    "roles",
	}
}

// Cognito is for user pools of Amazon Cognito with resource binding: clients ask for this
// resource (RFC 8707), and tokens then have it as aud. resourceServer is the identifier of the
// resource server in the pool, which stands in front of its scopes, as in
// "https://mcp.example.com/mcp/notes:read". Tokens without an audience are refused.
func Cognito(resourceServer string) Profile {
	return Profile{
		Types:       []string{"", "JWT"},
		Algorithms:  []string{"RS256"},
		ScopePrefix: resourceServer + "/",
		GroupsClaim: "cognito:groups",
	}
}
