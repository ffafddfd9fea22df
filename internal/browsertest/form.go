package browsertest

import (
	"context"
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// ErrNoForm is what [Fill] says of a page that asks neither who somebody is nor whether she allows something.
var ErrNoForm = errors.New("it has neither a login nor a consent form")

// Fill returns the request that answers the one form of a page, which was read at at: the login page by name, the consent page with yes.
func Fill(ctx context.Context, at *url.URL, page, name string) (*http.Request, error) {
	fields := url.Values{}
	for _, field := range regexp.MustCompile(`<input[^>]*type="hidden"[^>]*>`).FindAllString(page, -1) {
		fields.Set(attribute(field, "name"), attribute(field, "value"))
	}
	switch {
	case strings.Contains(page, `name="decision"`):
		fields.Set("decision", "allow")
	case strings.Contains(page, `name="user"`):
		fields.Set("user", name)
	default:
		return nil, fmt.Errorf("the page %s: %w", at.Path, ErrNoForm)
	}
	target, err := at.Parse(attribute(regexp.MustCompile(`<form[^>]*>`).FindString(page), "action"))
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), strings.NewReader(fields.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", at.Scheme+"://"+at.Host) // as browsers do
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
