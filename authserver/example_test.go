package authserver_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/sallyport-mcp/sallyport/authserver"
)

func ExampleNew() {
	s, err := authserver.New(authserver.Config{
		Issuer:   "http://127.0.0.1:8080",
		Resource: "http://127.0.0.1:8080/mcp",
		Users:    []authserver.User{{Name: "alice", Note: "admin"}},
		Scopes:   []authserver.Scope{{Name: "notes:read", Description: "Read and search the notes"}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()

	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/.well-known/oauth-authorization-server", nil))
	var metadata struct {
		Authorize string   `json:"authorization_endpoint"`
		Scopes    []string `json:"scopes_supported"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &metadata); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(metadata.Authorize, metadata.Scopes)
	// Output: http://127.0.0.1:8080/authorize [notes:read]
}

func ExampleNew_mistakes() {
	_, err := authserver.New(authserver.Config{Issuer: "http://example.com/", Resource: "/mcp"})
	fmt.Println(err)
	// Output:
	// authserver: Issuer "http://example.com/": must be a lower-case origin without path, such as "http://127.0.0.1:8080"
	// authserver: Resource "/mcp": must be an absolute URL without a fragment (RFC 8707, section 2)
	// authserver: Users: nobody could sign in; name at least one user
}

func ExampleServer_Revoked() {
	s, err := authserver.New(authserver.Config{
		Issuer: "http://127.0.0.1:8080", Resource: "http://127.0.0.1:8080/mcp", Users: []authserver.User{{Name: "alice"}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	// A grant that this server did not make is refused.
	fmt.Println(s.Revoked("made elsewhere"))
	// Output: true
}
