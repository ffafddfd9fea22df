// Package loginform is a person at the login and consent pages of the embedded authorization server, for programs that have no browser.
package loginform

import (
	"context"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// Fill returns the request that answers the one form of page, which was read at at: the login page by name, the consent page with yes.
// The error says that there is neither.
func Fill(ctx context.Context, at *url.URL, page, name string) (*http.Request, error) {
	form := url.Values{}
	for _, field := range regexp.MustCompile(`<input[^>]*type="hidden"[^>]*>`).FindAllString(page, -1) {
		form.Set(attribute(field, "name"), attribute(field, "value"))
	}
	switch {
	case strings.Contains(page, `name="decision"`):
		form.Set("decision", "allow")
	case strings.Contains(page, `name="user"`):
		form.Set("user", name)
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
