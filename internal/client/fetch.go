package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	// maxDocument bounds metadata and answers of an authorization server.
	maxDocument = 256 << 10
	maxHops     = 3
)

// newHTTP returns the one HTTP client. It follows redirects of a GET within one origin, and no others: a token, a code or a
// password would travel along.
func newHTTP() *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			DialContext:            (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
			ForceAttemptHTTP2:      true,
			TLSHandshakeTimeout:    10 * time.Second,
			MaxResponseHeaderBytes: 64 << 10,
			IdleConnTimeout:        30 * time.Second,
		},
		CheckRedirect: func(req *http.Request, via []*http.Request) error {
			if req.Method != http.MethodGet || via[0].Method != http.MethodGet {
				return http.ErrUseLastResponse
			}
			if !sameOrigin(req.URL, via[0].URL) {
				return fmt.Errorf("it redirects to another host (%s), which is not followed", clean(req.URL.Host))
			}
			if len(via) > maxHops {
				return errors.New("it redirects in circles")
			}
			return nil
		},
	}
}

// document is a short answer.
type document struct {
	status int
	body   []byte
}

// get fetches a document.
func (c *Client) get(ctx context.Context, u *url.URL) (document, error) {
	return c.fetch(ctx, http.MethodGet, u, "", "")
}

// post sends a body and returns the answer, whatever its status is.
func (c *Client) post(ctx context.Context, u *url.URL, contentType, body string) (document, error) {
	return c.fetch(ctx, http.MethodPost, u, contentType, body)
}

func (c *Client) fetch(ctx context.Context, method string, u *url.URL, contentType, body string) (document, error) {
	ctx, cancel := context.WithTimeout(ctx, exchangeTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, u.String(), strings.NewReader(body))
	if err != nil {
		return document{}, fmt.Errorf("%s: %w", place(u), err)
	}
	req.Header.Set("Accept", "application/json")
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return document{}, fmt.Errorf("%s: %w", place(u), cause(err))
	}
	defer func() { _ = resp.Body.Close() }() // it was read as far as it is wanted
	text, err := readBounded(resp.Body, maxDocument)
	if err != nil {
		return document{}, fmt.Errorf("%s: %w", place(u), err)
	}
	return document{resp.StatusCode, text}, nil
}

// readBounded reads a body to its end, unless that is too far away.
func readBounded(body io.Reader, limit int64) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(body, limit+1))
	if err != nil {
		return nil, fmt.Errorf("the answer broke off: %w", cause(err))
	}
	if int64(len(text)) > limit {
		return nil, fmt.Errorf("the answer is larger than %d kB", limit>>10)
	}
	return text, nil
}

// place is a URL as errors name it: without its query.
func place(u *url.URL) string {
	at := *u
	at.RawQuery = ""
	return clean(at.String())
}

// cause is what a failed request failed for. Go's own text repeats the URL, with its query.
func cause(err error) error {
	var failed *url.Error
	if errors.As(err, &failed) {
		err = failed.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return errors.New("no answer in time")
	}
	return err
}
