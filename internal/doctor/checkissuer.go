package doctor

import (
	"slices"
	"strings"
)

func issuerChecks() []Check {
	return []Check{
		{
			ID: "issuer.metadata", Title: "The issuer describes itself", Worst: Problem,
			Clause: "RFC 8414, section 3; MCP 2026-07-28, Authorization Server Discovery",
			Why:    "Clients take every endpoint of the issuer from this document. Without it they cannot even begin.",
			Mend:   "Serve /.well-known/oauth-authorization-server (or openid-configuration) at the issuer that authorization_servers names.",
			look:   lookIssuerMetadata,
		},
		{
			ID: "issuer.identity", Title: "The issuer's document names that issuer", Worst: Problem,
			Clause: "RFC 8414, section 3.3",
			Why:    "A client must not use a document that names another issuer: that is how one issuer poses as another.",
			Mend:   "Make authorization_servers and issuer the same text, to the last slash.",
			look:   eachIssuer(lookIdentity),
		},
		{
			ID: "issuer.https", Title: "The issuer's endpoints are https", Worst: Problem,
			Clause: "MCP 2026-07-28, Security Considerations, \"Communication Security\"; OAuth 2.1, section 1.5",
			Why:    "Codes, passwords and tokens go there.",
			Mend:   "Serve every endpoint of the issuer over https, with a certificate that clients trust.",
			look:   eachIssuer(lookIssuerHTTPS),
		},
		{
			ID: "issuer.pkce", Title: "The issuer says that it checks PKCE with S256", Worst: Problem,
			Clause: "MCP 2026-07-28, Security Considerations, \"Authorization Code Protection\"",
			Why:    "Clients must refuse to go on if code_challenge_methods_supported is missing: a stolen code would be worth a token.",
			Mend:   "Support S256 and only S256, and say so in code_challenge_methods_supported.",
			look:   eachIssuer(lookPKCE),
		},
		{
			ID: "issuer.response_types", Title: "The issuer offers the code flow and no implicit one", Worst: Problem,
			Clause: "OAuth 2.1, section 10.1; RFC 9700, section 2.1.2",
			Why:    "In the implicit flow tokens travel in URLs, where others read them.",
			Mend:   "Set response_types_supported to [\"code\"].",
			look:   eachIssuer(lookResponseTypes),
		},
		{
			ID: "issuer.grants", Title: "The issuer offers no grant that was given up", Worst: Warning,
			Clause: "OAuth 2.1, section 10; RFC 9700, sections 2.1.2 and 2.4",
			Why:    "The password grant shows the user's password to the client, the implicit one its token to the browser.",
			Mend:   "Set grant_types_supported to what MCP clients use: authorization_code and refresh_token.",
			look:   eachIssuer(lookGrants),
		},
	}
}

func issuerClientChecks() []Check {
	return []Check{
		{
			ID: "issuer.iss", Title: "The issuer names itself in its answers (iss)", Worst: Warning,
			Clause: "RFC 9207, section 3; MCP 2026-07-28, Authorization, \"Authorization Response Validation\"",
			Why:    "Without iss a client that knows several issuers can be made to send the code of one to another (mix-up).",
			Mend:   "Send iss with every authorization response and set authorization_response_iss_parameter_supported.",
			look:   eachIssuer(lookIss),
		},
		{
			ID: "issuer.registration", Title: "Clients that were never here can introduce themselves", Worst: Note,
			Clause: "MCP 2026-07-28, Client Registration",
			Why:    "Without Client ID Metadata Documents or registration every client has to be entered by hand. Registration alone is deprecated.",
			Mend:   "Support Client ID Metadata Documents and set client_id_metadata_document_supported.",
			look:   eachIssuer(lookRegistration),
		},
		{
			ID: "issuer.public_clients", Title: "Clients without a secret are accepted", Worst: Note,
			Clause: "RFC 8414, section 2; OAuth 2.1, section 2.1",
			Why:    "A client on a user's machine cannot keep a secret; without none in the list it may give up, or be given a secret all the same.",
			Mend:   "Add none to token_endpoint_auth_methods_supported; PKCE protects such clients.",
			look:   eachIssuer(lookPublicClients),
		},
	}
}

