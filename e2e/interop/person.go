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
	"sync"
	"time"

	"github.com/sallyport-mcp/sallyport/internal/browsertest"
)

// pages is how many forms a person fills in before giving up: login, consent, and some air.
const pages = 4

// slowness is how long a person is taken to spend on a consent page at most, while the client begins to listen.
const slowness = 10 * time.Second

// person is somebody at a browser: it opens the addresses that clients ask for, logs in by name, presses Allow, and is sent back to
// wherever the client listens. It keeps its cookies. Safe for concurrent use.
type person struct {
	name    string
	browser *http.Client

	mu     sync.Mutex
	opened int     // how many addresses it was asked to open
	failed []error // what went wrong at the browser
}

func newPerson(name string) (*person, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	stayOn := func(req *http.Request, via []*http.Request) error {
		if req.URL.Host != via[0].URL.Host {
			return http.ErrUseLastResponse // back to the client
		}
		return nil
	}
	return &person{name: name, browser: &http.Client{Jar: jar, Transport: &http.Transport{}, CheckRedirect: stayOn}}, nil
}

// ServeHTTP takes an address to open as the body of a POST, and answers once the browser has arrived at the client.
func (p *person) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	address, err := io.ReadAll(io.LimitReader(r.Body, 1<<16))
	if err == nil {
		err = p.open(r.Context(), strings.TrimSpace(string(address)))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.opened++
	if err != nil {
		p.failed = append(p.failed, err)
		http.Error(w, err.Error(), http.StatusBadGateway)
	}
}

// history returns how many addresses were opened, and what went wrong.
func (p *person) history() (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.opened, errors.Join(p.failed...)
}

func (p *person) open(ctx context.Context, address string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return errors.New("not an address")
	}
	for range pages {
		resp, err := p.browser.Do(req)
		if err != nil {
			return withoutQuery(err)
		}
		body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
		_ = resp.Body.Close()
		if err != nil {
			return withoutQuery(err)
		}
		if back, err := resp.Location(); err == nil {
			return p.goBack(ctx, back.String())
		}
		if resp.StatusCode != http.StatusOK {
			return fmt.Errorf("%s %s: %s", req.Method, resp.Request.URL.Path, resp.Status)
		}
		if req, err = browsertest.Fill(ctx, resp.Request.URL, string(body), p.name); err != nil {
			return err
		}
	}
	return fmt.Errorf("%s filled in %d pages and was never sent back", p.name, pages)
}

// goBack opens the address that the authorization server sends the browser to. A client may begin to listen there only after it has
// opened the browser, and bob is faster than a person at reading a consent page.
func (p *person) goBack(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, slowness)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return errors.New("the way back is not an address")
		}
		resp, err := p.browser.Do(req)
		if err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode != http.StatusOK {
				return fmt.Errorf("the client's page %s: %s", req.URL.Path, resp.Status)
			}
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the client does not listen for the code: %w", withoutQuery(err))
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// withoutQuery drops the address from an error: it may hold a code.
func withoutQuery(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}
