package token

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sallyport-mcp/sallyport/authz"
)

// Revocation names tokens that must no longer be accepted although they are good.
// Exactly one of TokenID, GrantID, SessionID, Subject, Client and Everything is set.
type Revocation struct {
	// Issuer is the URL of the issuer of the tokens. It may be left out if there is
	// one issuer only; with Everything that means all issuers.
	Issuer string `json:"issuer,omitempty"`
	// TokenID is the jti of one token.
	TokenID string `json:"token_id,omitempty"`
	// GrantID is the grant_id of tokens: what one consent gave.
	GrantID string `json:"grant_id,omitempty"`
	// SessionID is the sid of tokens: one login at the issuer.
	SessionID string `json:"session_id,omitempty"`
	// Subject is the sub of tokens, Client their client.
	Subject string `json:"subject,omitempty"`
	Client  string `json:"client,omitempty"`
	// Everything means every token that was issued until Before.
	Everything bool `json:"everything,omitempty"`
	// Before is the moment until which tokens must have been issued to be revoked;
	// the zero time is now. It may lie ahead by an hour at most. For a grant or a
	// session it means nothing: their tokens are revoked whenever they were or
	// will be issued.
	Before time.Time `json:"before,omitzero"`
	// Until is when the revocation is forgotten, because no such token can be
	// good any more. It is an answer, and never set by who revokes.
	Until time.Time `json:"until,omitzero"`
}

const (
	// maxRevocations is how many are remembered at a time.
	maxRevocations = 100_000
	// maxAhead is how far ahead Revocation.Before may lie.
	maxAhead = time.Hour
	// keepGrants is how long the revocation of a grant or session is remembered:
	// it may yield new tokens for as long as its refresh tokens are good.
	keepGrants = 30 * 24 * time.Hour
)

// Revocations holds what was revoked in this process. The zero value is not
// usable, see [NewRevocations]. It is safe for concurrent use; asking is cheap, and
// costs next to nothing while nothing is revoked.
type Revocations struct {
	issuers           []string
	skew, maxLifetime time.Duration
	now               func() time.Time
	most              int

	changes atomic.Uint64
	size    atomic.Int64 // of the map, to be read without the lock

	mu   sync.RWMutex
	list map[revocationKey]Revocation
}

// revocationKey is what a revocation is found by.
type revocationKey struct {
	kind       revocationKind
	issuer, id string
}

type revocationKind int

const (
	everyToken revocationKind = iota
	byTokenID
	byGrantID
	bySessionID
	bySubject
	byClient
)

// NewRevocations returns an empty list for tokens of these issuers. Skew is how far
// an issuer's clock may be ahead: tokens that seem to have been issued that much
// later count as issued before a revocation. It is 0 for an issuer in the same
// process. maxLifetime is that of tokens, see [Config]; 0 means its default. A nil
// now is time.Now.
func NewRevocations(issuers []string, skew, maxLifetime time.Duration, now func() time.Time) *Revocations {
	if maxLifetime == 0 {
		maxLifetime = defaultMaxLifetime
	}
	if now == nil {
		now = time.Now
	}
	return &Revocations{
		issuers: slices.Clone(issuers), skew: skew, maxLifetime: maxLifetime, now: now, most: maxRevocations,
		list: map[revocationKey]Revocation{},
	}
}

