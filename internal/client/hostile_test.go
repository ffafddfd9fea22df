package client

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	resourceDocument = "/.well-known/oauth-protected-resource/mcp"
	rootDocument     = "/.well-known/oauth-protected-resource"
	issuerDocument   = "/.well-known/oauth-authorization-server"
	openIDDocument   = "/.well-known/openid-configuration"
)

// bend is one defect of a server, and what is said about it.
type bend struct {
	bend func(f *fake, elsewhere string)
	want string
	// late tells that the code is sent to the token endpoint all the same.
	late bool
}

func badMetadata() map[string]bend {
	return map[string]bend{
		"another resource":           {bend: func(f *fake, _ string) { f.resource["resource"] = f.origin + "/other" }, want: "is about another one"},
		"a resource above it":        {bend: func(f *fake, _ string) { f.resource["resource"] = f.origin }, want: "is about another one"},
		"no resource":                {bend: func(f *fake, _ string) { delete(f.resource, "resource") }, want: "is about another one"},
		"resource metadata twice":    {bend: func(f *fake, _ string) { f.at[resourceDocument] = answer(200, `{"resource": "a", "resource": "b"}`) }, want: "occurs twice"},
		"no resource metadata":       {bend: func(f *fake, _ string) { f.at[resourceDocument] = http.NotFound }, want: "does not say how to log in"},
		"broken resource metadata":   {bend: func(f *fake, _ string) { f.at[resourceDocument] = answer(200, `{"resource":`) }, want: "JSON"},
		"no authorization server":    {bend: func(f *fake, _ string) { f.resource["authorization_servers"] = []string{} }, want: "no authorization server"},
		"an error instead":           {bend: func(f *fake, _ string) { f.at[resourceDocument] = answer(500, `{}`) }, want: "status 500"},
		"large resource metadata":    {bend: func(f *fake, _ string) { f.at[resourceDocument] = large }, want: "larger than 256 kB"},
		"large issuer metadata":      {bend: func(f *fake, _ string) { f.at[issuerDocument] = large }, want: "larger than 256 kB"},
		"resource metadata led away": {bend: func(f *fake, to string) { f.at[resourceDocument] = redirect(to + resourceDocument) }, want: "redirects to another host"},
		"issuer metadata led away":   {bend: func(f *fake, to string) { f.at[issuerDocument] = redirect(to + issuerDocument) }, want: "redirects to another host"},
		"redirects in circles":       {bend: func(f *fake, _ string) { f.at[resourceDocument] = redirect(resourceDocument) }, want: "in circles"},
		"metadata on another host": {bend: func(f *fake, to string) {
			f.challenge = `Bearer resource_metadata="` + to + resourceDocument + `"`
		}, want: "said to be on another host"},
		"metadata over plain http": {bend: func(f *fake, _ string) {
			f.challenge = `Bearer resource_metadata="http://example.com/"`
		}, want: "plain http"},
		"an issuer over plain http": {bend: func(f *fake, _ string) {
			f.resource["authorization_servers"] = []string{"http://example.com"}
		}, want: "plain http"},
		"an issuer with a password": {bend: func(f *fake, _ string) {
			f.resource["authorization_servers"] = []string{"https://u:p@example.com"}
		}, want: "user name"},
		"another issuer":              {bend: func(f *fake, to string) { f.issuer["issuer"] = to }, want: "somebody else"},
		"an issuer with a slash more": {bend: func(f *fake, _ string) { f.issuer["issuer"] = f.origin + "/" }, want: "somebody else"},
		"no PKCE":                     {bend: func(f *fake, _ string) { delete(f.issuer, "code_challenge_methods_supported") }, want: "PKCE"},
		"PKCE without S256":           {bend: func(f *fake, _ string) { f.issuer["code_challenge_methods_supported"] = []string{"plain"} }, want: "PKCE"},
		"no codes":                    {bend: func(f *fake, _ string) { f.issuer["response_types_supported"] = []string{"token"} }, want: "does not issue codes"},
		"a token endpoint in clear":   {bend: func(f *fake, _ string) { f.issuer["token_endpoint"] = "http://example.com/token" }, want: "the token endpoint"},
		"no token endpoint":           {bend: func(f *fake, _ string) { delete(f.issuer, "token_endpoint") }, want: "the token endpoint"},
		"a script for the browser":    {bend: func(f *fake, _ string) { f.issuer["authorization_endpoint"] = "javascript:alert(1)" }, want: "the authorization endpoint"},
		"a file for the browser":      {bend: func(f *fake, _ string) { f.issuer["authorization_endpoint"] = "file:///etc/passwd" }, want: "the authorization endpoint"},
		"no registration":             {bend: func(f *fake, _ string) { delete(f.issuer, "registration_endpoint") }, want: "--client-id"},
		"registration refused": {bend: func(f *fake, _ string) {
			f.at["/register"] = answer(400, `{"error": "invalid_redirect_uri", "error_description": "no \u001b[31mloopback"}`)
		}, want: "invalid_redirect_uri (no \\x1b[31mloopback)"},
		"a client with a secret": {bend: func(f *fake, _ string) { f.registered["token_endpoint_auth_method"] = "client_secret_basic" }, want: "a secret"},
		"a client without an id": {bend: func(f *fake, _ string) { delete(f.registered, "client_id") }, want: "no client_id"},
	}
}

