package transport

import (
	"encoding/json"
	"net/http"
)

const metadataMethods = "GET, HEAD, OPTIONS"

// resourceMetadata is the document of RFC 9728, section 2.
type resourceMetadata struct {
	Resource             string   `json:"resource"`
	AuthorizationServers []string `json:"authorization_servers"`
	ScopesSupported      []string `json:"scopes_supported,omitempty"`
	BearerMethods        []string `json:"bearer_methods_supported"`
	ResourceName         string   `json:"resource_name,omitempty"`
}

// encodeMetadata writes the document once. It holds strings only, so encoding
// cannot fail.
func encodeMetadata(s settings) []byte {
	body, _ := json.Marshal(resourceMetadata{
		Resource:             s.Resource,
		AuthorizationServers: s.AuthorizationServers,
		ScopesSupported:      s.InitialScopes,
		BearerMethods:        []string{"header"},
		ResourceName:         s.ResourceName,
	})
	return body
}

// serveMetadata answers at both well-known locations, without a token and to
// pages of any origin: the document is public and the same for everybody.
func (e *endpoint) serveMetadata(w http.ResponseWriter, r *http.Request) {
	readableBy(w.Header(), "*")
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		if why := e.Limits.anonymous(r.Context()); why != nil {
			e.refuse(w, r, nil, why)
			return
		}
		e.writeJSON(w, http.StatusOK, e.metadata)
	case http.MethodOptions:
		w.Header().Set("Allow", metadataMethods)
		allowRequests(w, metadataMethods, metadataHeaders)
	default:
		e.refuse(w, r, nil, methodNotAllowed(metadataMethods))
	}
}
