package token

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/sallyport-mcp/sallyport/internal/strictjson"
)

// Introspection says how to ask an issuer about tokens that say nothing by
// themselves (RFC 7662). A token with two dots is a JWT and is never asked about; one with
// four is encrypted and refused.
type Introspection struct {
	// URL is the introspection endpoint: https, or http on a loopback host.
	URL string
	// ClientID and ClientSecret authenticate this server (RFC 6749 section 2.3.1,
	// HTTP Basic).
	ClientID     string
	ClientSecret Secret
	// CacheFor is how long an answer is believed: a token that the issuer revokes
	// is accepted for that long. Never beyond its exp, nor a revocation here.
	// Default: 10 s, at most 5 min; negative believes none.
	CacheFor time.Duration
	// TolerateMissingTokenType accepts answers without token_type. Set it only if the issuer
	// does not call refresh tokens active as well: they could not be told apart.
	TolerateMissingTokenType bool
	// OpaqueOnly means that the issuer signs no access tokens. No keys are fetched,
	// and JWTs that claim to be its are refused.
	OpaqueOnly bool
}

// Secret is a text that does not show itself in logs and errors.
type Secret string

// String returns a placeholder.
func (Secret) String() string { return "(secret)" }

// GoString returns a placeholder.
func (Secret) GoString() string { return "(secret)" }

// LogValue returns a placeholder.
func (Secret) LogValue() slog.Value { return slog.StringValue("(secret)") }

// MarshalText returns a placeholder.
func (Secret) MarshalText() ([]byte, error) { return []byte("(secret)"), nil }

const (
	defaultCacheFor = 10 * time.Second
	maxCacheFor     = 5 * time.Minute
	// maxAnswer is how much of an answer is read, in bytes.
	maxAnswer = 64 << 10
	// maxAsking is how many questions may be under way: who sends bad tokens must
	// not have the issuer flooded.
	maxAsking = 64
	// inactiveFor is how long a token is known to be inactive, which does not change.
	inactiveFor = 10 * time.Second
	maxInactive = 4096
)

// mistakes returns what is wrong with n, a sentence each.
func (n *Introspection) mistakes() []string {
	if n == nil {
		return nil
	}
	var list []string
	if u, err := url.Parse(n.URL); err != nil || u.Host == "" || !secure(u) || u.User != nil {
		list = append(list, "URL: not an https URL; write that of the issuer's introspection endpoint")
	}
	if n.ClientID == "" || n.ClientSecret == "" {
		list = append(list, "ClientID, ClientSecret: one is missing; set both, as the issuer knows this server")
	}
	if n.CacheFor > maxCacheFor {
		list = append(list, fmt.Sprintf("CacheFor: %v is over 5m; a token that was revoked would be good for that long", n.CacheFor))
	}
	return list
}

// introspector asks one issuer.
type introspector struct {
	Introspection
	issuer string
	client *http.Client
	log    *slog.Logger

	mu       sync.Mutex
	asking   map[digest]*question
	inactive map[digest]time.Time // until when
	failing  string               // the last failure that was logged
}

// question is about one token, asked once for all requests that wait for the answer.
type question struct {
	over   chan struct{}
	claims object
	err    error
}

// newIntrospector returns nil for an issuer that is not asked.
func newIntrospector(from Issuer, base *http.Client, log *slog.Logger) *introspector {
	if from.Introspection == nil {
		return nil
	}
	client := newRemote(from.URL, base).client
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return errors.New("redirect refused") }
	n := &introspector{
		Introspection: *from.Introspection, issuer: from.URL, client: client, log: log,
		asking: map[digest]*question{}, inactive: map[digest]time.Time{},
	}
	if n.CacheFor == 0 {
		n.CacheFor = defaultCacheFor
	}
	return n
}

// ask returns what the issuer says of a token that is active. Requests with the same
// token wait for one answer. start runs the question beside them, so that it does not
// end with the request that came first; it reports whether it could.
func (n *introspector) ask(ctx context.Context, id digest, raw string, start func(func()) bool) (object, error) {
	q, err := n.join(id, raw, start)
	if err != nil {
		return nil, err
	}
	select {
	case <-q.over:
		return q.claims, q.err
	case <-ctx.Done():
		return nil, unavailable(ReasonNoIntrospection)
	}
}

