// Package doctor looks at the authorization of an MCP server from outside, as an expert would: it sends the requests that a client, a
// mistaken client and an attacker send, and says of each answer whether it is right, why that matters and what mends it.
//
// It only reads. No tool that exists is called, no client is registered, nothing is sent but to the server itself and to the
// issuers that its metadata names. What it reads is bounded in size and time, and what it prints of it is printable.
package doctor

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"
)

// DefaultTimeout is how long one examination may take.
const DefaultTimeout = time.Minute

// Options say whom to examine and how.
type Options struct {
	// URL is the MCP endpoint, such as https://mcp.example.com/mcp.
	URL string
	// Token is an access token for that endpoint, for the checks that need one. It is sent to the endpoint only, and only over a
	// connection whose certificate is good, or on loopback. Empty leaves those checks out.
	Token string
	// Timeout is how long everything together may take; 0 means [DefaultTimeout].
	Timeout time.Duration
	// Roots are the certificate authorities that are trusted; nil means those of the system.
	Roots *x509.CertPool
	// Dial connects to an address; nil means the network.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Now tells the time; nil means time.Now.
	Now func() time.Time
}

// Examine makes every check and returns what was found, in the order of [Checks]. The error says why nothing could be: a URL that is
// none, or a server that does not answer. A report whose Unseen is not 0 is incomplete.
func Examine(ctx context.Context, o Options) (*Report, error) {
	target, err := parseTarget(o.URL)
	if err != nil {
		return nil, err
	}
	if o.Token != "" && !isToken68(o.Token) {
		return nil, errors.New("the token is not one that can stand in a header (RFC 6750, section 2.1)")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(o.Timeout, DefaultTimeout))
	defer cancel()
	v := newVisit(ctx, o, target)
	defer v.close()
	return v.report()
}

// report makes every check.
func (v *visit) report() (*Report, error) {
	began := v.opts.Now()
	if first := v.send(v.modern("tools/list", nil)); first.err != nil {
		return nil, fmt.Errorf("%s does not answer: %s", v.shown(), v.clean(first.err.Error()))
	}
	r := &Report{Version: reportVersion, URL: v.shown()}
	for _, c := range Checks() {
		r.add(c, v.look(c))
	}
	v.endSession()
	r.Posture = v.posture()
	r.Requests, r.Milliseconds = v.requests, v.opts.Now().Sub(began).Milliseconds()
	return r, nil
}

// parseTarget reads the URL of an endpoint.
func parseTarget(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, errors.New("that is no URL; write it like https://mcp.example.com/mcp")
	case u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return nil, fmt.Errorf("%q is no http or https URL; write it like https://mcp.example.com/mcp", printable(text, 80))
	case u.User != nil:
		return nil, errors.New("the URL holds a user name or a password; leave it out")
	case u.Fragment != "" || strings.Contains(text, "#"):
		return nil, errors.New("the URL has a fragment, which the URL of an MCP server must not have; leave it out")
	}
	if u.Path == "" {
		u.Path = "/"
	}
	return u, nil
}

// isLoopback tells whether a host name is this machine's own.
func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// isToken68 tells whether s can stand behind "Bearer " (RFC 6750, section 2.1).
func isToken68(s string) bool {
	body := strings.TrimRight(s, "=")
	return body != "" && strings.Trim(body, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/") == "" &&
		!strings.ContainsFunc(body, func(r rune) bool { return r <= ' ' || r == '=' || r > '~' })
}
