package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/sallyport-mcp/sallyport/internal/strictjson"
)

// resourceMetadata is what is read of protected resource metadata (RFC 9728, section 2).
type resourceMetadata struct {
	Resource string   `json:"resource"`
	Servers  []string `json:"authorization_servers"`
	Scopes   []string `json:"scopes_supported"`
}

// serverMetadata is what is read of authorization server metadata (RFC 8414, section 2).
type serverMetadata struct {
	Issuer           string   `json:"issuer"`
	Authorization    string   `json:"authorization_endpoint"`
	Token            string   `json:"token_endpoint"`
	Registration     string   `json:"registration_endpoint"`
	Revocation       string   `json:"revocation_endpoint"`
	ResponseTypes    []string `json:"response_types_supported"`
	ChallengeMethods []string `json:"code_challenge_methods_supported"`
	IssInResponse    bool     `json:"authorization_response_iss_parameter_supported"`
}

// discovered is all that a login has to know.
type discovered struct {
	resource      string // as the server spells it
	issuer        serverMetadata
	authorization *url.URL
	scopes        []string // to ask for, unless the person says which
}

// errNoMetadata tells that there is no document where one could be.
var errNoMetadata = errors.New("there is no metadata")

// discover finds out how to authorize for a resource (MCP 2026-07-28, basic/authorization, "Authorization Server Discovery").
func (c *Client) discover(ctx context.Context, resource, wantedIssuer string) (discovered, error) {
	u, err := parseAddress(resource)
	if err != nil {
		return discovered{}, err
	}
	from := origin{u}
	asked, err := c.challenged(ctx, resource)
	if err != nil {
		return discovered{}, err
	}
	about, err := c.resourceMetadata(ctx, from, asked)
	if err != nil {
		return discovered{}, err
	}
	issuer, err := chooseIssuer(about.Servers, wantedIssuer)
	if err != nil {
		return discovered{}, err
	}
	server, err := c.serverMetadata(ctx, from, issuer)
	if err != nil {
		return discovered{}, err
	}
	found := discovered{resource: about.Resource, issuer: server, scopes: asked.scopes}
	if len(found.scopes) == 0 {
		found.scopes = about.Scopes
	}
	found.authorization, err = checkServer(from, server)
	return found, err
}

// challenged sends a request without a token, for the challenge that comes back.
func (c *Client) challenged(ctx context.Context, resource string) (challenge, error) {
	s := &session{client: c, resource: resource, limit: exchangeTime}
	_, err := s.exchange(ctx, message{method: "server/discover"})
	var refused *Refusal
	if errors.As(err, &refused) {
		return refused.challenge, nil
	}
	return challenge{}, err
}

// resourceMetadata reads the document that the challenge names, or else one of the two that may be there without saying so.
func (c *Client) resourceMetadata(ctx context.Context, from origin, asked challenge) (resourceMetadata, error) {
	const what = "the metadata of the server"
	places := []*url.URL{wellKnown(from.url, "oauth-protected-resource")}
	if from.url.Path != "" {
		places = append(places, wellKnown(&url.URL{Scheme: from.url.Scheme, Host: from.url.Host}, "oauth-protected-resource"))
	}
	if asked.metadata != "" {
		named, err := from.lead(what, asked.metadata)
		if err != nil {
			return resourceMetadata{}, err
		}
		if !sameOrigin(named, from.url) {
			return resourceMetadata{}, fmt.Errorf("%s is said to be on another host (%s), where it counts for nothing", what, clean(named.Host))
		}
		places = []*url.URL{named}
	}
	var about resourceMetadata
	if err := c.firstDocument(ctx, places, &about); err != nil {
		if errors.Is(err, errNoMetadata) {
			err = fmt.Errorf("%s does not say how to log in: it has no metadata at %s", clean(from.url.String()), place(places[0]))
		}
		return about, err
	}
	if named, err := parseAddress(about.Resource); err != nil || named.String() != from.url.String() {
		return about, fmt.Errorf("%s is about another one, %q; if that is the one you mean, use its URL", what, clean(about.Resource))
	}
	return about, nil
}

// firstDocument decodes the first document that is there.
func (c *Client) firstDocument(ctx context.Context, places []*url.URL, into any) error {
	for _, at := range places {
		doc, err := c.get(ctx, at)
		switch {
		case err != nil:
			return err
		case doc.status >= http.StatusInternalServerError:
			return fmt.Errorf("%s: status %d", place(at), doc.status)
		case doc.status != http.StatusOK:
			continue
		}
		if err := strictjson.Unmarshal(doc.body, into); err != nil {
			return fmt.Errorf("%s: %w", place(at), err)
		}
		return nil
	}
	return errNoMetadata
}

// chooseIssuer takes the first authorization server unless another was asked for.
func chooseIssuer(listed []string, wanted string) (string, error) {
	switch {
	case len(listed) == 0:
		return "", errors.New("the metadata of the server names no authorization server")
	case wanted == "":
		return listed[0], nil
	case !slices.Contains(listed, wanted):
		return "", Mistake{fmt.Errorf("the server does not trust the issuer %q; it names %s", clean(wanted), clean(strings.Join(listed, ", ")))}
	}
	return wanted, nil
}

// serverMetadata reads the metadata of an issuer at the places where either standard puts it, and checks that it is its own.
func (c *Client) serverMetadata(ctx context.Context, from origin, issuer string) (serverMetadata, error) {
	var about serverMetadata
	u, err := from.lead("the authorization server", issuer)
	if err != nil {
		return about, err
	}
	places := []*url.URL{wellKnown(u, "oauth-authorization-server"), wellKnown(u, "openid-configuration")}
	if strings.Trim(u.Path, "/") != "" {
		places = append(places, u.JoinPath("/.well-known/openid-configuration"))
	}
	if err := c.firstDocument(ctx, places, &about); err != nil {
		return about, fmt.Errorf("the metadata of the authorization server %s: %w", clean(issuer), err)
	}
	if about.Issuer != issuer {
		return about, fmt.Errorf("the metadata of the authorization server %s says it is %q, which is somebody else", clean(issuer), clean(about.Issuer))
	}
	return about, nil
}

// checkServer checks that the authorization server can do what a login needs, and that nothing of it leads astray. It returns
// the address for the browser.
func checkServer(from origin, about serverMetadata) (*url.URL, error) {
	if !slices.Contains(about.ChallengeMethods, "S256") {
		return nil, fmt.Errorf("the authorization server %s does not say that it supports PKCE with S256, without which a code could be stolen", clean(about.Issuer))
	}
	if len(about.ResponseTypes) > 0 && !slices.Contains(about.ResponseTypes, "code") {
		return nil, fmt.Errorf("the authorization server %s does not issue codes", clean(about.Issuer))
	}
	for what, raw := range map[string]string{"the token endpoint": about.Token, "the registration endpoint": about.Registration, "the revocation endpoint": about.Revocation} {
		if raw == "" && what != "the token endpoint" {
			continue
		}
		if _, err := from.lead(what, raw); err != nil {
			return nil, err
		}
	}
	return from.lead("the authorization endpoint", about.Authorization)
}
