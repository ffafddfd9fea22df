package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/sallyport-mcp/sallyport/internal/browsertest"
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
		if req, err = browsertest.Fill(ctx, resp.Request.URL, string(body), c.person); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("%s filled in %d pages and was never sent back", c.person, pages)
}
