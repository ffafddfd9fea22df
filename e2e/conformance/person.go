package main

import (
	"context"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// pages is how many forms a person fills in before giving up: login, consent, and some air.
const pages = 4

// consent opens an authorization URL, logs in if asked to, allows, and returns the query the person arrives with at the client.
func (c *client) consent(ctx context.Context, address string) (url.Values, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	for range pages {
		resp, err := c.http.Do(req)
		if err != nil {
			return nil, err
		}
		body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
		_ = resp.Body.Close()
		if err != nil {
			return nil, err
		}
		if location, err := resp.Location(); err == nil {
			return location.Query(), nil
		}
		if resp.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("%s %s: %s", req.Method, req.URL.Path, resp.Status)
		}
		if req, err = c.fill(ctx, resp.Request.URL, string(body)); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("%s filled in %d pages and was never sent back", c.person, pages)
}

// fill answers the one form of a page: the login page by name, the consent page with yes.
func (c *client) fill(ctx context.Context, at *url.URL, page string) (*http.Request, error) {
	form := url.Values{}
	for _, field := range regexp.MustCompile(`<input[^>]*type="hidden"[^>]*>`).FindAllString(page, -1) {
		form.Set(attribute(field, "name"), attribute(field, "value"))
	}
	switch {
	case strings.Contains(page, `name="decision"`):
		form.Set("decision", "allow")
	case strings.Contains(page, `name="user"`):
		form.Set("user", c.person)
	default:
		return nil, fmt.Errorf("page %s has neither a login nor a consent form", at.Path)
	}
	target, err := at.Parse(attribute(regexp.MustCompile(`<form[^>]*>`).FindString(page), "action"))
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", at.Scheme+"://"+at.Host)
	return req, nil
}

// attribute reads one attribute of an HTML tag.
func attribute(tag, name string) string {
	found := regexp.MustCompile(`\b` + name + `="([^"]*)"`).FindStringSubmatch(tag)
	if found == nil {
		return ""
	}
	return html.UnescapeString(found[1])
}