func lookIssuerMetadata(v *visit) verdict {
	var all []verdict
	for _, i := range v.authorizationServers() {
		if i.err != nil {
			all = append(all, problem("%s: %v", i.url, i.err))
			continue
		}
		all = append(all, ok("%s", i.where))
	}
	switch {
	case v.metadata() == nil:
		return skipped(noMetadata)
	case len(all) == 0:
		return skipped("the resource metadata names no issuer")
	}
	return worst(all...)
}

func lookIdentity(_ *visit, i *issuer) verdict {
	if i.Issuer != i.url {
		return problem("the resource names %s, and the document says issuer %q", i.url, i.Issuer)
	}
	return ok("issuer: %s", i.Issuer)
}

func lookIssuerHTTPS(v *visit, i *issuer) verdict {
	if i.AuthorizationEndpoint == "" || i.TokenEndpoint == "" {
		return problem("authorization_endpoint is %q, token_endpoint is %q", i.AuthorizationEndpoint, i.TokenEndpoint)
	}
	for _, endpoint := range []string{
		i.AuthorizationEndpoint, i.TokenEndpoint, i.RegistrationEndpoint, i.RevocationEndpoint, i.IntrospectionEndpoint, i.JWKSURI,
	} {
		if endpoint == "" {
			continue
		}
		if err := v.mayFetch(endpoint); err != nil {
			return problem("%s: %v", endpoint, err)
		}
	}
	if err := v.certs.wrong(hostOf(i.where)); err != nil {
		return problem("%s: %v", i.where, err)
	}
	return ok("all of them")
}

func lookPKCE(_ *visit, i *issuer) verdict {
	methods := strings.Join(i.ChallengeMethods, ", ")
	switch {
	case !slices.Contains(i.ChallengeMethods, "S256"):
		return problem("code_challenge_methods_supported: %s", orNone(methods))
	case slices.Contains(i.ChallengeMethods, "plain"):
		return warning("code_challenge_methods_supported: %s", methods)
	}
	return ok("code_challenge_methods_supported: %s", methods)
}

func lookResponseTypes(_ *visit, i *issuer) verdict {
	types := strings.Join(i.ResponseTypes, ", ")
	if !slices.Contains(i.ResponseTypes, "code") {
		return problem("response_types_supported: %s", orNone(types))
	}
	for _, kind := range i.ResponseTypes {
		if slices.Contains(strings.Fields(kind), "token") {
			return warning("response_types_supported: %s", types)
		}
	}
	return ok("response_types_supported: %s", types)
}

func lookGrants(_ *visit, i *issuer) verdict {
	if i.GrantTypes == nil {
		return note("no grant_types_supported, which stands for authorization_code and implicit")
	}
	grants := strings.Join(*i.GrantTypes, ", ")
	if slices.Contains(*i.GrantTypes, "implicit") || slices.Contains(*i.GrantTypes, "password") || !slices.Contains(*i.GrantTypes, "authorization_code") {
		return warning("grant_types_supported: %s", orNone(grants))
	}
	return ok("grant_types_supported: %s", grants)
}

func lookIss(_ *visit, i *issuer) verdict {
	if !i.IssInResponse {
		return warning("authorization_response_iss_parameter_supported is not true")
	}
	return ok("authorization_response_iss_parameter_supported")
}

func lookRegistration(_ *visit, i *issuer) verdict {
	switch {
	case i.ClientIDDocuments:
		return ok("client_id_metadata_document_supported")
	case i.RegistrationEndpoint != "":
		return note("only dynamic registration, at %s", i.RegistrationEndpoint)
	}
	return note("neither client_id_metadata_document_supported nor registration_endpoint: clients have to be entered by hand")
}

func lookPublicClients(_ *visit, i *issuer) verdict {
	if i.TokenMethods == nil {
		return note("no token_endpoint_auth_methods_supported, which stands for client_secret_basic")
	}
	methods := strings.Join(*i.TokenMethods, ", ")
	if !slices.Contains(*i.TokenMethods, "none") {
		return note("token_endpoint_auth_methods_supported: %s", orNone(methods))
	}
	return ok("token_endpoint_auth_methods_supported: %s", methods)
}
