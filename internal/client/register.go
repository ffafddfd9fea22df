package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/sallyport-mcp/sallyport/internal/strictjson"
)

// registrationRequest is what this client says about itself (RFC 7591, section 2). It asks for no scopes: those of later
// step-ups are not known yet, and a registration that names some may be held to them.
type registrationRequest struct {
	Name            string   `json:"client_name"`
	Redirects       []string `json:"redirect_uris"`
	ApplicationType string   `json:"application_type"`
	Method          string   `json:"token_endpoint_auth_method"`
	GrantTypes      []string `json:"grant_types"`
	ResponseTypes   []string `json:"response_types"`
}

// register registers this client and returns its id.
func (c *Client) register(ctx context.Context, about serverMetadata, redirect string) (string, error) {
	if about.Registration == "" {
		return "", Mistake{fmt.Errorf("the authorization server %s lets no client register itself; have one registered there, public, with "+
			"http://127.0.0.1/callback, and name it with --client-id", clean(about.Issuer))}
	}
	u, err := parseAddress(about.Registration)
	if err != nil {
		return "", err
	}
	body, err := json.Marshal(registrationRequest{
		Name: "sallyport command line", Redirects: []string{redirect}, ApplicationType: "native", Method: "none",
		GrantTypes: []string{"authorization_code", "refresh_token"}, ResponseTypes: []string{"code"},
	})
	if err != nil {
		return "", err
	}
	doc, err := c.post(ctx, u, "application/json", string(body))
	if err == nil && doc.status != http.StatusCreated && doc.status != http.StatusOK {
		err = refusalOf(u, doc)
	}
	if err != nil {
		return "", fmt.Errorf("the registration of this client was refused: %w", err)
	}
	var answer struct {
		ID     string `json:"client_id"`
		Method string `json:"token_endpoint_auth_method"`
	}
	if err := strictjson.Unmarshal(doc.body, &answer); err != nil {
		return "", fmt.Errorf("the answer to the registration of this client: %w", err)
	}
	switch {
	case answer.ID == "":
		return "", errors.New("the answer to the registration of this client names no client_id")
	case answer.Method != "" && answer.Method != "none":
		return "", fmt.Errorf("the authorization server registered a client with a secret (%s), which a command line cannot keep; "+
			"have a public one registered and name it with --client-id", clean(answer.Method))
	}
	return answer.ID, nil
}