func badAnswers() map[string]bend {
	set := func(name, value string) func(*fake, string) {
		return func(f *fake, _ string) { f.arrive = func(q url.Values) { q.Set(name, value) } }
	}
	return map[string]bend{
		"of another issuer": {bend: set("iss", "https://other.example"), want: "does not come from"},
		"of nobody":         {bend: func(f *fake, _ string) { f.arrive = func(q url.Values) { q.Del("iss") } }, want: "does not come from"},
		"an error of another issuer": {bend: func(f *fake, _ string) {
			f.arrive = func(q url.Values) { q.Del("code"); q.Set("iss", "x"); q.Set("error", "call-this-number") }
		}, want: "does not come from"},
		"an error": {bend: func(f *fake, _ string) {
			f.arrive = func(q url.Values) { q.Set("error", "access_denied"); q.Set("error_description", "she said no\x1b[2J") }
		}, want: "refused: access_denied (she said no\\x1b[2J)"},
		"no code":           {bend: func(f *fake, _ string) { f.arrive = func(q url.Values) { q.Del("code") } }, want: "neither a code nor an error"},
		"code refused":      {bend: func(f *fake, _ string) { f.at["/token"] = answer(400, `{"error": "invalid_grant"}`) }, want: "invalid_grant", late: true},
		"an answer in HTML": {bend: func(f *fake, _ string) { f.at["/token"] = answer(502, `<p>access-canary`) }, want: "status 502", late: true},
		"a large answer":    {bend: func(f *fake, _ string) { f.at["/token"] = large }, want: "larger than", late: true},
		"no token":          {bend: func(f *fake, _ string) { delete(f.tokens, "access_token") }, want: "no access token", late: true},
		"a header in it":    {bend: func(f *fake, _ string) { f.tokens["access_token"] = "access-canary\r\nHost: x" }, want: "no access token", late: true},
		"another type":      {bend: func(f *fake, _ string) { f.tokens["token_type"] = "DPoP" }, want: `type "DPoP"`, late: true},
		"tokens twice": {bend: func(f *fake, _ string) {
			f.at["/token"] = answer(200, `{"access_token": "access-canary", "access_token": "x", "token_type": "Bearer"}`)
		}, want: "occurs twice", late: true},
		"tokens led away": {bend: func(f *fake, to string) {
			f.at["/token"] = func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, to+"/token", http.StatusTemporaryRedirect)
			}
		}, want: "status 307", late: true},
	}
}

// TestLogin_Hostile logs in to servers with one defect each. Each is refused, with nothing kept and no secret told, and the one
// without it is not.
func TestLogin_Hostile(t *testing.T) {
	cases := badMetadata()
	for name, b := range badAnswers() {
		cases["answer: "+name] = b
	}
	for name, tt := range cases {
		t.Run(name, func(t *testing.T) {
			knocked := false
			elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { knocked = true }))
			defer elsewhere.Close()
			f, home := startFake(t), t.TempDir()
			tt.bend(f, elsewhere.URL)
			_, told, err := f.login(t, home, LoginRequest{})
			wantError(t, err, tt.want)
			for _, canary := range canaries {
				if strings.Contains(told+err.Error(), canary) {
					t.Errorf("it tells %q: %s %v", canary, told, err)
				}
			}
			if f.seen("/token") != tt.late || knocked {
				t.Errorf("token endpoint asked: %v; elsewhere asked: %v", f.seen("/token"), knocked)
			}
			if _, err := os.Stat(filepath.Join(home, tokensFile)); err == nil {
				t.Error("something is kept")
			}
			good := startFake(t)
			if _, _, err := good.login(t, home, LoginRequest{}); err != nil {
				t.Errorf("without the defect: %v", err)
			}
		})
	}
}

