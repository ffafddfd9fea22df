package authserver

import (
	"errors"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// maxRedirectLength bounds one redirect URI.
const maxRedirectLength = 2048

var (
	// uriCharacters are the characters of RFC 3986 without the fragment sign.
	uriCharacters = regexp.MustCompile(`^[A-Za-z0-9\-._~:/?\[\]@!$&'()*+,;=%]+$`)
	hostName      = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$`)
	schemeGrammar = regexp.MustCompile(`^[a-z][a-z0-9+.-]*$`)
	dotSegment    = regexp.MustCompile(`(?i)(^|/)(\.|%2e)(\.|%2e)?(/|$)`)
	badEscape     = regexp.MustCompile(`%([^0-9A-Fa-f]|.[^0-9A-Fa-f]|.?$)`)
)

// validScheme reports whether a scheme can be configured as a custom one: none
// that a browser runs, reads or treats as its own.
func validScheme(s string) bool {
	switch s {
	case "about", "blob", "chrome", "data", "feed", "file", "filesystem", "ftp", "http", "https", "javascript",
		"jar", "mailto", "resource", "sms", "tel", "urn", "vbscript", "view-source", "ws", "wss":
		return false
	}
	return schemeGrammar.MatchString(s)
}

// loopbackRedirect is an http redirect URI to this computer, taken apart by its
// characters: there is nothing in it that two parsers could read differently.
type loopbackRedirect struct {
	host string // 127.0.0.1, [::1] or localhost
	port string // empty or 1 to 65535 without leading zero
	rest string // path and query
}

// parseLoopback reads an http redirect URI whose host is one of the three
// spellings of this computer that clients use (RFC 8252, section 7.3, and
// localhost, which section 8.3 discourages and real clients need).
func parseLoopback(uri string) (loopbackRedirect, bool) {
	after, ok := strings.CutPrefix(uri, "http://")
	if !ok {
		return loopbackRedirect{}, false
	}
	for _, host := range []string{"127.0.0.1", "[::1]", "localhost"} {
		rest, ok := strings.CutPrefix(after, host)
		if !ok {
			continue
		}
		port := ""
		if colon, ok := strings.CutPrefix(rest, ":"); ok {
			end := strings.IndexFunc(colon, func(r rune) bool { return r < '0' || r > '9' })
			if end < 0 {
				end = len(colon)
			}
			port, rest = colon[:end], colon[end:]
			if !validPort(port) {
				return loopbackRedirect{}, false
			}
		}
		if rest != "" && rest[0] != '/' && rest[0] != '?' {
			return loopbackRedirect{}, false
		}
		return loopbackRedirect{host, port, rest}, true
	}
	return loopbackRedirect{}, false
}

func validPort(port string) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n > 0 && strconv.FormatUint(n, 10) == port
}

// checkRedirect says why a redirect URI may not be registered, or nil. What is
// allowed: https, http to this computer, and the configured custom schemes.
func checkRedirect(uri string, customSchemes []string) error {
	if len(uri) > maxRedirectLength {
		return errors.New("is too long")
	}
	if !uriCharacters.MatchString(uri) || badEscape.MatchString(uri) {
		return errors.New("must be a URI without fragment, space, backslash or control characters")
	}
	u, err := url.Parse(uri)
	if err != nil || u.Scheme == "" || !strings.HasPrefix(uri, u.Scheme+":/") {
		return errors.New("must be an absolute URI with a lower-case scheme")
	}
	if u.User != nil || strings.Contains(u.Host, "@") {
		return errors.New("must not hold user information")
	}
	if dotSegment.MatchString(u.EscapedPath()) {
		return errors.New("must not hold dot segments")
	}
	switch {
	case u.Scheme == "https":
		return checkHTTPSHost(u)
	case u.Scheme == "http":
		if _, ok := parseLoopback(uri); !ok {
			return errors.New("must be https, or http to 127.0.0.1, [::1] or localhost")
		}
		return nil
	case slices.Contains(customSchemes, u.Scheme):
		return nil
	default:
		return errors.New("has a scheme that is not allowed here")
	}
}

// checkHTTPSHost accepts a lower-case host name or a canonical IP literal, so
// that the origin the consent page shows is the one the browser goes to.
func checkHTTPSHost(u *url.URL) error {
	host := u.Hostname()
	if port := u.Port(); port != "" && !validPort(port) || strings.HasSuffix(u.Host, ":") {
		return errors.New("has a port that is none")
	}
	if ip, err := netip.ParseAddr(host); err == nil && ip.String() == host && ip.Zone() == "" {
		return nil
	}
	last := host[strings.LastIndexByte(host, '.')+1:]
	if !hostName.MatchString(host) || len(host) > 253 || last[0] >= '0' && last[0] <= '9' {
		return errors.New("must have a plain lower-case host name")
	}
	return nil
}

// matchRedirect reports whether the requested redirect URI is one of the
// registered ones: character by character (RFC 9700, section 2.1), except that
// the port of a native client's redirect to this computer may vary (RFC 8252,
// section 7.3).
func matchRedirect(registered []string, requested string, native bool) bool {
	if slices.Contains(registered, requested) {
		return true
	}
	want, ok := parseLoopback(requested)
	if !native || !ok {
		return false
	}
	for _, r := range registered {
		have, ok := parseLoopback(r)
		if ok && have.host == want.host && have.rest == want.rest {
			return true
		}
	}
	return false
}
