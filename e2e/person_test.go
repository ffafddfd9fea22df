package e2e

import (
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// redirectURI is where the clients want the code. Nothing listens there: the person reads the address and goes no further.
const redirectURI = "http://127.0.0.1:41999/callback"

// person is somebody at a browser: it keeps cookies, logs in by name and presses Allow.
type person struct {
	name    string
	browser *http.Client
	asked   []url.Values // the authorization requests it was shown, in order
}

var errArrived = errors.New("arrived at the redirect address")

func newPerson(t *testing.T, name string) *person {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	t.Cleanup(transport.CloseIdleConnections)
	browser := &http.Client{Jar: jar, Transport: transport}
	browser.CheckRedirect = func(req *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(req.URL.String(), redirectURI) {
			return errArrived
		}
		return nil
	}
	return &person{name: name, browser: browser}
}

// authorize opens an authorization URL, logs in if asked to, allows, and returns what the client gets back: code, state, iss.
func (p *person) authorize(ctx context.Context, authorizationURL string) (url.Values, error) {
	parsed, err := url.Parse(authorizationURL)
	if err != nil {
		return nil, err
	}
	p.asked = append(p.asked, parsed.Query())
	page, err := p.get(ctx, authorizationURL)
	for range 4 { // login, consent, and some air
		if err != nil || page.arrived != nil {
			break
		}
		page, err = p.fill(ctx, page)
	}
	if err != nil {
		return nil, err
	}
	if page.arrived == nil {
		return nil, fmt.Errorf("%s filled in four pages and was never sent back to the client; last page %s", p.name, page.url)
	}
	if code := page.arrived.Get("error"); code != "" {
		return nil, fmt.Errorf("authorization failed: %s %s", code, page.arrived.Get("error_description"))
	}
	return page.arrived, nil
}

// page is what the browser shows, or the query it arrived with at the client.
type page struct {
	url     *url.URL
	body    string
	arrived url.Values
}

var (
	hiddenField = regexp.MustCompile(`<input[^>]*type="hidden"[^>]*>`)
	formAction  = regexp.MustCompile(`<form[^>]*action="([^"]*)"`)
	attribute   = map[string]*regexp.Regexp{
		"name":  regexp.MustCompile(`\bname="([^"]*)"`),
		"value": regexp.MustCompile(`\bvalue="([^"]*)"`),
	}
)

// fill answers the one form of a page: the login page by name, the consent page with yes.
func (p *person) fill(ctx context.Context, current page) (page, error) {
	form := url.Values{}
	for _, field := range hiddenField.FindAllString(current.body, -1) {
		form.Set(read("name", field), read("value", field))
	}
	switch {
	case strings.Contains(current.body, `name="decision"`):
		form.Set("decision", "allow")
	case strings.Contains(current.body, `name="user"`):
		form.Set("user", p.name)
	default:
		return page{}, fmt.Errorf("page %s has neither a login nor a consent form", current.url)
	}
	target := current.url
	if action := formAction.FindStringSubmatch(current.body); action != nil {
		var err error
		if target, err = current.url.Parse(html.UnescapeString(action[1])); err != nil {
			return page{}, err
		}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), strings.NewReader(form.Encode()))
	if err != nil {
		return page{}, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", current.url.Scheme+"://"+current.url.Host)
	return p.do(req)
}

func read(name, tag string) string {
	found := attribute[name].FindStringSubmatch(tag)
	if found == nil {
		return ""
	}
	return html.UnescapeString(found[1])
}

func (p *person) get(ctx context.Context, address string) (page, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return page{}, err
	}
	return p.do(req)
}

func (p *person) do(req *http.Request) (page, error) {
	resp, err := p.browser.Do(req)
	if errors.Is(err, errArrived) {
		var stopped *url.Error
		if !errors.As(err, &stopped) {
			return page{}, err
		}
		address, parseErr := url.Parse(stopped.URL)
		if parseErr != nil {
			return page{}, parseErr
		}
		return page{url: address, arrived: address.Query()}, nil
	}
	if err != nil {
		return page{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return page{}, err
	}
	if resp.StatusCode != http.StatusOK {
		return page{}, fmt.Errorf("%s %s: %s\n%s", req.Method, req.URL.Path, resp.Status, body)
	}
	return page{url: resp.Request.URL, body: string(body)}, nil
}

// expectAsked checks the scopes, in whatever order they were asked for, and the PKCE method of every authorization request.
func (p *person) expectAsked(t *testing.T, scopes ...string) {
	t.Helper()
	var got []string
	for _, query := range p.asked {
		asked := strings.Fields(query.Get("scope"))
		slices.Sort(asked)
		got = append(got, strings.Join(asked, " "))
		if query.Get("code_challenge_method") != "S256" || query.Get("code_challenge") == "" {
			t.Errorf("authorization request without PKCE S256: method %q", query.Get("code_challenge_method"))
		}
		if query.Get("resource") == "" {
			t.Error("authorization request without a resource")
		}
	}
	if strings.Join(got, " | ") != strings.Join(scopes, " | ") {
		t.Errorf("%s was asked for the scopes %q, want %q", p.name, got, scopes)
	}
}
