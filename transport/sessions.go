package transport

import (
	"encoding/binary"
	"sync"
	"time"

	"github.com/sallyport-mcp/sallyport/authz"
	"github.com/sallyport-mcp/sallyport/internal/seal"
	"github.com/sallyport-mcp/sallyport/transport/message"
)

const (
	// sessionLife is how long a session id is good for. A client whose session is
	// gone starts a new one (MCP 2025-11-25, "Session Management", 4).
	sessionLife = 24 * time.Hour

	// maxRemembered and maxRememberedPerCaller bound the sessions of which
	// something is known in memory.
	maxRemembered          = 65_536
	maxRememberedPerCaller = 64

	sealSession = "session"
)

// sessions are those of revisions before 2026-07-28. What makes a session is in
// its id, sealed: whose it is, its revision, what its client can do, and when it
// ends. Every replica with the same keys can read it, nobody can invent one, and
// however many are begun, none takes memory. In memory is, besides what the last
// few thousand ids said, only what has no meaning elsewhere (what runs and which streams are open), and what a client may
// have to say again after a restart: its log level, its subscriptions, and that it
// ended the session.
type sessions struct {
	seal     *seal.Keys
	resource string // of this server: a key may serve several
	now      func() time.Time
	opened   *opened

	mu      sync.Mutex
	live    map[string]*live
	callers map[caller][]*live // in the order in which they began
}

func newSessions(keys *seal.Keys, resource string, now func() time.Time) *sessions {
	return &sessions{seal: keys, resource: resource, now: now, opened: newOpened(), live: map[string]*live{}, callers: map[caller][]*live{}}
}

// peer is one session as its id tells it.
type peer struct {
	id       string
	who      caller
	revision string
	can      message.Capabilities
}

// begin makes the id of a new session.
func (s *sessions) begin(who authz.Principal, revision string, can message.Capabilities) string {
	content := binary.BigEndian.AppendUint64([]byte{byte(can)}, uint64(s.now().Add(sessionLife).Unix())) //nolint:gosec // G115: times after 1970
	return s.seal.Seal(sealSession, append(content, revision...), s.resource, who.Issuer, who.Subject, who.Client)
}

// open returns the session of an id, nil if it is not one of who's, or over.
// The peer is shared by all requests of the session and not to be changed.
func (s *sessions) open(id string, who authz.Principal) *peer {
	known := s.opened.get(id, who)
	if known == nil {
		known = s.unseal(id, who)
	}
	if known == nil || !s.now().Before(known.ends) || s.ended(id) {
		return nil
	}
	return &known.peer
}

// unseal reads an id and remembers what it says.
func (s *sessions) unseal(id string, who authz.Principal) *openedID {
	content, ok := s.seal.Open(sealSession, id, s.resource, who.Issuer, who.Subject, who.Client)
	if !ok || len(content) < 9 {
		return nil
	}
	known := &openedID{
		issuer: who.Issuer, subject: who.Subject, client: who.Client,
		ends: time.Unix(int64(binary.BigEndian.Uint64(content[1:9])), 0), //nolint:gosec // G115: sealed by begin
		peer: peer{id: id, who: caller{who.Issuer, who.Subject}, revision: string(content[9:]), can: message.Capabilities(content[0])},
	}
	s.opened.put(known)
	return known
}

func (s *sessions) ended(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.live[id]
	return l != nil && l.over.isSet.Load()
}

// hold returns what is in memory of a session, and keeps it there until it is
// let go.
func (s *sessions) hold(p *peer) *live {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.live[p.id]
	if l == nil {
		s.makeRoomLocked(p.who)
		l = newLive(p)
		s.live[p.id] = l
		s.callers[p.who] = append(s.callers[p.who], l)
	}
	l.held++
	return l
}

// letGo gives back what hold returned. What has nothing to remember is forgotten.
func (s *sessions) letGo(l *live) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l.held--; l.held == 0 && l.blank() {
		s.forgetLocked(l)
	}
}

// makeRoomLocked forgets a session that nothing uses if there are too many: one
// of the caller's own, or any at all.
func (s *sessions) makeRoomLocked(who caller) {
	if own := s.callers[who]; len(own) >= maxRememberedPerCaller {
		for _, l := range own {
			if l.held == 0 {
				s.forgetLocked(l)
				break
			}
		}
	}
	if len(s.live) < maxRemembered {
		return
	}
	for _, l := range s.live { // in no order
		if l.held == 0 {
			s.forgetLocked(l)
			return
		}
	}
}

func (s *sessions) forgetLocked(l *live) {
	delete(s.live, l.peer.id)
	own := s.callers[l.peer.who]
	for i := range own {
		if own[i] == l {
			own = append(own[:i:i], own[i+1:]...)
			break
		}
	}
	if len(own) == 0 {
		delete(s.callers, l.peer.who)
		return
	}
	s.callers[l.peer.who] = own
}
