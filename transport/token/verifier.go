package token

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/internal/strictjson"
)

// Verifier verifies access tokens of the issuers it was made for. It is safe for
// concurrent use. It needs keys, so [Verifier.Start] comes first.
type Verifier struct {
	config  Config
	first   *issuer
	opaque  *issuer            // the one that is asked about opaque tokens, nil without one
	issuers map[string]*issuer // by URL
	cache   *cache
	running sync.WaitGroup

	mu      sync.Mutex
	stop    context.CancelFunc // nil until Start
	stopped bool
}

// issuer is one trusted issuer, ready for use.
type issuer struct {
	url, alias              string
	profile                 Profile
	audiences               []string
	headerNames, claimNames strictjson.Names
	skew, maxLifetime       time.Duration
	keys                    *keys // nil if it signs no tokens
	local                   bool  // its keys come from this process
	introspector            *introspector
}

// New returns a verifier, or an error that names all mistakes in c.
func New(c Config) (*Verifier, error) {
	c = c.withDefaults()
	if err := c.check(); err != nil {
		return nil, err
	}
	v := &Verifier{config: c, issuers: make(map[string]*issuer, len(c.Issuers)), cache: newCache(c.CacheSize)}
	for i, from := range c.Issuers {
		is := newIssuer(c, from)
		v.issuers[is.url] = is
		if i == 0 {
			v.first = is
		}
		if is.introspector != nil {
			v.opaque = is
		}
	}
	return v, nil
}

func newIssuer(c Config, from Issuer) *issuer {
	profile := from.Profile.withDefaults()
	fetch, alias := from.Keys, from.Alias
	if fetch == nil {
		fetch = newRemote(from.URL, c.HTTPClient).fetch
	}
	if len(c.Issuers) == 1 {
		alias = ""
	}
	is := &issuer{
		url:         from.URL,
		alias:       alias,
		profile:     profile,
		audiences:   append(profile.Audiences, c.Audience),
		headerNames: headerNames(),
		claimNames:  claimNames(profile),
		skew:        c.Skew,
		maxLifetime: c.MaxLifetime,
		local:       from.Keys != nil,
		keys: &keys{
			issuer:     from.URL,
			fetch:      fetch,
			algorithms: profile.Algorithms,
			ttl:        c.KeyTTL,
			maxAge:     c.KeyMaxAge,
			log:        c.Logger,
			wake:       make(chan struct{}, 1),
			stopped:    make(chan struct{}),
		},
		introspector: newIntrospector(from, c.HTTPClient, c.Logger),
	}
	if is.introspector != nil && is.introspector.OpaqueOnly {
		is.keys = nil
	}
	return is
}

// Start gets the issuers' keys and keeps them fresh in the background, until ctx
// ends or [Verifier.Close]. Keys of an authorization server in this process are
// there when it returns; for others it does not wait, and an issuer that is out of
// reach is asked again at least every 5 s. Only the first call does anything.
func (v *Verifier) Start(ctx context.Context) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.stop != nil || v.stopped {
		return
	}
	ctx, v.stop = context.WithCancel(ctx)
	for _, is := range v.issuers {
		if is.keys == nil {
			continue
		}
		var delay time.Duration
		if is.local {
			delay = is.keys.refresh(ctx)
		}
		v.running.Go(func() { is.keys.run(ctx, delay) })
	}
	v.running.Go(func() { v.cache.run(ctx, v.config.Now) })
}

// Close ends what Start began and waits for it. Keys age from then on.
func (v *Verifier) Close() {
	v.mu.Lock()
	v.stopped = true
	if v.stop != nil {
		v.stop()
	}
	v.mu.Unlock()
	v.running.Wait()
}

// Ready returns nil if the tokens of every issuer can be judged, and otherwise an
// error that names the issuers whose cannot, for a readiness probe.
func (v *Verifier) Ready() error {
	var list []error
	for _, state := range v.KeyStates() {
		if !state.Usable {
			list = append(list, fmt.Errorf("token: no usable keys of issuer %s", state.Issuer))
		}
	}
	return errors.Join(list...)
}

