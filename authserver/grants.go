package authserver

import (
	"container/list"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Lifetimes and bounds of grants.
const (
	codeLifetime  = 60 * time.Second
	codeAttempts  = 5 // wrong verifiers before a code is burnt
	tokenLifetime = 5 * time.Minute
	refreshIdle   = 8 * time.Hour
	grantLifetime = 24 * time.Hour
	rotationGrace = 30 * time.Second
	maxGrants     = 10_000
	verifierMin   = 43
	verifierMax   = 128
)

// Why a grant refuses. All of them are invalid_grant for the client; which it
// was goes to the log.
var (
	errUnknownGrant = errors.New("unknown code or token")
	errOtherClient  = errors.New("issued to another client")
	errExpired      = errors.New("expired")
	errRevoked      = errors.New("revoked")
	errRedirect     = errors.New("redirect_uri differs from the authorization request")
	errVerifier     = errors.New("code_verifier does not fit")
	errReused       = errors.New("used before: the grant is revoked")
)

// grant is what one consent gave: to one client, for one user, one resource and
// a list of scopes. It holds no code and no token, only the hash of the code
// and the generation of the refresh token.
type grant struct {
	id        string
	client    string
	user      string
	scopes    string // space separated
	resource  string
	created   time.Time
	refreshes bool // the client registered for refresh tokens

	codeHash  [sha256.Size]byte
	challenge string
	redirect  string
	attempts  int
	redeemed  bool

	generation uint32    // of the newest refresh token; 0 before the first
	rotated    time.Time // when it was made
	revoked    bool
	place      *list.Element
}

// grants is the store of grants, with compare-and-set transitions under one
// lock. Memory is bounded: a grant goes after grantLifetime and its last access
// token, and the oldest goes first when there are too many. A grant that is not
// here is revoked. Safe for concurrent use.
type grants struct {
	now func() time.Time
	max int

	mu     sync.Mutex
	byID   map[string]*grant
	byCode map[[sha256.Size]byte]*grant
	order  *list.List // oldest first
	// deaths counts revocations, so that others notice one without looking at
	// every grant.
	deaths atomic.Uint64
}

// kill revokes a grant.
func (s *grants) kill(g *grant) {
	g.revoked = true
	s.deaths.Add(1)
}

func newGrants(now func() time.Time, limit int) *grants {
	return &grants{
		now: now, max: limit,
		byID: map[string]*grant{}, byCode: map[[sha256.Size]byte]*grant{}, order: list.New(),
	}
}

// add keeps a new grant and makes room for it.
func (s *grants) add(g *grant) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g.created = s.now()
	for oldest := s.order.Front(); oldest != nil; oldest = s.order.Front() {
		old := oldest.Value.(*grant)
		if len(s.byID) < s.max && g.created.Before(old.created.Add(grantLifetime+tokenLifetime)) {
			break
		}
		s.drop(old)
	}
	g.place = s.order.PushBack(g)
	s.byID[g.id] = g
	s.byCode[g.codeHash] = g
}

func (s *grants) drop(g *grant) {
	s.deaths.Add(1)
	delete(s.byID, g.id)
	delete(s.byCode, g.codeHash)
	s.order.Remove(g.place)
}

// clear forgets everything, which revokes everything.
func (s *grants) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deaths.Add(1)
	clear(s.byID)
	clear(s.byCode)
	s.order.Init()
}

// lookup returns a copy of a grant that is not revoked.
func (s *grants) lookup(id string) (grant, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, ok := s.byID[id]
	if !ok || g.revoked {
		return grant{}, false
	}
	return *g, true
}

// revoked reports whether tokens of a grant are to be refused. Unknown grants
// are revoked.
func (s *grants) revoked(id string) bool {
	_, live := s.lookup(id)
	return !live
}

// revoke revokes a grant if it belongs to the client.
func (s *grants) revoke(id, client string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, ok := s.byID[id]
	if !ok {
		return errUnknownGrant
	}
	if g.client != client {
		return errOtherClient
	}
	s.kill(g)
	return nil
}

// given returns the scopes that live grants of a user to a client hold already,
// so that a consent page can say what is new.
func (s *grants) given(client, user string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var have []string
	for _, g := range s.byID {
		if g.client == client && g.user == user && g.redeemed && !g.revoked && s.now().Before(g.created.Add(grantLifetime)) {
			have = append(have, splitScopes(g.scopes)...)
		}
	}
	slices.Sort(have)
	return slices.Compact(have)
}

// redemption is what a client shows to turn a code into tokens.
type redemption struct {
	code, client, verifier string
	redirect               string
	hasRedirect            bool
}

// redeem consumes a code: at most one call succeeds for a code. A code that was
// consumed before revokes its grant (RFC 6749, section 4.1.2). A wrong verifier
// burns the code after codeAttempts; the wrong client does not, since that
// would let anybody who saw a code break the login.
func (s *grants) redeem(r redemption) (grant, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, ok := s.byCode[sha256.Sum256([]byte(r.code))]
	if !ok {
		return grant{}, errUnknownGrant
	}
	if g.client != r.client {
		return grant{}, errOtherClient
	}
	if g.redeemed {
		s.kill(g)
		return grant{}, errReused
	}
	if g.revoked {
		return grant{}, errRevoked
	}
	if !s.now().Before(g.created.Add(codeLifetime)) {
		return grant{}, errExpired
	}
	if r.hasRedirect && r.redirect != g.redirect {
		return grant{}, errRedirect
	}
	if !verifierFits(r.verifier, g.challenge) {
		if g.attempts++; g.attempts >= codeAttempts {
			s.kill(g)
		}
		return grant{}, errVerifier
	}
	g.redeemed = true
	if g.refreshes {
		g.generation, g.rotated = 1, s.now()
	}
	return *g, nil
}

// verifierFits is RFC 7636, section 4.6 for S256.
func verifierFits(verifier, challenge string) bool {
	if len(verifier) < verifierMin || len(verifier) > verifierMax {
		return false
	}
	sum := sha256.Sum256([]byte(verifier))
	return subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(sum[:])), []byte(challenge)) == 1
}

// rotate turns one generation of refresh token into the next. The newest token
// makes the next one. The one before it stays good until the newest is first
// used, for rotationGrace at most, and yields that same newest one again: a lost
// response does not sign anybody out. Anything older is reuse and revokes the
// grant (RFC 9700, section 4.14.2).
func (s *grants) rotate(id, client string, generation uint32) (grant, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, ok := s.byID[id]
	if !ok || generation == 0 || generation > g.generation {
		return grant{}, errUnknownGrant
	}
	if g.client != client {
		return grant{}, errOtherClient
	}
	if g.revoked {
		return grant{}, errRevoked
	}
	now := s.now()
	if !now.Before(g.created.Add(grantLifetime)) {
		return grant{}, errExpired
	}
	switch {
	case generation == g.generation && now.Before(g.rotated.Add(refreshIdle)):
		g.generation, g.rotated = g.generation+1, now
		return *g, nil
	case generation == g.generation:
		return grant{}, errExpired
	case generation == g.generation-1 && now.Before(g.rotated.Add(rotationGrace)):
		return *g, nil
	default:
		s.kill(g)
		return grant{}, errReused
	}
}
