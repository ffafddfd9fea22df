package transport

import "strings"

// Challenge is the content of a WWW-Authenticate header with the Bearer scheme
// (RFC 6750, section 3; RFC 9728, section 5.1). It is the only place that
// builds one. The zero value asks for a token and names no error.
type Challenge struct {
	// Error is the error code, for example "insufficient_scope"; left out when
	// empty, as it must be when the request had no credentials.
	Error string
	// Description is the error_description, left out when empty.
	Description string
	// Scopes are the scopes to ask for, left out when empty.
	Scopes []string
	// ResourceMetadata is the URL of the protected resource metadata. When it
	// is empty the handler of this package fills in its own.
	ResourceMetadata string
}

// String returns the header value. Whatever the fields hold, it is one
// challenge with at most one parameter of each name: a byte that RFC 6750 does
// not allow in a parameter becomes a question mark, and a scope that is no
// scope-token (RFC 6749, section 3.3) is left out.
func (c *Challenge) String() string {
	var b strings.Builder
	b.WriteString("Bearer")
	separator := " "
	parameter := func(name, value string) {
		if value == "" {
			return
		}
		b.WriteString(separator + name + `="` + printable(value) + `"`)
		separator = ", "
	}
	parameter("error", c.Error)
	parameter("error_description", c.Description)
	parameter("resource_metadata", c.ResourceMetadata)
	parameter("scope", strings.Join(scopeTokens(c.Scopes), " "))
	return b.String()
}

// scopeTokens returns the scopes that can be written into a challenge.
func scopeTokens(scopes []string) []string {
	var tokens []string
	for _, s := range scopes {
		if s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r == ' ' || !quotable(r) }) {
			tokens = append(tokens, s)
		}
	}
	return tokens
}

// printable replaces what may not stand between the quotes.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if quotable(r) {
			return r
		}
		return '?'
	}, s)
}

// quotable reports whether r is in %x20-21 / %x23-5B / %x5D-7E: printable
// ASCII without the quote and the backslash.
func quotable(r rune) bool {
	return r >= ' ' && r <= '~' && r != '"' && r != '\\'
}
