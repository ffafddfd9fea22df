package authserver

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// metadata is the document of RFC 8414, section 2, with the members that OpenID
// Connect Discovery requires beside it, so that strict clients of either kind
// can read it. Everything in it comes from the configuration, nothing from a
// request.
type metadata struct {
	Issuer                string   `json:"issuer"`
	AuthorizationEndpoint string   `json:"authorization_endpoint"`
	TokenEndpoint         string   `json:"token_endpoint"`
	JWKSURI               string   `json:"jwks_uri"`
	RegistrationEndpoint  string   `json:"registration_endpoint"`
	RevocationEndpoint    string   `json:"revocation_endpoint"`
	Scopes                []string `json:"scopes_supported,omitempty"`
	ResponseTypes         []string `json:"response_types_supported"`
	ResponseModes         []string `json:"response_modes_supported"`
	GrantTypes            []string `json:"grant_types_supported"`
	TokenAuthnMethods     []string `json:"token_endpoint_auth_methods_supported"`
	RevocationMethods     []string `json:"revocation_endpoint_auth_methods_supported"`
	ChallengeMethods      []string `json:"code_challenge_methods_supported"`
	IssInResponse         bool     `json:"authorization_response_iss_parameter_supported"`
	SubjectTypes          []string `json:"subject_types_supported"`
	IDTokenAlgorithms     []string `json:"id_token_signing_alg_values_supported"`
	PromptValues          []string `json:"prompt_values_supported"`
}

func newMetadata(issuer string, scopes scopeSet) ([]byte, error) {
	methods := []string{authnNone, authnBasic, authnPost}
	doc, err := json.Marshal(metadata{
		Issuer:                issuer,
		AuthorizationEndpoint: issuer + authorizePath,
		TokenEndpoint:         issuer + tokenPath,
		JWKSURI:               issuer + jwksPath,
		RegistrationEndpoint:  issuer + registerPath,
		RevocationEndpoint:    issuer + revokePath,
		Scopes:                scopes.names,
		ResponseTypes:         []string{"code"},
		ResponseModes:         []string{"query"},
		GrantTypes:            []string{grantCode, grantRefresh},
		TokenAuthnMethods:     methods,
		RevocationMethods:     methods,
		ChallengeMethods:      []string{"S256"},
		IssInResponse:         true,
		SubjectTypes:          []string{"public"},
		IDTokenAlgorithms:     []string{"ES256"},
		PromptValues:          []string{"none", "login", "consent", "select_account"},
	})
	if err != nil {
		return nil, fmt.Errorf("authserver: metadata: %w", err)
	}
	return doc, nil
}

// serveDocument serves a fixed JSON document.
func serveDocument(doc []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-cache")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		_, _ = w.Write(doc) // the client went away
	}
}
