package server_test

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport-mcp/sallyport/server"
	"github.com/sallyport-mcp/sallyport/tools"
)

const page = "https://app.example"

type regional struct {
	Region string `json:"region" header:"Region"`
}

// withRegion adds a tool that has an argument mirrored, and allows page.
func withRegion(c *server.Config) {
	c.Origins = []string{page}
	c.Tools = append(c.Tools, tools.Tool{
		Name: "regional", Description: "Somewhere.", Scopes: []string{"echo:use"},
		Handler: tools.Typed(func(_ context.Context, in regional) (string, error) { return in.Region, nil }),
	})
}

// browse sends a request as a page of origin has its browser send it, and
// returns the answer without its body.
func browse(t *testing.T, method, url, origin string, header http.Header, body string) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range header {
		request.Header[name] = values
	}
	request.Header.Set("Origin", origin)
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	response := must(t)(transport.RoundTrip(request))
	_ = response.Body.Close()
	return response
}

func asks(method, headers string) http.Header {
	return http.Header{"Access-Control-Request-Method": {method}, "Access-Control-Request-Headers": {headers}}
}

// allows tells whether a browser would send the request after this answer to
// its preflight: by the rules of Fetch, "CORS-preflight fetch", without
// credentials.
func allows(answer *http.Response, origin, method string, headers ...string) bool {
	list := func(name string) []string {
		var names []string
		for part := range strings.SplitSeq(answer.Header.Get(name), ",") {
			names = append(names, strings.ToLower(strings.TrimSpace(part)))
		}
		return names
	}
	allowed := answer.Header.Get("Access-Control-Allow-Origin")
	if answer.StatusCode < 200 || answer.StatusCode > 299 || allowed != "*" && allowed != origin ||
		method != "POST" && method != "GET" && method != "HEAD" && !slices.Contains(list("Access-Control-Allow-Methods"), strings.ToLower(method)) {
		return false
	}
	for _, header := range headers {
		if !slices.Contains(list("Access-Control-Allow-Headers"), header) {
			return false
		}
	}
	return true
}

// TestH12_PreflightOfTheWholeStack: a configured page may call, with the
// headers of the declared tools, and any other is refused and recorded.
func TestH12_PreflightOfTheWholeStack(t *testing.T) {
	f := start(t, withRegion)
	headers := []string{"accept", "authorization", "content-type", "last-event-id", "mcp-method", "mcp-name", "mcp-param-region", "mcp-protocol-version", "mcp-session-id"}
	asked := asks("POST", strings.Join(headers, ","))
	for _, origin := range []string{"https://evil.example", "null", "http://app.example", "https://app.example.evil.example", f.Origin()} {
		a := browse(t, http.MethodOptions, f.URL(), origin, asked, "")
		if a.StatusCode != http.StatusForbidden || allows(a, origin, "POST") || a.Header.Get("Access-Control-Allow-Headers") != "" {
			t.Errorf("%s: %d %v", origin, a.StatusCode, a.Header)
		}
	}
	a := browse(t, http.MethodOptions, f.URL(), page, asked, "")
	if !allows(a, page, "POST", headers...) || a.Header.Get("Access-Control-Allow-Credentials") != "" {
		t.Errorf("%d %v", a.StatusCode, a.Header)
	}
	for _, not := range []string{"x-evil", "mcp-param-other", "cookie", "*"} {
		if a := browse(t, http.MethodOptions, f.URL(), page, asks("POST", not), ""); allows(a, page, "POST", not) {
			t.Errorf("%s is allowed: %v", not, a.Header)
		}
	}
	a = browse(t, http.MethodPost, f.URL(), page, http.Header{"Content-Type": {"application/json"}}, "{}")
	if a.StatusCode != http.StatusUnauthorized || a.Header.Get("Access-Control-Allow-Origin") != page || a.Header.Get("Www-Authenticate") == "" ||
		!strings.Contains(a.Header.Get("Access-Control-Expose-Headers"), "WWW-Authenticate") {
		t.Errorf("%d %v", a.StatusCode, a.Header)
	}

	f.Server.Server().Close()
	counts := map[string]int{}
	for _, text := range f.Records(t, 2) {
		line := decode[struct {
			Decision, Reason string
			Count            int
		}](t, text)
		counts[line.Decision+" "+line.Reason] += line.Count
	}
	if len(counts) != 2 || counts["deny origin"] != 5 || counts["deny token_missing"] != 1 {
		t.Errorf("records %v", counts)
	}
}

// Everything a page needs before it has a token is open to pages of any
// origin, errors included; the pages for people are not.
func TestAnyPageCanAuthorize(t *testing.T) {
	d := startDevelopment(t)
	for _, row := range []struct {
		method, path string
		status       int // of an empty request
	}{
		{"GET", "/.well-known/oauth-protected-resource", 200},
		{"GET", "/.well-known/oauth-protected-resource/mcp", 200},
		{"GET", "/.well-known/oauth-authorization-server", 200},
		{"GET", "/.well-known/openid-configuration", 200},
		{"GET", "/jwks.json", 200},
		{"POST", "/register", 400},
		{"POST", "/token", 400},
		{"POST", "/revoke", 400},
	} {
		url := d.origin + row.path
		headers := []string{"accept", "authorization", "content-type", "mcp-protocol-version"}
		a := browse(t, http.MethodOptions, url, page, asks(row.method, strings.Join(headers, ",")), "")
		if !allows(a, page, row.method, headers...) || a.Header.Get("Access-Control-Allow-Credentials") != "" || a.Header.Get("Access-Control-Max-Age") == "" {
			t.Errorf("preflight of %s: %d %v", row.path, a.StatusCode, a.Header)
		}
		a = browse(t, row.method, url, page, http.Header{"Content-Type": {"application/json"}}, "")
		if a.StatusCode != row.status || a.Header.Get("Access-Control-Allow-Origin") != "*" ||
			a.Header.Get("Access-Control-Expose-Headers") != "WWW-Authenticate, Mcp-Session-Id, Retry-After" {
			t.Errorf("%s: %d %v, want %d", row.path, a.StatusCode, a.Header, row.status)
		}
	}
	for _, path := range []string{"/authorize", "/login", "/consent", "/nothing"} {
		for _, method := range []string{"OPTIONS", "GET", "POST"} {
			if a := browse(t, method, d.origin+path, page, asks("POST", "content-type"), ""); a.Header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s %s: %v", method, path, a.Header)
			}
		}
	}
	registered, err := json.Marshal(map[string]any{"client_name": "Page", "redirect_uris": []string{page + "/callback"}, "token_endpoint_auth_method": "none"})
	if err != nil {
		t.Fatal(err)
	}
	a := browse(t, http.MethodPost, d.origin+"/register", page, http.Header{"Content-Type": {"application/json"}}, string(registered))
	if a.StatusCode != http.StatusCreated || a.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("registration: %d %v", a.StatusCode, a.Header)
	}
}
