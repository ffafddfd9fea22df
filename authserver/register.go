package authserver

import (
	"crypto/sha256"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
)

// maxRedirects bounds the redirect URIs of one client.
const maxRedirects = 10

// registration is what we read of client metadata (RFC 7591, section 2). Whatever
// else a client sends, secrets and ids of its own choice, logos and software
// statements included, is ignored.
type registration struct {
	Redirects       []string
	Name            string
	ApplicationType string
	Method          string
	GrantTypes      []string
	ResponseTypes   []string
	Scope           string
}

// registered is the answer (RFC 7591, section 3.2.1).
type registered struct {
	ID              string   `json:"client_id"`
	IssuedAt        int64    `json:"client_id_issued_at"`
	Secret          string   `json:"client_secret,omitempty"`
	SecretExpiresAt *int64   `json:"client_secret_expires_at,omitempty"`
	Name            string   `json:"client_name,omitempty"`
	Redirects       []string `json:"redirect_uris"`
	ApplicationType string   `json:"application_type"`
	Method          string   `json:"token_endpoint_auth_method"`
	GrantTypes      []string `json:"grant_types"`
	ResponseTypes   []string `json:"response_types"`
	Scope           string   `json:"scope,omitempty"`
}

// register is the registration endpoint (RFC 7591). Anybody may register: a
// registration gives nothing until somebody consents.
func (s *Server) register(w http.ResponseWriter, r *http.Request) {
	asked, problem := readRegistration(r)
	if problem == nil {
		problem = s.checkRegistration(&asked)
	}
	if problem != nil {
		problem.write(w)
		return
	}
	c := &client{
		id: randomText(), method: asked.Method, name: asked.Name, redirects: asked.Redirects,
		native: asked.ApplicationType == "native", refreshes: slices.Contains(asked.GrantTypes, grantRefresh), scope: asked.Scope,
	}
	answer := registered{
		ID: c.id, Name: c.name, Redirects: c.redirects, ApplicationType: asked.ApplicationType, Method: c.method,
		GrantTypes: asked.GrantTypes, ResponseTypes: []string{"code"}, Scope: c.scope,
	}
	if c.method != authnNone {
		answer.Secret, answer.SecretExpiresAt = randomText()+randomText(), new(int64)
		c.secretHash = sha256.Sum256([]byte(answer.Secret))
	}
	s.clients.add(c)
	answer.IssuedAt = c.created.Unix()
	s.log.InfoContext(r.Context(), "client registered", "client", c.id, "name", c.name)
	writeJSON(w, http.StatusCreated, answer)
}

func errMetadata(description string) *oauthError {
	return badRequest("invalid_client_metadata", description)
}

// readRegistration reads the body by exact member names.
func readRegistration(r *http.Request) (registration, *oauthError) {
	var asked registration
	if !hasType(r, "application/json") {
		return asked, errMetadata("the body must be application/json")
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxJSON+1))
	if err != nil || len(body) > maxJSON {
		return asked, &oauthError{http.StatusRequestEntityTooLarge, "invalid_client_metadata", "the body is too large or cut off"}
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil || members == nil {
		return asked, errMetadata("the body must be a JSON object")
	}
	for name, into := range map[string]any{
		"redirect_uris": &asked.Redirects, "client_name": &asked.Name, "application_type": &asked.ApplicationType,
		"token_endpoint_auth_method": &asked.Method, "grant_types": &asked.GrantTypes,
		"response_types": &asked.ResponseTypes, "scope": &asked.Scope,
	} {
		if value, ok := members[name]; ok && json.Unmarshal(value, into) != nil {
			return asked, errMetadata(name + " has the wrong type")
		}
	}
	return asked, nil
}

// checkRegistration refuses what cannot be, and replaces what may be replaced, as
// RFC 7591, section 3.2.1 allows.
func (s *Server) checkRegistration(asked *registration) *oauthError {
	if len(asked.Redirects) == 0 || len(asked.Redirects) > maxRedirects {
		return badRequest("invalid_redirect_uri", "redirect_uris must hold 1 to 10 URIs")
	}
	local := false
	for _, uri := range asked.Redirects {
		if err := checkRedirect(uri, s.cfg.CustomSchemes); err != nil {
			return badRequest("invalid_redirect_uri", "a redirect URI "+err.Error())
		}
		local = local || !strings.HasPrefix(uri, "https:")
	}
	switch asked.ApplicationType {
	case "native", "web":
	case "":
		// Real clients do not send it: who returns to this computer is native.
		asked.ApplicationType = "web"
		if local {
			asked.ApplicationType = "native"
		}
	default:
		return errMetadata("application_type must be native or web")
	}
	if problem := checkMethods(asked); problem != nil {
		return problem
	}
	asked.Name = plainText(asked.Name)
	asked.Scope = strings.Join(s.scopes.narrow(asked.Scope), " ")
	return nil
}

// checkMethods settles client authentication, grant types and response types.
func checkMethods(asked *registration) *oauthError {
	switch asked.Method {
	case "":
		// The default of RFC 7591, but for a native client, which cannot keep
		// a secret (RFC 8252, section 8.5): real ones leave it out and send none.
		asked.Method = authnBasic
		if asked.ApplicationType == "native" {
			asked.Method = authnNone
		}
	case authnNone, authnBasic, authnPost:
	default:
		return errMetadata("token_endpoint_auth_method must be none, client_secret_basic or client_secret_post")
	}
	if asked.ResponseTypes != nil && !slices.Contains(asked.ResponseTypes, "code") {
		return errMetadata("response_types must hold code")
	}
	if asked.GrantTypes == nil {
		// RFC 7591 would leave refreshing out; five minutes later the user of a
		// client that did not think of it would have to log in again.
		asked.GrantTypes = []string{grantCode, grantRefresh}
	}
	if !slices.Contains(asked.GrantTypes, grantCode) {
		return errMetadata("grant_types must hold authorization_code")
	}
	known := []string{grantCode}
	if slices.Contains(asked.GrantTypes, grantRefresh) {
		known = append(known, grantRefresh)
	}
	asked.GrantTypes = known
	return nil
}
