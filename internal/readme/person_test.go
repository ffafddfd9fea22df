package readme

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

const (
	redirectURI = "http://127.0.0.1:41998/callback" // nothing listens there: its address is all that is read
	verifier    = "a-verifier-of-the-length-that-rfc-7636-asks-for"
)

var errArrived = errors.New("arrived at the redirect address")

// person has a browser and a client of her own, and gets tokens the way everybody does: registration, login, consent, exchange.
type person struct {
	t        *testing.T
	origin   string
	name     string
	clientID string
	browser  *http.Client
}

func newPerson(t *testing.T, origin, name string) *person {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	p := &person{t: t, origin: origin, name: name, browser: browser(t)}
	p.browser.Jar = jar
	p.browser.CheckRedirect = func(req *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(req.URL.String(), redirectURI) {
			return errArrived
		}
		return nil
	}
	var registered struct {
		ClientID string `json:"client_id"`
	}
	p.decode(p.post("/register", "application/json", `{"client_name": "README", "redirect_uris": ["`+redirectURI+`"],
		"token_endpoint_auth_method": "none", "grant_types": ["authorization_code"], "response_types": ["code"]}`), &registered)
	p.clientID = registered.ClientID
	return p
}

// token goes through the authorization for scope and returns the access token.
func (p *person) token(scope string) string {
	p.t.Helper()
	challenge := sha256.Sum256([]byte(verifier))
	answer := p.walk(query(p.origin+"/authorize", url.Values{
		"response_type": {"code"}, "client_id": {p.clientID}, "redirect_uri": {redirectURI}, "scope": {scope},
		"state": {"readme"}, "resource": {p.origin + "/mcp"}, "code_challenge_method": {"S256"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])},
	}))
	var issued struct {
		AccessToken string `json:"access_token"`
	}
	p.decode(p.post("/token", "application/x-www-form-urlencoded", url.Values{
		"grant_type": {"authorization_code"}, "code": {answer.Get("code")}, "redirect_uri": {redirectURI},
		"client_id": {p.clientID}, "code_verifier": {verifier}, "resource": {p.origin + "/mcp"},
	}.Encode()), &issued)
	if issued.AccessToken == "" {
		p.t.Fatal("the token response has no access token")
	}
	return issued.AccessToken
}

var (
	hidden = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)
	action = regexp.MustCompile(`<form[^>]*action="([^"]*)"`)
)

// walk opens the authorization URL and answers the pages until the browser is sent back to the client.
func (p *person) walk(address string) url.Values {
	p.t.Helper()
	resp, err := p.browser.Get(address)
	for range 4 {
		if err != nil {
			break
		}
		resp, err = p.fill(resp)
	}
	var arrived *url.Error
	if !errors.Is(err, errArrived) || !errors.As(err, &arrived) {
		p.t.Fatalf("the login and consent pages did not lead back to the client: %v", err)
	}
	back, err := url.Parse(arrived.URL)
	if err != nil || back.Query().Get("code") == "" {
		p.t.Fatalf("the client got no code: %s", back)
	}
	return back.Query()
}

func (p *person) fill(shown *http.Response) (*http.Response, error) {
	body := p.body(shown)
	form := url.Values{"user": {p.name}}
	if strings.Contains(body, `name="decision"`) {
		form = url.Values{"decision": {"allow"}}
	}
	for _, field := range hidden.FindAllStringSubmatch(body, -1) {
		form.Set(field[1], html.UnescapeString(field[2]))
	}
	target := action.FindStringSubmatch(body)
	if target == nil {
		p.t.Fatalf("%s shows no form:\n%s", shown.Request.URL.Path, body)
	}
	address, err := shown.Request.URL.Parse(html.UnescapeString(target[1]))
	if err != nil {
		return nil, err
	}
	return p.browser.PostForm(address.String(), form)
}

func (p *person) post(path, contentType, body string) *http.Response {
	p.t.Helper()
	resp, err := p.browser.Post(p.origin+path, contentType, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	return resp
}

func (p *person) decode(resp *http.Response, into any) {
	p.t.Helper()
	body := p.body(resp)
	if err := json.Unmarshal([]byte(body), into); err != nil || resp.StatusCode >= http.StatusBadRequest {
		p.t.Fatalf("%s: %s\n%s", resp.Request.URL.Path, resp.Status, body)
	}
}

func (p *person) body(resp *http.Response) string {
	p.t.Helper()
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return string(body)
}
