// Package browsertest is a person at a browser, for tests: it follows redirects, keeps cookies, and fills in the login and consent
// pages of the embedded authorization server.
package browsertest

import (
	"context"
	"errors"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"time"
)

const (
	pages     = 5 // login, consent, the end, and some air
	patience  = 20 * time.Second
	largePage = 1 << 20
)

// Walk opens a page, answers forms by logging in as name and allowing what is asked, and returns the first page without one.
func Walk(ctx context.Context, address, name string) (string, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return "", err
	}
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	browser := &http.Client{Jar: jar, Transport: transport, Timeout: patience}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	for range pages {
		if err != nil {
			return "", err
		}
		resp, err := browser.Do(req)
		if err != nil {
			return "", err
		}
		body, err := io.ReadAll(io.LimitReader(resp.Body, largePage))
		_ = resp.Body.Close() // it was read
		if err != nil {
			return "", err
		}
		next, ok, err := fill(ctx, resp.Request.URL, string(body), name)
		if err != nil || !ok {
			return string(body), err
		}
		req = next
	}
	return "", errors.New("there is always another form")
}

// fill returns the request that answers the form of a page, false if there is none.
func fill(ctx context.Context, at *url.URL, page, name string) (*http.Request, bool, error) {
	form := regexp.MustCompile(`<form[^>]*action="([^"]*)"`).FindStringSubmatch(page)
	if form == nil {
		return nil, false, nil
	}
	fields := url.Values{"user": {name}}
	if strings.Contains(page, `name="decision"`) {
		fields = url.Values{"decision": {"allow"}}
	}
	for _, field := range regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`).FindAllStringSubmatch(page, -1) {
		fields.Set(field[1], html.UnescapeString(field[2]))
	}
	target, err := at.Parse(html.UnescapeString(form[1]))
	if err != nil {
		return nil, false, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), strings.NewReader(fields.Encode()))
	if err != nil {
		return nil, false, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return req, true, nil
}