// TestL01_ClientTellsNoSecret looks for tokens, codes and verifiers in what a login prints.
func TestL01_ClientTellsNoSecret(t *testing.T) {
	f, home := startFake(t), t.TempDir()
	session, told, err := f.login(t, home, LoginRequest{})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(session)
	if err != nil {
		t.Fatal(err)
	}
	secrets := append([]string{f.forms[0].Get("code_verifier")}, canaries...)
	for _, secret := range secrets {
		if secret == "" || strings.Contains(told+string(text), secret) {
			t.Errorf("%q is told, or none: %s %s", secret, told, text)
		}
	}
	c, _ := newClient(t, nil, home, "nobody")
	kept := held(t, c, f.url)
	if kept.Access != "access-canary" || strings.Contains(kept.String()+kept.GoString(), "canary") {
		t.Errorf("%v", kept)
	}
}

// TestLogin_Requests holds what is sent against the standards.
func TestLogin_Requests(t *testing.T) {
	f := startFake(t)
	var asked url.Values
	f.at["/authorize"] = func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.Query()
		http.Redirect(w, r, asked.Get("redirect_uri")+"?code=code-canary&iss="+url.QueryEscape(f.origin)+"&state="+asked.Get("state"), http.StatusSeeOther)
	}
	if _, _, err := f.login(t, t.TempDir(), LoginRequest{}); err != nil {
		t.Fatal(err)
	}
	form := f.forms[0]
	for name, got := range map[string]string{
		asked.Get("code_challenge_method"): "S256", asked.Get("response_type"): "code", asked.Get("resource"): f.url, asked.Get("tenant"): "1",
		asked.Get("scope"): "a b", asked.Get("client_id"): "c1", form.Get("grant_type"): "authorization_code", form.Get("resource"): f.url,
		form.Get("redirect_uri"): asked.Get("redirect_uri"), form.Get("code"): "code-canary",
	} {
		if name != got {
			t.Errorf("%q, want %q", name, got)
		}
	}
	if len(form.Get("code_verifier")) < 43 || len(asked.Get("state")) < 26 || form.Get("code_verifier") == asked.Get("code_challenge") {
		t.Errorf("verifier or state too short, or the challenge is the verifier: %v", asked)
	}
}

