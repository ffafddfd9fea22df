package doctor

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// maxIssuers is how many issuers are looked at.
const maxIssuers = 3

// issuer is an authorization server as it describes itself (RFC 8414, section 2; OpenID Connect Discovery 1.0, section 3).
type issuer struct {
	url   string // as the resource names it
	where string // where the document was
	err   error  // why there is none
	issuerMetadata
}

type issuerMetadata struct {
	Issuer                string    `json:"issuer"`
	AuthorizationEndpoint string    `json:"authorization_endpoint"`
	TokenEndpoint         string    `json:"token_endpoint"`
	RegistrationEndpoint  string    `json:"registration_endpoint"`
	RevocationEndpoint    string    `json:"revocation_endpoint"`
	IntrospectionEndpoint string    `json:"introspection_endpoint"`
	JWKSURI               string    `json:"jwks_uri"`
	ResponseTypes         []string  `json:"response_types_supported"`
	GrantTypes            *[]string `json:"grant_types_supported"`
	ChallengeMethods      []string  `json:"code_challenge_methods_supported"`
	TokenMethods          *[]string `json:"token_endpoint_auth_methods_supported"`
	TokenAlgorithms       []string  `json:"token_endpoint_auth_signing_alg_values_supported"`
	IDTokenAlgorithms     []string  `json:"id_token_signing_alg_values_supported"`
	IssInResponse         bool      `json:"authorization_response_iss_parameter_supported"`
	ClientIDDocuments     bool      `json:"client_id_metadata_document_supported"`
}

// authorizationServers fetches what the issuers say about themselves, of the first few.
func (v *visit) authorizationServers() []*issuer {
	d := v.metadata()
	if v.issuers != nil || d == nil {
		return v.issuers
	}
	for _, named := range d.AuthorizationServers[:min(len(d.AuthorizationServers), maxIssuers)] {
		v.issuers = append(v.issuers, v.authorizationServer(named))
	}
	return v.issuers
}

// authorizationServer looks for a document where a client must look, in its order.
func (v *visit) authorizationServer(named string) *issuer {
	i := &issuer{url: named}
	if i.err = v.mayFetch(named); i.err != nil {
		return i
	}
	var tried []string
	for _, address := range issuerAddresses(named) {
		x := v.send(get("GET "+address, address))
		found := issuerMetadata{}
		err := x.document(&found)
		if err == nil {
			i.where, i.issuerMetadata = address, found
			return i
		}
		tried = append(tried, fmt.Sprintf("%s: %v", v.relative(address), err))
	}
	i.err = errors.New(strings.Join(tried, "; "))
	return i
}

// issuerAddresses are the well-known addresses of an issuer (MCP 2026-07-28, "Authorization Server Metadata Discovery").
func issuerAddresses(named string) []string {
	u, err := url.Parse(named)
	if err != nil {
		return nil
	}
	origin, path := u.Scheme+"://"+u.Host, strings.TrimSuffix(u.EscapedPath(), "/")
	if path == "" {
		return []string{origin + "/.well-known/oauth-authorization-server", origin + "/.well-known/openid-configuration"}
	}
	return []string{
		origin + "/.well-known/oauth-authorization-server" + path,
		origin + "/.well-known/openid-configuration" + path,
		origin + path + "/.well-known/openid-configuration",
	}
}

// eachIssuer judges every issuer that can be judged.
func eachIssuer(look func(*visit, *issuer) verdict) func(*visit) verdict {
	return func(v *visit) verdict {
		if v.metadata() == nil {
			return skipped(noMetadata)
		}
		var all []verdict
		for _, i := range v.authorizationServers() {
			if i.err == nil {
				all = append(all, look(v, i))
			}
		}
		if len(all) == 0 {
			return skipped("there is no issuer metadata")
		}
		return worst(all...)
	}
}