func (n *introspector) join(id digest, raw string, start func(func()) bool) (*question, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if until, known := n.inactive[id]; known && time.Now().Before(until) {
		return nil, refuse(ReasonInactive)
	}
	if q := n.asking[id]; q != nil {
		return q, nil
	}
	q := &question{over: make(chan struct{}), err: unavailable(ReasonNoIntrospection)}
	if len(n.asking) >= maxAsking || !start(func() { n.answer(q, id, raw) }) {
		return nil, unavailable(ReasonNoIntrospection)
	}
	n.asking[id] = q
	return q, nil
}

// answer asks the issuer and tells those who wait.
func (n *introspector) answer(q *question, id digest, raw string) {
	ctx, cancel := context.WithTimeout(context.Background(), fetchTimeout)
	defer cancel()
	err := protect(func() error {
		var err error
		q.claims, err = n.post(ctx, raw)
		return err
	})
	n.mu.Lock()
	defer n.mu.Unlock()
	defer close(q.over)
	delete(n.asking, id)
	n.note(err)
	if err != nil {
		return
	}
	if q.err = n.active(q.claims); isReason(q.err, ReasonInactive) {
		n.remember(id)
	}
}

// remember keeps a token from being asked about again for a while. When there are too
// many, all are forgotten: that costs questions, of which there is a limit.
func (n *introspector) remember(inactive digest) {
	if len(n.inactive) >= maxInactive {
		clear(n.inactive)
	}
	n.inactive[inactive] = time.Now().Add(inactiveFor)
}

// note logs a failure when it begins, and its end.
func (n *introspector) note(err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	switch {
	case text == n.failing:
	case err == nil:
		n.log.Info("token: the issuer answers about tokens again", "issuer", n.issuer)
	default:
		n.log.Error("token: cannot ask the issuer about tokens", "issuer", n.issuer, "error", text)
	}
	n.failing = text
}

// post sends the question. Its errors hold nothing of the token.
func (n *introspector) post(ctx context.Context, raw string) (object, error) {
	form := url.Values{"token": {raw}, "token_type_hint": {"access_token"}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, n.URL, strings.NewReader(form.Encode()))
	var response *http.Response
	if err == nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.Header.Set("Accept", "application/json")
		request.SetBasicAuth(url.QueryEscape(n.ClientID), url.QueryEscape(string(n.ClientSecret)))
		response, err = n.client.Do(request)
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if response.StatusCode != http.StatusOK || kind != "application/json" {
		return nil, fmt.Errorf("introspection: the issuer answered with status %d and %q", response.StatusCode, kind)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if err != nil {
		return nil, err
	}
	if len(body) > maxAnswer {
		return nil, errors.New("introspection: the answer is over 64 kB")
	}
	return strictjson.Object(body)
}

// active checks what is said of an answer besides its claims, which are those of a
// JWT and checked like them.
func (n *introspector) active(claims object) error {
	switch string(claims["active"]) {
	case "true":
	case "false":
		return refuse(ReasonInactive)
	default:
		return unavailable(ReasonNoIntrospection)
	}
	if iss, ok := claims.text("iss"); claims.has("iss") && (!ok || iss != n.issuer) {
		return refuse(ReasonIssuer)
	}
	kind, ok := claims.text("token_type")
	if !claims.has("token_type") && n.TolerateMissingTokenType {
		return nil
	}
	if !ok || !strings.EqualFold(kind, "Bearer") && kind != "access_token" { // what some say instead of RFC 6749 section 5.1
		return refuse(ReasonKind)
	}
	return nil
}

// isOpaque reports whether a token is neither a JWS nor a JWE (RFC 7516 section 7.1), which is
// refused whole. Its form alone decides how a token is verified: none has two ways.
func isOpaque(raw string) bool {
	dots := strings.Count(raw, ".")
	return dots != 2 && dots != 4
}

// verifyOpaque has the issuer judge a token that says nothing by itself, and remembers
// it for as long as that is believed.
func (v *Verifier) verifyOpaque(ctx context.Context, id digest, raw string) (*accepted, error) {
	is := v.opaque
	if is == nil {
		return nil, refuse(ReasonMalformed)
	}
	asked := time.Now()
	claims, err := is.introspector.ask(ctx, id, raw, v.beside)
	if err != nil {
		return nil, err
	}
	a := &accepted{issuer: is, asked: asked}
	return a, a.checkClaims(claims, v.config.Now())
}

// beside runs f until it ends or Close has waited for it; false if it may not start any
// more, or not yet.
func (v *Verifier) beside(f func()) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.stopped || v.stop == nil {
		return false
	}
	v.running.Go(f)
	return true
}
