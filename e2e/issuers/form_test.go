package main

import (
	"net/url"
	"reflect"
	"strings"
	"testing"
)

const (
	// What is left of the pages of Keycloak 26.7 and oidc-provider 9.13 without what is not a field.
	keycloakLogin = `<title>Sign in to notes</title><form id="kc-form-login" class="f" onsubmit="login.disabled = true; return true;"
		action="http://127.0.0.1:8090/authenticate?session_code=a&amp;tab_id=b" method="post" novalidate="novalidate">
		<input id="username" name="username" value="" type="text" autocomplete="username" autofocus
		 aria-invalid=""/> <input id="password" name="password" value="" type="password"/>
		<button type="button" aria-label="Show password"></button>
		<input type="hidden" id="id-hidden-input" name="credentialId" />
		<button name="login" id="kc-login" type="submit">Sign In</button></form>`
	keycloakConsent = `<form class="f" action="/consent?client_id=notes-cli" method="POST"><input type="hidden" name="code" value="x&quot;y">
		<button class="p" name="accept" id="kc-login" type="submit" >Yes</button><button name="cancel" id="kc-cancel" type="submit">No</button></form>`
	providerLogin = `<form autocomplete="off" action="/interaction/i" method="post"><input type="hidden" name="prompt" value="login"/>
		<input required type="text" name="login" placeholder="Enter any login" autofocus="on"><input required type="password" name="password">
		<button type="submit" class="login">Sign-in</button></form>`
	providerConsent = `<form autocomplete="off" action="/interaction/i" method="post"><input type="hidden" name="prompt" value="consent"/>
		<button autofocus type="submit">Continue</button></form>`
)

func TestFillFillsInTheFormsOfBothIssuers(t *testing.T) {
	for name, test := range map[string]struct {
		page string
		want form
	}{
		"Keycloak's login": {keycloakLogin, form{"http://127.0.0.1:8090/authenticate?session_code=a&tab_id=b",
			url.Values{"username": {"bob"}, "password": {"pw"}, "credentialId": {""}}}},
		"Keycloak's consent":      {keycloakConsent, form{"/consent?client_id=notes-cli", url.Values{"code": {`x"y`}, "accept": {""}}}},
		"oidc-provider's login":   {providerLogin, form{"/interaction/i", url.Values{"prompt": {"login"}, "login": {"bob"}, "password": {"pw"}}}},
		"oidc-provider's consent": {providerConsent, form{"/interaction/i", url.Values{"prompt": {"consent"}}}},
	} {
		got, err := fill(test.page, "bob", "pw")
		if err != nil || !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: %+v, %v; want %+v", name, got, err, test.want)
		}
	}
}

func TestFillRefusesAPageWithoutAQuestion(t *testing.T) {
	const sorry = `<title> We are sorry &amp; so on </title><form action="/search"><input type="hidden" name="a" value="b"></form>`
	if got, err := fill(sorry, "bob", "pw"); err == nil || !strings.Contains(err.Error(), "We are sorry & so on") {
		t.Errorf("%+v, %v, want an error with the title", got, err)
	}
	if _, err := fill("nothing", "bob", "pw"); err == nil {
		t.Error("a page without a form was filled in")
	}
}
