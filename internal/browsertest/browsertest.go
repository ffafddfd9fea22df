// Package browsertest is a person at a browser, for tests: it follows redirects, keeps cookies, and fills in the login and consent
// pages of the embedded authorization server.
package browsertest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"
)

const (
	forms     = 5 // login, consent, and some air
	patience  = 20 * time.Second
	largePage = 1 << 20
)

// errArrived ends a walk at the address of a client, which nobody has to listen to.
var errArrived = errors.New("arrived at the client")

// Person is somebody at a browser: she keeps her cookies, logs in by name and allows what is asked.
type Person struct {
	// Name is what she logs in as.
	Name string
	// Pages are those she was shown, in order.
	Pages []string

	browser *http.Client
	client  string // the address at which she stops, if any
}

// New returns a person with a browser that has seen nothing.
func New(name string) *Person {
	jar, _ := cookiejar.New(nil) // fails for no options
	p := &Person{Name: name}
	p.browser = &http.Client{Jar: jar, Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience, CheckRedirect: p.redirected}
	return p
}

// redirected goes everywhere but to the client.
func (p *Person) redirected(r *http.Request, _ []*http.Request) error {
	if p.client != "" && strings.HasPrefix(r.URL.String(), p.client) {
		return errArrived
	}
	return nil
}

// Open opens a page, answers forms, and returns the first page without one.
func (p *Person) Open(ctx context.Context, address string) (string, error) {
	p.client = ""
	err := p.walk(ctx, address)
	if errors.Is(err, ErrNoForm) {
		return p.Pages[len(p.Pages)-1], nil
	}
	return "", err
}

// Authorize opens the address of an authorization, answers forms, and returns what she brings to the client, whose address is not
// opened. An error that she brings is an error.
func (p *Person) Authorize(ctx context.Context, address, redirectURI string) (url.Values, error) {
	p.client = redirectURI
	err := p.walk(ctx, address)
	var stopped *url.Error
	if !errors.Is(err, errArrived) || !errors.As(err, &stopped) {
		return nil, fmt.Errorf("the pages did not lead back to the client: %w", err)
	}
	at, err := url.Parse(stopped.URL)
	if err != nil {
		return nil, err
	}
	brought := at.Query()
	if code := brought.Get("error"); code != "" {
		return nil, fmt.Errorf("authorization failed: %s %s", code, brought.Get("error_description"))
	}
	return brought, nil
}

// Cookies are what her browser sends to an address.
func (p *Person) Cookies(address *url.URL) []*http.Cookie { return p.browser.Jar.Cookies(address) }

// walk opens a page and answers forms until something ends it, which is the error.
func (p *Person) walk(ctx context.Context, address string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	for range forms {
		if err != nil {
			return err
		}
		at, page, err := p.load(req)
		if err != nil {
			return err
		}
		p.Pages = append(p.Pages, page)
		if req, err = Fill(ctx, at, page, p.Name); err != nil {
			return err
		}
	}
	return errors.New("there is always another form")
}

// load returns a page, and where it is in the end.
func (p *Person) load(req *http.Request) (*url.URL, string, error) {
	resp, err := p.browser.Do(req)
	if err != nil {
		return nil, "", err
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, largePage))
	_ = resp.Body.Close() // it was read
	switch {
	case err != nil:
		return nil, "", err
	case resp.StatusCode >= http.StatusBadRequest:
		return nil, "", fmt.Errorf("%s %s: %s\n%s", req.Method, resp.Request.URL.Path, resp.Status, body)
	}
	return resp.Request.URL, string(body), nil
}
