package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
)

const (
	// redirect is where the issuers send a browser back to. Nobody listens there: the browser stops before it goes.
	redirect = "http://127.0.0.1/callback"
	// pages is how many forms a person fills in before giving up: login, consent, and some air.
	pages = 4
	// maxPage is how much of an answer is read.
	maxPage = 1 << 20
)

// browse opens an address with a new browser, fills in the forms it is shown as a person of this name, and returns what it is sent back
// with.
func browse(ctx context.Context, address, name, password string) (url.Values, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	browser := &http.Client{Jar: jar, Transport: &http.Transport{DisableKeepAlives: true}, CheckRedirect: func(req *http.Request, _ []*http.Request) error {
		if isBack(req.URL) {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, errors.New("not an address")
	}
	for range pages {
		resp, page, err := load(browser, req)
		if err != nil {
			return nil, err
		}
		if to, err := resp.Location(); err == nil && isBack(to) {
			return to.Query(), nil
		}
		if resp.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("%s %s: %s, %q", req.Method, resp.Request.URL.Path, resp.Status, title(page))
		}
		if req, err = submit(ctx, resp.Request.URL, page, name, password); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("%s filled in %d pages and was never sent back", name, pages)
}

func isBack(u *url.URL) bool { return strings.HasPrefix(u.String(), redirect+"?") }

func load(browser *http.Client, req *http.Request) (*http.Response, string, error) {
	resp, err := browser.Do(req)
	if err != nil {
		return nil, "", withoutAddress(err)
	}
	page, err := io.ReadAll(io.LimitReader(resp.Body, maxPage))
	return resp, string(page), errors.Join(err, resp.Body.Close())
}

func submit(ctx context.Context, at *url.URL, page, name, password string) (*http.Request, error) {
	filled, err := fill(page, name, password)
	if err != nil {
		return nil, err
	}
	target, err := at.Parse(filled.action)
	if err != nil {
		return nil, errors.New("the form leads nowhere")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), strings.NewReader(filled.fields.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return req, nil
}

// withoutAddress drops the address from an error: it may hold a code.
func withoutAddress(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}
