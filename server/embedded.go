package server

import (
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/sallyport-mcp/sallyport/authserver"
	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/internal/loopback"
	"github.com/sallyport-mcp/sallyport/transport/token"
)

// newEmbedded makes the authorization server for development, on the origin of
// the public URL and for this one resource.
func newEmbedded(c *Config, ops *operations, resource string) (*authserver.Server, error) {
	var scopes []authserver.Scope
	for _, word := range ops.scopeWords() {
		scopes = append(scopes, authserver.Scope{Name: word.scope, Description: word.words})
	}
	if c.AdminAddr != "" {
		scopes = append(scopes, authserver.Scope{Name: permissionAdminister, Description: "Administer this server: revoke tokens of others"})
	}
	return authserver.New(authserver.Config{
		Issuer:   c.origin(),
		Resource: resource,
		Users:    c.Users,
		Scopes:   scopes,
		Now:      c.Now,
		Logger:   c.Logger,
	})
}

// describeUsers notes who has which role, for whoever chooses one of them to log in
// as. It says what the policy says at the start, and decides nothing.
func describeUsers(users []authserver.User, policy *authz.Policy) {
	for i, user := range users {
		if user.Note == "" {
			roles := policy.Roles("user:" + user.Name)
			for j, role := range roles {
				roles[j] = strings.TrimPrefix(role, "role:")
			}
			users[i].Note = strings.Join(roles, ", ")
		}
	}
}

// embeddedIssuer is the embedded authorization server as the verifier sees it.
// Keys are taken from it in process: it need not be up to be trusted.
func embeddedIssuer(c *Config, as *authserver.Server) token.Issuer {
	return token.Issuer{URL: c.origin(), Keys: as.JWKS}
}

// besides serves the authorization server's paths behind limit, and leaves every
// other to next.
func besides(as *authserver.Server, limit func(http.Handler) http.Handler, next http.Handler) http.Handler {
	paths := as.Paths()
	pages := loopbackOnly(limit(as.Handler()))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if slices.Contains(paths, r.URL.EscapedPath()) {
			pages.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// loopbackOnly refuses other machines. The configuration promises a loopback
// listener, but a handler that is mounted in another server may be reached
// through any.
func loopbackOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.RemoteAddr)
		if err != nil || !loopback.Is(host) {
			w.Header().Set("Cache-Control", "no-store")
			http.Error(w, "the embedded authorization server answers this machine only", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}
