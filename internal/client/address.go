package client

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/sallyport-mcp/sallyport/internal/loopback"
)

// Resource returns the canonical URL of an MCP server (MCP 2026-07-28, basic/authorization, "Canonical Server URI"): what its
// tokens are kept under. The error is a [Mistake].
func Resource(raw string) (string, error) {
	u, err := parseAddress(raw)
	if err == nil && u.Scheme == "http" && !loopback.Is(u.Hostname()) {
		err = errors.New("plain http is for this machine only; use https")
	}
	if err != nil {
		return "", Mistake{fmt.Errorf("the URL %q: %w", clean(raw), err)}
	}
	return u.String(), nil
}

// parseAddress reads an absolute URL of http or https and returns it in its one spelling.
func parseAddress(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return nil, errors.New("cannot be read")
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("has to begin with https:// (or http:// on this machine)")
	case u.Hostname() == "" || u.Opaque != "":
		return nil, errors.New("names no host")
	case u.User != nil:
		return nil, errors.New("holds a user name, which would be sent in the clear; leave it out")
	case u.Fragment != "" || strings.Contains(raw, "#"):
		return nil, errors.New("has a fragment (#), which no server would see; leave it out")
	}
	u.Host = strings.ToLower(u.Host)
	if port := map[string]string{"http": ":80", "https": ":443"}[u.Scheme]; strings.HasSuffix(u.Host, port) {
		u.Host = strings.TrimSuffix(u.Host, port)
	}
	if u.Path == "/" {
		u.Path = ""
	}
	return u, nil
}

func sameOrigin(a, b *url.URL) bool { return a.Scheme == b.Scheme && a.Host == b.Host }

// wellKnown inserts a well-known suffix between host and path (RFC 8615; RFC 8414, section 3.1).
func wellKnown(u *url.URL, suffix string) *url.URL {
	at := *u
	at.Path = "/.well-known/" + suffix + strings.TrimSuffix(u.Path, "/")
	at.RawPath = ""
	return &at
}

// origin is a server that was named by the person at the terminal. What it says may lead elsewhere, but not to this machine
// unless it is here itself: otherwise any server could have this program knock on local doors.
type origin struct{ url *url.URL }

// lead checks an address that a server has named, and says what it is in the error.
func (o origin) lead(what, raw string) (*url.URL, error) {
	u, err := parseAddress(raw)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s %q %w", what, clean(raw), err)
	case loopback.Is(u.Hostname()) && !loopback.Is(o.url.Hostname()):
		return nil, fmt.Errorf("%s %q is on this machine, and the server is not", what, clean(raw))
	case u.Scheme == "http" && !loopback.Is(u.Hostname()):
		return nil, fmt.Errorf("%s %q is plain http, which is for this machine only", what, clean(raw))
	}
	return u, nil
}
