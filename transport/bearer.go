package transport

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/sallyport-mcp/sallyport/authz"
)

// authenticate lets verified callers through and puts the principal into the
// context. Nothing of the request but its headers has been read so far.
func (e *endpoint) authenticate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if ctx := e.verified(w, r); ctx != nil {
			next.ServeHTTP(w, r.WithContext(ctx))
		}
	})
}

// verified returns the context with the principal, or refuses the request and
// returns nil. It is a function of its own so that its variables are off the stack
// while the request runs, which may be a stream that lasts for hours.
func (e *endpoint) verified(w http.ResponseWriter, r *http.Request) context.Context {
	raw, why := bearer(r)
	if why != nil {
		e.refuse(w, r, nil, e.Limits.tokenless(r.Context(), why))
		return nil
	}
	attempt, why := e.Limits.attempt(r.Context(), raw)
	if why != nil {
		e.refuse(w, r, nil, why)
		return nil
	}
	began := e.began()
	who, err := e.Verifier.Verify(r.Context(), raw)
	e.took(r.Context(), StageToken, began)
	if err != nil {
		why := unverified(err)
		attempt.failed(why)
		e.refuse(w, r, nil, why)
		return nil
	}
	attempt.verified()
	return authz.WithPrincipal(r.Context(), who)
}

// bearer returns the one bearer token of the request (RFC 6750, section 2.1).
// A request with two Authorization headers has none: there is no telling which
// of them another reader would take.
func bearer(r *http.Request) (string, *Refusal) {
	if tokenInQuery(r.URL.RawQuery) {
		return "", InvalidToken("token_in_query")
	}
	values := r.Header.Values("Authorization")
	if len(values) == 0 {
		return "", NoToken()
	}
	if len(values) > 1 {
		return "", InvalidToken("authorization_repeated")
	}
	scheme, credentials, _ := strings.Cut(values[0], " ")
	if scheme == "" && credentials == "" {
		return "", NoToken()
	}
	if !strings.EqualFold(scheme, "Bearer") {
		return "", InvalidToken("authorization_scheme")
	}
	if credentials == "" {
		return "", NoToken()
	}
	if !b64token(credentials) {
		return "", InvalidToken("authorization_malformed")
	}
	return credentials, nil
}

// b64token reports whether s is 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" /
// "+" / "/" ) *"=".
func b64token(s string) bool {
	body := strings.TrimRight(s, "=")
	for i := range len(body) {
		c := body[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && strings.IndexByte("-._~+/", c) < 0 {
			return false
		}
	}
	return body != ""
}

// tokenInQuery reports whether the query has a parameter that names a token.
// Tokens in URLs end up in logs: such a request is refused even if it also has
// a good header, so that its author notices (MCP 2026-07-28, "Access Token
// Usage").
func tokenInQuery(query string) bool {
	for _, pair := range strings.FieldsFunc(query, func(r rune) bool { return r == '&' || r == ';' }) {
		name, _, _ := strings.Cut(pair, "=")
		if decoded, err := url.QueryUnescape(name); err == nil {
			name = decoded
		}
		switch strings.ToLower(name) {
		case "access_token", "token", "api_key":
			return true
		}
	}
	return false
}

// unverified turns an error of the Verifier into its answer.
func unverified(err error) *Refusal {
	reason := "token_invalid"
	if r, ok := errors.AsType[interface {
		error
		Reason() string
	}](err); ok {
		reason = r.Reason()
	}
	unavailable, ok := errors.AsType[interface {
		error
		Unavailable() bool
	}](err)
	if !ok || !unavailable.Unavailable() {
		return InvalidToken(reason)
	}
	var after time.Duration
	if r, ok := errors.AsType[interface {
		error
		RetryAfter() time.Duration
	}](err); ok {
		after = r.RetryAfter()
	}
	return Unavailable(after, reason)
}

// minimumLife is what a request gets whose token has expired within the
// verifier's tolerance for clocks that differ.
const minimumLife = time.Second

// bounded returns a context that ends when the token of who expires, or when the
// request has run for as long as it may.
func (e *endpoint) bounded(ctx context.Context, who authz.Principal) (context.Context, context.CancelFunc) {
	left, why := e.Limits.timed(max(who.Expires.Sub(e.Now()), minimumLife), InvalidToken("token_expired"))
	return context.WithTimeoutCause(ctx, left, why)
}