// TestLogin_Stray sends answers to the listener that are not for this login. They change nothing: the login goes on, and ends well.
func TestLogin_Stray(t *testing.T) {
	f := startFake(t)
	var statuses []int
	f.at["/authorize"] = func(w http.ResponseWriter, r *http.Request) {
		back, state := r.URL.Query().Get("redirect_uri"), r.URL.Query().Get("state")
		good := "?code=code-canary&iss=" + url.QueryEscape(f.origin) + "&state="
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		for _, stray := range []string{
			back, back + good, back + good + "x" + state, back + good + state + "&state=" + state, back + good + state + "&code=other",
			back + "?error=access_denied", strings.TrimSuffix(back, "callback") + good + state,
		} {
			resp, err := client.Get(stray)
			if err != nil {
				t.Error(err)
				continue
			}
			_ = resp.Body.Close()
			statuses = append(statuses, resp.StatusCode)
		}
		wrongHost, _ := http.NewRequest(http.MethodGet, back+good+state, nil)
		wrongHost.Host = "rebound.example"
		posted, _ := http.NewRequest(http.MethodPost, back+good+state, nil)
		for _, req := range []*http.Request{wrongHost, posted} {
			resp, err := client.Do(req)
			if err != nil {
				t.Error(err)
				continue
			}
			_ = resp.Body.Close()
			statuses = append(statuses, resp.StatusCode)
		}
		http.Redirect(w, r, back+good+state, http.StatusSeeOther)
	}
	_, told, err := f.login(t, t.TempDir(), LoginRequest{})
	if err != nil || strings.Count(told, "was ignored") != 1 { // a page that goes on guessing must not fill the screen
		t.Errorf("%v; told: %s", err, told)
	}
	if diff := cmp.Diff([]int{400, 400, 400, 400, 400, 400, 404, 404, 404}, statuses); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestLogin_Discovery finds metadata at each place where it may be.
func TestLogin_Discovery(t *testing.T) {
	for name, tt := range map[string]struct {
		bend  func(f *fake)
		scope string
	}{
		"named in the challenge": {func(f *fake) {
			f.at["/here"] = func(w http.ResponseWriter, _ *http.Request) { writeDocument(w, 200, f.resource) }
			f.at[resourceDocument] = http.NotFound
			f.challenge = `Basic realm="x, Bearer", Bearer error="invalid_token", resource_metadata="` + f.origin + `/here"`
		}, "c"},
		"beside the path": {func(f *fake) { f.challenge = "Bearer" }, "c"},
		"at the root": {func(f *fake) {
			f.challenge, f.at[resourceDocument] = `Bearer scope=""`, http.NotFound
			f.at[rootDocument] = func(w http.ResponseWriter, _ *http.Request) { writeDocument(w, 200, f.resource) }
		}, "c"},
		"no scopes anywhere": {func(f *fake) { f.challenge = "Bearer"; delete(f.resource, "scopes_supported") }, ""},
		"OpenID": {func(f *fake) {
			f.at[issuerDocument] = http.NotFound
			f.at[openIDDocument] = func(w http.ResponseWriter, _ *http.Request) { writeDocument(w, 200, f.issuer) }
		}, "a b"},
		"OpenID behind a path": {func(f *fake) {
			f.issuer["issuer"], f.resource["authorization_servers"] = f.origin+"/t", []string{f.origin + "/t"}
			f.arrive = func(q url.Values) { q.Set("iss", f.origin+"/t") }
			f.at["/t/.well-known/openid-configuration"] = func(w http.ResponseWriter, _ *http.Request) { writeDocument(w, 200, f.issuer) }
		}, "a b"},
		"a redirect on the same host": {func(f *fake) {
			f.at["/here"] = func(w http.ResponseWriter, _ *http.Request) { writeDocument(w, 200, f.resource) }
			f.at[resourceDocument] = redirect("/here")
		}, "a b"},
		"an issuer that promises no iss": {func(f *fake) {
			delete(f.issuer, "authorization_response_iss_parameter_supported")
			f.arrive = func(q url.Values) { q.Del("iss") }
		}, "a b"},
		"a host in capital letters": {func(f *fake) { f.resource["resource"] = "HTTP" + strings.TrimPrefix(f.url, "http") }, "a b"},
	} {
		t.Run(name, func(t *testing.T) {
			f := startFake(t)
			tt.bend(f)
			session, _, err := f.login(t, t.TempDir(), LoginRequest{})
			if err != nil || strings.Join(session.Scopes, " ") != tt.scope {
				t.Errorf("%v, %v; want %q", session.Scopes, err, tt.scope)
			}
		})
	}
}

func TestLogin_Choices(t *testing.T) {
	f, home := startFake(t), t.TempDir()
	f.resource["authorization_servers"] = []string{"https://first.example", f.origin}
	_, _, err := f.login(t, home, LoginRequest{Issuer: "https://third.example"})
	var mistake Mistake
	if !errors.As(err, &mistake) {
		t.Errorf("an issuer that the server does not name: %v", err)
	}
	session, _, err := f.login(t, home, LoginRequest{Issuer: f.origin, ClientID: "mine", Scopes: []string{"z"}})
	if err != nil || session.ClientID != "mine" || strings.Join(session.Scopes, " ") != "z" || f.seen("/register") {
		t.Errorf("%+v, %v", session, err)
	}
	// The id is known from then on, at this issuer.
	if session, _, err = f.login(t, home, LoginRequest{Issuer: f.origin}); err != nil || session.ClientID != "mine" {
		t.Errorf("%+v, %v", session, err)
	}
}

// TestLogin_OtherIssuer takes no client id to an issuer that did not give it out.
func TestLogin_OtherIssuer(t *testing.T) {
	f, home := startFake(t), t.TempDir()
	if _, _, err := f.login(t, home, LoginRequest{ClientID: "mine"}); err != nil {
		t.Fatal(err)
	}
	f.resource["authorization_servers"], f.issuer["issuer"] = []string{f.origin + "/new"}, f.origin+"/new"
	f.at["/.well-known/oauth-authorization-server/new"] = func(w http.ResponseWriter, _ *http.Request) { writeDocument(w, 200, f.issuer) }
	f.arrive = func(q url.Values) { q.Set("iss", f.origin+"/new") }
	if session, _, err := f.login(t, home, LoginRequest{}); err != nil || session.ClientID != "c1" {
		t.Errorf("%+v, %v", session, err)
	}
}
