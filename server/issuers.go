package server

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/sallyport-mcp/sallyport/internal/loopback"
	"github.com/sallyport-mcp/sallyport/transport/token"
)

// embedded tells whether the server runs its own authorization server.
func (c *Config) embedded() bool { return len(c.Issuers) == 0 }

// settleIssuers names the issuers and decides whether the embedded
// authorization server may take their place. What a single issuer may look
// like is checked by the package that verifies its tokens.
func (c *Config) settleIssuers(wrong *mistakes) {
	if c.embedded() {
		c.checkEmbedded(wrong)
		return
	}
	c.nameIssuers()
	var sound []token.Issuer
	for i, issuer := range c.Issuers {
		if checkIssuerURL(wrong, issuer.URL) && c.checkAlias(wrong, i) {
			sound = append(sound, c.Issuers[i])
		}
	}
	if len(sound) > 0 && len(sound) < len(c.Issuers) {
		// The server is not assembled then; what is wrong beside the URLs is told all the same.
		_, err := token.New(token.Config{Audience: unsetURL, Issuers: sound, Logger: c.Logger})
		wrong.adopt(err)
	}
}

// checkAlias tells whether no issuer before the i-th has its alias. Names in
// the policy could otherwise mean either.
func (c *Config) checkAlias(wrong *mistakes, i int) bool {
	for _, other := range c.Issuers[:i] {
		switch one := c.Issuers[i]; {
		case len(c.Issuers) < 2 || other.Alias != one.Alias:
		case strings.TrimRight(other.URL, "/") == strings.TrimRight(one.URL, "/"):
			wrong.add("issuers", one.URL, other.URL+" is named too, which is the same issuer",
				"name it once, spelled as in the iss claim of its tokens")
			return false
		default:
			wrong.add("issuers", one.URL, "its alias "+strconv.Quote(other.Alias)+" is that of "+other.URL+" too",
				"give one of them another alias")
			return false
		}
	}
	return true
}

// checkIssuerURL explains what package token would refuse in fewer words. It
// tells whether the URL is right.
func checkIssuerURL(wrong *mistakes, issuer string) bool {
	u, err := url.Parse(issuer)
	switch {
	case err != nil || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		wrong.add("issuers", issuer, "it is not the URL of an issuer (RFC 8414 section 2)",
			"write the https URL that is the iss claim of its tokens, for example https://id.example.com")
	case u.Scheme != "https" && (u.Scheme != "http" || !loopback.Is(u.Hostname())):
		wrong.add("issuers", issuer, "over plain http anybody on the way can replace its keys", "use https; plain http is for loopback addresses only")
	default:
		return true
	}
	return false
}

// checkEmbedded refuses to let people log in without a password anywhere but
// on the machine itself.
func (c *Config) checkEmbedded(wrong *mistakes) {
	const fix = "set issuers and public_url, or stay on 127.0.0.1 to try the server out"
	const reason = "without issuers anybody can log in as anybody, which is for this machine only"
	if listen := checkAddr(&mistakes{}, "addr", c.Addr); listen != nil && !loopback.Is(listen.host) {
		wrong.add("addr", c.Addr, reason, fix)
	}
	u, err := url.Parse(c.PublicURL)
	if err != nil || c.PublicURL == "" {
		return // reported already
	}
	if !loopback.Is(u.Hostname()) {
		wrong.add("public_url", c.PublicURL, reason, fix)
	}
	if u.Path != "" {
		wrong.add("public_url", c.PublicURL, "without issuers there is no place for a path; the endpoint is this and "+DefaultPath,
			"leave the path out or set issuers")
	}
}

// aliases returns the issuers' aliases, the first issuer's first. A single
// issuer has none: names in the policy then carry no alias.
func (c *Config) aliases() []string {
	if len(c.Issuers) < 2 {
		return nil
	}
	var list []string
	for _, issuer := range c.Issuers {
		list = append(list, issuer.Alias)
	}
	return list
}

// Issuers returns the issuers with these URLs, each with the strict default
// profile: tokens as RFC 9068 has them.
func Issuers(urls ...string) []token.Issuer {
	var list []token.Issuer
	for _, issuer := range urls {
		list = append(list, token.Issuer{URL: issuer})
	}
	return list
}

// nameIssuers gives each of several issuers an alias, if it has none: as much
// of its URL as tells it from all others, first the host, then with the port,
// then with the path.
func (c *Config) nameIssuers() {
	if len(c.Issuers) < 2 {
		return
	}
	given := make([]string, len(c.Issuers))
	for i, issuer := range c.Issuers {
		given[i] = issuer.Alias
	}
	for _, part := range []func(*url.URL) string{
		func(u *url.URL) string { return u.Hostname() },
		func(u *url.URL) string { return u.Host },
		func(u *url.URL) string { return u.Host + strings.TrimRight(u.Path, "/") },
	} {
		different := map[string]bool{}
		for i, issuer := range c.Issuers {
			if u, err := url.Parse(issuer.URL); given[i] == "" && err == nil {
				c.Issuers[i].Alias = aliasOf(part(u))
			}
			different[c.Issuers[i].Alias] = true
		}
		if len(different) == len(c.Issuers) {
			return
		}
	}
}

// aliasOf writes part of a URL with the characters an alias may have:
// 127.0.0.1:9000/realms/a becomes 127.0.0.1-9000-realms-a.
func aliasOf(part string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '_':
			return r
		}
		return '-'
	}, part)
}

// settleOrigins checks the browser origins and fills in the server's own.
func (c *Config) settleOrigins(wrong *mistakes) {
	for _, origin := range c.Origins {
		u, err := url.Parse(origin)
		if err != nil || u.Host == "" || canonicalOrigin(u) != origin || (u.Scheme != "https" && u.Scheme != "http") {
			wrong.add("origins", origin, "it is not an origin as browsers send it", originFix(u))
		}
	}
	if len(c.Origins) == 0 && c.PublicURL != "" {
		c.Origins = []string{c.origin()}
	}
}

// originFix says how to write an origin: that of u, if it has one.
func originFix(u *url.URL) string {
	if u != nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http") {
		return "write " + canonicalOrigin(u)
	}
	return "write scheme and host, for example https://app.example.com"
}

// origin returns the origin of the public URL: it without its path.
func (c *Config) origin() string {
	scheme, rest, _ := strings.Cut(c.PublicURL, "://")
	host, _, _ := strings.Cut(rest, "/")
	return scheme + "://" + host
}
