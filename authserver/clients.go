package authserver

import (
	"container/list"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"sync"
	"time"
)

// Bounds of the client registry.
const (
	maxClients    = 1_000
	unusedClients = time.Hour // a client nobody ever signed in to is forgotten after this
)

// Methods of client authentication (RFC 7591, section 2).
const (
	authnNone  = "none"
	authnBasic = "client_secret_basic"
	authnPost  = "client_secret_post"
)

// client is a registered OAuth client. It does not change after registration;
// used is kept by the registry.
type client struct {
	id         string
	secretHash [sha256.Size]byte // meaningful unless method is authnNone
	method     string
	name       string // plain text, may be empty
	redirects  []string
	native     bool
	refreshes  bool
	scope      string // asked for at registration, known ones only; the default of requests without scope
	created    time.Time
}

func (c *client) secretFits(secret string) bool {
	sum := sha256.Sum256([]byte(secret))
	return subtle.ConstantTimeCompare(sum[:], c.secretHash[:]) == 1
}

// clients is the registry. When it is full the longest unused client goes:
// first one that was never used, else the one used longest ago. Safe for
// concurrent use.
type clients struct {
	now func() time.Time
	max int

	mu     sync.Mutex
	byID   map[string]*list.Element
	unused *list.List // of *client, oldest first
	used   *list.List // of *client, least recently used first
}

func newClients(now func() time.Time, limit int) *clients {
	return &clients{now: now, max: limit, byID: map[string]*list.Element{}, unused: list.New(), used: list.New()}
}

func (s *clients) add(c *client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.created = s.now()
	for e := s.unused.Front(); e != nil && !c.created.Before(e.Value.(*client).created.Add(unusedClients)); e = s.unused.Front() {
		s.drop(s.unused)
	}
	if len(s.byID) >= s.max {
		if s.unused.Len() > 0 {
			s.drop(s.unused)
		} else {
			s.drop(s.used)
		}
	}
	s.byID[c.id] = s.unused.PushBack(c)
}

func (s *clients) drop(from *list.List) {
	e := from.Front()
	delete(s.byID, e.Value.(*client).id)
	from.Remove(e)
}

func (s *clients) get(id string) (*client, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.byID[id]
	if !ok {
		return nil, false
	}
	return e.Value.(*client), true
}

// touch marks a client as used: somebody granted it something.
func (s *clients) touch(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.byID[id]
	if !ok {
		return
	}
	c := e.Value.(*client)
	s.unused.Remove(e) // removes nothing if e is not in this list
	s.used.Remove(e)
	s.byID[id] = s.used.PushBack(c)
}

func (s *clients) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.byID)
	s.unused.Init()
	s.used.Init()
}

// randomText returns 26 letters and digits with 128 random bits.
func randomText() string { return rand.Text() }
