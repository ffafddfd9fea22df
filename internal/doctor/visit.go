package doctor

import (
	"context"
	"net/http"
	"net/url"
	"strings"
)

// visit is one examination: what was asked so far, and what came back. Checks ask for what they need; what was asked before is not
// sent again. It is used by one goroutine.
type visit struct {
	ctx      context.Context
	opts     Options
	target   *url.URL
	lenient  *http.Client // talks to anybody, and remembers what is wrong with certificates
	strict   *http.Client // does not talk to whom it cannot verify; it alone carries the token
	answers  map[string]*exchange
	requests int
	probes   []*exchange // what says whether there is a gate
	certs    certs
	key      *forger
	bad      map[string]string
	session  string // of the revision before, if one began
	docs     []*document
	issuers  []*issuer
}

func newVisit(ctx context.Context, o Options, target *url.URL) *visit {
	v := &visit{ctx: ctx, opts: o, target: target, answers: map[string]*exchange{}}
	v.lenient, v.strict = v.newClient(false), v.newClient(true)
	return v
}

func (v *visit) close() {
	v.lenient.CloseIdleConnections()
	v.strict.CloseIdleConnections()
}

// onLoopback tells whether the server is on this machine.
func (v *visit) onLoopback() bool { return isLoopback(v.target.Hostname()) }

// origin is the scheme and the authority of the server.
func (v *visit) origin() string { return v.target.Scheme + "://" + v.target.Host }

// resource is the identifier that the server should give itself.
func (v *visit) resource() string {
	if v.target.Path == "/" {
		return v.origin()
	}
	return v.origin() + v.target.EscapedPath()
}

// shown is the URL as it is printed: a query may hold a secret.
func (v *visit) shown() string { return printable(v.origin()+v.target.EscapedPath(), seenLength) }

// clean takes the token out of a text, whoever put it there.
func (v *visit) clean(text string) string { return withoutToken(text, v.opts.Token) }

func withoutToken(text, token string) string {
	if token == "" {
		return text
	}
	return strings.ReplaceAll(text, token, "[the token]")
}
