package server

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/sallyport-mcp/sallyport/internal/ratelimit"
	"github.com/sallyport-mcp/sallyport/transport"
)

// Why the embedded authorization server refuses one request too many.
const (
	reasonRateRegister  = "rate_register"
	reasonRateAuthorize = "rate_authorize"
	reasonRateLogin     = "rate_login"
	reasonRateToken     = "rate_token"
)

// embeddedLimit is how often one address may do one thing at the embedded
// authorization server.
type embeddedLimit struct {
	reason string // for the audit
	api    bool   // clients use it, and not browsers
	get    bool   // GET does something too
	table  *ratelimit.Table
}

// embeddedLimits returns the limits by path. A person logs in a few times an hour,
// and a client registers once; the budgets leave room for a test that does nothing
// else. What only shows a page or a document has none.
func embeddedLimits() map[string]embeddedLimit {
	person := ratelimit.NewTable(300, 300)
	token := ratelimit.NewTable(1200, 1200)
	return map[string]embeddedLimit{
		"/register":  {reasonRateRegister, true, false, ratelimit.NewTable(300, 300)},
		"/authorize": {reasonRateAuthorize, false, true, ratelimit.NewTable(600, 600)},
		"/login":     {reasonRateLogin, false, false, person},
		"/consent":   {reasonRateLogin, false, false, person},
		"/token":     {reasonRateToken, true, false, token},
		"/revoke":    {reasonRateToken, true, false, token},
	}
}

// counts tells whether a request is one of those that are limited. Showing a form
// does nothing, nor does a preflight.
func (l embeddedLimit) counts(r *http.Request) bool {
	return l.table != nil && (r.Method == http.MethodPost || l.get && r.Method == http.MethodGet)
}

// limitEmbedded returns the middleware that stands in front of the embedded
// authorization server. What it refuses is recorded with what else was refused
// before a token, by address.
func (s *Server) limitEmbedded(g *gate) func(http.Handler) http.Handler {
	if s.limits == nil {
		return func(next http.Handler) http.Handler { return next }
	}
	limits := embeddedLimits()
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			limit := limits[r.URL.EscapedPath()]
			if !limit.counts(r) {
				next.ServeHTTP(w, r)
				return
			}
			network := ratelimit.Network(r.RemoteAddr)
			_, wait, ok := limit.table.Take(ratelimit.Key{A: network}, s.cfg.Now())
			if ok {
				next.ServeHTTP(w, r)
				return
			}
			why := transport.TooManyRequests(wait, limit.reason)
			g.Refused(transport.WithInfo(r.Context(), transport.Info{Remote: r.RemoteAddr, Start: s.cfg.Now()}), nil, nil, why)
			limit.refuse(w, why)
		})
	}
}

// refuse writes the answer: an OAuth error for clients (RFC 6749 section 5.2 has
// none for this; temporarily_unavailable is that of section 4.1.2.1), plain text
// for people.
func (l embeddedLimit) refuse(w http.ResponseWriter, why *transport.Refusal) {
	h := w.Header()
	h.Set("Retry-After", strconv.FormatInt(int64((why.RetryAfter+time.Second-1)/time.Second), 10))
	h.Set("Cache-Control", "no-store")
	if !l.api {
		http.Error(w, "There were too many requests from this address. Try again in a moment.", why.Status)
		return
	}
	// As at every other answer of these paths: pages of any origin may read it.
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Expose-Headers", "Retry-After")
	h.Set("Content-Type", "application/json")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(why.Status)
	// An error means that the client is gone.
	_ = json.NewEncoder(w).Encode(map[string]string{
		"error": "temporarily_unavailable", "error_description": why.Message,
	})
}