// Verify returns the principal that an access token stands for. raw is the token
// as it follows "Bearer " in the Authorization header. The principal's lists are
// the caller's own. The error is an [*Error]. It may wait up to 5 s for a key that
// is new, less if ctx ends.
//
// A token that was accepted before is not read again. What may have changed since
// is checked every time: the key, the times, and revocation.
func (v *Verifier) Verify(ctx context.Context, raw string) (authz.Principal, error) {
	if len(raw) > maxSize {
		return authz.Principal{}, refuse(ReasonTooLarge)
	}
	id := digestOf(raw)
	known := v.cache.get(id)
	if known == nil || !known.holds() {
		return v.verifyNew(ctx, id, raw)
	}
	if err := known.issuer.checkTimes(known.times, v.config.Now()); err != nil {
		return authz.Principal{}, err
	}
	who := known.principal()
	if err := v.checkRevoked(ctx, who); err != nil {
		return authz.Principal{}, err
	}
	return who, nil
}

// verifyNew makes all checks, and remembers the token if it passes.
func (v *Verifier) verifyNew(ctx context.Context, id digest, raw string) (authz.Principal, error) {
	read := v.verifySigned
	if isOpaque(raw) {
		read = func(ctx context.Context, raw string) (*accepted, error) { return v.verifyOpaque(ctx, id, raw) }
	}
	a, err := read(ctx, raw)
	if err != nil {
		return authz.Principal{}, err
	}
	who := a.principal()
	if err := v.checkRevoked(ctx, who); err != nil {
		return authz.Principal{}, err
	}
	v.cache.put(id, a)
	return who, nil
}

// verifySigned makes the checks of a token that the issuer signed.
func (v *Verifier) verifySigned(ctx context.Context, raw string) (*accepted, error) {
	t, err := parse(raw)
	if err != nil {
		return nil, err
	}
	// The issuer decides which keys are touched at all (RFC 8725 section 3.8).
	url, _ := t.claims.text("iss")
	is, ok := v.issuers[url]
	if !ok || is.keys == nil {
		return nil, refuse(ReasonIssuer)
	}
	if err := is.checkHeader(t.header); err != nil {
		return nil, err
	}
	a := &accepted{issuer: is}
	if err := a.checkSignature(ctx, t); err != nil {
		return nil, err
	}
	return a, a.checkClaims(t.claims, v.config.Now())
}

// checkSignature tries the one key that the token names. checkHeader has passed.
func (a *accepted) checkSignature(ctx context.Context, t token) error {
	a.kid, _ = t.header.text("kid")
	alg, _ := t.header.text("alg")
	k, err := a.issuer.keys.find(ctx, a.kid, alg)
	if err != nil {
		return err
	}
	a.key = k
	return k.verify(ctx, t.raw)
}

// checkClaims reads the principal from claims that the issuer signed.
func (a *accepted) checkClaims(c object, now time.Time) error {
	is := a.issuer
	if c.hasTwin(is.claimNames) {
		return refuse(ReasonClaims)
	}
	if err := checkKind(c); err != nil {
		return err
	}
	if err := is.checkAudience(c); err != nil {
		return err
	}
	var err error
	if a.times, err = readTimes(c); err != nil {
		return err
	}
	if err := is.checkTimes(a.times, now); err != nil {
		return err
	}
	if c.has("cnf") {
		return refuse(ReasonKeyBound)
	}
	a.who, err = is.principal(c, a.times)
	return err
}

// checkRevoked comes last and is never left out.
func (v *Verifier) checkRevoked(ctx context.Context, who authz.Principal) error {
	if v.config.Revoked == nil {
		return nil
	}
	var revoked bool
	err := protect(func() error {
		var err error
		revoked, err = v.config.Revoked(ctx, who)
		return err
	})
	switch {
	case err != nil:
		return unavailable(ReasonNoRevocations)
	case revoked:
		return refuse(ReasonRevoked)
	}
	return nil
}

// ScopeToIssuer translates a declared scope, with its placeholders filled, back
// to what the issuer calls it, for a challenge. An empty issuer is the first one.
// Of several names it returns the first in alphabetical order; a scope without
// one, or of an issuer without a scope map, stays as it is.
func (v *Verifier) ScopeToIssuer(issuer, scope string) string {
	is, ok := v.issuers[issuer]
	if issuer == "" {
		is, ok = v.first, true
	}
	if !ok {
		return scope
	}
	if is.profile.ScopePrefix != "" {
		return is.profile.ScopePrefix + scope
	}
	name := ""
	for from, to := range is.profile.ScopeMap {
		if to == scope && (name == "" || from < name) {
			name = from
		}
	}
	if name == "" {
		return scope
	}
	return name
}
