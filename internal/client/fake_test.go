package client

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// canaries are what must be told to nobody.
var canaries = []string{"code-canary", "access-canary", "refresh-canary"}

// fake is an MCP server with its authorization server, of which each part can be bent. Unbent it is a good one.
type fake struct {
	origin, url string
	// The documents, the query that goes back to the client, and the answer with the tokens.
	resource, issuer, registered, tokens map[string]any
	arrive                               func(url.Values)
	// challenge is the one of the 401, and at replaces what is at a path.
	challenge string
	at        map[string]http.HandlerFunc
	// calls answers requests with a token.
	calls func(w http.ResponseWriter, method string, body []byte)

	mu    sync.Mutex
	paths []string // what was asked for, in order
	forms []url.Values
}

func startFake(t *testing.T) *fake {
	t.Helper()
	f := &fake{at: map[string]http.HandlerFunc{}, arrive: func(url.Values) {}}
	srv := httptest.NewServer(f)
	t.Cleanup(srv.Close)
	f.origin, f.url = srv.URL, srv.URL+"/mcp"
	f.challenge = `Bearer resource_metadata="` + f.origin + `/.well-known/oauth-protected-resource/mcp", scope="a b"`
	f.resource = map[string]any{"resource": f.url, "authorization_servers": []string{f.origin}, "scopes_supported": []string{"c"}}
	f.issuer = map[string]any{
		"issuer": f.origin, "authorization_endpoint": f.origin + "/authorize?tenant=1", "token_endpoint": f.origin + "/token",
		"registration_endpoint": f.origin + "/register", "revocation_endpoint": f.origin + "/revoke", "response_types_supported": []string{"code"},
		"code_challenge_methods_supported": []string{"S256"}, "authorization_response_iss_parameter_supported": true,
	}
	f.registered = map[string]any{"client_id": "c1", "token_endpoint_auth_method": "none"}
	f.tokens = map[string]any{"access_token": "access-canary", "token_type": "bearer", "refresh_token": "refresh-canary", "expires_in": 300}
	f.calls = func(w http.ResponseWriter, _ string, _ []byte) {
		_, _ = io.WriteString(w, `{"jsonrpc": "2.0", "id": 1, "result": {"tools": []}}`)
	}
	return f
}

// seen tells whether a path was asked for.
func (f *fake) seen(path string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, one := range f.paths {
		if one == path {
			return true
		}
	}
	return false
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	form, _ := url.ParseQuery(string(body))
	f.mu.Lock()
	f.paths = append(f.paths, r.URL.Path)
	if r.Header.Get("Content-Type") == "application/x-www-form-urlencoded" {
		f.forms = append(f.forms, form)
	}
	f.mu.Unlock()
	if handle, ok := f.at[r.URL.Path]; ok {
		handle(w, r)
		return
	}
	switch r.URL.Path {
	case "/mcp":
		f.mcp(w, r, body)
	case "/.well-known/oauth-protected-resource/mcp":
		writeDocument(w, http.StatusOK, f.resource)
	case "/.well-known/oauth-authorization-server":
		writeDocument(w, http.StatusOK, f.issuer)
	case "/register":
		writeDocument(w, http.StatusCreated, f.registered)
	case "/authorize":
		q := r.URL.Query()
		back := url.Values{"code": {"code-canary"}, "state": q["state"], "iss": {f.origin}}
		f.arrive(back)
		http.Redirect(w, r, q.Get("redirect_uri")+"?"+back.Encode(), http.StatusSeeOther)
	case "/token":
		writeDocument(w, http.StatusOK, f.tokens)
	case "/revoke":
		writeDocument(w, http.StatusOK, map[string]any{})
	default:
		http.NotFound(w, r)
	}
}

func (f *fake) mcp(w http.ResponseWriter, r *http.Request, body []byte) {
	if r.Header.Get("Authorization") != "Bearer access-canary" {
		w.Header().Set("WWW-Authenticate", f.challenge)
		writeDocument(w, http.StatusUnauthorized, map[string]any{"jsonrpc": "2.0", "error": map[string]any{"code": 401, "message": "no token"}})
		return
	}
	var message struct {
		Method string `json:"method"`
	}
	_ = json.Unmarshal(body, &message)
	w.Header().Set("Content-Type", "application/json")
	f.calls(w, message.Method, body)
}

func writeDocument(w http.ResponseWriter, status int, document map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(document)
}

// answer is a handler that says always the same.
func answer(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func redirect(to string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusFound) }
}

// large is a document beyond every bound.
func large(w http.ResponseWriter, _ *http.Request) {
	part := strings.Repeat("x", 1<<16)
	_, _ = io.WriteString(w, `{"resource": "`)
	for range 8 {
		if _, err := io.WriteString(w, part); err != nil {
			return
		}
	}
	_, _ = io.WriteString(w, `"}`)
}

// login logs in to a fake and returns what was told.
func (f *fake) login(t *testing.T, home string, asked LoginRequest) (Session, string, error) {
	t.Helper()
	c, p := newClient(t, nil, home, "nobody")
	asked.URL = f.url
	session, err := c.Login(t.Context(), asked)
	p.busy.Wait()
	return session, p.text(), err
}
