package authserver

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sallyport-mcp/sallyport/internal/loopback"
)

// User is one of the people who can sign in. There are no passwords: whoever
// can open the sign-in page can be any of them, which is why the server only
// runs on a loopback address.
type User struct {
	// Name is the subject of the tokens, for example "alice". It is required,
	// unique, printable and at most 256 bytes long.
	Name string
	// DisplayName is shown on the pages. Empty means Name.
	DisplayName string
	// Note is a short remark shown beside the name, for example "admin".
	Note string
}

// Scope is something a client may ask for.
type Scope struct {
	// Name is the scope as it appears in requests and tokens. It may hold
	// placeholders: "table/{table}:read" accepts every scope with
	// [A-Za-z0-9._-]{1,128} in the place of {table}.
	Name string
	// Description says in words, for the consent page, what the scope allows.
	// Placeholders in it are filled in. Empty means that the name is shown.
	Description string
}

// Config says what a Server issues tokens for, and to whom. The zero value is
// refused: Issuer, Resource and Users are required.
type Config struct {
	// Issuer is an origin without a path, such as "http://127.0.0.1:8080". Plain
	// http is accepted for loopback hosts only.
	Issuer string
	// Resource is the only resource tokens are issued for (RFC 8707), and so
	// their audience: the absolute URL of the protected MCP endpoint.
	Resource string
	// Users are the people who can sign in.
	Users []User
	// Scopes are what clients may ask for. Whatever else they ask for is
	// dropped.
	Scopes []Scope
	// CustomSchemes are the URI schemes beside https and loopback http that a
	// client may register redirects for. Nil means those of well-known editors:
	// cursor, vscode, vscode-insiders, claude and windsurf. An empty slice that
	// is not nil allows none.
	CustomSchemes []string
	// Now is the clock. Nil means time.Now.
	Now func() time.Time
	// Logger gets registrations, grants and revocations, never a secret. Nil
	// means that nothing is logged.
	Logger *slog.Logger
}

// withDefaults returns a copy that shares nothing with the caller, with the
// defaults filled in.
func (c Config) withDefaults() Config {
	c.Users = append([]User(nil), c.Users...)
	c.Scopes = append([]Scope(nil), c.Scopes...)
	if c.CustomSchemes == nil {
		c.CustomSchemes = []string{"cursor", "vscode", "vscode-insiders", "claude", "windsurf"}
	} else {
		c.CustomSchemes = append([]string{}, c.CustomSchemes...)
	}
	for i, u := range c.Users {
		if u.DisplayName == "" {
			c.Users[i].DisplayName = u.Name
		}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// check reports every mistake at once.
func (c Config) check() error {
	var errs []error
	bad := func(format string, a ...any) { errs = append(errs, fmt.Errorf("authserver: "+format, a...)) }
	if err := checkIssuer(c.Issuer); err != nil {
		bad("Issuer %q: %w", c.Issuer, err)
	}
	if u, err := url.Parse(c.Resource); err != nil || u.Scheme == "" || u.Host == "" || strings.Contains(c.Resource, "#") {
		bad("Resource %q: must be an absolute URL without a fragment (RFC 8707, section 2)", c.Resource)
	}
	if len(c.Users) == 0 {
		bad("Users: nobody could sign in; name at least one user")
	}
	seen := map[string]bool{}
	for i, u := range c.Users {
		if !printable(u.Name) || len(u.Name) > 256 || strings.TrimSpace(u.Name) != u.Name {
			bad("Users[%d].Name %q: must be 1 to 256 printable bytes without space around them", i, u.Name)
		}
		if seen[u.Name] {
			bad("Users[%d].Name %q: is used twice; names are the subjects of tokens and must differ", i, u.Name)
		}
		seen[u.Name] = true
	}
	for i, s := range c.CustomSchemes {
		if !validScheme(s) {
			bad("CustomSchemes[%d] %q: must be a lower-case URI scheme that no browser runs or reads, such as \"vscode\"", i, s)
		}
	}
	return errors.Join(errs...)
}

func checkIssuer(issuer string) error {
	u, err := url.Parse(issuer)
	if err != nil || u.Host == "" || u.Scheme+"://"+u.Host != issuer || strings.ToLower(issuer) != issuer || u.Hostname() == "" {
		return errors.New(`must be a lower-case origin without path, such as "http://127.0.0.1:8080"`)
	}
	if !asBrowsersSpell(u) {
		return errors.New("must be spelled as browsers do, which the pages insist on: no leading zero, no default port, no empty port")
	}
	switch {
	case u.Scheme == "https":
		return nil
	case u.Scheme == "http" && loopback.Is(u.Hostname()):
		return nil
	default:
		return errors.New("must be https, or http on a loopback address")
	}
}

// asBrowsersSpell reports whether a browser would send the host and port of an
// origin as they stand here.
func asBrowsersSpell(u *url.URL) bool {
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil && ip.String() != u.Hostname() {
		return false
	}
	if u.Port() == "" {
		return !strings.HasSuffix(u.Host, ":")
	}
	isDefault := u.Scheme == "https" && u.Port() == "443" || u.Scheme == "http" && u.Port() == "80"
	return validPort(u.Port()) && !isDefault
}

// printable reports whether s is not empty, valid UTF-8 and free of what could
// change how a page or a log line reads.
func printable(s string) bool {
	if s == "" || !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if !visible(r) {
			return false
		}
	}
	return true
}
