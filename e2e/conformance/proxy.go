package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"syscall"
)

// attempts bounds how often one request is sent: without a token, with one, and once more after a step-up.
const attempts = 3

// tokens obtains access tokens.
type tokens interface {
	// current returns the token in hand, empty if there is none.
	current() string
	// after returns a token that also has the scopes of a challenge that was met with the given one.
	after(ctx context.Context, met string, c challenge) (string, error)
}

// newProxy passes everything on to backend as it is, and adds a token to requests for /mcp.
func newProxy(backend *url.URL, source tokens) http.Handler {
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(backend)
			r.Out.Host = r.In.Host // the server must see whom the client believes to speak to
		},
		Transport:     &stepUp{inner: http.DefaultTransport, source: source},
		FlushInterval: -1,
		ErrorLog:      log.New(io.Discard, "", 0), // the suite closes streams
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if !errors.Is(err, syscall.ECONNREFUSED) { // it is not up yet
				fmt.Fprintf(os.Stderr, "proxy: %s %s: %v (%v)\n", r.Method, r.URL.Path, err, r.Context().Err())
			}
			w.WriteHeader(http.StatusBadGateway)
		},
	}
}

// stepUp is a http.RoundTripper that adds a token, and answers challenges.
type stepUp struct {
	inner  http.RoundTripper
	source tokens
}

// RoundTrip implements http.RoundTripper.
func (s *stepUp) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Path != "/mcp" || req.Header.Get("Authorization") != "" {
		return s.inner.RoundTrip(req)
	}
	var body []byte
	if req.Body != nil {
		var err error
		if body, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
	}
	token := s.source.current()
	for attempt := 1; ; attempt++ {
		resp, err := s.send(req, body, token)
		if err != nil || attempt == attempts {
			return resp, err
		}
		c, ok := challengeOf(resp)
		if !ok {
			return resp, nil
		}
		_, _ = io.Copy(io.Discard, resp.Body) // what is left of it: the connection is used again
		_ = resp.Body.Close()
		if token, err = s.source.after(req.Context(), token, c); err != nil {
			return nil, err
		}
	}
}

func (s *stepUp) send(req *http.Request, body []byte, token string) (*http.Response, error) {
	out := req.Clone(req.Context())
	if body != nil {
		out.Body = io.NopCloser(bytes.NewReader(body))
	}
	if token != "" {
		out.Header.Set("Authorization", "Bearer "+token)
	}
	return s.inner.RoundTrip(out)
}

// challenge is what a WWW-Authenticate header asks a client to do (RFC 6750 section 3, RFC 9728 section 5.1).
type challenge struct {
	metadata string
	scopes   []string
}

// challengeOf returns the challenge of an answer that another token could change: a 401, or a 403 for want of scopes.
func challengeOf(resp *http.Response) (challenge, bool) {
	header := resp.Header.Get("WWW-Authenticate")
	wanting := resp.StatusCode == http.StatusForbidden && parameter(header, "error") == "insufficient_scope"
	if resp.StatusCode != http.StatusUnauthorized && !wanting {
		return challenge{}, false
	}
	return challenge{metadata: parameter(header, "resource_metadata"), scopes: strings.Fields(parameter(header, "scope"))}, true
}

// parameter reads one quoted parameter of a challenge.
func parameter(header, name string) string {
	for _, before := range []string{" ", ","} {
		if _, rest, found := strings.Cut(header, before+name+`="`); found {
			value, _, _ := strings.Cut(rest, `"`)
			return value
		}
	}
	return ""
}
