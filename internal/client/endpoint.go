package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/sallyport-mcp/sallyport/internal/strictjson"
)

// issued is what a token endpoint has given out.
type issued struct {
	access, refresh string
	expires         time.Time // zero if it did not say
	scopes          []string  // nil if it did not say: as asked for
}

// oauthError is a refusal of an authorization server (RFC 6749, section 5.2).
type oauthError struct{ code, description string }

// Error says what the server said.
func (e oauthError) Error() string {
	text := clean(e.code)
	if e.description != "" {
		text += " (" + clean(e.description) + ")"
	}
	return text
}

// token asks a token endpoint, as a public client. The form holds secrets, and so does the answer: neither is in an error.
func (c *Client) token(ctx context.Context, endpoint string, form url.Values) (issued, error) {
	doc, err := c.form(ctx, endpoint, form)
	if err != nil {
		return issued{}, err
	}
	var answer struct {
		Access  string   `json:"access_token"`
		Type    string   `json:"token_type"`
		Refresh string   `json:"refresh_token"`
		Scope   *string  `json:"scope"`
		Expires *float64 `json:"expires_in"`
	}
	if err := strictjson.Unmarshal(doc.body, &answer); err != nil {
		return issued{}, fmt.Errorf("the answer of the token endpoint: %w", err)
	}
	switch {
	case !isHeaderToken(answer.Access):
		return issued{}, errors.New("the answer of the token endpoint holds no access token that a header could carry")
	case !strings.EqualFold(answer.Type, "Bearer"):
		return issued{}, fmt.Errorf("the token endpoint issues tokens of type %q, and only Bearer is of use here", clean(answer.Type))
	}
	out := issued{access: answer.Access, refresh: answer.Refresh}
	if answer.Expires != nil {
		seconds := min(max(*answer.Expires, 0), 365*24*3600)
		out.expires = c.cfg.Now().Add(time.Duration(seconds) * time.Second).UTC()
	}
	if answer.Scope != nil {
		out.scopes = strings.Fields(*answer.Scope)
	}
	return out, nil
}

// form posts a form. An answer that is not 200 is an error, an oauthError if the server says what it is.
func (c *Client) form(ctx context.Context, endpoint string, form url.Values) (document, error) {
	u, err := parseAddress(endpoint)
	if err != nil {
		return document{}, err
	}
	doc, err := c.post(ctx, u, "application/x-www-form-urlencoded", form.Encode())
	if err == nil && doc.status != http.StatusOK {
		err = refusalOf(u, doc)
	}
	return doc, err
}

// refusalOf reads what an endpoint of an authorization server says when it refuses.
func refusalOf(u *url.URL, doc document) error {
	var said struct {
		Code        string `json:"error"`
		Description string `json:"error_description"`
	}
	if strictjson.Unmarshal(doc.body, &said) != nil || said.Code == "" {
		return fmt.Errorf("%s: status %d", place(u), doc.status)
	}
	return oauthError{said.Code, said.Description}
}

// isHeaderToken tells whether a text is a b64token (RFC 6750, section 2.1).
func isHeaderToken(s string) bool {
	const characters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~+/="
	return s != "" && strings.Trim(s, characters) == ""
}