// Add revokes, from when it returns on, and returns the revocation as it is
// remembered, with its moments filled in. Adding the same again keeps what revokes more.
// The error is [ErrTooManyRevocations] or says what is wrong with r; then nothing is
// revoked.
func (v *Revocations) Add(r Revocation) (Revocation, error) {
	now := v.now()
	r, key, err := v.settle(r, now)
	if err != nil {
		return Revocation{}, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if old, known := v.list[key]; known && old.Until.After(r.Until) {
		return old, nil // it revokes all that this does, and for longer
	}
	if key.kind == everyToken {
		v.forget(key.issuer, r.Before)
	}
	if _, known := v.list[key]; !known && len(v.list) >= v.most && !v.sweep(now) {
		return Revocation{}, ErrTooManyRevocations
	}
	v.list[key] = r
	v.size.Store(int64(len(v.list)))
	v.changes.Add(1)
	return r, nil
}

// ErrTooManyRevocations means that 100,000 are remembered. Revoking everything that was
// issued before now makes room.
var ErrTooManyRevocations = errors.New("100,000 revocations are remembered; revoke everything before now, which makes room")

// sweep forgets what is over, and reports whether there is room then.
func (v *Revocations) sweep(now time.Time) bool {
	for key, r := range v.list {
		if !now.Before(r.Until) {
			delete(v.list, key)
		}
	}
	return len(v.list) < v.most
}

// forget drops what revokes less than everything of the issuer up to a moment, of all issuers if it is empty.
func (v *Revocations) forget(issuer string, before time.Time) {
	for key, r := range v.list {
		if (issuer == "" || key.issuer == issuer) && !r.Before.IsZero() && !r.Before.After(before) {
			delete(v.list, key)
		}
	}
}

// settle checks r and fills in what it leaves out.
func (v *Revocations) settle(r Revocation, now time.Time) (Revocation, revocationKey, error) {
	key, err := v.keyOf(&r)
	if err != nil {
		return r, key, err
	}
	if r.Before.After(now.Add(maxAhead)) {
		return r, key, errors.New("before lies more than an hour ahead; leave it out to mean now")
	}
	switch key.kind {
	case byGrantID, bySessionID:
		r.Before, r.Until = time.Time{}, now.Add(keepGrants)
	default:
		if r.Before.IsZero() || key.kind == byTokenID {
			r.Before = now
		}
		// Tokens tell when they were issued in whole seconds.
		r.Before = r.Before.Add(v.skew).Truncate(time.Second)
		r.Until = r.Before.Add(v.maxLifetime + 2*v.skew + time.Second)
	}
	return r, key, nil
}

// keyOf says what r is about, and completes its issuer.
func (v *Revocations) keyOf(r *Revocation) (revocationKey, error) {
	key, named := revocationKey{}, 0
	for kind, id := range map[revocationKind]string{
		byTokenID: r.TokenID, byGrantID: r.GrantID, bySessionID: r.SessionID, bySubject: r.Subject, byClient: r.Client,
	} {
		if id == "" {
			continue
		}
		if !isName(id) {
			return key, errors.New("an id of more than 256 characters, or with one that does not show; no token has such a one")
		}
		key.kind, key.id = kind, id
		named++
	}
	if r.Everything {
		named++
	}
	switch {
	case named != 1:
		return key, errors.New("not exactly one of token_id, grant_id, session_id, subject, client and everything; name one")
	case r.Issuer == "" && len(v.issuers) == 1:
		r.Issuer = v.issuers[0]
	case r.Issuer == "" && !r.Everything:
		return key, errors.New("no issuer; name one of " + strings.Join(v.issuers, ", "))
	case r.Issuer != "" && !slices.Contains(v.issuers, r.Issuer):
		return key, errors.New("an issuer whose tokens are not accepted anyway; name one of " + strings.Join(v.issuers, ", "))
	}
	key.issuer = r.Issuer
	return key, nil
}

// Revoked reports whether the token that the principal comes from is revoked.
func (v *Revocations) Revoked(who authz.Principal) bool {
	if v.size.Load() == 0 {
		return false
	}
	v.mu.RLock()
	defer v.mu.RUnlock()
	for _, key := range [...]revocationKey{
		{everyToken, "", ""}, {everyToken, who.Issuer, ""},
		{byTokenID, who.Issuer, who.TokenID}, {byGrantID, who.Issuer, who.GrantID}, {bySessionID, who.Issuer, who.SessionID},
		{bySubject, who.Issuer, who.Subject}, {byClient, who.Issuer, who.Client},
	} {
		r, known := v.list[key]
		if known && (r.Before.IsZero() || !who.Issued.After(r.Before)) {
			return true
		}
	}
	return false
}

// List returns what is revoked and not over, the longest remembered first.
func (v *Revocations) List() []Revocation {
	now := v.now()
	v.mu.RLock()
	defer v.mu.RUnlock()
	var list []Revocation
	for _, r := range v.list {
		if now.Before(r.Until) {
			list = append(list, r)
		}
	}
	slices.SortFunc(list, func(a, b Revocation) int { return b.Until.Compare(a.Until) })
	return list
}

// Changes counts what was added so far. As long as it stays the same, so do the
// answers of Revoked.
func (v *Revocations) Changes() uint64 { return v.changes.Load() }
