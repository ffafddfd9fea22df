package policytest

import (
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/internal/question"
)

// The keys of a principal.
const (
	keyUser   = "user"
	keyClient = "client"
	keyGroups = "groups"
	keyRoles  = "roles"
	keyIssuer = "issuer"
	keyScopes = "scopes"
)

// principal reads who asks.
func (r *reader) principal(n *yaml.Node) authz.Principal {
	who := authz.Principal{}
	fields, ok := r.mapping(n, "write {user: NAME}, or {client: ID} for a client's own token", keyUser, keyClient, keyGroups, keyRoles, keyIssuer, keyScopes)
	if !ok {
		return who
	}
	_, isUser := fields[keyUser]
	_, hasClient := fields[keyClient]
	if isUser {
		who.Subject, _ = r.text(fields[keyUser].value)
		who.Client = question.NotNamed
	}
	if hasClient {
		who.Client, _ = r.text(fields[keyClient].value)
	}
	switch {
	case !isUser && hasClient:
		who.Machine, who.Subject = true, who.Client
		r.onlyUsers(fields, keyGroups, keyRoles)
	case !isUser:
		r.fail(n, "", "a principal with neither user nor client", "write user: NAME, or client: ID for a client's own token")
	}
	who.Groups, who.Roles = r.optional(fields, keyGroups), r.optional(fields, keyRoles)
	who.Scopes = r.scopes(fields)
	who.Alias = r.issuer(fields)
	return who
}

// onlyUsers reports what a client's own token does not have, so that no row about it would count.
func (r *reader) onlyUsers(fields map[string]field, keys ...string) {
	for _, key := range keys {
		if f, given := fields[key]; given {
			r.fail(f.key, key, "a client's own token, which has no user, has no "+key, "remove it, or name the user")
		}
	}
}

func (r *reader) optional(fields map[string]field, key string) []string {
	f, given := fields[key]
	if !given {
		return nil
	}
	return r.texts(f.value)
}

// scopes reads what the token has. A scope holds no space (RFC 6749 section 3.3), so that one is several in one text.
func (r *reader) scopes(fields map[string]field) []string {
	list := r.optional(fields, keyScopes)
	for _, s := range list {
		if strings.ContainsAny(s, " \t\n") {
			r.fail(fields[keyScopes].value, s, "a scope with a space in it, which no token has", "write each scope for itself: [a, b]")
		}
	}
	return list
}

// issuer returns the alias of the caller's issuer: the first one's unless the test says another, none if there are no aliases.
func (r *reader) issuer(fields map[string]field) string {
	aliases := r.review.Aliases()
	f, given := fields[keyIssuer]
	switch {
	case !given && len(aliases) > 1:
		return aliases[0]
	case !given:
		return ""
	case len(aliases) < 2:
		r.fail(f.key, keyIssuer, "the server has no issuers to choose from", "remove it; issuers have aliases if there are several of them")
		return ""
	}
	return r.choice(f.value, "no issuer has this alias", aliases...)
}
