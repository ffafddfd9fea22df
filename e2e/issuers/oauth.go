package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// endpoints is what is used of an issuer's metadata.
type endpoints struct {
	Issuer    string `json:"issuer"`
	Authorize string `json:"authorization_endpoint"`
	Token     string `json:"token_endpoint"`
	Revoke    string `json:"revocation_endpoint"`
	Keys      string `json:"jwks_uri"`
}

// tokens is what a client gets.
type tokens struct {
	Access  string `json:"access_token"`
	ID      string `json:"id_token"`
	Refresh string `json:"refresh_token"`
}

// authority is an issuer as clients see it.
type authority struct {
	endpoints
	password string // of every person
	secret   string // of every confidential client
}

// login is what a client asks for on behalf of a person.
type login struct {
	client, person, scope, resource string
}

// authorize gains tokens by an authorization code with PKCE (RFC 7636), with the person logging in and consenting.
func (a authority) authorize(ctx context.Context, l login) (tokens, error) {
	verifier, state := rand.Text()+rand.Text(), rand.Text()
	query := url.Values{
		"response_type": {"code"}, "client_id": {l.client}, "redirect_uri": {redirect}, "scope": {l.scope}, "state": {state},
		"code_challenge": {challengeOf(verifier)}, "code_challenge_method": {"S256"},
	}
	naming(query, l.resource)
	back, err := browse(ctx, a.Authorize+"?"+query.Encode(), l.person, a.password)
	if err != nil {
		return tokens{}, err
	}
	switch {
	case back.Get("error") != "":
		return tokens{}, fmt.Errorf("sent back with %s: %s", back.Get("error"), back.Get("error_description"))
	case back.Get("state") != state:
		return tokens{}, errors.New("sent back with another state")
	case back.Get("iss") != a.Issuer:
		return tokens{}, fmt.Errorf("sent back with iss %q (RFC 9207)", back.Get("iss"))
	}
	exchanged := url.Values{
		"grant_type": {"authorization_code"}, "code": {back.Get("code")}, "redirect_uri": {redirect}, "client_id": {l.client},
		"code_verifier": {verifier},
	}
	naming(exchanged, l.resource)
	return a.token(ctx, exchanged, "")
}

// naming adds the resource that a token is for (RFC 8707), if there is one.
func naming(form url.Values, resource string) {
	if resource != "" {
		form.Set("resource", resource)
	}
}

func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// own gains a client's own token.
func (a authority) own(ctx context.Context, client, scope, resource string) (tokens, error) {
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {scope}}
	naming(form, resource)
	return a.token(ctx, form, client)
}

// refresh gains new tokens for a refresh token of a public client.
func (a authority) refresh(ctx context.Context, client, refreshToken string) (tokens, error) {
	return a.token(ctx, url.Values{"grant_type": {"refresh_token"}, "client_id": {client}, "refresh_token": {refreshToken}}, "")
}

// revoke ends what a refresh token of a public client belongs to (RFC 7009).
func (a authority) revoke(ctx context.Context, client, refreshToken string) error {
	_, err := a.post(ctx, a.Revoke, url.Values{"client_id": {client}, "token": {refreshToken}, "token_type_hint": {"refresh_token"}}, "")
	return err
}

func (a authority) token(ctx context.Context, form url.Values, client string) (tokens, error) {
	body, err := a.post(ctx, a.Token, form, client)
	if err != nil {
		return tokens{}, err
	}
	var got tokens
	if err := json.Unmarshal(body, &got); err != nil || got.Access == "" {
		return tokens{}, errors.New("an answer without an access token")
	}
	return got, nil
}

// post sends a form, with the secret of a confidential client if one is named. The error has the issuer's error code, and nothing that was sent.
func (a authority) post(ctx context.Context, to string, form url.Values, client string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if client != "" {
		req.SetBasicAuth(url.QueryEscape(client), url.QueryEscape(a.secret))
	}
	resp, body, err := exchange(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode >= http.StatusMultipleChoices {
		var refused struct {
			Error       string `json:"error"`
			Description string `json:"error_description"`
		}
		_ = json.Unmarshal(body, &refused)
		return nil, fmt.Errorf("%s: %s %s %s", req.URL.Path, resp.Status, refused.Error, refused.Description)
	}
	return body, nil
}

// metadata reads what an issuer says about itself (OpenID Connect Discovery section 4).
func metadata(ctx context.Context, issuer string) (endpoints, error) {
	var found endpoints
	if err := getJSON(ctx, issuer+"/.well-known/openid-configuration", &found); err != nil {
		return found, err
	}
	if found.Issuer != issuer {
		return found, fmt.Errorf("the metadata name %q as the issuer", found.Issuer)
	}
	return found, nil
}

// kids reads the ids of the keys an issuer publishes.
func (a authority) kids(ctx context.Context) ([]string, error) {
	var set struct {
		Keys []struct {
			ID string `json:"kid"`
		} `json:"keys"`
	}
	if err := getJSON(ctx, a.Keys, &set); err != nil {
		return nil, err
	}
	var ids []string
	for _, key := range set.Keys {
		ids = append(ids, key.ID)
	}
	return ids, nil
}

func getJSON(ctx context.Context, address string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	resp, body, err := exchange(req)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", req.URL.Path, resp.Status)
	}
	return json.Unmarshal(body, into)
}

// exchange sends a request on a connection of its own, follows no redirect, and reads the answer.
func exchange(req *http.Request) (*http.Response, []byte, error) {
	client := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, nil, withoutAddress(err)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxPage))
	return resp, body, errors.Join(err, resp.Body.Close())
}
