package main

import (
	"fmt"
	"html"
	"net/url"
	"regexp"
	"strings"
)

// form is what a browser would send from a page.
type form struct {
	action string
	fields url.Values
}

// fill fills in the first form of a page as a person does: the login page with a name and a password, a page that asks for a consent with
// yes. The error says that the page has neither.
func fill(page, name, password string) (form, error) {
	found := regexp.MustCompile(`(?s)<form\b.*?</form>`).FindString(page)
	filled := form{action: attribute(regexp.MustCompile(`<form[^>]*>`).FindString(found), "action"), fields: url.Values{}}
	asked := false
	for _, tag := range regexp.MustCompile(`<(?:input|button)[^>]*>`).FindAllString(found, -1) {
		field, value, kind := attribute(tag, "name"), attribute(tag, "value"), attribute(tag, "type")
		switch {
		case kind == "submit":
			if field == "accept" { // Keycloak's yes; its no is called cancel
				filled.fields.Set(field, value)
				asked = true
			}
		case field == "username" || field == "login":
			filled.fields.Set(field, name)
		case field == "password":
			filled.fields.Set(field, password)
			asked = true
		case kind == "hidden":
			filled.fields.Set(field, value)
			asked = asked || field == "prompt" && value == "consent" // oidc-provider's yes; its no is a link
		}
	}
	if !asked {
		return form{}, fmt.Errorf("the page %q has neither a login nor a consent form", title(page))
	}
	return filled, nil
}

func title(page string) string {
	_, rest, _ := strings.Cut(page, "<title>")
	text, _, _ := strings.Cut(rest, "</title>")
	return strings.TrimSpace(html.UnescapeString(text))
}

// attribute reads one attribute of an HTML tag.
func attribute(tag, name string) string {
	found := regexp.MustCompile(`\s` + name + `="([^"]*)"`).FindStringSubmatch(tag)
	if found == nil {
		return ""
	}
	return html.UnescapeString(found[1])
}
