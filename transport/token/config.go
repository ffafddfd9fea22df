package token

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"time"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/internal/loopback"
)

// Issuer is an authorization server whose access tokens are trusted.
type Issuer struct {
	// URL is the issuer identifier exactly as in the iss claim and in the
	// metadata: https, or http on a loopback host, without query and fragment.
	URL string
	// Alias is a short name of letters, digits and "._-". It is required and
	// unique if there are several issuers, and not used otherwise.
	Alias string
	// Profile says in what its tokens differ from RFC 9068.
	Profile Profile
	// Keys, if set, returns the issuer's JWK set (RFC 7517 section 5). It is
	// asked instead of looking for the keys over HTTP, by one goroutine at a
	// time: for an authorization server in the same process.
	Keys func(context.Context) ([]byte, error)
	// Introspection, if set, has the issuer asked about tokens that are no JWTs. One
	// issuer can have it: such a token does not say whose it is.
	Introspection *Introspection
}

// Config is what a [Verifier] needs to know. It is copied.
type Config struct {
	// Audience is this resource as tokens must name it in aud (RFC 8707).
	Audience string
	// Issuers are the trusted issuers, at least one.
	Issuers []Issuer
	// Revoked reports whether the principal's token must no longer be accepted.
	// It is asked last, and for every token. Nil means that nothing is ever
	// revoked. Its error, or its panic, makes the verifier unavailable.
	Revoked func(context.Context, authz.Principal) (bool, error)
	// HTTPClient fetches metadata and keys. Its redirects are limited to the
	// same origin and its answers to 1 MB. Default: a client of its own.
	HTTPClient *http.Client
	// Now is the clock for the claims. Default: time.Now. The age of keys is
	// measured by the monotonic clock instead.
	Now func() time.Time
	// Logger gets what an operator must know about keys. Default: slog.Default().
	Logger *slog.Logger

	// Skew is how far the issuer's clock may differ. Default: 30 s, at most 5 min.
	Skew time.Duration
	// MaxLifetime is the longest accepted time from iat to exp. Default: 24 h.
	MaxLifetime time.Duration
	// KeyTTL is how soon a key that the issuer no longer publishes is refused.
	// Default: 5 min.
	KeyTTL time.Duration
	// KeyMaxAge is how long the last good keys are used while the issuer cannot
	// be reached; then its tokens cannot be judged. Default: 1 h.
	KeyMaxAge time.Duration
	// CacheSize is how many accepted tokens are remembered, so that the next
	// request with the same token costs little. A token's times, its key and its
	// revocation are checked on every request all the same. One takes about 0.6 kB,
	// with 200 groups 13 kB. Default: 16,384, at most 1,048,576. NoCache remembers
	// none.
	CacheSize int
}

// defaultMaxLifetime is the longest accepted time from iat to exp.
const defaultMaxLifetime = 24 * time.Hour

// withDefaults returns a copy that shares no list with c.
func (c Config) withDefaults() Config {
	c.Issuers = slices.Clone(c.Issuers)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	defaults := []struct {
		value *time.Duration
		is    time.Duration
	}{
		{&c.Skew, 30 * time.Second},
		{&c.MaxLifetime, defaultMaxLifetime},
		{&c.KeyTTL, 5 * time.Minute},
		{&c.KeyMaxAge, time.Hour},
	}
	for _, d := range defaults {
		if *d.value == 0 {
			*d.value = d.is
		}
	}
	if c.CacheSize == 0 {
		c.CacheSize = defaultCacheSize
	}
	return c
}

// check returns all mistakes as one error. It expects the defaults filled in.
func (c Config) check() error {
	var list []error
	wrong := func(format string, a ...any) { list = append(list, fmt.Errorf("token: Config."+format, a...)) }
	if c.Audience == "" {
		wrong("Audience is empty; set it to the URL of this resource")
	}
	if len(c.Issuers) == 0 {
		wrong("Issuers is empty; name at least one issuer")
	}
	if c.Skew < 0 || c.Skew > 5*time.Minute {
		wrong("Skew: %v is not between 0 and 5m; synchronize the clocks instead", c.Skew)
	}
	if c.MaxLifetime < 0 {
		wrong("MaxLifetime: %v is negative; use 0 for the default", c.MaxLifetime)
	}
	if c.KeyTTL < 0 || c.KeyMaxAge < c.KeyTTL {
		wrong("KeyTTL, KeyMaxAge: %v and %v; both must be positive, the second not below the first", c.KeyTTL, c.KeyMaxAge)
	}
	if c.CacheSize < NoCache || c.CacheSize > maxCacheSize {
		wrong("CacheSize: %d is not between 0 and %d; use 0 for the default, NoCache for none", c.CacheSize, maxCacheSize)
	}
	asked := 0
	urls, aliases := map[string]bool{}, map[string]bool{}
	for i, issuer := range c.Issuers {
		if err := checkIssuerURL(issuer.URL); err != nil {
			wrong("Issuers[%d].URL: %w", i, err)
		}
		if urls[issuer.URL] {
			wrong("Issuers[%d].URL: %q is there twice; remove one", i, issuer.URL)
		}
		if len(c.Issuers) > 1 && !isAlias(issuer.Alias) {
			wrong("Issuers[%d].Alias: %q: several issuers need an alias each; use letters, digits and ._-", i, issuer.Alias)
		}
		if len(c.Issuers) > 1 && aliases[issuer.Alias] {
			wrong("Issuers[%d].Alias: %q is there twice; choose another", i, issuer.Alias)
		}
		for _, m := range issuer.Profile.mistakes() {
			wrong("Issuers[%d].Profile.%s", i, m)
		}
		for _, m := range issuer.Introspection.mistakes() {
			wrong("Issuers[%d].Introspection.%s", i, m)
		}
		if issuer.Introspection != nil {
			asked++
		}
		urls[issuer.URL], aliases[issuer.Alias] = true, true
	}
	if asked > 1 {
		wrong("Issuers: %d have an Introspection; keep one, for an opaque token does not say whose it is", asked)
	}
	return errors.Join(list...)
}

func isAlias(s string) bool {
	return regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`).MatchString(s)
}

func checkIssuerURL(s string) error {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "":
		return errors.New("not an absolute URL; write it as in the iss claim")
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return errors.New("has a user, a query or a fragment; write it as in the iss claim")
	case !secure(u):
		return fmt.Errorf("%q is neither https nor http on a loopback host; use https", s)
	}
	return nil
}

// secure reports whether what is fetched from u comes from who it says: over
// TLS, or from this machine.
func secure(u *url.URL) bool {
	return u.Scheme == "https" || u.Scheme == "http" && loopback.Is(u.Hostname())
}
